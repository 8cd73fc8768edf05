//! What is on disk under a profile: an honest count, ours or not.
//!
//! Apparent bytes are what the budget judges: the same on every file system.
//! A file with several names (hard links) counts once. The lock file and the
//! folders themselves do not count. Symbolic links are not followed; they
//! count with the length of their target's name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::LayoutError;
use crate::foundation::durable::if_there;

/// Bytes and files of one part of a profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Apparent bytes: the sum of file lengths.
    pub bytes: u64,
    /// Allocated bytes: blocks times 512.
    pub allocated_bytes: u64,
    /// Files.
    pub files: u64,
}

impl Part {
    fn add(&mut self, metadata: &fs::Metadata) {
        // A sparse file may say any length.
        let allocated = metadata.blocks().saturating_mul(512);
        self.bytes = self.bytes.saturating_add(metadata.len());
        self.allocated_bytes = self.allocated_bytes.saturating_add(allocated);
        self.files += 1;
    }
}

/// What a profile holds, by the entry of its folder it lies in (`packs`,
/// `cache`, `runs`, `journal.jsonl`, …; whatever else is there under its own
/// name).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Everything.
    pub total: Part,
    /// By entry.
    pub parts: BTreeMap<String, Part>,
}

impl Usage {
    /// The parts from the largest, ties by name.
    #[must_use]
    pub fn largest(&self) -> Vec<(&str, Part)> {
        let mut parts: Vec<_> = self
            .parts
            .iter()
            .map(|(name, part)| (name.as_str(), *part))
            .collect();
        parts.sort_by_key(|(name, part)| (std::cmp::Reverse(part.bytes), *name));
        parts
    }
}

/// Measures the profile in `folder`; nothing there is an empty usage. What
/// vanishes meanwhile does not count.
///
/// # Errors
/// [`LayoutError::Io`] with what cannot be looked at: an unknown usage cannot be
/// judged.
pub fn measure(folder: &Path) -> Result<Usage, LayoutError> {
    measure_without(folder, &BTreeSet::new())
}

/// As [`measure`], as if the files and folders in `gone` were not there.
///
/// # Errors
/// As [`measure`].
pub fn measure_without(folder: &Path, gone: &BTreeSet<PathBuf>) -> Result<Usage, LayoutError> {
    let mut usage = Usage::default();
    let mut linked = BTreeSet::new();
    let mut pending = vec![(folder.to_owned(), None::<String>)];
    while let Some((directory, part)) = pending.pop() {
        let Some(entries) = present(&directory, fs::read_dir(&directory))? else {
            continue;
        };
        for entry in entries {
            let Some(entry) = present(&directory, entry)? else {
                continue;
            };
            let Some(metadata) = present(&entry.path(), entry.metadata())? else {
                continue;
            };
            let name = entry.file_name().to_string_lossy().into_owned();
            if part.is_none() && name == "lock" {
                continue;
            }
            if gone.contains(&entry.path()) {
                continue;
            }
            let part = part.clone().unwrap_or(name);
            if metadata.is_dir() {
                pending.push((entry.path(), Some(part)));
            } else if metadata.nlink() <= 1 || linked.insert((metadata.dev(), metadata.ino())) {
                usage.total.add(&metadata);
                usage.parts.entry(part).or_default().add(&metadata);
            }
        }
    }
    Ok(usage)
}

fn present<T>(path: &Path, outcome: io::Result<T>) -> Result<Option<T>, LayoutError> {
    if_there(outcome).map_err(|source| LayoutError::Io {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_very_folder_that_cannot_be_looked_at_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let closed = folder.path().join("runs/closed");
        fs::create_dir_all(&closed).unwrap();
        let allow = |mode| fs::set_permissions(&closed, fs::Permissions::from_mode(mode)).unwrap();
        allow(0o000);
        // Root may always.
        let shut_out = fs::read_dir(&closed).is_err();
        let measured = measure(folder.path());
        allow(0o755);
        match measured {
            Err(LayoutError::Io { path, .. }) => assert_eq!(path, closed),
            other => assert!(!shut_out, "{other:?}"),
        }
    }
}
