//! The executable's folder and the names of our files in it.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use rustix::io::Errno;

use super::SwapError;
use super::recover::recover;
use crate::foundation::{Sha256, durable};
use crate::workspace::{Lock, LockError};

/// What the name of a kept executable starts with.
const KEPT: &str = "previous-";

/// Where an executable is installed, and our folder beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    target: PathBuf,
    directory: PathBuf,
    folder: PathBuf,
    /// Which file the executable is, by device and inode.
    file: Option<(u64, u64)>,
}

impl Place {
    /// The place of `target`: the executable's path with symbolic links
    /// resolved, so that a link to it goes on pointing to it.
    #[must_use]
    pub fn of(target: &Path) -> Self {
        let directory = target.parent().unwrap_or(Path::new("/")).to_owned();
        Self {
            target: target.to_owned(),
            folder: directory.join(".auditgraph"),
            directory,
            file: file(target),
        }
    }

    /// The executable.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The folder the executable lies in.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Our folder beside it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The advisory lock.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// The next executable.
    #[must_use]
    pub fn staged(&self) -> PathBuf {
        self.folder.join("staged")
    }

    /// What swap is under way.
    #[must_use]
    pub fn intent(&self) -> PathBuf {
        self.folder.join("intent.json")
    }

    /// Which version the previous executable is.
    #[must_use]
    pub fn previous_record(&self) -> PathBuf {
        self.folder.join("previous.json")
    }

    /// The name under which an executable of this digest is kept.
    #[must_use]
    pub fn previous(&self, sha256: Sha256) -> PathBuf {
        self.folder.join(format!("{KEPT}{}", sha256.short()))
    }

    /// Whether a file of our folder is called as a kept executable is.
    pub(super) fn is_previous(name: &OsStr) -> bool {
        name.as_encoded_bytes().starts_with(KEPT.as_bytes())
    }

    /// Whether the executable can be replaced by this user: its folder, and
    /// ours where it is there, as another user's update may have made it.
    ///
    /// # Errors
    /// [`SwapError::NotWritable`], which says whose the folder is.
    pub fn check_writable(&self) -> Result<(), SwapError> {
        let ours = fs::symlink_metadata(&self.folder).is_ok_and(|found| found.is_dir());
        let folders = [Some(&self.directory), ours.then_some(&self.folder)];
        folders.into_iter().flatten().try_for_each(|folder| {
            rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK)
                .map_err(|error| not_writable(folder, error))
        })
    }

    /// Takes the lock, after making our folder where it is missing, and
    /// cleans up after an interrupted predecessor.
    ///
    /// # Errors
    /// [`SwapError`]: not writable, busy, or what cleaning up met; replaced,
    /// when another update was faster since this place was looked at.
    pub fn hold(self) -> Result<Held, SwapError> {
        self.check_writable()?;
        let lock = self.lock_folder().inspect_err(|_| {
            // Goes if it is empty: nobody is told of a change then.
            let _ = fs::remove_dir(&self.folder);
        })?;
        let held = Held { place: self, lock };
        if file(held.place.target()) != held.place.file {
            return Err(SwapError::Replaced(held.place.target.clone()));
        }
        recover(&held)?;
        Ok(held)
    }

    /// Makes our folder and takes the lock in it. The one who held it before
    /// may be removing both; then both are made again.
    fn lock_folder(&self) -> Result<Lock, SwapError> {
        loop {
            match DirBuilder::new().mode(0o755).create(&self.folder) {
                Ok(()) => durable::sync_directory(&self.directory)
                    .map_err(SwapError::io("sync", &self.directory))?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(SwapError::io("create", &self.folder)(error)),
            }
            // A link in place of our folder could lead anywhere.
            match fs::symlink_metadata(&self.folder) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => {
                    return Err(SwapError::Record {
                        path: self.folder.clone(),
                        detail: "it is not a folder".to_owned(),
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(SwapError::io("read", &self.folder)(error)),
            }
            match Lock::take(&self.lock()) {
                Ok(lock) => return Ok(lock),
                Err(LockError::Busy(busy)) => {
                    return Err(SwapError::Busy {
                        target: self.target.clone(),
                        pid: busy.pid,
                    });
                }
                Err(LockError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
                Err(LockError::Io { path, source }) => {
                    return Err(SwapError::Io {
                        doing: "lock",
                        path,
                        source,
                    });
                }
            }
        }
    }
}

fn not_writable(folder: &Path, error: Errno) -> SwapError {
    let owner = match fs::metadata(folder).map(|metadata| metadata.uid()) {
        // Whoever it belongs to cannot write there either.
        _ if error == Errno::ROFS => String::new(),
        Ok(0) => "; it belongs to root".to_owned(),
        Ok(uid) => format!("; it belongs to user id {uid}"),
        Err(_) => String::new(),
    };
    SwapError::NotWritable {
        directory: folder.to_owned(),
        reason: format!("{}{owner}", io::Error::from(error)),
    }
}

fn file(target: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(target).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// A place whose lock this process holds: only through it is anything
/// changed there.
#[derive(Debug)]
pub struct Held {
    pub(super) place: Place,
    /// Held until dropped.
    lock: Lock,
}

impl Drop for Held {
    /// Leaves no trace where nothing was kept: our folder goes when only the
    /// lock is in it. Best effort; a leftover folder does no harm.
    fn drop(&mut self) {
        if self.lock.remove_if_alone() {
            let _ = fs::remove_dir(&self.place.folder);
        }
    }
}

impl Held {
    /// The place.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }
}
