//! One writer per profile.
//!
//! The lock is a POSIX record lock on the empty file `lock`: the kernel drops
//! it when its holder dies, and can say who holds it without the holder ever
//! writing a byte. It is advisory; readers never take it.
//!
//! Such a lock has a trap: the kernel also drops it when its process closes any
//! descriptor of the file, also one that was opened elsewhere to read it. And it
//! is the process that holds it, so threads do not lock each other out. Nothing
//! but this module opens a lock file, and a process takes it once.

use std::fs::{self, DirEntry, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::foundation::durable::wary_options;

/// The writer's lock, held until dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

/// How often a lock file is opened that goes away before it is locked. A writer
/// removes it once, when it gives up.
const TRIES: usize = 100;

/// Another process holds the lock.
#[derive(Debug, thiserror::Error)]
#[error("another auditgraph is writing to this profile{}", .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
pub struct Busy {
    /// Process id of the holder, when the kernel names it (not across a
    /// network file system or a container's boundary).
    pub pid: Option<i32>,
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The lock file cannot be used.
    #[error("cannot lock {}: {source}", .path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl LockError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

impl Lock {
    /// Takes the lock if the lock file exists; `None` when it does not, so
    /// that planning creates nothing.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take_existing(path: &Path) -> Result<Option<Self>, LockError> {
        match Self::take_opened(path, false) {
            Err(LockError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(None)
            }
            taken => taken.map(Some),
        }
    }

    /// Whether another process holds the lock. It is not taken, so that one who
    /// only looks keeps no writer out; by one who holds it this is not to be asked.
    ///
    /// # Errors
    /// [`LockError::Io`] when the file is there and cannot be opened.
    pub fn is_held(path: &Path) -> Result<bool, LockError> {
        match wary_options().read(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            opened => opened
                .and_then(|file| Ok(holder(&file)?.is_some()))
                .map_err(|error| LockError::io(path, error)),
        }
    }

    /// Takes the lock, creating its file (and nothing else) when missing.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take(path: &Path) -> Result<Self, LockError> {
        Self::take_opened(path, true)
    }

    /// Removes the lock file if nothing else is in its folder; whether it did.
    /// Only the holder may: who waits for this very file sees that it is gone,
    /// and takes a new one.
    #[must_use]
    pub fn remove_if_alone(&self) -> bool {
        let Some(folder) = self.path.parent() else {
            return false;
        };
        let is_lock = |entry: io::Result<DirEntry>| entry.is_ok_and(|it| it.path() == self.path);
        let alone = fs::read_dir(folder).is_ok_and(|mut entries| entries.all(is_lock));
        alone && self.is_there() && fs::remove_file(&self.path).is_ok()
    }

    /// Whether the file that is locked still has its name: otherwise the lock
    /// locks out nobody.
    fn is_there(&self) -> bool {
        let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
        let held = self.file.metadata().map(identity);
        let there = fs::symlink_metadata(&self.path).map(identity);
        held.is_ok_and(|held| there.is_ok_and(|there| there == held))
    }

    /// Between opening and locking, the one who held it may have removed it.
    fn take_opened(path: &Path, create: bool) -> Result<Self, LockError> {
        for _ in 0..TRIES {
            let lock = Self::hold(path, Self::open(path, create)?)?;
            if lock.is_there() {
                return Ok(lock);
            }
        }
        let source = io::Error::other("it is replaced again and again");
        Err(LockError::io(path, source))
    }

    fn open(path: &Path, create: bool) -> Result<File, LockError> {
        wary_options()
            .read(true)
            .write(true)
            .create(create)
            .truncate(false)
            .mode(0o644)
            .open(path)
            .map_err(|source| LockError::io(path, source))
    }

    fn hold(path: &Path, file: File) -> Result<Self, LockError> {
        match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self {
                file,
                path: path.to_owned(),
            }),
            Err(Errno::AGAIN | Errno::ACCESS) => {
                let pid = holder(&file).ok().flatten().and_then(|lock| lock.pid);
                let pid = pid.map(rustix::process::Pid::as_raw_pid);
                Err(Busy { pid }.into())
            }
            Err(error) => Err(LockError::io(path, error.into())),
        }
    }
}

/// The lock of another process that keeps this one from taking its own.
fn holder(file: &File) -> rustix::io::Result<Option<Flock>> {
    fcntl_getlk(file, &Flock::from(FlockType::WriteLock))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_on_a_file_that_was_removed_or_replaced_counts_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let opened = || Lock::open(&path, true).unwrap();
        assert!(Lock::hold(&path, opened()).unwrap().is_there());
        let removed = opened();
        fs::remove_file(&path).unwrap();
        assert!(!Lock::hold(&path, removed).unwrap().is_there());
        let replaced = opened();
        fs::rename(&path, folder.path().join("old")).unwrap();
        File::create(&path).unwrap();
        assert!(!Lock::hold(&path, replaced).unwrap().is_there());
        assert!(Lock::take(&path).unwrap().is_there());
    }

    #[test]
    fn only_a_file_that_exists_is_taken_where_nothing_may_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert!(Lock::take_existing(&path).unwrap().is_none());
        drop(Lock::take(&path).unwrap());
        assert!(Lock::take_existing(&path).unwrap().is_some());
    }

    #[test]
    fn a_lock_file_beside_others_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = Lock::take(&path).unwrap();
        let other = folder.path().join("current");
        fs::write(&other, "").unwrap();
        assert!(!lock.remove_if_alone());
        fs::remove_file(&other).unwrap();
        assert!(lock.remove_if_alone());
        assert!(!path.exists());
        // Another writer's by now.
        File::create(&path).unwrap();
        assert!(!lock.remove_if_alone());
        assert!(path.exists());
    }
}
