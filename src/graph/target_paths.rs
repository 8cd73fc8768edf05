//! The paths that a link's target may mean, the most specific first.

use std::borrow::Cow;

use super::forms::other_forms;
use super::{LinkRule, WorkspacePath};

/// The files that are the page of their folder.
pub const FOLDER_PAGES: [&str; 4] = ["README.md", "index.md", "index.rst", "_index.md"];

/// What a link leaves out that names a page as it is read.
const SOURCES: [&str; 2] = [".md", ".rst"];

/// What the `.*` of an image may stand for: Sphinx chooses a format.
const IMAGES: [&str; 7] = [".svg", ".png", ".gif", ".jpg", ".jpeg", ".webp", ".pdf"];

/// The paths that one target may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    exact: WorkspacePath,
    /// Whether the page of the folder `exact` may be meant.
    folder: bool,
    /// Whether that is the first to be looked for, as the target ends in `/`.
    slash: bool,
    /// The extensions that may have been left out.
    left_out: &'static [&'static str],
    /// The length of the `.html` of `exact`, where it may be the page that a
    /// book makes of a source.
    rendered: Option<usize>,
    /// The innermost of the folders that `exact` may count from; empty where that
    /// is the root alone. Sphinx counts from a folder of its own, which holds the
    /// source and may be any above it.
    below: String,
    /// Whether `.*` at the end of `exact` stands for the extension of an image.
    any_format: bool,
}

impl Paths {
    pub(super) fn only(exact: WorkspacePath) -> Self {
        Self {
            exact,
            folder: false,
            slash: false,
            left_out: &[],
            rendered: None,
            below: String::new(),
            any_format: false,
        }
    }

    /// Of a wikilink; `folder` for one with folders.
    pub(super) fn of_page(exact: WorkspacePath, folder: bool) -> Self {
        let left_out: &[_] = match exact.extension().eq_ignore_ascii_case("md") {
            true => &[],
            false => &[".md", ".markdown", ".rst", ".txt"],
        };
        Self {
            folder,
            left_out,
            ..Self::only(exact)
        }
    }

    pub(super) fn of(exact: WorkspacePath, rule: LinkRule, slash: bool) -> Self {
        let extension = exact.extension();
        // reStructuredText names pages without their extension; digits alone are
        // none, but a part of the name: `go1.9`.
        let bare = extension.bytes().all(|byte| byte.is_ascii_digit())
            || matches!(rule, LinkRule::Wikilink | LinkRule::RstLink);
        // `page/` is how a site names `page.md`; a wikilink then means a folder.
        let source = bare && !(slash && rule == LinkRule::Wikilink);
        let rendered = matches!(extension, "html" | "htm").then(|| ".".len() + extension.len());
        Self {
            folder: true,
            slash,
            left_out: match source {
                true => &SOURCES,
                false => &[],
            },
            rendered: rendered.filter(|_| !slash),
            ..Self::only(exact)
        }
    }

    /// The same, counted from the root or any folder down to `folder`.
    pub(super) fn below(self, folder: &str) -> Self {
        Self {
            below: folder.to_owned(),
            ..self
        }
    }

    /// The same, where `.*` at its end, of an image, stands for any format.
    pub(super) fn in_any_format(self) -> Self {
        let any_format = self.exact.extension() == "*";
        Self { any_format, ..self }
    }

    /// The path as it is written.
    #[must_use]
    pub const fn exact(&self) -> &WorkspacePath {
        &self.exact
    }

    /// Whether the path may count from a folder other than the root.
    #[must_use]
    pub const fn may_count_from_below(&self) -> bool {
        !self.below.is_empty()
    }

    /// The path as it is written, counted from each folder it may count from,
    /// the root first.
    fn places(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let exact = self.exact.as_str();
        let ends = self.below.match_indices('/').map(|(at, _)| at);
        let ends = ends.chain((!self.below.is_empty()).then_some(self.below.len()));
        let inner = ends.map(move |end| Cow::Owned(format!("{}/{exact}", &self.below[..end])));
        std::iter::once(Cow::Borrowed(exact)).chain(inner)
    }

    /// The files that it may name, in each of those places.
    pub(super) fn files(&self) -> impl Iterator<Item = WorkspacePath> {
        let ends: &[_] = if self.any_format { &IMAGES } else { &[""] };
        let cut = if self.any_format { ".*".len() } else { 0 };
        self.places().flat_map(move |place| {
            let file = move |end| format!("{}{end}", &place[..place.len() - cut]).parse();
            ends.iter().filter_map(move |end| file(end).ok())
        })
    }

    /// The first of the paths, most specific first, for which `find` has an
    /// answer. Not all of them need to be paths that can be.
    pub fn find_map<T>(&self, mut find: impl FnMut(&str) -> Option<T>) -> Option<T> {
        if let Some(found) = self.each(&mut find) {
            return Some(found);
        }
        if self.exact.as_str().is_ascii() {
            return None;
        }
        self.each(&mut |path| other_forms(path).iter().find_map(|form| find(form)))
    }

    /// As [`Self::find_map`], without the other forms of Unicode.
    fn each<T>(&self, find: &mut impl FnMut(&str) -> Option<T>) -> Option<T> {
        self.places().find_map(|place| self.at(&place, find))
    }

    /// As [`Self::each`], in one place.
    fn at<T>(&self, exact: &str, find: &mut impl FnMut(&str) -> Option<T>) -> Option<T> {
        if let Some(found) = find(exact) {
            return Some(found);
        }
        let bare = self.left_out.iter().map(|end| (exact, "", *end));
        let rendered = self.rendered.map(|end| &exact[..exact.len() - end]);
        let rendered = rendered.map(|stem| SOURCES.map(|end| (stem, "", end)));
        let sources = bare.chain(rendered.into_iter().flatten());
        let pages = |looked_for: bool| {
            let pages = (self.folder && looked_for).then_some(FOLDER_PAGES);
            let pages = pages.into_iter().flatten();
            pages.map(|page| (exact, "/", page))
        };
        let (first, last) = (pages(self.slash), pages(!self.slash));
        let mut path = String::new();
        first
            .chain(sources)
            .chain(last)
            .find_map(|(stem, between, end)| {
                path.clear();
                path.extend([stem, between, end]);
                find(&path)
            })
    }
}
