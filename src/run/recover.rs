//! Cleaning up after a writer that was interrupted: exactly what its intent
//! names, and only where its run cannot have been current.

use std::fs;
use std::io;
use std::path::Path;

use super::intent::{Intent, staged};
use super::standing::{self, Standing};
use super::{RunError, file_names, read_current};
use crate::workspace::Layout;

/// Removes what an interrupted writer left behind, cached files of runs that are
/// gone included. Where the current run cannot be read nothing is touched: nobody
/// knows then how far that writer came. The caller holds the lock.
///
/// # Errors
/// [`RunError`] when a file cannot be removed.
pub(super) fn recover(layout: &Layout) -> Result<(), RunError> {
    let mut strays = standing::names(&layout.cache())?;
    strays.retain(|name| {
        let run = file_names::cached_run(name);
        file_names::is_draft(name) || run.is_some_and(|run| !file_names::has_manifest(layout, &run))
    });
    if strays.is_empty() && fs::symlink_metadata(layout.staging()).is_err() {
        return Ok(());
    }
    let standing = Standing::judge(layout)?;
    if matches!(standing, Standing::RebuildRequired { .. }) {
        return Ok(());
    }
    for stray in strays {
        remove(&layout.cache().join(stray))?;
    }
    match unfinished(layout, &standing) {
        Some(_) => withdraw(layout),
        None => clear_staging(layout),
    }
}

/// The intent of a writer whose run was never current, by how the profile stands:
/// what it names is no run, though its manifest may be shown. `None` where there
/// is none, or nobody knows how far that writer came.
pub(super) fn unfinished(layout: &Layout, standing: &Standing) -> Option<Intent> {
    let reached = match standing {
        Standing::RebuildRequired { .. } => return None,
        Standing::Empty => 0,
        Standing::Ready(manifest) => match read_current(layout) {
            Ok(Some(current)) => current.reached(),
            Ok(None) | Err(_) => manifest.run.ordinal(),
        },
    };
    // Nothing is removed on the word of an intent that cannot be read. One that
    // is not above what `current` reached is finished, or a lie.
    let intent = Intent::read(layout).ok().flatten();
    intent.filter(|intent| intent.run.ordinal() > reached)
}

/// Removes all that the intent in the staging folder names, whose run is not
/// current, and what is staged.
///
/// # Errors
/// [`RunError`] when a file cannot be removed.
pub(super) fn withdraw(layout: &Layout) -> Result<(), RunError> {
    if let Ok(Some(intent)) = Intent::read(layout) {
        for (folder, name) in intent.files() {
            remove(&layout.profile().join(folder).join(name))?;
        }
    }
    clear_staging(layout)
}

/// Empties and removes the staging folder, the intent last.
///
/// # Errors
/// [`RunError`] when a file cannot be removed.
pub(super) fn clear_staging(layout: &Layout) -> Result<(), RunError> {
    let staging = layout.staging();
    for name in staged::ALL {
        remove(&staging.join(name))?;
    }
    match fs::remove_dir(&staging) {
        Err(error)
            if !matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty
            ) =>
        {
            Err(RunError::io(&staging, error))
        }
        _ => Ok(()),
    }
}

/// Removes a file; one that is not there is no error.
///
/// # Errors
/// [`RunError`] otherwise.
pub(super) fn remove(path: &Path) -> Result<(), RunError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(RunError::io(path, error)),
        _ => Ok(()),
    }
}
