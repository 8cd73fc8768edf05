//! Replacing the installed executable, with a way back.
//!
//! Owns the folder `.auditgraph` beside the executable and every step from a
//! verified archive to a confirmed swap. Never decides whether to update and
//! never touches a workspace. Called by `self-update`; and [`recover`] by
//! every command that finds a swap that was interrupted.
//!
//! ```text
//! <dir>/auditgraph                 what runs; replaced by one rename
//! <dir>/.auditgraph/lock           advisory lock: one update at a time
//! <dir>/.auditgraph/staged         the next executable, being written or ready
//! <dir>/.auditgraph/intent.json    a swap is under way: from what to what
//! <dir>/.auditgraph/previous-<12 hex of its sha256>
//! <dir>/.auditgraph/previous.json  which version that is: the way back
//! ```
//!
//! All on one file system, so a rename is all it takes. The order, and what
//! a kill after each step leaves for the next command to clean up:
//!
//! 1. `staged` is written and fsynced (of a rollback it is a second name of
//!    `previous-…`), then run once. Killed: the old version runs; `staged` is
//!    removed.
//! 2. The executable gets a second name, `previous-…`. Killed: the name goes.
//! 3. `intent.json` is written and fsynced. Killed: as before.
//! 4. `staged` is renamed to the executable, whose folder is fsynced.
//!    Killed: the new version runs, and finishes what is left.
//! 5. The installed path is run. If that fails, `previous-…` is renamed back.
//! 6. The installer's receipt and `previous.json` are written, older
//!    `previous-…` files and `intent.json` are removed.

mod execute;
mod finish;
mod place;
mod plan;
mod record;
mod recover;
mod stage;

use std::io;
use std::path::{Path, PathBuf};

pub use execute::{Swapped, swap};
pub use place::{Held, Place};
pub use plan::{Plan, Step};
pub use record::{Format, Identity, Intent, Previous};
pub use recover::{pending, recover, recover_quietly};
pub use stage::{Expected, ProvenBinary, StagedBinary};

use super::archive::ArchiveError;
use super::child::ChildError;
use super::install::ReceiptError;
use crate::foundation::Sha256;

/// Why nothing was swapped, or why a swap was taken back. The executable that
/// was installed before is the one that is installed now, except after
/// [`SwapError::NotRolledBack`].
#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    /// The executable's folder cannot be written to.
    #[error("cannot write to {}, where auditgraph is installed: {reason}", directory.display())]
    NotWritable {
        /// The folder.
        directory: PathBuf,
        /// Why, and whose it is.
        reason: String,
    },
    /// Another update is running.
    #[error("another self-update of {} is running{}", target.display(), .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    Busy {
        /// The executable.
        target: PathBuf,
        /// Process id of the other one, where the kernel tells.
        pid: Option<i32>,
    },
    /// The executable is not the file any more that the update began with.
    #[error("{} was replaced while this update went on", .0.display())]
    Replaced(PathBuf),
    /// A file operation failed.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The archive is not what was signed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A record beside the executable cannot be understood.
    #[error("{} cannot be understood: {detail}", path.display())]
    Record {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// An executable does not run.
    #[error("the {which} does not run: {source}")]
    DoesNotRun {
        /// `staged executable` or `installed executable`.
        which: &'static str,
        /// What happened.
        source: ChildError,
    },
    /// An executable runs and is not the one that was signed.
    #[error("the {which} says {field} {found}, signed was {signed}")]
    NotAsSigned {
        /// `staged executable` or `installed executable`.
        which: &'static str,
        /// `version`, `target` or `schema`.
        field: &'static str,
        /// What it says.
        found: String,
        /// What was signed.
        signed: String,
    },
    /// There is no previous version.
    #[error("there is no previous version of {} to return to", .0.display())]
    NoPrevious(PathBuf),
    /// The previous version is not the one that was kept.
    #[error("{} has sha256 {found}, recorded was {recorded}", path.display())]
    PreviousChanged {
        /// The file.
        path: PathBuf,
        /// Digest found.
        found: Sha256,
        /// Digest recorded.
        recorded: Sha256,
    },
    /// The installer's receipt cannot be written.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The new executable was installed, failed, and was replaced by the old
    /// one again.
    #[error("rolled back to {version}: {reason}")]
    RolledBack {
        /// The version that runs again.
        version: String,
        /// What was wrong with the new one.
        reason: String,
    },
    /// The new executable was installed, failed, and is still installed.
    #[error("the new version failed ({reason}), and {version} could not be put back: {source}")]
    NotRolledBack {
        /// The version that ran before.
        version: String,
        /// What was wrong with the new one.
        reason: String,
        /// Where the one before is kept.
        kept: PathBuf,
        /// Where it belongs.
        target: PathBuf,
        /// Why it is not there.
        source: io::Error,
    },
}

impl SwapError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }

    /// Whether something is not what its signature or digest says (exit 5).
    #[must_use]
    pub const fn is_verification(&self) -> bool {
        matches!(
            self,
            Self::Archive(_)
                | Self::NotAsSigned { .. }
                | Self::PreviousChanged { .. }
                | Self::DoesNotRun { .. }
        )
    }
}

#[cfg(test)]
mod tests;
