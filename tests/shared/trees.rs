//! Folders as values: what lies below one, and a copy of it.
#![allow(dead_code, unreachable_pub, reason = "every test takes what it needs")]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What one path is: content, mode and time of change.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub content: Vec<u8>,
    pub mode: u32,
    pub modified: (i64, i64),
}

/// Everything at and below `folder`, by path.
pub fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut entries = BTreeMap::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(path) = pending.pop() {
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            continue;
        };
        let mut content = Vec::new();
        if metadata.is_dir() {
            for entry in fs::read_dir(&path).unwrap() {
                pending.push(entry.unwrap().path());
            }
        } else if metadata.is_file() {
            content = fs::read(&path).unwrap();
        }
        let entry = Entry {
            content,
            mode: metadata.permissions().mode(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        };
        entries.insert(path, entry);
    }
    entries
}

/// Every file below `folder` with its bytes, by its path there.
pub fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = snapshot(folder)
        .into_iter()
        .filter(|(path, _)| path.is_file());
    files
        .map(|(path, entry)| {
            let path = path.strip_prefix(folder).unwrap().to_owned();
            (path, entry.content)
        })
        .collect()
}

/// Copies a folder with all that is below it.
pub fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
