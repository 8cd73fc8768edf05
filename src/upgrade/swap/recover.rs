//! Cleaning up after a swap that was interrupted, by whichever command runs
//! next.

use std::path::Path;

use super::finish::{record_receipt, remove, sweep};
use super::record::{Format, Intent, Previous, digest, read, write};
use super::{Held, Place, SwapError};

/// What an interrupted swap came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// The new version was in place: what was left was finished.
    Finished {
        /// That version.
        version: String,
    },
    /// The old version was in place: what was left was removed.
    Undone {
        /// That version.
        version: String,
    },
    /// Something else had been installed meanwhile; only our own files went.
    Replaced,
    /// An unfinished download or staging was removed.
    Swept,
}

/// Whether an interrupted (or running) swap of `executable` has left
/// something: two or three file look-ups.
#[must_use]
pub fn pending(executable: &Path) -> bool {
    let place = Place::of(executable);
    place.intent().exists() || place.staged().exists()
}

/// Cleans up after an interrupted swap. Which executable is installed is
/// told by its digest, not by what was meant.
///
/// # Errors
/// [`SwapError`]; the next command tries again.
pub fn recover(held: &Held) -> Result<Option<Recovered>, SwapError> {
    let place = held.place();
    let intent: Option<Intent> = match read(&place.intent()) {
        Ok(intent) => intent,
        // Written in one step, so damaged means not ours, or another
        // version's: it goes, and bars nothing.
        Err(SwapError::Record { .. }) => None,
        Err(error) => return Err(error),
    };
    let mut receipt = None;
    let outcome = match intent {
        None if !pending(place.target()) => return Ok(None),
        None => Recovered::Swept,
        Some(intent) => {
            let (installed, _) =
                digest(place.target()).map_err(SwapError::io("read", place.target()))?;
            if installed == intent.to.sha256 {
                let version = intent.to.version.clone();
                receipt = intent.receipt.map(|path| (path, version.clone()));
                let previous = Previous {
                    format: Format,
                    previous: intent.from,
                    replaced_by: intent.to,
                };
                let record = place.previous_record();
                // It may be tried again for long where a receipt cannot be written.
                if !read(&record).is_ok_and(|there| there.as_ref() == Some(&previous)) {
                    write(&record, &previous)?;
                }
                Recovered::Finished { version }
            } else if installed == intent.from.sha256 {
                let version = intent.from.version;
                receipt = intent.receipt.map(|path| (path, version.clone()));
                Recovered::Undone { version }
            } else {
                Recovered::Replaced
            }
        }
    };
    sweep(held)?;
    // A receipt that cannot be written bars no update and no way back: the
    // record of the swap stays, and the next command tries again.
    if receipt.is_none_or(|(path, version)| record_receipt(&path, &version).is_ok()) {
        remove(&place.intent())?;
    }
    Ok(Some(outcome))
}

/// Cleans up where that is possible, for commands that have other things to
/// do: a busy or read-only place is left for later.
#[must_use]
pub fn recover_quietly(executable: &Path) -> Option<Recovered> {
    if !pending(executable) {
        return None;
    }
    Place::of(executable)
        .hold()
        .ok()
        .and_then(|(_, recovered)| recovered)
}
