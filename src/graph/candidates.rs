//! What a link's target may name: a pure rule, before anything is known of
//! what a workspace holds.

use std::borrow::Cow;

use super::page::PageName;
use super::target_paths::Paths;
use super::{FileTarget, Format, LinkRule, WorkspacePath};
use crate::foundation::text::percent_decoded;

/// The longest target that is resolved, in bytes; longer ones were cut at
/// extraction.
pub const MAX_TARGET_BYTES: usize = 2_048;

/// What a target names inside the workspace. Incremental updates use it to find
/// which links an edit may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidates<'t> {
    /// A URL: never resolved against the workspace.
    External(&'t str),
    /// A document or file by its path.
    Paths {
        /// Which paths it may have.
        paths: Paths,
        /// The `#fragment`, percent-decoded, without `#`.
        fragment: Option<Cow<'t, str>>,
    },
    /// The page of the workspace's root.
    Root {
        /// The `#fragment`.
        fragment: Option<Cow<'t, str>>,
    },
    /// A document by the end of its path, anywhere in the workspace, or a file.
    Page {
        /// What it is called.
        page: PageName,
        /// The `#fragment`.
        fragment: Option<Cow<'t, str>>,
    },
    /// A label of reStructuredText, defined anywhere in the workspace.
    Label(&'t str),
    /// Leaves the workspace or is no path at all.
    Nothing,
}

/// What a link written with `rule` in `source` as `target` may name.
#[must_use]
pub fn candidates<'t>(source: &WorkspacePath, rule: LinkRule, target: &'t str) -> Candidates<'t> {
    let target = target.trim();
    // No relative path starts like this (RFC 3986, 4.2).
    if rule == LinkRule::RstLink
        && let Some(label) = target.strip_prefix(":ref:")
    {
        return Candidates::Label(label);
    }
    if rule != LinkRule::Wikilink && (has_scheme(target) || target.starts_with("//")) {
        return Candidates::External(target);
    }
    let (path, fragment) = match target.split_once('#') {
        Some((path, fragment)) => (path, Some(fragment)),
        None => (target, None),
    };
    // `[[page#section#subsection]]` leads to the last.
    let last = |fragment: &'t str| match rule {
        LinkRule::Wikilink => fragment.trim_end_matches('#').rsplit('#').next(),
        _ => Some(fragment),
    };
    let fragment = fragment.and_then(last).filter(|text| !text.is_empty());
    let fragment = fragment.map(percent_decoded);
    let path = if rule == LinkRule::Wikilink {
        Cow::Borrowed(path.trim())
    } else {
        percent_decoded(path.split('?').next().unwrap_or(path))
    };
    if path.is_empty() {
        let paths = Paths::only(source.clone());
        return Candidates::Paths { paths, fragment };
    }
    let relative = rule != LinkRule::Wikilink || matches!(path.split('/').next(), Some("." | ".."));
    if !relative && !path.starts_with('/') && !path.ends_with('/') {
        let page = PageName::of(source, &path);
        return page.map_or(Candidates::Nothing, |page| Candidates::Page {
            page,
            fragment,
        });
    }
    // A leading slash means the workspace root.
    let base = match relative && !path.starts_with('/') {
        true => source.parent(),
        false => "",
    };
    let sphinx = Format::of_extension(source.extension()) == Format::Rst;
    let below = relative && path.starts_with('/') && sphinx;
    match WorkspacePath::joined(base, &path).map(WorkspacePath::of) {
        Some(Ok(exact)) => {
            let below = if below { source.parent() } else { "" };
            let paths = Paths::of(exact, rule, path.ends_with('/')).below(below);
            let paths = match sphinx && rule == LinkRule::Image {
                true => paths.in_any_format(),
                false => paths,
            };
            Candidates::Paths { paths, fragment }
        }
        Some(Err(root)) if root.is_empty() => Candidates::Root { fragment },
        Some(Err(_)) | None => Candidates::Nothing,
    }
}

impl Candidates<'_> {
    /// The files that it may mean where it means no document.
    #[must_use]
    pub fn into_files(self) -> Vec<FileTarget> {
        match self {
            Self::Paths { paths, .. } => paths.files().map(FileTarget::At).collect(),
            Self::Page { page, .. } => page.into_files(),
            Self::External(_) | Self::Root { .. } | Self::Label(_) | Self::Nothing => Vec::new(),
        }
    }
}

/// Whether `target` starts with a URI scheme (RFC 3986, 3.1) of two letters
/// or more, so that `c:` is not one.
pub(crate) fn has_scheme(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() >= 2
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}
