//! Resolving a link target: a pure rule over what a workspace holds.

use super::candidates::{Candidates, candidates, has_scheme, other_forms};
use super::{LinkRule, NodeId, NodeKind, WorkspacePath};

/// What exists in a workspace, as far as links can point at it.
pub trait Targets {
    /// Whether `path` is a document of the run.
    fn has_document(&self, path: &str) -> bool;
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
            let document = |path: &str| targets.has_document(path).then(|| path.parse().ok())?;
            match paths.find_map(document) {
                Some(found) => document_or_section(&found, fragment.as_deref(), targets),
                None if targets.has_file(paths.exact()) => {
                    NodeId::new(NodeKind::File, paths.exact().as_str())
                }
                None => unresolved(paths.exact().as_str(), fragment.as_deref()),
            }
        }
        Candidates::Stem { stem, fragment } => {
            let mut found = targets.documents_with_stem(&stem);
            for form in other_forms(&stem) {
                found.extend(targets.documents_with_stem(&form));
            }
            match nearest(found) {
                Some(path) => document_or_section(&path, fragment.as_deref(), targets),
                None => unresolved(&stem, fragment.as_deref()),
            }
        }
        Candidates::Label(label) => match nearest(targets.documents_with_label(label)) {
            Some(path) => NodeId::section(&path, label),
            // `python:glossary`: the inventory of another project.
            None if has_scheme(label) => NodeId::new(NodeKind::External, label),
            None => unresolved(label, None),
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
    fragment: Option<&str>,
    targets: &dyn Targets,
) -> NodeId {
    let Some(fragment) = fragment else {
        return NodeId::document(path);
    };
    let slug = slug(fragment);
    for anchor in [fragment, slug.as_str()] {
        if targets.has_section(path, anchor) {
            return NodeId::section(path, anchor);
        }
    }
    unresolved(path.as_str(), Some(fragment))
}

fn unresolved(path: &str, fragment: Option<&str>) -> NodeId {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    struct Fixed(BTreeSet<&'static str>);

    impl Targets for Fixed {
        fn has_document(&self, path: &str) -> bool {
            self.0.contains(path)
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
}
