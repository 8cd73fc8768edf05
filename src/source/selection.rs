//! Which paths are sources: the globs of the configuration, compiled.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::graph::{composed, file_name_of};
use crate::workspace::{DERIVED_FOLDER, Sources};

/// The selection rules of a workspace, compiled.
///
/// Globs are matched against the path from the workspace root; `*` stays
/// within one name, `**` crosses folders. A glob that matches a folder covers
/// everything below it. `exclude` wins over `include`; an extension must be
/// listed (compared without regard to ASCII case) unless the list is empty;
/// names that start with a dot are left out unless `hidden`. The folder of
/// artifacts is never looked into, whatever the globs say, at whatever depth.
/// Names that look equal are equal: what is typed is most often composed, the
/// name of a file need not be.
#[derive(Clone, Debug)]
pub struct Selection {
    /// `None` when everything is included.
    include: Option<GlobSet>,
    /// Folders above every match of `include`, as far as they are literal;
    /// `None` when a glob may match anywhere.
    roots: Option<Vec<String>>,
    /// Every excluding glob, for folders whose own parents are entered.
    exclude: GlobSet,
    /// Those that can match a file of a folder that was entered: not
    /// `folder/**`, but `**/**`. `None` when there is none, as by default.
    exclude_files: Option<GlobSet>,
    extensions: Vec<String>,
    max_file_bytes: u64,
    hidden: bool,
}

/// Globs that cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum InvalidGlob {
    /// One is none.
    #[error("not a glob: {glob:?}: {reason}")]
    Broken {
        /// The glob as written.
        glob: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Each of them is one, and together they are too much.
    #[error("{count} globs are too much together: {reason}")]
    Together {
        /// How many there are.
        count: usize,
        /// What is too much.
        reason: String,
    },
}

impl Selection {
    /// Compiles `sources`.
    ///
    /// # Errors
    /// [`InvalidGlob`] for the first glob that cannot be compiled.
    pub fn new(sources: &Sources) -> Result<Self, InvalidGlob> {
        let everything = sources
            .include
            .iter()
            .any(|glob| glob == "**" || glob == "**/*");
        let mut files = sources.exclude.clone();
        files.retain(|glob| {
            let folder = folder_of(glob);
            folder == glob || folder == "**"
        });
        Ok(Self {
            include: match everything {
                true => None,
                false => Some(compile(&sources.include, Covers::Below)?),
            },
            roots: roots(&sources.include),
            exclude: compile(&sources.exclude, Covers::Itself)?,
            exclude_files: match files.is_empty() {
                true => None,
                false => Some(compile(&files, Covers::Below)?),
            },
            extensions: sources.extensions.clone(),
            max_file_bytes: sources.max_file_bytes,
            hidden: sources.hidden,
        })
    }

    /// The size in bytes above which a file is refused.
    #[must_use]
    pub const fn max_file_bytes(&self) -> u64 {
        self.max_file_bytes
    }

    /// Whether names that start with a dot are considered.
    pub(super) const fn hidden(&self) -> bool {
        self.hidden
    }

    /// Whether the file at `path` is a source. Names of folders on the way
    /// were judged by [`enters`](Self::enters).
    #[must_use]
    pub fn selects(&self, path: &str) -> bool {
        let path = &*composed(path);
        self.considers_name(file_name_of(path).as_bytes())
            && !matches!(&self.exclude_files, Some(globs) if globs.is_match(path))
            && !matches!(&self.include, Some(globs) if !globs.is_match(path))
    }

    /// Whether the folder `path` may hold sources.
    #[must_use]
    pub fn enters(&self, path: &str) -> bool {
        let path = &*composed(path);
        let name = file_name_of(path);
        if name == DERIVED_FOLDER || (!self.hidden && name.starts_with('.')) {
            return false;
        }
        if let Some(roots) = &self.roots {
            let on_the_way = |root: &String| is_within(root, path) || is_within(path, root);
            if !roots.iter().any(on_the_way) {
                return false;
            }
        }
        !self.exclude.is_match(path)
    }

    /// Whether the file at `path`, and every folder on the way to it, is selected.
    #[must_use]
    pub fn takes(&self, path: &str) -> bool {
        let mut folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        folders.all(|folder| self.enters(folder)) && self.selects(path)
    }

    /// Whether a file called `name` can be a source as far as its name alone
    /// tells: cheap, asked before anything else.
    pub(super) fn considers_name(&self, name: &[u8]) -> bool {
        if name == DERIVED_FOLDER.as_bytes() || (!self.hidden && name.first() == Some(&b'.')) {
            return false;
        }
        if self.extensions.is_empty() {
            return true;
        }
        let extension = match memchr::memrchr(b'.', name) {
            Some(dot) if dot > 0 => &name[dot + 1..],
            _ => return false,
        };
        let listed = |known: &String| known.as_bytes().eq_ignore_ascii_case(extension);
        self.extensions.iter().any(listed)
    }
}

/// Whether `path` is `folder` or lies below it; the root's name is empty.
fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a glob matches, beside the path it names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Covers {
    /// Nothing: who asks came from above, and went no further where a folder
    /// matched. Such globs need no regular expression, which takes longer to
    /// compile than a small workspace to walk.
    Itself,
    /// Everything below a folder of that name.
    Below,
}

fn compile(globs: &[String], covers: Covers) -> Result<GlobSet, InvalidGlob> {
    let mut set = GlobSetBuilder::new();
    for written in globs {
        let refuse = |error: &globset::Error| InvalidGlob::Broken {
            glob: written.clone(),
            reason: error.kind().to_string(),
        };
        // `docs`, `docs/` and `docs/**` all mean the folder and what is in it.
        let folder = folder_of(written);
        let below = format!("{folder}/**");
        let variants = [folder, below.as_str()];
        let count = if covers == Covers::Below { 2 } else { 1 };
        for variant in &variants[..count] {
            let variant = composed(variant);
            let mut builder = GlobBuilder::new(&variant);
            builder.literal_separator(true);
            set.add(builder.build().map_err(|error| refuse(&error))?);
        }
    }
    set.build().map_err(|error| InvalidGlob::Together {
        count: globs.len(),
        reason: error.kind().to_string(),
    })
}

/// The literal folders at the start of each glob; `None` as soon as one has
/// none.
fn roots(globs: &[String]) -> Option<Vec<String>> {
    let special = |part: &str| part.contains(['*', '?', '[', ']', '{', '}', '\\', '!']);
    let mut roots = Vec::with_capacity(globs.len());
    for glob in globs {
        let parts: Vec<&str> = glob.split('/').take_while(|part| !special(part)).collect();
        let root = parts.join("/");
        let root = root.trim_end_matches('/');
        if root.is_empty() {
            return None;
        }
        roots.push(composed(root).into_owned());
    }
    Some(roots)
}

/// The folder that a glob such as `docs/`, `docs/**` or `docs/**/**` names.
fn folder_of(glob: &str) -> &str {
    let mut folder = glob;
    while let Some(shorter) = folder
        .strip_suffix("/**")
        .or_else(|| folder.strip_suffix('/'))
    {
        folder = shorter;
    }
    folder
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn selection(include: &[&str], exclude: &[&str]) -> Selection {
        let owned = |items: &[&str]| items.iter().map(ToString::to_string).collect();
        Selection::new(&Sources {
            include: owned(include),
            exclude: owned(exclude),
            ..Sources::default()
        })
        .unwrap()
    }

    #[test]
    fn excludes_win_and_prune_whole_folders() {
        let rules = selection(&["**"], &["**/node_modules/**", "drafts", "*.txt"]);
        assert!(rules.selects("a.md") && rules.selects("a/b/C.MD") && rules.selects("a/b.txt"));
        assert!(!rules.selects("a.txt") && !rules.selects("drafts/a.md"));
        assert!(!rules.selects("a.rs") && !rules.selects("md") && !rules.selects(".md"));
        assert!(rules.enters("a") && rules.enters("a/drafts"));
        for folder in ["node_modules", "a/node_modules", "drafts", ".git", "a/.pkg"] {
            assert!(!rules.enters(folder), "{folder}");
        }
    }

    #[test]
    fn includes_name_folders_and_bound_the_walk() {
        let rules = selection(&["docs", "a/b/*.md", "README.md"], &[]);
        assert!(rules.selects("docs/x/y.md") && rules.selects("a/b/c.md"));
        assert!(rules.selects("README.md") && !rules.selects("x/README.md"));
        assert!(!rules.selects("a/b/c/d.md") && !rules.selects("docs.md"));
        assert!(rules.enters("docs/x") && rules.enters("a") && rules.enters("a/b"));
        assert!(!rules.enters("x") && !rules.enters("a/c") && !rules.enters("doc"));
        assert!(selection(&[], &[]).include.is_some(), "nothing is included");
    }

    #[test]
    fn a_name_that_looks_equal_is_meant() {
        for (written, stored) in [("caf\u{e9}", "cafe\u{301}"), ("cafe\u{301}", "caf\u{e9}")] {
            let file = format!("{stored}/a.md");
            for glob in [written.to_owned(), format!("{written}/**")] {
                let without = selection(&["**"], &[&glob]);
                assert!(!without.enters(stored) && !without.takes(&file), "{glob}");
                let only = selection(&[&glob], &[]);
                assert!(only.enters(stored) && only.takes(&file), "{glob}");
                assert!(!only.enters("cafe"), "{glob}");
            }
        }
    }

    #[test]
    fn a_folder_is_excluded_however_its_glob_ends() {
        for glob in [
            "docs",
            "docs/",
            "docs/**",
            "docs/**/",
            "docs/**/**",
            "docs//",
        ] {
            let rules = selection(&["**"], &[glob]);
            assert!(!rules.enters("docs"), "{glob}");
            assert!(rules.enters("docs2") && rules.selects("a.md"), "{glob}");
        }
        for glob in ["**", "**/**", "**/**/", "**/**/**"] {
            let rules = selection(&["**"], &[glob]);
            assert!(!rules.enters("docs") && !rules.selects("a.md"), "{glob}");
        }
    }

    #[test]
    fn artifacts_are_never_selected() {
        let mut sources = Sources {
            hidden: true,
            ..Sources::default()
        };
        sources.extensions.clear();
        let rules = Selection::new(&sources).unwrap();
        assert!(rules.selects(".hidden") && rules.enters(".git"));
        assert!(!rules.selects("x/.pkg") && !rules.enters(".pkg") && !rules.enters("x/.pkg"));
    }

    #[test]
    fn a_broken_glob_is_named() {
        let sources = Sources {
            exclude: vec!["a[".to_owned()],
            ..Sources::default()
        };
        let error = Selection::new(&sources).unwrap_err();
        assert!(error.to_string().contains("a["), "{error}");
    }
}
