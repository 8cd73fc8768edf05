//! The last steps of a swap, for the command that made it or, where that was
//! interrupted, the next one.

use std::fs;
use std::path::Path;

use super::record::{Previous, read};
use super::{Held, Place, SwapError};
use crate::foundation::durable;
use crate::upgrade::install::Receipt;

/// Writes `version` into the receipt at `path`. A receipt that is gone is
/// not made again: whoever removed it meant it.
pub(super) fn record_receipt(path: &Path, version: &str) -> Result<(), SwapError> {
    const LIMIT: u64 = 256 * 1024;
    let bytes = durable::if_there(durable::read_bounded(path, LIMIT));
    let Some(bytes) = bytes.map_err(SwapError::io("read", path))? else {
        return Ok(());
    };
    let receipt = Receipt::parse(path.to_owned(), &bytes)?;
    if receipt.version() != version {
        receipt.record(version)?;
    }
    Ok(())
}

/// Removes every file in our folder that neither the lock nor
/// `previous.json` accounts for. The record of the swap stays: it goes last
/// ([`remove`]), so that a kill in between is noticed. Nothing is fsynced:
/// should the record come back after a power cut, the next command sweeps
/// again. A folder is none of ours.
pub(super) fn sweep(held: &Held) -> Result<(), SwapError> {
    let place = &held.place;
    let previous = read::<Previous>(&place.previous_record())
        .map(|record| record.map(|record| place.previous(record.previous.sha256)));
    let folder = place.folder();
    let entries = fs::read_dir(folder).map_err(SwapError::io("list", folder))?;
    for entry in entries {
        let entry = entry.map_err(SwapError::io("list", folder))?;
        let path = entry.path();
        let way_back = match &previous {
            Ok(previous) => previous.as_ref() == Some(&path),
            // Any of them may be the one that a record names which another
            // user wrote, or another version.
            Err(_) => Place::is_previous(&entry.file_name()),
        };
        let keep = way_back
            || entry.file_type().is_ok_and(|kind| kind.is_dir())
            || path == place.lock()
            || path == place.previous_record()
            || path == place.intent();
        if !keep {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Gives an executable a second name: a hard link, which takes no room, or a
/// copy where the file system has none or does not allow it. The name itself is
/// not durable yet.
pub(super) fn second_name(file: &Path, name: &Path) -> Result<(), SwapError> {
    remove(name)?;
    if fs::hard_link(file, name).is_err() {
        fs::copy(file, name)
            .and_then(|_| fs::File::open(name)?.sync_all())
            .map_err(SwapError::io("copy", file))?;
    }
    Ok(())
}

/// Removes a file, which may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), SwapError> {
    durable::remove(path).map_err(SwapError::io("remove", path))
}
