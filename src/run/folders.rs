//! The folders a publication makes, and unmakes if it fails: a first ingest
//! that cannot be written leaves nothing at all.
//!
//! Two first ingests may be at it at once. So what lies inside the profile is
//! made and unmade only by the one who holds the lock, the lock file goes last
//! and only when nothing else is there, and whoever finds the way to the lock
//! gone makes it again.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::RunError;
use crate::foundation::durable;
use crate::workspace::{Layout, Lock};

/// How often the way to the lock is made: another writer that gives up removes
/// it once.
const TRIES: usize = 100;

/// The folders that were made: sorted, so that a folder comes before what is
/// inside.
#[derive(Default)]
pub(super) struct Folders(BTreeSet<PathBuf>);

impl Folders {
    /// Makes the way to the lock and takes it.
    ///
    /// # Errors
    /// [`RunError`]; what was made is gone then, unless another writer is in it.
    pub(super) fn lock(&mut self, layout: &Layout) -> Result<Lock, RunError> {
        let mut taken = self.lock_once(layout);
        for _ in 1..TRIES {
            match taken {
                Err(RunError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    taken = self.lock_once(layout);
                }
                _ => break,
            }
        }
        taken.inspect_err(|_| self.remove_empty())
    }

    fn lock_once(&mut self, layout: &Layout) -> Result<Lock, RunError> {
        layout.check()?;
        let derived = layout.derived();
        for folder in [derived, &layout.profiles_folder(), layout.profile()] {
            self.make(folder)?;
        }
        Ok(Lock::take(&layout.lock())?)
    }

    /// Makes what lies inside the profile. The caller holds the lock.
    ///
    /// # Errors
    /// [`RunError`].
    pub(super) fn inside(&mut self, layout: &Layout) -> Result<(), RunError> {
        layout.check()?;
        for folder in [layout.packs(), layout.cache(), layout.runs()] {
            self.make(&folder)?;
        }
        Ok(())
    }

    fn make(&mut self, folder: &Path) -> Result<(), RunError> {
        match fs::create_dir(folder) {
            Ok(()) => {
                self.0.insert(folder.to_owned());
                // The entry itself must survive a power cut.
                folder.parent().map_or(Ok(()), sync)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(RunError::io(folder, error)),
        }
    }

    /// Removes what was made, as far as it is empty, and the lock file where it
    /// is all that is left of a profile that was made.
    pub(super) fn unmake(&self, layout: &Layout, held: &Lock) {
        self.remove_empty();
        if self.0.contains(layout.profile()) && held.remove_if_alone() {
            self.remove_empty();
        }
    }

    /// Where another writer is, its lock file is: that folder is not empty.
    fn remove_empty(&self) {
        for folder in self.0.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Makes the entries of `folder` durable.
///
/// # Errors
/// [`RunError`].
pub(super) fn sync(folder: &Path) -> Result<(), RunError> {
    durable::sync_directory(folder).map_err(|error| RunError::io(folder, error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::workspace::{ProfileName, Workspace};

    fn place() -> (tempfile::TempDir, Layout) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("auditgraph.toml"), "").unwrap();
        let workspace = Workspace::discover(Some(folder.path())).unwrap();
        (folder, workspace.layout(&ProfileName::default()))
    }

    #[test]
    fn what_was_made_goes_again_but_not_where_something_was_kept() {
        let (_folder, layout) = place();
        let mut made = Folders::default();
        let lock = made.lock(&layout).unwrap();
        made.inside(&layout).unwrap();
        let kept = layout.runs().join("kept");
        fs::write(&kept, "").unwrap();
        made.unmake(&layout, &lock);
        assert!(layout.lock().exists() && kept.exists());
        fs::remove_file(kept).unwrap();
        made.unmake(&layout, &lock);
        assert!(!layout.derived().exists());
    }

    #[test]
    fn who_did_not_make_the_profile_leaves_the_lock_of_those_who_did() {
        let (_folder, layout) = place();
        let mut first = Folders::default();
        drop(first.lock(&layout).unwrap());
        let mut second = Folders::default();
        let lock = second.lock(&layout).unwrap();
        second.inside(&layout).unwrap();
        second.unmake(&layout, &lock);
        assert!(layout.lock().exists() && !layout.runs().exists());
    }

    #[test]
    fn a_way_to_the_lock_that_another_writer_unmakes_is_made_again() {
        let (_folder, layout) = place();
        // Threads are never busy for each other: all they meet is what goes away.
        let make_and_unmake = || {
            for _ in 0..200 {
                let mut made = Folders::default();
                let lock = made.lock(&layout).unwrap();
                made.unmake(&layout, &lock);
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(make_and_unmake);
            scope.spawn(make_and_unmake);
        });
    }
}
