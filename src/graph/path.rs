//! Paths inside a workspace, as a type that cannot leave it.

use std::fmt;
use std::str::FromStr;

/// A path below the workspace root: UTF-8, parts joined by `/`, no empty
/// part, no `.` or `..`, no NUL, at most 4,096 bytes and 512 parts. Ordered by
/// its bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkspacePath(String);

/// Parts of a path: folders this deep are handled one inside the other.
const MOST_PARTS: usize = 512;

/// Text that is not a path inside a workspace.
#[derive(Debug, thiserror::Error)]
#[error("not a path inside the workspace: {0:?}")]
pub struct InvalidPath(String);

impl WorkspacePath {
    /// The path `text`; what is none comes back.
    pub(crate) fn of(text: String) -> Result<Self, String> {
        let bytes = text.as_bytes();
        let mut parts = 0;
        let fits = bytes.len() <= 4_096
            && !bytes.contains(&0)
            && bytes.split(|byte| *byte == b'/').all(|part| {
                parts += 1;
                !matches!(part, b"" | b"." | b"..")
            })
            && parts <= MOST_PARTS;
        if fits { Ok(Self(text)) } else { Err(text) }
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    #[must_use]
    pub fn file_name(&self) -> &str {
        file_name_of(&self.0)
    }

    /// The last part without its last extension: `b` of `a/b.md`.
    #[must_use]
    pub fn stem(&self) -> &str {
        stem_of(&self.0)
    }

    /// The extension without its dot, as written; empty when there is none.
    #[must_use]
    pub fn extension(&self) -> &str {
        match self.file_name().rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => extension,
            _ => "",
        }
    }

    /// The folder the path lies in; empty for the workspace root.
    #[must_use]
    pub fn parent(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(parent, _)| parent)
    }

    /// Joins `relative` to the folder `base` (empty for the root), resolving
    /// `.` and `..`; `None` when the result leaves the workspace or is the
    /// root itself.
    #[must_use]
    pub fn join(base: &str, relative: &str) -> Option<Self> {
        Self::of(Self::joined(base, relative)?).ok()
    }

    /// As [`Self::join`], as text: empty for the root itself.
    pub(super) fn joined(base: &str, relative: &str) -> Option<String> {
        let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        Some(parts.join("/"))
    }
}

/// The last part of `path`.
pub(crate) fn file_name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The last part of `path` without its last extension.
pub(crate) fn stem_of(path: &str) -> &str {
    let name = file_name_of(path);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

impl FromStr for WorkspacePath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        Self::of(text.to_owned()).map_err(|text| InvalidPath(text.chars().take(200).collect()))
    }
}

impl fmt::Display for WorkspacePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

crate::foundation::text::serde_as_text!(WorkspacePath);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_the_workspace() {
        for bad in ["", "/a", "a//b", "../a", "a/../b", "a/.", "a\0b", "a/"] {
            assert!(bad.parse::<WorkspacePath>().is_err(), "{bad:?}");
        }
        assert!(
            format!("{}b", "a/".repeat(511))
                .parse::<WorkspacePath>()
                .is_ok()
        );
        assert!(
            format!("{}b", "a/".repeat(512))
                .parse::<WorkspacePath>()
                .is_err()
        );
        assert!(WorkspacePath::join("a", "../../b").is_none());
        assert_eq!(
            WorkspacePath::join("a/b", "../c.md").unwrap().as_str(),
            "a/c.md"
        );
        assert_eq!(WorkspacePath::join("", "./c.md").unwrap().as_str(), "c.md");
    }

    #[test]
    fn names_take_apart() {
        let path: WorkspacePath = "a/b.tar.md".parse().unwrap();
        assert_eq!(
            (path.stem(), path.extension(), path.parent()),
            ("b.tar", "md", "a")
        );
        let path: WorkspacePath = ".hidden".parse().unwrap();
        assert_eq!(
            (path.stem(), path.extension(), path.parent()),
            (".hidden", "", "")
        );
    }
}
