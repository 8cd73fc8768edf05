//! Cleaning up after a swap that was interrupted, by whichever command runs
//! next.

use std::path::Path;

use super::finish::{record_receipt, remove, sweep};
use super::record::{Format, Intent, Previous, digest, read, write};
use super::{Held, Place, SwapError};

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
pub fn recover(held: &Held) -> Result<(), SwapError> {
    let place = held.place();
    let intent: Option<Intent> = match read(&place.intent()) {
        Ok(intent) => intent,
        // Written in one step, so damaged means not ours, or another
        // version's: it goes, and bars nothing.
        Err(SwapError::Record { .. }) => None,
        Err(error) => return Err(error),
    };
    if intent.is_none() && !pending(place.target()) {
        return Ok(());
    }
    let mut receipt = None;
    if let Some(intent) = intent {
        let (installed, _) =
            digest(place.target()).map_err(SwapError::io("read", place.target()))?;
        if installed == intent.to.sha256 {
            receipt = intent.receipt.map(|path| (path, intent.to.version.clone()));
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
        } else if installed == intent.from.sha256 {
            receipt = intent.receipt.map(|path| (path, intent.from.version));
        }
        // Else something else was installed meanwhile: only our own files go.
    }
    sweep(held)?;
    // A receipt that cannot be written bars no update and no way back: the
    // record of the swap stays, and the next command tries again.
    if receipt.is_none_or(|(path, version)| record_receipt(&path, &version).is_ok()) {
        remove(&place.intent())?;
    }
    Ok(())
}

/// Cleans up where that is possible, for commands that have other things to
/// do: a busy or read-only place is left for later.
pub fn recover_quietly(executable: &Path) {
    if pending(executable) {
        // Cannot be done now: then the next command tries again.
        let _ = Place::of(executable).hold();
    }
}
