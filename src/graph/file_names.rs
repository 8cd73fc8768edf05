//! Files by the ends of their paths, which is how wikilinks name what is no
//! document: `![[picture.png]]` is that of any folder.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::WorkspacePath;
use super::forms::folded;
use super::page::ends_in;
use super::path::file_name_of;
use super::targets::nearness;

/// Where a link says that a file is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileTarget {
    /// At this path.
    At(WorkspacePath),
    /// In any folder, with a path that ends in these parts (in lower case).
    EndingIn(String),
}

impl FileTarget {
    /// The path, where it says one.
    #[must_use]
    pub const fn path(&self) -> Option<&WorkspacePath> {
        match self {
            Self::At(path) => Some(path),
            Self::EndingIn(_) => None,
        }
    }

    /// The end of the path, where it says no more.
    #[must_use]
    pub fn end(&self) -> Option<&str> {
        match self {
            Self::At(_) => None,
            Self::EndingIn(end) => Some(end),
        }
    }
}

/// Files by their names.
#[derive(Debug, Default)]
pub struct FileNames<'p>(HashMap<Cow<'p, str>, Vec<&'p WorkspacePath>>);

impl<'p> FileNames<'p> {
    /// All of `paths`.
    #[must_use]
    pub fn of(paths: impl Iterator<Item = &'p WorkspacePath>) -> Self {
        let mut names = Self::default();
        for path in paths {
            let same = names.0.entry(folded(path.file_name())).or_default();
            same.push(path);
        }
        names
    }

    /// Those of `paths` that one of `ends` may mean.
    #[must_use]
    pub fn meant<'e>(
        ends: impl Iterator<Item = &'e str>,
        paths: impl Iterator<Item = &'p WorkspacePath>,
    ) -> Self {
        let wanted: BTreeSet<Cow<'_, str>> = ends.map(|end| folded(file_name_of(end))).collect();
        if wanted.is_empty() {
            return Self::default();
        }
        Self::of(paths.filter(|path| wanted.contains(&folded(path.file_name()))))
    }

    /// The nearest file whose path ends in `end`, which is in lower case.
    #[must_use]
    pub fn find(&self, end: &str) -> Option<&'p WorkspacePath> {
        let same = self.0.get(&folded(file_name_of(end)))?.iter().copied();
        same.filter(|path| ends_in(path.as_str(), end))
            .min_by_key(|path| nearness(path.as_str()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_with_that_end_is_meant() {
        let paths = [
            "z/Pic.PNG",
            "a/deep/pic.png",
            "b/img/pic.png",
            "caf\u{e9}/A\u{308}.pdf",
            "other.png",
        ];
        let paths: Vec<WorkspacePath> = paths.map(|path| path.parse().unwrap()).into();
        let ends = ["pic.png", "img/pic.png", "\u{e4}.pdf"];
        let names = FileNames::meant(ends.into_iter(), paths.iter());
        let find = |end| names.find(end).map(WorkspacePath::as_str);
        assert_eq!(find("pic.png"), Some("z/Pic.PNG"));
        assert_eq!(find("img/pic.png"), Some("b/img/pic.png"));
        assert_eq!(find("mg/pic.png"), None);
        assert_eq!(
            find("cafe\u{301}/\u{e4}.pdf"),
            Some("caf\u{e9}/A\u{308}.pdf")
        );
        assert_eq!(find("other.png"), None, "nobody asked for it");
        let all = FileNames::of(paths.iter());
        assert_eq!(
            all.find("other.png").map(WorkspacePath::as_str),
            Some("other.png")
        );
    }
}
