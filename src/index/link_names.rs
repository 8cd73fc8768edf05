//! Under which name a link is found again when what it may point at comes, goes
//! or changes, and under which names a document looks for the links to it.

use std::borrow::Cow;

use crate::graph::candidates::{Candidates, candidates};
use crate::graph::page::folder_name;
use crate::graph::{Document, FOLDER_PAGES, LinkRule, WorkspacePath, composed};

/// Under which name a link is found again; `None` when nothing that an edit
/// does can change where it points.
pub(super) fn name_of(source: &WorkspacePath, rule: LinkRule, target: &str) -> Option<i64> {
    match candidates(source, rule, target) {
        Candidates::External(_) | Candidates::Nothing => None,
        Candidates::Page { page, .. } => Some(stem_name(page.last())),
        Candidates::Root { .. } => Some(path_name("")),
        Candidates::Label(label) => Some(label_name(label)),
        Candidates::Paths { paths, .. } if paths.may_count_from_below() => {
            Some(end_name(paths.exact().as_str()))
        }
        Candidates::Paths { paths, .. } => Some(path_name(paths.exact().as_str())),
    }
}

/// The names of all links that may point at the document `path`: the inverse
/// of [`name_of`].
pub(super) fn names_of_document(path: &WorkspacePath) -> Vec<i64> {
    let text = path.as_str();
    let mut names = vec![
        stem_name(&path.stem().to_lowercase()),
        stem_name(&path.file_name().to_lowercase()),
    ];
    let page = FOLDER_PAGES.contains(&path.file_name());
    if page {
        names.push(stem_name(&folder_name(path.parent())));
    }
    names.extend(spellings(text, page).iter().map(|text| path_name(text)));
    let below = text.match_indices('/').map(|(at, _)| &text[at + 1..]);
    for end in std::iter::once(text).chain(below) {
        names.extend(spellings(end, page).iter().map(|text| end_name(text)));
    }
    names
}

/// How links may spell `path`, which is the page of its folder or not.
fn spellings(path: &str, page: bool) -> Vec<Cow<'_, str>> {
    let mut spellings = vec![Cow::Borrowed(path)];
    let stem = path.strip_suffix(".md").or(path.strip_suffix(".rst"));
    if let Some(stem) = stem {
        spellings.push(Cow::Borrowed(stem));
        spellings.extend(["html", "htm"].map(|end| Cow::Owned(format!("{stem}.{end}"))));
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    spellings.extend(page.then_some(Cow::Borrowed(folder)));
    spellings
}

/// The names of all links that may point at a label of `document`.
pub(super) fn names_of_labels(document: &Document) -> impl Iterator<Item = i64> {
    document.labels().map(label_name)
}

fn path_name(path: &str) -> i64 {
    name_hash(b'/', path)
}

/// The name of all links to `end` that may count from several folders.
fn end_name(end: &str) -> i64 {
    name_hash(b'^', end)
}

/// The name of all wikilinks that end in `stem`, which is in lower case: the
/// stem or the name of what they may point at.
pub(super) fn stem_name(stem: &str) -> i64 {
    name_hash(b'~', stem)
}

fn label_name(label: &str) -> i64 {
    name_hash(b':', label)
}

/// FNV-1a, folded to 31 bits so that it takes four bytes in a record. Two
/// names that collide cost a needless look, nothing else; names that look
/// equal do, as [`composed`] has it.
fn name_hash(domain: u8, text: &str) -> i64 {
    let text = composed(text);
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in std::iter::once(domain).chain(text.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let folded = ((hash >> 33) ^ hash) & 0x7fff_ffff;
    folded as i64
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::graph::resolve::resolve;
    use crate::graph::{NodeKind, Targets};
    use crate::index::layout::Code;

    /// Targets and paths of parts that mean something to the rules of links.
    fn path_like() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec![
            "a", "B", "é", "e\u{301}", "\u{212a}", "\u{37e}", ".", "..", "/", "/", "README",
            "index", "_", ".9", ".md", ".md", ".rst", ".html", ".htm", ".txt", "%2e", " ", "#x",
            "?q",
        ]);
        prop::collection::vec(part, 1..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn a_document_has_the_names_of_all_links_that_may_point_at_it(
            source in path_like().prop_filter_map("a path", |text| text.parse().ok()),
            target in path_like(),
            rule in prop::sample::select(LinkRule::ALL.to_vec()),
        ) {
            let candidates = candidates(&source, rule, &target);
            let paths = match &candidates {
                Candidates::Paths { paths, .. } => vec![paths],
                Candidates::Page { page, .. } => {
                    page.rooted().into_iter().chain(page.beside()).collect()
                }
                _ => Vec::new(),
            };
            for paths in paths {
                let name = name_of(&source, rule, &target).unwrap();
                let mut any = 0;
                let missed = paths.find_map(|path| {
                    let path = path.parse().ok()?;
                    any += 1;
                    (!names_of_document(&path).contains(&name)).then_some(path)
                });
                prop_assert!(any > 0);
                prop_assert_eq!(missed, None);
            }
        }

        #[test]
        fn a_document_has_the_name_of_every_link_that_points_at_it(
            source in path_like().prop_filter_map("a path", |text| text.parse().ok()),
            only in path_like().prop_filter_map("a path", |text| text.parse().ok()),
            above in prop::sample::select(vec!["", "/", "../", "a/", "B/"]),
            part in 0.0..1.0,
            end in prop::sample::select(vec!["", ".md", "/"]),
            rule in prop::sample::select(LinkRule::ALL.to_vec()),
        ) {
            // The end of the path, or less of it, so that many links lead there.
            let only = Only(only);
            let path = only.0.as_str();
            let from = path.ceil_char_boundary((path.len() as f64 * part) as usize);
            for written in [path, &path[from..], only.0.parent(), only.0.stem()] {
                let target = format!("{above}{written}{end}");
                let node = resolve(&source, rule, &target, &only);
                if node.kind() == NodeKind::Document {
                    let name = name_of(&source, rule, &target).unwrap();
                    prop_assert!(names_of_document(&only.0).contains(&name), "{target}");
                }
            }
        }
    }

    /// A workspace of one document.
    struct Only(WorkspacePath);

    impl Targets for Only {
        fn has_document(&self, path: &str) -> bool {
            self.0.as_str() == path
        }
        fn has_section(&self, _: &WorkspacePath, _: &str) -> bool {
            false
        }
        fn has_file(&self, _: &WorkspacePath) -> bool {
            false
        }
        fn file_ending_in(&self, _: &str) -> Option<WorkspacePath> {
            None
        }
        fn document_with_stem(
            &self,
            stem: &str,
            fits: &dyn Fn(&WorkspacePath) -> bool,
        ) -> Option<WorkspacePath> {
            let has = self.0.stem().to_lowercase() == stem && fits(&self.0);
            has.then(|| self.0.clone())
        }
        fn document_with_label(&self, _: &str) -> Option<WorkspacePath> {
            None
        }
    }
}
