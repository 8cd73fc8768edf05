//! One writer per profile.
//!
//! The lock is a POSIX record lock on the empty file `lock`: the kernel drops
//! it when its holder dies, and can say who holds it without the holder ever
//! writing a byte. It is advisory; readers never take it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, fcntl_lock};
use rustix::process::{Flock, FlockType, fcntl_getlk};

/// The writer's lock, held until dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

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

impl Lock {
    /// Takes the lock if the lock file exists; `None` when it does not, so
    /// that planning creates nothing.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take_existing(path: &Path) -> Result<Option<Self>, LockError> {
        match Self::open(path, false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => Self::hold(path, opened).map(Some),
        }
    }

    /// Takes the lock, creating its file (and nothing else) when missing.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take(path: &Path) -> Result<Self, LockError> {
        Self::hold(path, Self::open(path, true))
    }

    /// Whether `path` still is the file that is locked: false when it was
    /// removed or replaced meanwhile, so that the lock locks out nobody.
    #[must_use]
    pub fn is_at(&self, path: &Path) -> bool {
        let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
        let held = self.file.metadata().map(identity);
        held.is_ok_and(|held| {
            std::fs::metadata(path)
                .map(identity)
                .is_ok_and(|at| at == held)
        })
    }

    fn open(path: &Path, create: bool) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(create)
            .truncate(false)
            .mode(0o644)
            .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
            .open(path)
    }

    fn hold(path: &Path, opened: io::Result<File>) -> Result<Self, LockError> {
        let io = |source: io::Error| LockError::Io {
            path: path.to_owned(),
            source,
        };
        let file = opened.map_err(io)?;
        match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { file }),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => {
                let wanted = Flock::from(FlockType::WriteLock);
                let holder = fcntl_getlk(&file, &wanted).ok().flatten();
                let pid = holder
                    .and_then(|lock| lock.pid)
                    .map(rustix::process::Pid::as_raw_pid);
                Err(Busy { pid }.into())
            }
            Err(error) => Err(io(error.into())),
        }
    }
}
