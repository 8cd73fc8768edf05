//! The commit that is built: the only clock a release knows.

use std::path::Path;
use std::process::Command;

use super::FactsError;

/// The commit at hand and the time every file of the release carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    /// Full hash; `None` outside a git checkout.
    pub(crate) id: Option<String>,
    /// Whether tracked files differ from the commit: such a build is no release.
    pub(crate) dirty: bool,
    /// Tags of the commit that look like a version.
    pub(crate) tags: Vec<String>,
    /// `SOURCE_DATE_EPOCH` where set, else the commit's time: seconds since 1970.
    pub(crate) time: u64,
}

impl Commit {
    pub(super) fn read(root: &Path) -> Result<Self, FactsError> {
        let id = git(root, &["rev-parse", "HEAD"]);
        let dirty = git(root, &["status", "--porcelain", "--untracked-files=no"])
            .is_some_and(|status| !status.is_empty());
        let stated = std::env::var("SOURCE_DATE_EPOCH").ok();
        let time = match stated {
            Some(time) => time,
            None => ask(root, &["log", "-1", "--format=%ct"]).map_err(|said| {
                let reason = format!("{said}; commit first, or set SOURCE_DATE_EPOCH");
                let command = "git log -1".into();
                FactsError::Command { command, reason }
            })?,
        };
        let time = time.trim().parse().map_err(|_| FactsError::Command {
            command: "SOURCE_DATE_EPOCH".into(),
            reason: format!("`{time}` is not a number of seconds since 1970"),
        })?;
        let tags = git(root, &["tag", "--points-at", "HEAD"]).unwrap_or_default();
        let tags = tags
            .lines()
            .filter(|tag| names_version(tag))
            .map(str::to_owned)
            .collect();
        Ok(Self {
            id,
            dirty,
            tags,
            time,
        })
    }
}

/// Whether a tag is that of a release: a version, whatever stands before it.
fn names_version(tag: &str) -> bool {
    let version = tag.trim_start_matches(|c: char| !c.is_ascii_digit());
    semver::Version::parse(version).is_ok()
}

/// What git prints, or `None` where git or the repository is missing.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    ask(root, arguments).ok()
}

/// What git prints, or else the first line of what it says instead. It is only
/// asked: the index stays as it is, and free for whoever works there.
fn ask(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .arg("--no-optional-locks")
        .args(arguments)
        .current_dir(root)
        .output()
        .map_err(|error| error.to_string())?;
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        let said = text(&output.stderr);
        Err(said.lines().next().unwrap_or_default().to_owned())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{ask, names_version};

    #[test]
    fn why_git_does_not_answer_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let said = ask(folder.path(), &["log"]).unwrap_err();
        assert_ne!(said, "");
    }

    #[test]
    fn a_tag_with_a_number_in_it_is_not_yet_that_of_a_release() {
        for tag in ["v1.2.3", "1.2.3-rc.1", "releases/v1.2.3", "tool-1.2.3+b"] {
            assert!(names_version(tag), "{tag}");
        }
        for tag in ["build-123", "nightly-2026-11-28", "v1", "latest"] {
            assert!(!names_version(tag), "{tag}");
        }
    }
}
