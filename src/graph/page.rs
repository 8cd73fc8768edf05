//! What a wikilink names: a document by the end of its path, or a file.

use super::forms::{all_forms, composed, folded};
use super::path::{file_name_of, stem_of};
use super::target_paths::Paths;
use super::targets::{Targets, nearest};
use super::{FileTarget, WorkspacePath};

/// The name of a page, as in `[[page]]` and `[[folder/page]]`. Case says
/// nothing in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageName {
    /// In lower case, without `.md`.
    name: String,
    /// In lower case, where it has an extension.
    whole: Option<String>,
    /// What it names from the root on, where it has folders.
    rooted: Option<Paths>,
    /// What it names in the folder of the source.
    beside: Option<Paths>,
    /// Where a file of this name may lie, the likeliest first.
    files: Vec<WorkspacePath>,
}

impl PageName {
    /// What `source` calls `written`; `None` for what is no path.
    pub(super) fn of(source: &WorkspacePath, written: &str) -> Option<Self> {
        let exact = WorkspacePath::join("", written)?;
        let folders = exact.as_str().contains('/');
        let extension = !exact.extension().is_empty();
        let beside = WorkspacePath::join(source.parent(), written);
        let mut files = Vec::new();
        // Without either it is what notes are called, and files are not.
        if folders || extension {
            files.extend(beside.clone());
            files.push(exact.clone());
            files.dedup();
        }
        let lower = exact.as_str().to_lowercase();
        let (name, whole) = match extension {
            true => (without_md(&lower).to_owned(), Some(lower)),
            false => (lower, None),
        };
        Some(Self {
            name,
            whole,
            rooted: folders.then(|| Paths::of_page(exact, true)),
            beside: beside.map(|beside| Paths::of_page(beside, folders)),
            files,
        })
    }

    /// What it names from the root on, where it has folders.
    #[must_use]
    pub const fn rooted(&self) -> Option<&Paths> {
        self.rooted.as_ref()
    }

    /// What it names in the folder of the source, in the case it is written in.
    #[must_use]
    pub const fn beside(&self) -> Option<&Paths> {
        self.beside.as_ref()
    }

    /// Where a file of this name may lie, the likeliest first.
    pub(super) fn files(&self) -> &[WorkspacePath] {
        &self.files
    }

    /// The end of the path of a file that it means where it is not among
    /// [`Self::files`].
    pub(super) fn end(&self) -> Option<&str> {
        self.whole.as_deref()
    }

    /// All files that it may mean.
    pub(super) fn into_files(self) -> Vec<FileTarget> {
        let at = self.files.into_iter().map(FileTarget::At);
        at.chain(self.whole.map(FileTarget::EndingIn)).collect()
    }

    /// In lower case, without `.md`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The last part, under which a link is found again: the stem, or the
    /// name, of all that it may point at.
    #[must_use]
    pub fn last(&self) -> &str {
        file_name_of(&self.name)
    }

    /// The document that it means: one with the extension it is written with,
    /// else one whose extension it leaves out.
    pub(super) fn document(&self, targets: &dyn Targets) -> Option<WorkspacePath> {
        let written = self.whole.as_ref().and_then(|whole| {
            with_stem(stem_of(whole), targets, &|path| {
                ends_in(path.as_str(), whole)
            })
        });
        let folders = self.name.contains('/');
        let fits = |path: &WorkspacePath| !folders || ends_in(without_extension(path), &self.name);
        written.or_else(|| with_stem(self.last(), targets, &fits))
    }
}

/// The name under which a link to the folder `path` is found again, by which
/// its page may be meant.
#[must_use]
pub fn folder_name(path: &str) -> String {
    without_md(&file_name_of(path).to_lowercase()).to_owned()
}

/// The nearest document with this stem, in any form of Unicode, that `fits`.
fn with_stem(
    stem: &str,
    targets: &dyn Targets,
    fits: &dyn Fn(&WorkspacePath) -> bool,
) -> Option<WorkspacePath> {
    nearest(all_forms(stem).filter_map(|form| targets.document_with_stem(&form, fits)))
}

/// Whether the last parts of `path` are those of `end`, which is in lower case.
pub(super) fn ends_in(path: &str, end: &str) -> bool {
    let of_parts = |above: &[u8]| matches!(above.last(), None | Some(b'/'));
    if path.is_ascii() && end.is_ascii() {
        let start = path.len().checked_sub(end.len());
        let ends = start.map(|start| path.as_bytes().split_at(start));
        return ends.is_some_and(|(above, name)| {
            name.eq_ignore_ascii_case(end.as_bytes()) && of_parts(above)
        });
    }
    let path = folded(path);
    let above = path.strip_suffix(&*composed(end));
    above.is_some_and(|above| of_parts(above.as_bytes()))
}

fn without_extension(path: &WorkspacePath) -> &str {
    let extension = path.file_name().len() - path.stem().len();
    &path.as_str()[..path.as_str().len() - extension]
}

/// `path` without `.md`, where something is left of its last part.
fn without_md(path: &str) -> &str {
    let bare = path.strip_suffix(".md").unwrap_or(path);
    match file_name_of(bare).is_empty() {
        true => path,
        false => bare,
    }
}
