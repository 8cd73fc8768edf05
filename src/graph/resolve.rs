//! Resolving a link target: a pure rule over what a workspace holds.

use unicode_normalization::char::is_combining_mark;

use super::candidates::{Candidates, candidates, has_scheme};
use super::target_paths::FOLDER_PAGES;
use super::targets::Targets;
use super::{LinkRule, NodeId, NodeKind, WorkspacePath};

/// Resolves a link: the node it points at. A target that names nothing becomes an
/// `unresolved` node.
#[must_use]
pub fn resolve(
    source: &WorkspacePath,
    rule: LinkRule,
    target: &str,
    targets: &dyn Targets,
) -> NodeId {
    let document = |path: &str| targets.has_document(path).then(|| path.parse().ok())?;
    match candidates(source, rule, target) {
        Candidates::External(url) => NodeId::new(NodeKind::External, url),
        Candidates::Paths { paths, fragment } => match paths.find_map(document) {
            Some(found) => document_or_section(&found, fragment.as_deref(), targets),
            None => match paths.files().find(|path| targets.has_file(path)) {
                Some(file) => NodeId::new(NodeKind::File, file.as_str()),
                None => unresolved(paths.exact().as_str(), fragment.as_deref()),
            },
        },
        Candidates::Root { fragment } => match FOLDER_PAGES.into_iter().find_map(document) {
            Some(page) => document_or_section(&page, fragment.as_deref(), targets),
            // It is always there.
            None => NodeId::new(NodeKind::File, "."),
        },
        Candidates::Page { page, fragment } => {
            let mut places = page.rooted().into_iter().chain(page.beside());
            let placed = places.find_map(|paths| paths.find_map(document));
            let found = placed.or_else(|| page.document(targets));
            let there = || page.files().iter().find(|path| targets.has_file(path));
            let anywhere = || targets.file_ending_in(page.end()?);
            match found {
                Some(path) => document_or_section(&path, fragment.as_deref(), targets),
                None => match there().cloned().or_else(anywhere) {
                    Some(path) => NodeId::new(NodeKind::File, path.as_str()),
                    None => unresolved(page.as_str(), fragment.as_deref()),
                },
            }
        }
        Candidates::Label(label) => match targets.document_with_label(label) {
            Some(path) => NodeId::section(&path, label),
            // `python:glossary`: the inventory of another project.
            None if has_scheme(label) => NodeId::new(NodeKind::External, label),
            None => unresolved(label, None),
        },
        Candidates::Nothing => unresolved(target, None),
    }
}

fn document_or_section(
    path: &WorkspacePath,
    fragment: Option<&str>,
    targets: &dyn Targets,
) -> NodeId {
    let Some(fragment) = fragment else {
        return NodeId::document(path);
    };
    let section = |anchor: &str| {
        let there = targets.has_section(path, anchor);
        there.then(|| NodeId::section(path, anchor))
    };
    at_fragment(path, fragment, section)
        .unwrap_or_else(|| unresolved(path.as_str(), Some(fragment)))
}

/// What `fragment` of the document at `path` names: what `find` finds for it as
/// an anchor, else as the text of a heading; else the top, which is the document.
pub fn at_fragment(
    path: &WorkspacePath,
    fragment: &str,
    find: impl Fn(&str) -> Option<NodeId>,
) -> Option<NodeId> {
    let slug = slug(fragment.trim());
    let found = [fragment, slug.as_str()].into_iter().find_map(find);
    // The top of a page needs no anchor (HTML, "scroll to the fragment").
    let top = || fragment.eq_ignore_ascii_case("top");
    found.or_else(|| top().then(|| NodeId::document(path)))
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
/// lower case; what words are made of and `-` are kept, blanks become `-`,
/// everything else is dropped, white space of other kinds too.
#[must_use]
pub fn slug(heading: &str) -> String {
    let mut slug = String::with_capacity(heading.len());
    for c in heading.chars() {
        if c == ' ' {
            slug.push('-');
        } else if c == '-' || is_word(c) {
            slug.extend(c.to_lowercase());
        }
    }
    slug
}

/// Whether words are made of `c`: letters, their marks, digits, and
/// punctuation that connects (`\p{Word}` of regular expressions, UTS 18).
#[must_use]
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(
            c,
            '_' | '\u{203f}' | '\u{2040}' | '\u{2054}' | '\u{fe33}' | '\u{fe34}' | '\u{fe4d}'
                ..='\u{fe4f}' | '\u{ff3f}'
        )
        || is_combining_mark(c)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::graph::FileNames;
    use crate::graph::targets::nearest;
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
            ["a/x.png", "img/y.png", "a/img/y.png", "a/raw"].contains(&path.as_str())
        }
        fn file_ending_in(&self, end: &str) -> Option<WorkspacePath> {
            let found = "media/Z.png".parse::<WorkspacePath>().unwrap();
            FileNames::of([&found].into_iter()).find(end).cloned()
        }
        fn document_with_stem(
            &self,
            stem: &str,
            fits: &dyn Fn(&WorkspacePath) -> bool,
        ) -> Option<WorkspacePath> {
            let all = self.0.iter().filter(|text| !text.contains('#'));
            let paths = all.map(|text| text.parse::<WorkspacePath>().unwrap());
            nearest(paths.filter(|path| path.stem().to_lowercase() == stem && fits(path)))
        }
        fn document_with_label(&self, label: &str) -> Option<WorkspacePath> {
            let anchors = self.0.iter().filter_map(|text| text.split_once(".rst#"));
            let named = anchors.filter(|(_, anchor)| *anchor == label);
            nearest(named.map(|(path, _)| format!("{path}.rst").parse().unwrap()))
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
    fn wikilinks_name_the_end_of_a_path_or_a_file() {
        let targets = Fixed(BTreeSet::from([
            "a/one.md",
            "a/one.md#sub",
            "a/one.md#^b1",
            "a/data.csv",
            "b/README.md",
            "deep/er/Two.md",
            "deep/er/v1.2.md",
            "deep/plan.rst",
            "deep/er/plan.md",
            "deep/er/caf\u{e9}/x.md",
            "a/todo.txt",
            "a/sub/todo.markdown",
            "todo.md",
            "0/a/sub/todo.md",
        ]));
        let source: WorkspacePath = "a/one.md".parse().unwrap();
        let to = |target| resolve(&source, LinkRule::Wikilink, target, &targets).to_string();
        assert_eq!(to("er/two"), "document:deep/er/Two.md");
        assert_eq!(to("Er/Two.md"), "document:deep/er/Two.md");
        assert_eq!(to("r/two"), "unresolved:r/two");
        assert_eq!(to("cafe\u{301}/X"), "document:deep/er/caf\u{e9}/x.md");
        assert_eq!(to("b/"), "document:b/README.md");
        assert_eq!(to("./one"), "document:a/one.md");
        assert_eq!(to("../b/README"), "document:b/README.md");
        assert_eq!(to("../nowhere"), "unresolved:nowhere");
        // One in the note's own folder counts before those elsewhere.
        let near = |source: &str, target| {
            let source = source.parse().unwrap();
            resolve(&source, LinkRule::Wikilink, target, &targets).to_string()
        };
        assert_eq!(near("deep/er/v1.2.md", "plan"), "document:deep/er/plan.md");
        assert_eq!(near("deep/x.md", "er/plan"), "document:deep/er/plan.md");
        assert_eq!(near("deep/er/x.md", "plan.rst"), "document:deep/plan.rst");
        assert_eq!(near("a/x.md", "todo"), "document:a/todo.txt");
        assert_eq!(near("x.md", "a/sub/todo"), "document:a/sub/todo.markdown");
        assert_eq!(near("deep/er/x.md", "b/README"), "document:b/README.md");
        assert_eq!(near("x.md", "b"), "unresolved:b");
        assert_eq!(to("v1.2"), "document:deep/er/v1.2.md");
        assert_eq!(to("plan"), "document:deep/plan.rst");
        assert_eq!(to("plan.md"), "document:deep/er/plan.md");
        assert_eq!(to("data.csv"), "document:a/data.csv");
        assert_eq!(to("data"), "document:a/data.csv");
        assert_eq!(to("x.png"), "file:a/x.png");
        assert_eq!(to("img/y.png#page=2"), "file:a/img/y.png");
        assert_eq!(to("z.png|100"), "unresolved:z.png|100");
        assert_eq!(to("z.png"), "file:media/Z.png");
        assert_eq!(to("media/z.png#top"), "file:media/Z.png");
        assert_eq!(to("a/z.png"), "unresolved:a/z.png");
        assert_eq!(to("raw"), "unresolved:raw");
        assert_eq!(to("/a/raw"), "file:a/raw");
        assert_eq!(to("a/raw"), "file:a/raw");
        assert_eq!(to("#^b1"), "section:a/one.md#^b1");
        assert_eq!(to("one#Above#Sub"), "section:a/one.md#sub");
        assert_eq!(to("one#"), "document:a/one.md");
    }

    #[test]
    fn a_path_of_sphinx_counts_from_a_folder_above_the_outermost_first() {
        let targets = Fixed(BTreeSet::from([
            "docs/page.rst",
            "docs/sub/page.rst",
            "docs/sub/deep/page.rst",
            "docs/sub/only.rst",
            "docs/sub/guide/index.rst",
            "other/page.rst",
            "page.md",
        ]));
        let to = |source: &str, target| {
            let source = source.parse().unwrap();
            resolve(&source, LinkRule::RstLink, target, &targets).to_string()
        };
        let source = "docs/sub/deep/a.rst";
        assert_eq!(to(source, "/page"), "document:page.md");
        assert_eq!(to(source, "/page.rst"), "document:docs/page.rst");
        assert_eq!(to(source, "/deep/page"), "document:docs/sub/deep/page.rst");
        assert_eq!(to(source, "/only.html"), "document:docs/sub/only.rst");
        assert_eq!(to(source, "/guide/"), "document:docs/sub/guide/index.rst");
        assert_eq!(to(source, "page"), "document:docs/sub/deep/page.rst");
        assert_eq!(to("other/a.rst", "/sub/only"), "unresolved:sub/only");
        assert_eq!(to("a/b/c.rst", "/img/y.png"), "file:img/y.png");
        assert_eq!(to("a/b/c.rst", "/raw"), "file:a/raw");
        let image = |source: &str, target| {
            let source = source.parse().unwrap();
            resolve(&source, LinkRule::Image, target, &targets).to_string()
        };
        assert_eq!(image("a/b/c.rst", "/x.png"), "file:a/x.png");
        // Sphinx chooses a format.
        assert_eq!(image("a/b.rst", "x.*"), "file:a/x.png");
        assert_eq!(image("b/c.rst", "/x.*"), "unresolved:x.*");
        assert_eq!(image("a/b.rst", "/img/y.*"), "file:img/y.png");
        assert_eq!(image("a/b.md", "x.*"), "unresolved:a/x.*");
        let source = "docs/a.md".parse().unwrap();
        let markdown = resolve(&source, LinkRule::Inline, "/sub/only.rst", &targets);
        assert_eq!(markdown.to_string(), "unresolved:sub/only.rst");
    }

    #[test]
    fn a_page_may_be_named_as_a_site_names_it() {
        let targets = Fixed(BTreeSet::from([
            "a/one.md",
            "a/one.md#end",
            "both.md",
            "both/index.md",
            "go1.9.md",
            "part/_index.md",
        ]));
        let source: WorkspacePath = "a/two.md".parse().unwrap();
        let to = |rule, target| resolve(&source, rule, target, &targets).to_string();
        use LinkRule::{Inline, Wikilink};
        assert_eq!(to(Inline, "one/#end"), "section:a/one.md#end");
        assert_eq!(to(Inline, "/both/"), "document:both/index.md");
        assert_eq!(to(Inline, "/both"), "document:both.md");
        assert_eq!(to(Inline, "/part/"), "document:part/_index.md");
        assert_eq!(to(Inline, "../go1.9"), "document:go1.9.md");
        assert_eq!(to(Inline, "one.htm/"), "unresolved:a/one.htm");
        assert_eq!(to(Wikilink, "both/"), "document:both/index.md");
        assert_eq!(to(Wikilink, "a/one/"), "unresolved:a/one");
    }

    #[test]
    fn the_root_is_a_folder_and_every_page_has_a_top() {
        let source: WorkspacePath = "a/one.md".parse().unwrap();
        let to = |targets: &Fixed, target| {
            resolve(&source, LinkRule::Inline, target, targets).to_string()
        };
        let targets = Fixed(BTreeSet::from(["a/one.md", "a/two.md#top"]));
        for root in ["..", "../", "/", "./.."] {
            assert_eq!(to(&targets, root), "file:.", "{root}");
        }
        assert_eq!(to(&targets, "../.."), "unresolved:../..");
        assert_eq!(to(&targets, "#top"), "document:a/one.md");
        assert_eq!(to(&targets, "#Top"), "document:a/one.md");
        let targets = Fixed(BTreeSet::from([
            "README.md",
            "README.md#use",
            "README.md#top",
        ]));
        assert_eq!(to(&targets, "../"), "document:README.md");
        assert_eq!(to(&targets, "/#use"), "section:README.md#use");
        assert_eq!(to(&targets, "..#top"), "section:README.md#top");
    }

    #[test]
    fn slugs_follow_the_known_rule() {
        assert_eq!(slug("Hello, World!"), "hello-world");
        assert_eq!(slug("Über `code` & so"), "über-code--so");
        assert_eq!(slug("संक्षेप में"), "संक्षेप-में");
        assert_eq!(slug("Cafe\u{301}"), "cafe\u{301}");
        assert_eq!(slug("a  b\u{a0}c\td_e\u{203f}f"), "a--bcd_e\u{203f}f");
    }
}
