//! Where everything lies under `.pkg`.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::DERIVED_FOLDER;
use crate::foundation::durable::if_there;

/// The name of a profile: 1 to 64 of `a-z 0-9 . _ -`, starting with a letter
/// or digit, so that it is one harmless path component everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProfileName(String);

/// Text that cannot name a profile.
#[derive(Debug, thiserror::Error)]
#[error(
    "not a profile name: {0:?} (1 to 64 of a-z, 0-9, '.', '_', '-', starting with a letter or digit)"
)]
pub struct InvalidProfileName(String);

impl ProfileName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ProfileName {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProfileName {
    type Err = InvalidProfileName;

    fn from_str(text: &str) -> Result<Self, InvalidProfileName> {
        let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let fits = (1..=64).contains(&text.len())
            && text.starts_with(alphanumeric)
            && text
                .chars()
                .all(|c| alphanumeric(c) || matches!(c, '.' | '_' | '-'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidProfileName(text.chars().take(100).collect()))
        }
    }
}

/// The places of one profile. Values only: nothing is created here.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
    profile: PathBuf,
}

/// A place under `.pkg` that is not what it must be.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A symbolic link or file stands where a folder belongs: following it
    /// could read or write outside the workspace.
    #[error("{} is not a folder: nothing under {DERIVED_FOLDER} is followed out of the workspace", .0.display())]
    NotAFolder(PathBuf),
    /// It cannot be looked at.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Which path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Where the profiles of a workspace are: what this program, or its ancestor,
/// has written there tells its `.pkg` from that of another.
pub(super) fn profiles_folder(workspace: &Path) -> PathBuf {
    profiles_in(&workspace.join(DERIVED_FOLDER))
}

fn profiles_in(derived: &Path) -> PathBuf {
    derived.join("profiles")
}

impl Layout {
    pub(super) fn new(workspace: &Path, profile: &ProfileName) -> Self {
        Self {
            root: workspace.join(DERIVED_FOLDER),
            profile: profiles_folder(workspace).join(profile.as_str()),
        }
    }

    /// The folder of all profiles.
    #[must_use]
    pub fn profiles_folder(&self) -> PathBuf {
        profiles_in(&self.root)
    }

    /// `.pkg` itself.
    #[must_use]
    pub fn derived(&self) -> &Path {
        &self.root
    }

    /// The profile's folder.
    #[must_use]
    pub fn profile(&self) -> &Path {
        &self.profile
    }

    /// The advisory lock of the one writer.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.profile.join("lock")
    }

    /// Names the current run; replaced by rename, last.
    #[must_use]
    pub fn current(&self) -> PathBuf {
        self.profile.join("current")
    }

    /// Run manifests.
    #[must_use]
    pub fn runs(&self) -> PathBuf {
        self.profile.join("runs")
    }

    /// Packs of objects.
    #[must_use]
    pub fn packs(&self) -> PathBuf {
        self.profile.join("packs")
    }

    /// What the packs can bring back at any time.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.profile.join("cache")
    }

    /// Exists only while a writer holds the lock.
    #[must_use]
    pub fn staging(&self) -> PathBuf {
        self.profile.join("staging")
    }

    /// Clock time, host, command and version of each run; never hashed or needed.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.profile.join("journal.jsonl")
    }

    /// Checks that every folder of the profile that exists is a real folder.
    ///
    /// # Errors
    /// [`LayoutError`] for the first that is not.
    pub fn check(&self) -> Result<(), LayoutError> {
        for folder in [
            &self.root,
            &self.profiles_folder(),
            &self.profile,
            &self.runs(),
            &self.packs(),
            &self.cache(),
            &self.staging(),
        ] {
            let found = if_there(fs::symlink_metadata(folder));
            let found = found.map_err(|source| LayoutError::Io {
                path: folder.clone(),
                source,
            })?;
            if found.is_some_and(|found| !found.is_dir()) {
                return Err(LayoutError::NotAFolder(folder.clone()));
            }
        }
        Ok(())
    }

    /// The profiles that exist under `.pkg`, by name.
    ///
    /// # Errors
    /// [`LayoutError::Io`]; a missing folder is none.
    pub fn profiles(workspace: &Path) -> Result<Vec<ProfileName>, LayoutError> {
        let folder = profiles_folder(workspace);
        let io = |source| LayoutError::Io {
            path: folder.clone(),
            source,
        };
        let Some(entries) = if_there(fs::read_dir(&folder)).map_err(io)? else {
            return Ok(Vec::new());
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(io)?;
            if entry.file_type().map_err(io)?.is_dir() {
                names.extend(
                    entry
                        .file_name()
                        .to_str()
                        .and_then(|name| name.parse().ok()),
                );
            }
        }
        names.sort();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_name_is_one_harmless_component() {
        for good in ["default", "a", "v1.2_x-y", "0"] {
            assert!(good.parse::<ProfileName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            ".a",
            "-a",
            "A",
            "a/b",
            "a b",
            "ä",
            &"a".repeat(65),
        ] {
            assert!(bad.parse::<ProfileName>().is_err(), "{bad}");
        }
    }
}
