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
        let time = stated.or_else(|| git(root, &["log", "-1", "--format=%ct"]));
        let time = time.ok_or_else(|| FactsError::Command {
            command: "git log -1".into(),
            reason: "no commit here: commit first, or set SOURCE_DATE_EPOCH".into(),
        })?;
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

/// What git prints, or `None` where git or the repository is missing. It is only
/// asked: the index stays as it is, and free for whoever works there.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("--no-optional-locks")
        .args(arguments)
        .current_dir(root)
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::names_version;

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
