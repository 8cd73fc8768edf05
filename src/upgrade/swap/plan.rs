//! What a swap will do, step by step: printed by `--dry-run`, consumed by
//! the executor.

use std::fmt;
use std::path::PathBuf;

use super::record::{Format, Identity, Intent, Previous, read};
use super::{Place, SwapError};
use crate::foundation::size;
use crate::upgrade::install::Receipt;

/// Everything a swap will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What is installed, and what will be.
    pub intent: Intent,
    /// Steps that leave the installed executable alone.
    pub prepare: Vec<Step>,
    /// The swap itself, after the staged executable has been proven.
    pub swap: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Put the next executable, whole and fsynced, beside the installed one.
    Stage {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// Run it: it must be what was signed.
    Prove {
        /// The file.
        path: PathBuf,
        /// The version it must have.
        version: String,
    },
    /// Give the installed executable a second name.
    KeepPrevious {
        /// The executable.
        target: PathBuf,
        /// The second name.
        path: PathBuf,
    },
    /// Record what is under way.
    RecordIntent {
        /// The record.
        path: PathBuf,
    },
    /// Rename the staged executable over the installed one.
    Replace {
        /// The staged executable.
        staged: PathBuf,
        /// The executable.
        target: PathBuf,
    },
    /// Run the installed path; roll back if it is not the new version.
    Confirm {
        /// The executable.
        target: PathBuf,
        /// The version it must have.
        version: String,
    },
    /// Write the new version into the installer's receipt.
    RecordReceipt {
        /// The receipt.
        path: PathBuf,
        /// The version.
        version: String,
    },
    /// Record which version the previous executable is.
    RecordPrevious {
        /// The record.
        path: PathBuf,
        /// That version.
        version: String,
    },
    /// Remove older previous executables and the record of the swap.
    CleanUp {
        /// Our folder.
        folder: PathBuf,
    },
}

impl Plan {
    /// The plan of replacing `from` by `to`.
    #[must_use]
    pub fn update(place: &Place, from: Identity, to: Identity, receipt: Option<&Receipt>) -> Self {
        let prepare = vec![
            Step::Stage {
                path: place.staged(),
                bytes: to.bytes,
            },
            Step::Prove {
                path: place.staged(),
                version: to.version.clone(),
            },
        ];
        let mut swap = vec![
            Step::KeepPrevious {
                target: place.target().to_owned(),
                path: place.previous(from.sha256),
            },
            Step::RecordIntent {
                path: place.intent(),
            },
            Step::Replace {
                staged: place.staged(),
                target: place.target().to_owned(),
            },
            Step::Confirm {
                target: place.target().to_owned(),
                version: to.version.clone(),
            },
        ];
        if let Some(receipt) = receipt {
            swap.push(Step::RecordReceipt {
                path: receipt.path().to_owned(),
                version: to.version.clone(),
            });
        }
        swap.push(Step::RecordPrevious {
            path: place.previous_record(),
            version: from.version.clone(),
        });
        swap.push(Step::CleanUp {
            folder: place.folder().to_owned(),
        });
        Self {
            intent: Intent {
                format: Format,
                from,
                to,
                // No record can name another one: it is kept in step all the
                // same, unless this is interrupted.
                receipt: receipt
                    .map(|receipt| receipt.path().to_owned())
                    .filter(|path| path.to_str().is_some()),
            },
            prepare,
            swap,
        }
    }

    /// The plan of returning to the version that was kept: the same steps,
    /// from the kept executable instead of an archive. The one that is
    /// replaced is kept in turn.
    ///
    /// # Errors
    /// [`SwapError::NoPrevious`], or a record that cannot be read.
    pub fn rollback(
        place: &Place,
        from: Identity,
        receipt: Option<&Receipt>,
    ) -> Result<Self, SwapError> {
        let record: Option<Previous> = read(&place.previous_record())?;
        let previous = record
            .map(|record| record.previous)
            // Where it was installed anew by other means, it is no way back.
            .filter(|previous| previous.sha256 != from.sha256)
            .filter(|previous| place.previous(previous.sha256).exists())
            .ok_or_else(|| SwapError::NoPrevious(place.target().to_owned()))?;
        Ok(Self::update(place, from, previous, receipt))
    }

    /// All steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.prepare.iter().chain(&self.swap)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage { path, bytes } => {
                let bytes = size::human(*bytes);
                write!(f, "put the next executable at {} ({bytes})", path.display())
            }
            Self::Prove { path, version } => write!(
                f,
                "run {}: it must say that it is {version}, and answer for the workspaces",
                path.display()
            ),
            Self::KeepPrevious { target, path } => {
                write!(f, "keep {} as {}", target.display(), path.display())
            }
            Self::RecordIntent { path } => write!(f, "record the swap in {}", path.display()),
            Self::Replace { staged, target } => {
                write!(f, "rename {} to {}", staged.display(), target.display())
            }
            Self::Confirm { target, version } => write!(
                f,
                "run {}: roll back unless it is {version}",
                target.display()
            ),
            Self::RecordReceipt { path, version } => {
                write!(f, "write version {version} into {}", path.display())
            }
            Self::RecordPrevious { path, version } => {
                write!(f, "record {version} as the way back in {}", path.display())
            }
            Self::CleanUp { folder } => {
                write!(
                    f,
                    "remove what is left of earlier swaps in {}",
                    folder.display()
                )
            }
        }
    }
}
