//! Cleaning up after a writer that was interrupted: exactly what its intent
//! names, and only where its run cannot have been current.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::intent::{Intent, staged};
use super::standing::{self, Standing};
use super::{RunError, file_names, read_current};
use crate::foundation::durable;
use crate::workspace::Layout;

/// Removes what an interrupted writer left behind. The caller holds the lock.
///
/// # Errors
/// [`RunError`] when a file cannot be removed.
pub(super) fn recover(layout: &Layout) -> Result<(), RunError> {
    let gone = leftovers(layout)?;
    for path in &gone {
        remove(path)?;
    }
    match gone.is_empty() {
        true => Ok(()),
        false => remove_staging(layout),
    }
}

/// What [`recover`] removes, in that order: what an interrupted writer left
/// behind, cached files of runs that are gone included. Nothing where the current
/// run cannot be read: nobody knows then how far that writer came.
///
/// # Errors
/// [`RunError`] when it cannot be looked at.
pub(super) fn leftovers(layout: &Layout) -> Result<Vec<PathBuf>, RunError> {
    let mut strays = standing::names(&layout.cache())?;
    strays.retain(|name| {
        let run = file_names::cached_run(name);
        file_names::is_draft(name) || run.is_some_and(|run| !file_names::has_manifest(layout, &run))
    });
    if strays.is_empty() && fs::symlink_metadata(layout.staging()).is_err() {
        return Ok(Vec::new());
    }
    let standing = Standing::judge(layout)?;
    if matches!(standing, Standing::RebuildRequired { .. }) {
        return Ok(Vec::new());
    }
    let strays = strays.iter().map(|name| layout.cache().join(name));
    let of_intent = unfinished(layout, &standing).map(|intent| shown(layout, &intent));
    let gone = strays.chain(of_intent.into_iter().flatten());
    Ok(gone.chain(staged_files(layout)).collect())
}

/// The files that `intent` names, where they stand once they are shown.
fn shown(layout: &Layout, intent: &Intent) -> Vec<PathBuf> {
    let files = intent.files().into_iter();
    files
        .map(|(folder, name)| layout.profile().join(folder).join(name))
        .collect()
}

/// Whatever can be in the staging folder, the intent last.
fn staged_files(layout: &Layout) -> impl Iterator<Item = PathBuf> {
    let staging = layout.staging();
    staged::ALL.into_iter().map(move |name| staging.join(name))
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
        for path in shown(layout, &intent) {
            remove(&path)?;
        }
    }
    clear_staging(layout)
}

/// Empties and removes the staging folder, the intent last.
///
/// # Errors
/// [`RunError`] when a file cannot be removed.
pub(super) fn clear_staging(layout: &Layout) -> Result<(), RunError> {
    for path in staged_files(layout) {
        remove(&path)?;
    }
    remove_staging(layout)
}

fn remove_staging(layout: &Layout) -> Result<(), RunError> {
    let staging = layout.staging();
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
    durable::remove(path).map_err(|error| RunError::io(path, error))
}
