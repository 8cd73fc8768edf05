//! Carries out a plan, step by step.

use std::fs;

use super::finish::{record_receipt, remove, second_name, sweep};
use super::record::{Format, Identity, Previous, write};
use super::recover::recover;
use super::stage::prove;
use super::{Expected, Held, Plan, ProvenBinary, Step, SwapError};
use crate::foundation::durable;

/// A swap that was made and confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swapped {
    /// What was installed, and is kept.
    pub from: Identity,
    /// What is installed now.
    pub to: Identity,
    /// What could not be written down afterwards; the next command tries
    /// again.
    pub unfinished: Option<String>,
}

/// Swaps `staged` in as `plan` says. When the installed path does not prove
/// to be the new version, the old one is renamed back.
///
/// # Errors
/// [`SwapError`], which says which executable is installed then.
pub fn swap(held: &Held, plan: Plan, staged: ProvenBinary) -> Result<Swapped, SwapError> {
    let expected = staged.expected().clone();
    // From here on the file is the plan's: it will be renamed.
    drop(staged);
    let mut confirmed = false;
    let mut unfinished = None;
    for step in &plan.swap {
        if unfinished.is_some() && matches!(step, Step::CleanUp { .. }) {
            // The record of the swap tells the next command what is left.
            break;
        }
        match perform(held, &plan, step, &expected) {
            Ok(()) => confirmed |= matches!(step, Step::Confirm { .. }),
            // The new version runs: a record that cannot be written is no
            // reason to take it away again, or to leave out another one.
            Err(error) if confirmed => {
                unfinished.get_or_insert_with(|| error.to_string());
            }
            Err(error) => {
                // What could not be put back by a rename is a person's to put
                // back: its record stays, for the command that comes then.
                if !matches!(error, SwapError::NotRolledBack { .. }) {
                    // Best effort: the first error is what is told, and the
                    // next command cleans up again.
                    let _ = recover(held);
                }
                return Err(error);
            }
        }
    }
    Ok(Swapped {
        from: plan.intent.from,
        to: plan.intent.to,
        unfinished,
    })
}

/// Does one step of the swap.
pub(super) fn perform(
    held: &Held,
    plan: &Plan,
    step: &Step,
    expected: &Expected,
) -> Result<(), SwapError> {
    match step {
        Step::Stage { .. } | Step::Prove { .. } => Ok(()),
        Step::KeepPrevious { target, path } => second_name(target, path),
        Step::RecordIntent { path } => write(path, &plan.intent),
        Step::Replace { staged, target } => {
            fs::rename(staged, target).map_err(SwapError::io("replace", target))?;
            // That the old name is gone need not last: whoever finds it again
            // removes it. A rename that could not be made durable is undone.
            let directory = held.place.directory();
            durable::sync_directory(directory)
                .map_err(SwapError::io("sync", directory))
                .map_err(|reason| roll_back(held, plan, &reason))
        }
        Step::Confirm { target, .. } => prove(target, "installed executable", expected)
            .map_err(|reason| roll_back(held, plan, &reason)),
        Step::RecordReceipt { path, version } => record_receipt(path, version),
        Step::RecordPrevious { path, .. } => write(
            path,
            &Previous {
                format: Format,
                previous: plan.intent.from.clone(),
                replaced_by: plan.intent.to.clone(),
            },
        ),
        Step::CleanUp { .. } => sweep(held).and_then(|()| remove(&held.place.intent())),
    }
}

/// Renames the kept executable back over the one that does not run, and says
/// what came of it. The record of the swap stays: who recovers finds out which
/// of the two is installed, also after a power cut.
fn roll_back(held: &Held, plan: &Plan, reason: &SwapError) -> SwapError {
    let version = plan.intent.from.version.clone();
    let reason = reason.to_string();
    let kept = held.place.previous(plan.intent.from.sha256);
    let target = held.place.target();
    match fs::rename(&kept, target) {
        Ok(()) => {
            // It is installed, durably or not.
            let _ = durable::sync_directory(held.place.directory());
            SwapError::RolledBack { version, reason }
        }
        Err(source) => SwapError::NotRolledBack {
            version,
            reason,
            kept,
            target: target.to_owned(),
            source,
        },
    }
}
