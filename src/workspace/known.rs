//! The workspaces this user is known to have: what an upgrade's preflight
//! looks at (`auditgraph workspaces list|add|forget`).
//!
//! One small file per workspace, `workspaces/<id>.json` in the user's state
//! directory, so that two ingests at once need no lock. `init`, `ingest` and
//! `rebuild` record theirs; nothing but `forget` removes an entry. The list is
//! a hint: a workspace that moved or vanished is reported, never an error.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::foundation::{Sha256, durable, json};

/// Most entries that are read; more is no list a person made.
const MOST: usize = 10_000;
/// Bounds of one entry.
const BOUNDS: json::Bounds = json::Bounds {
    bytes: 64 * 1024,
    depth: 2,
};

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    format: u32,
    root: PathBuf,
}

/// Why the list could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// A file of the list failed.
    #[error("the list of known workspaces at {}: {source}", path.display())]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The path cannot be written down.
    #[error("{} is not UTF-8: it cannot be listed", .0.display())]
    NotUtf8(PathBuf),
    /// The path is not absolute.
    #[error("{} is not an absolute path", .0.display())]
    NotAbsolute(PathBuf),
}

/// The list, in a state directory.
#[derive(Clone, Debug)]
pub struct Known {
    directory: PathBuf,
}

impl Known {
    /// The list below `state` (see [`super::user::state_dir`]), which need
    /// not exist yet.
    #[must_use]
    pub fn at(state: &Path) -> Self {
        Self {
            directory: state.join("workspaces"),
        }
    }

    /// The list of this user, where the environment says where it is.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        super::user::state_dir().map(|state| Self::at(&state))
    }

    fn entry(&self, root: &Path) -> Result<(PathBuf, Vec<u8>), KnownError> {
        if !root.is_absolute() {
            return Err(KnownError::NotAbsolute(root.to_owned()));
        }
        let text = root
            .to_str()
            .ok_or_else(|| KnownError::NotUtf8(root.to_owned()))?;
        let id = Sha256::of(text.as_bytes()).to_string();
        let bytes = json::pretty(&Entry {
            format: 1,
            root: root.to_owned(),
        });
        Ok((self.directory.join(format!("{}.json", &id[..16])), bytes))
    }

    /// Adds the workspace at `root` (absolute, symlinks resolved by the
    /// caller). Whether it was new.
    ///
    /// # Errors
    /// [`KnownError`]; the list is then as before.
    pub fn record(&self, root: &Path) -> Result<bool, KnownError> {
        let (path, bytes) = self.entry(root)?;
        if durable::read_bounded(&path, BOUNDS.bytes as u64).is_ok_and(|there| there == bytes) {
            return Ok(false);
        }
        std::fs::create_dir_all(&self.directory)
            // Two ingests may record one at once.
            .and_then(|()| durable::replace_with(&path, |out| out.write_all(&bytes)))
            .map_err(|source| KnownError::Io { path, source })?;
        Ok(true)
    }

    /// Takes the workspace at `root` off the list; nothing in the workspace
    /// changes. Whether it was there.
    ///
    /// # Errors
    /// [`KnownError`].
    pub fn forget(&self, root: &Path) -> Result<bool, KnownError> {
        let mut found = false;
        // By what it says, as it is listed: its file may be called otherwise,
        // and the same path can be written in more than one way.
        for (path, listed) in self.entries()? {
            if listed == root {
                found = true;
                durable::remove(&path).map_err(|source| KnownError::Io { path, source })?;
            }
        }
        Ok(found)
    }

    /// All entries in order of their path. An entry that cannot be read or
    /// is not ours is left out: the list is a hint.
    ///
    /// # Errors
    /// [`KnownError::Io`] when the directory is there and cannot be listed.
    pub fn list(&self) -> Result<Vec<PathBuf>, KnownError> {
        let roots: BTreeSet<PathBuf> = self.entries()?.into_iter().map(|(_, root)| root).collect();
        Ok(roots.into_iter().collect())
    }

    /// Each file of the list with the workspace it names.
    fn entries(&self) -> Result<Vec<(PathBuf, PathBuf)>, KnownError> {
        let failed = |source| KnownError::Io {
            path: self.directory.clone(),
            source,
        };
        let entries = durable::if_there(std::fs::read_dir(&self.directory));
        let Some(entries) = entries.map_err(failed)? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for entry in entries.take(MOST) {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let parsed = durable::read_bounded(&path, BOUNDS.bytes as u64)
                .ok()
                .and_then(|bytes| json::parse::<Entry>(&bytes, BOUNDS).ok());
            if let Some(entry) = parsed.filter(|entry| entry.root.is_absolute()) {
                found.push((path, entry.root));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_is_listed_once_and_can_be_forgotten() {
        let state = tempfile::tempdir().unwrap();
        let known = Known::at(state.path());
        assert_eq!(known.list().unwrap(), Vec::<PathBuf>::new());
        assert!(known.record(Path::new("/b")).unwrap());
        assert!(known.record(Path::new("/a")).unwrap());
        assert!(!known.record(Path::new("/b")).unwrap());
        assert_eq!(
            known.list().unwrap(),
            [PathBuf::from("/a"), PathBuf::from("/b")]
        );
        assert!(known.forget(Path::new("/a")).unwrap());
        assert!(!known.forget(Path::new("/a")).unwrap());
        assert_eq!(known.list().unwrap(), [PathBuf::from("/b")]);
    }

    #[test]
    fn a_damaged_entry_hides_itself_only() {
        let state = tempfile::tempdir().unwrap();
        let known = Known::at(state.path());
        known.record(Path::new("/a")).unwrap();
        std::fs::write(state.path().join("workspaces/x.json"), "{").unwrap();
        std::fs::write(
            state.path().join("workspaces/y.json"),
            r#"{"format":1,"root":"relative"}"#,
        )
        .unwrap();
        assert_eq!(known.list().unwrap(), [PathBuf::from("/a")]);
    }

    #[test]
    fn what_is_listed_can_be_forgotten_however_it_is_written() {
        let state = tempfile::tempdir().unwrap();
        let known = Known::at(state.path());
        known.record(Path::new("/a")).unwrap();
        let other = r#"{"format":1,"root":"/b"}"#;
        std::fs::write(state.path().join("workspaces/x.json"), other).unwrap();
        assert!(known.forget(Path::new("/a/")).unwrap());
        assert!(known.forget(Path::new("/b")).unwrap());
        assert_eq!(known.list().unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_relative_path_is_refused() {
        let known = Known::at(Path::new("/nowhere"));
        assert!(matches!(
            known.record(Path::new("a")),
            Err(KnownError::NotAbsolute(_))
        ));
    }
}
