//! Resolving a link target: a pure rule over what a workspace holds.

use unicode_normalization::UnicodeNormalization;

use super::{LinkRule, NodeId, NodeKind, WorkspacePath};

/// What exists in a workspace, as far as links can point at it.
pub trait Targets {
    /// Whether `path` is a document of the run.
    fn has_document(&self, path: &WorkspacePath) -> bool;
    /// Whether the document `path` has a section or explicit anchor `anchor`.
    fn has_section(&self, path: &WorkspacePath, anchor: &str) -> bool;
    /// Whether `path` is a file or folder of the workspace that is no source.
    fn has_file(&self, path: &WorkspacePath) -> bool;
    /// The documents whose file name without extension equals `stem`,
    /// compared in lower case.
    fn documents_with_stem(&self, stem: &str) -> Vec<WorkspacePath>;
    /// The documents of reStructuredText that define the label `label`.
    fn documents_with_label(&self, label: &str) -> Vec<WorkspacePath>;
}

/// The longest target that is resolved, in bytes; longer ones were cut at
/// extraction.
pub const MAX_TARGET_BYTES: usize = 2_048;

/// The candidates a target names inside the workspace, most specific first.
/// Incremental updates use them to find which links an edit may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidates {
    /// A URL: never resolved against the workspace.
    External(String),
    /// One of these paths, in this order of preference.
    Paths {
        /// Candidate documents or files.
        paths: Vec<WorkspacePath>,
        /// The `#fragment`, percent-decoded, without `#`.
        fragment: Option<String>,
    },
    /// A document by its file name, anywhere in the workspace.
    Stem {
        /// File name without extension, lower case.
        stem: String,
        /// The `#fragment`.
        fragment: Option<String>,
    },
    /// A label of reStructuredText, defined anywhere in the workspace.
    Label(String),
    /// Leaves the workspace or is no path at all.
    Nothing,
}

/// What a link written with `rule` in `source` as `target` may name.
#[must_use]
pub fn candidates(source: &WorkspacePath, rule: LinkRule, target: &str) -> Candidates {
    let target = target.trim();
    // No relative path starts like this (RFC 3986, 4.2).
    if rule == LinkRule::RstLink
        && let Some(label) = target.strip_prefix(":ref:")
    {
        return Candidates::Label(label.to_owned());
    }
    if rule != LinkRule::Wikilink && has_scheme(target) {
        return Candidates::External(target.to_owned());
    }
    if rule != LinkRule::Wikilink && target.starts_with("//") {
        return Candidates::External(target.to_owned());
    }
    let (path, fragment) = match target.split_once('#') {
        Some((path, fragment)) => (path, Some(decode(fragment)).filter(|text| !text.is_empty())),
        None => (target, None),
    };
    let path = if rule == LinkRule::Wikilink {
        path.trim().to_owned()
    } else {
        decode(path.split('?').next().unwrap_or(path))
    };
    if path.is_empty() {
        return Candidates::Paths {
            paths: vec![source.clone()],
            fragment,
        };
    }
    if rule == LinkRule::Wikilink && !path.contains('/') {
        let stem = path.strip_suffix(".md").unwrap_or(&path).to_lowercase();
        return Candidates::Stem { stem, fragment };
    }
    let base = match (path.strip_prefix('/'), rule) {
        // A leading slash means the workspace root; wikilinks with folders too.
        (Some(_), _) | (None, LinkRule::Wikilink) => "",
        (None, _) => source.parent(),
    };
    let Some(exact) = WorkspacePath::join(base, &path) else {
        return Candidates::Nothing;
    };
    let mut paths = vec![exact.clone()];
    let mut push = |text: String| paths.extend(text.parse::<WorkspacePath>().ok());
    if !path.ends_with('/') {
        // reStructuredText names pages without their extension.
        let bare = exact.extension().is_empty() || rule == LinkRule::Wikilink;
        if bare || rule == LinkRule::RstLink {
            push(format!("{exact}.md"));
            push(format!("{exact}.rst"));
        }
        if matches!(exact.extension(), "html" | "htm") {
            // Books link to the rendered page of a source.
            let stem = exact.as_str().rsplit_once('.').map_or("", |(stem, _)| stem);
            push(format!("{stem}.md"));
            push(format!("{stem}.rst"));
        }
    }
    for index in FOLDER_PAGES {
        push(format!("{exact}/{index}"));
    }
    if !exact.as_str().is_ascii() {
        let forms = paths.iter().flat_map(|path| other_forms(path.as_str()));
        let forms: Vec<WorkspacePath> = forms.filter_map(|text| text.parse().ok()).collect();
        paths.extend(forms);
    }
    Candidates::Paths { paths, fragment }
}

/// The files that are the page of their folder.
pub const FOLDER_PAGES: [&str; 3] = ["README.md", "index.md", "index.rst"];

/// `name` in the normal forms of Unicode that it is not written in: the name
/// of a file may be composed and a link to it decomposed, or the reverse,
/// without anybody seeing a difference.
fn other_forms(name: &str) -> Vec<String> {
    if name.is_ascii() {
        return Vec::new();
    }
    let mut forms = vec![composed(name), name.nfd().collect()];
    forms.retain(|form| form != name);
    forms
}

/// `name` in composed form: equal for names that look equal.
#[must_use]
pub fn composed(name: &str) -> String {
    name.nfc().collect()
}

/// Resolves a link: the node it points at (FR: no link without evidence; a
/// target that names nothing becomes an `unresolved` node).
#[must_use]
pub fn resolve(
    source: &WorkspacePath,
    rule: LinkRule,
    target: &str,
    targets: &dyn Targets,
) -> NodeId {
    match candidates(source, rule, target) {
        Candidates::External(url) => NodeId::new(NodeKind::External, url),
        Candidates::Paths { paths, fragment } => {
            let Some(found) = paths.iter().find(|path| targets.has_document(path)) else {
                if let Some(file) = paths.first().filter(|path| targets.has_file(path)) {
                    return NodeId::new(NodeKind::File, file.as_str());
                }
                return unresolved(
                    paths.first().map_or(target, WorkspacePath::as_str),
                    fragment,
                );
            };
            document_or_section(found, fragment, targets)
        }
        Candidates::Stem { stem, fragment } => {
            let mut found = targets.documents_with_stem(&stem);
            for form in other_forms(&stem) {
                found.extend(targets.documents_with_stem(&form));
            }
            match nearest(found) {
                Some(path) => document_or_section(&path, fragment, targets),
                None => unresolved(&stem, fragment),
            }
        }
        Candidates::Label(label) => match nearest(targets.documents_with_label(&label)) {
            Some(path) => NodeId::section(&path, &label),
            // `python:glossary`: the inventory of another project.
            None if has_scheme(&label) => NodeId::new(NodeKind::External, label),
            None => unresolved(&label, None),
        },
        Candidates::Nothing => unresolved(target, None),
    }
}

/// Of several with one name: the nearest to the root, then the first by bytes.
fn nearest(found: Vec<WorkspacePath>) -> Option<WorkspacePath> {
    let depth = |path: &WorkspacePath| path.as_str().matches('/').count();
    found
        .into_iter()
        .min_by(|a, b| depth(a).cmp(&depth(b)).then_with(|| a.cmp(b)))
}

fn document_or_section(
    path: &WorkspacePath,
    fragment: Option<String>,
    targets: &dyn Targets,
) -> NodeId {
    let Some(fragment) = fragment else {
        return NodeId::document(path);
    };
    let slug = slug(&fragment);
    for anchor in [fragment.as_str(), slug.as_str()] {
        if targets.has_section(path, anchor) {
            return NodeId::section(path, anchor);
        }
    }
    unresolved(path.as_str(), Some(fragment))
}

fn unresolved(path: &str, fragment: Option<String>) -> NodeId {
    let key = match fragment {
        Some(fragment) => format!("{path}#{fragment}"),
        None => path.to_owned(),
    };
    NodeId::new(
        NodeKind::Unresolved,
        if key.is_empty() {
            "(empty)".to_owned()
        } else {
            key
        },
    )
}

/// The fragment that names a heading with this text (the rule of GitHub):
/// lower case; letters, digits, `-` and `_` are kept, white space becomes
/// `-`, everything else is dropped.
#[must_use]
pub fn slug(heading: &str) -> String {
    let mut slug = String::with_capacity(heading.len());
    for c in heading.trim().chars() {
        if c.is_alphanumeric() || c == '-' || c == '_' {
            slug.extend(c.to_lowercase());
        } else if c.is_whitespace() {
            slug.push('-');
        }
    }
    slug
}

/// Whether `target` starts with a URI scheme (RFC 3986, 3.1) of two letters
/// or more, so that `c:` is not one.
fn has_scheme(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() >= 2
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

/// Percent-decodes `text`; an escape that is broken or not UTF-8 stays as
/// written.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escape {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    struct Fixed(BTreeSet<&'static str>);

    impl Targets for Fixed {
        fn has_document(&self, path: &WorkspacePath) -> bool {
            self.0.contains(path.as_str())
        }
        fn has_section(&self, path: &WorkspacePath, anchor: &str) -> bool {
            self.0.contains(format!("{path}#{anchor}").as_str())
        }
        fn has_file(&self, path: &WorkspacePath) -> bool {
            path.as_str().ends_with(".png")
        }
        fn documents_with_stem(&self, stem: &str) -> Vec<WorkspacePath> {
            let all = self.0.iter().filter(|text| !text.contains('#'));
            let paths = all.map(|text| text.parse::<WorkspacePath>().unwrap());
            paths
                .filter(|path| path.stem().to_lowercase() == stem)
                .collect()
        }
        fn documents_with_label(&self, label: &str) -> Vec<WorkspacePath> {
            let anchors = self.0.iter().filter_map(|text| text.split_once(".rst#"));
            let named = anchors.filter(|(_, anchor)| *anchor == label);
            named
                .map(|(path, _)| format!("{path}.rst").parse().unwrap())
                .collect()
        }
    }

    #[test]
    fn targets_resolve_as_a_reader_expects() {
        let targets = Fixed(BTreeSet::from([
            "a/one.md",
            "a/one.md#the-end",
            "b/two.md",
            "b/README.md",
            "deep/er/two.md",
            "with space.md",
            "api/index.rst",
            "api/v1.2.rst",
            "api/v1.2.rst#setting up",
            "api/old/v1.rst#setting up",
            "caf\u{e9}.md",
            "cafe\u{301} two.md",
        ]));
        let source: WorkspacePath = "a/one.md".parse().unwrap();
        let to = |rule, target| resolve(&source, rule, target, &targets).to_string();
        use LinkRule::{Image, Inline, RstLink, Wikilink};
        assert_eq!(to(Inline, "../b/two.md"), "document:b/two.md");
        assert_eq!(to(Inline, "../b/two"), "document:b/two.md");
        assert_eq!(to(Inline, "../b/two.html"), "document:b/two.md");
        assert_eq!(to(Inline, "../b/"), "document:b/README.md");
        assert_eq!(to(Inline, "../api/"), "document:api/index.rst");
        assert_eq!(to(RstLink, "/api/v1.2"), "document:api/v1.2.rst");
        assert_eq!(
            to(RstLink, ":ref:setting up"),
            "section:api/v1.2.rst#setting up"
        );
        assert_eq!(to(RstLink, ":ref:nowhere"), "unresolved:nowhere");
        assert_eq!(
            to(RstLink, ":ref:python:glossary"),
            "external:python:glossary"
        );
        assert_eq!(to(Inline, "../api/v1.2.html"), "document:api/v1.2.rst");
        // Composed and decomposed names are one name to whoever reads them.
        assert_eq!(to(Inline, "../cafe\u{301}.md"), "document:caf\u{e9}.md");
        assert_eq!(to(Wikilink, "Cafe\u{301}"), "document:caf\u{e9}.md");
        assert_eq!(to(Wikilink, "caf\u{e9} two"), "document:cafe\u{301} two.md");
        assert_eq!(
            to(Inline, "../caf%C3%A9%20two.md"),
            "document:cafe\u{301} two.md"
        );
        assert_eq!(to(Inline, "/b/two.md"), "document:b/two.md");
        assert_eq!(to(Inline, "#the-end"), "section:a/one.md#the-end");
        assert_eq!(to(Inline, "#The End"), "section:a/one.md#the-end");
        assert_eq!(to(Inline, "#nowhere"), "unresolved:a/one.md#nowhere");
        assert_eq!(to(Inline, "../with%20space.md"), "document:with space.md");
        assert_eq!(
            to(Inline, "https://example.org/#x"),
            "external:https://example.org/#x"
        );
        assert_eq!(
            to(Inline, "mailto:a@example.org"),
            "external:mailto:a@example.org"
        );
        assert_eq!(to(Inline, "missing.md"), "unresolved:a/missing.md");
        assert_eq!(
            to(Inline, "../../etc/passwd"),
            "unresolved:../../etc/passwd"
        );
        assert_eq!(to(Image, "x.png"), "file:a/x.png");
        assert_eq!(to(Wikilink, "Two"), "document:b/two.md");
        assert_eq!(to(Wikilink, "one#The End"), "section:a/one.md#the-end");
        assert_eq!(to(Wikilink, "deep/er/two"), "document:deep/er/two.md");
        assert_eq!(to(Wikilink, "Nobody"), "unresolved:nobody");
    }

    #[test]
    fn slugs_follow_the_known_rule() {
        assert_eq!(slug("Hello, World!"), "hello-world");
        assert_eq!(slug("Über `code` & so"), "über-code--so");
    }

    #[test]
    fn broken_escapes_stay_as_written() {
        assert_eq!(decode("a%2"), "a%2");
        assert_eq!(decode("a%zz%20b"), "a%zz b");
        assert_eq!(decode("%ff"), "%ff");
    }
}
