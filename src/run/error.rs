//! What can go wrong with runs, sorted by what the caller does next.

use std::io;
use std::path::{Path, PathBuf};

use super::RunId;
use super::pack::PackError;
use super::tree::TooMany;
use crate::foundation::sqlite::SqliteError;
use crate::index::IndexError;
use crate::schema::Reason;
use crate::source::{CannotRead, InvalidGlob};
use crate::workspace::{Busy, LayoutError, LockError};

/// Why an operation on runs stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The current run cannot be read (FR-006, FR-007). Nothing was changed.
    #[error("{} cannot be read: {reason}", .run.as_ref().map_or("the current run".to_owned(), |run| format!("run {run}")))]
    RebuildRequired {
        /// Which run, where it has a name.
        run: Option<RunId>,
        /// Why.
        reason: Reason,
    },
    /// There is no run yet.
    #[error("this profile holds no run yet")]
    NoRun,
    /// The run asked for does not exist.
    #[error("there is no run {0}")]
    UnknownRun(RunId),
    /// Another process is writing.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Another process published a run between plan and publication.
    #[error("another auditgraph {} meanwhile", made_current(.current.as_ref()))]
    Superseded {
        /// What is current now, where that can be told.
        current: Option<RunId>,
    },
    /// A run is current, but the disk did not confirm that it keeps it.
    #[error("run {run} is current now, but may not survive a power cut: {reason}")]
    Unsynced {
        /// The run.
        run: RunId,
        /// Where the disk failed, and how.
        reason: String,
    },
    /// What is stored is not what was written.
    #[error("{0}")]
    Damaged(String),
    /// No run id comes after that of a file.
    #[error("no run can come after {}: its ordinal is the last", .0.display())]
    LastOrdinal(PathBuf),
    /// The folders under `.pkg` are not what they must be.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The sources cannot be read.
    #[error(transparent)]
    Sources(#[from] CannotRead),
    /// The machine has not the threads that heavy work is done on.
    #[error("no threads can be started: {0}")]
    Threads(io::Error),
    /// The sources are more than a run may have.
    #[error("the sources are {0}, the most that a run may have")]
    TooMany(#[from] TooMany),
    /// A glob of the configuration cannot be compiled.
    #[error(transparent)]
    Glob(#[from] InvalidGlob),
    /// The index cannot be built or read.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// An artifact cannot be built.
    #[error("cannot build an artifact: {0}")]
    Build(String),
    /// A file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn made_current(run: Option<&RunId>) -> String {
    match run {
        Some(run) => format!("made {run} current"),
        None => "changed which run is current".to_owned(),
    }
}

impl RunError {
    /// An I/O error at `path`.
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

impl From<LockError> for RunError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Busy(busy) => Self::Busy(busy),
            LockError::Io { path, source } => Self::Io { path, source },
        }
    }
}

impl From<PackError> for RunError {
    fn from(error: PackError) -> Self {
        match error {
            PackError::Damaged { .. } => Self::Damaged(error.to_string()),
            PackError::Io { pack, source } => Self::Io { path: pack, source },
            other => Self::Build(other.to_string()),
        }
    }
}

impl From<SqliteError> for RunError {
    fn from(error: SqliteError) -> Self {
        Self::Build(error.to_string())
    }
}
