//! What a link's target may name: a pure rule, before anything is known of
//! what a workspace holds.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::page::PageName;
use super::{FileTarget, Format, LinkRule, WorkspacePath};

/// The longest target that is resolved, in bytes; longer ones were cut at
/// extraction.
pub const MAX_TARGET_BYTES: usize = 2_048;

/// The files that are the page of their folder.
pub const FOLDER_PAGES: [&str; 3] = ["README.md", "index.md", "index.rst"];

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
    let fragment = fragment.map(decode);
    let path = if rule == LinkRule::Wikilink {
        Cow::Borrowed(path.trim())
    } else {
        decode(path.split('?').next().unwrap_or(path))
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
    let below = relative
        && path.starts_with('/')
        && Format::of_extension(source.extension()) == Format::Rst;
    match WorkspacePath::joined(base, &path).map(WorkspacePath::of) {
        Some(Ok(exact)) => {
            let paths = Paths::of(exact, rule, path.ends_with('/'));
            let paths = if below {
                paths.below(source.parent())
            } else {
                paths
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

/// What a link leaves out that names a page as it is read.
const SOURCES: [&str; 2] = [".md", ".rst"];

/// The paths that one target may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    exact: WorkspacePath,
    /// Whether the page of the folder `exact` may be meant.
    folder: bool,
    /// The extensions that may have been left out.
    left_out: &'static [&'static str],
    /// The length of the `.html` of `exact`, where it may be the page that a
    /// book makes of a source.
    rendered: Option<usize>,
    /// The innermost of the folders that `exact` may count from; empty where that
    /// is the root alone. Sphinx counts from a folder of its own, which holds the
    /// source and may be any above it.
    below: String,
}

impl Paths {
    fn only(exact: WorkspacePath) -> Self {
        Self {
            exact,
            folder: false,
            left_out: &[],
            rendered: None,
            below: String::new(),
        }
    }

    /// Of a wikilink; `folder` for one with folders.
    pub(super) fn of_page(exact: WorkspacePath, folder: bool) -> Self {
        Self {
            folder,
            left_out: match exact.extension().eq_ignore_ascii_case("md") {
                true => &[],
                false => &[".md", ".markdown", ".rst", ".txt"],
            },
            rendered: None,
            below: String::new(),
            exact,
        }
    }

    fn of(exact: WorkspacePath, rule: LinkRule, slash: bool) -> Self {
        let extension = exact.extension();
        // reStructuredText names pages without their extension.
        let bare = extension.is_empty() || matches!(rule, LinkRule::Wikilink | LinkRule::RstLink);
        let rendered = matches!(extension, "html" | "htm").then(|| ".".len() + extension.len());
        Self {
            folder: true,
            left_out: match bare && !slash {
                true => &SOURCES,
                false => &[],
            },
            rendered: rendered.filter(|_| !slash),
            below: String::new(),
            exact,
        }
    }

    /// The same, counted from the root or any folder down to `folder`.
    fn below(self, folder: &str) -> Self {
        Self {
            below: folder.to_owned(),
            ..self
        }
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

    /// The file that it names, in each of those places.
    pub(super) fn files(&self) -> impl Iterator<Item = WorkspacePath> {
        self.places().filter_map(|place| place.parse().ok())
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
        let folder = self.folder.then_some(FOLDER_PAGES).into_iter().flatten();
        let pages = folder.map(|page| (exact, "/", page));
        let mut path = String::new();
        sources.chain(pages).find_map(|(stem, between, end)| {
            path.clear();
            path.extend([stem, between, end]);
            find(&path)
        })
    }
}

/// `name` in the normal forms of Unicode that it is not written in: the name
/// of a file may be composed and a link to it decomposed, or the reverse,
/// without anybody seeing a difference.
#[must_use]
pub fn other_forms(name: &str) -> Vec<String> {
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

/// Percent-decodes `text`; an escape that is broken or not UTF-8 stays as
/// written.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            // The parser of numbers would take a sign.
            .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
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
    String::from_utf8(decoded).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_escapes_stay_as_written() {
        assert_eq!(decode("a%2"), "a%2");
        assert_eq!(decode("a%zz%20b"), "a%zz b");
        assert_eq!(decode("a%+1%-1"), "a%+1%-1");
        assert_eq!(decode("%ff"), "%ff");
    }
}
