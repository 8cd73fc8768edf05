//! Is there room for the download, the staged binary and the backup?

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::foundation::size;

/// Bytes that will be written below a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What for: `download`, `staged binary`, `backup`.
    pub what: &'static str,
    /// The directory, or its nearest ancestor that exists.
    pub directory: PathBuf,
    /// How many bytes.
    pub bytes: u64,
}

/// A file system without the room that is needed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not enough disk space at {}: {} needed for {what}, {} available",
    directory.display(), size::human(*needed_bytes), size::human(*available_bytes)
)]
pub struct Shortage {
    /// A directory on it.
    pub directory: PathBuf,
    /// What was to be written there.
    pub what: String,
    /// Bytes needed.
    pub needed_bytes: u64,
    /// Bytes this user may still write.
    pub available_bytes: u64,
}

/// Whether every file system has room for what `needs` puts on it; needs on
/// the same file system add up.
///
/// # Errors
/// I/O errors of asking; `Ok(Err(_))` is the first shortage.
pub fn check_space(needs: &[Need]) -> io::Result<Result<(), Shortage>> {
    let mut systems: BTreeMap<u64, Shortage> = BTreeMap::new();
    for need in needs {
        let directory = existing(&need.directory);
        let device = std::fs::metadata(&directory)?.dev();
        let system = match systems.entry(device) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let status = rustix::fs::statvfs(&directory)?;
                entry.insert(Shortage {
                    available_bytes: status.f_bavail.saturating_mul(status.f_frsize),
                    directory,
                    what: String::new(),
                    needed_bytes: 0,
                })
            }
        };
        if !system.what.is_empty() {
            system.what.push_str(" + ");
        }
        system.what.push_str(need.what);
        system.needed_bytes = system.needed_bytes.saturating_add(need.bytes);
    }
    let short = systems
        .into_values()
        .find(|system| system.needed_bytes > system.available_bytes);
    Ok(short.map_or(Ok(()), Err))
}

fn existing(directory: &Path) -> PathBuf {
    directory
        .ancestors()
        .find(|ancestor| ancestor.is_dir())
        .unwrap_or(Path::new("/"))
        .to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn needs_on_one_file_system_add_up() {
        let directory = tempfile::tempdir().unwrap();
        let need = |what, bytes| Need {
            what,
            directory: directory.path().join("not/there/yet"),
            bytes,
        };
        assert_eq!(check_space(&[need("download", 1)]).unwrap(), Ok(()));
        let half = u64::MAX / 2;
        let short = check_space(&[need("download", half), need("backup", half)])
            .unwrap()
            .unwrap_err();
        assert_eq!(short.what, "download + backup");
        assert_eq!(short.needed_bytes, half * 2);
        assert!(short.to_string().contains("not enough disk space"));
    }
}
