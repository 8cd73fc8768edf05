//! One command at a time changes a site: each reads it, and writes the next
//! version of what it read.

use std::fs::{self, File, TryLockError};
use std::path::PathBuf;

use super::{Site, SiteError};

/// Nobody else changes the site until this is dropped.
#[derive(Debug)]
pub(crate) struct SiteLock {
    /// The site's own folder: a file made for this would be published.
    folder: File,
    /// The folder, where it was made for this.
    made: Option<PathBuf>,
}

impl Site {
    /// Keeps others from changing the site. Its folder is made where it is missing.
    ///
    /// # Errors
    /// [`SiteError::Busy`], and [`SiteError::Write`] where there can be no folder.
    pub(crate) fn lock(&self) -> Result<SiteLock, SiteError> {
        let failed = |error| SiteError::Write(self.root.clone(), error);
        let made = (!self.root.exists()).then(|| self.root.clone());
        fs::create_dir_all(&self.root).map_err(failed)?;
        let folder = File::open(&self.root).map_err(failed)?;
        match folder.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(SiteError::Busy(self.root.clone())),
            // Not every file system knows such locks; a site may be on a stick.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        Ok(SiteLock { folder, made })
    }
}

impl Drop for SiteLock {
    /// A folder that was made for nothing goes again.
    fn drop(&mut self) {
        if let Some(made) = &self.made {
            let _ = fs::remove_dir(made);
        }
        // Said, and not left to closing: a child that is just being started has
        // the folder open as well.
        let _ = self.folder.unlock();
    }
}
