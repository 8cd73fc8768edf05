//! What the target of a link in a document is.

/// Whether `target` names a scheme, as in `https://example.org` or
/// `mailto:me@example.org`: it leads out of the project then. A colon behind a
/// `/` belongs to a file's name.
pub(crate) fn has_scheme(target: &str) -> bool {
    target
        .split_once(':')
        .is_some_and(|(scheme, _)| !scheme.contains('/'))
}
