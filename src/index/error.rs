//! What can go wrong with an index, sorted by what the caller does next.

use std::io;

use rusqlite::types::FromSqlError;

use crate::foundation::sqlite::SqliteError;
use crate::graph::{InvalidPath, WorkspacePath};

/// Why an index could not be built, opened or read.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The machine's doing: disk full, permission, a file that is not there.
    /// Building again would not help.
    #[error("the index could not be read or written: {0}")]
    Io(#[from] io::Error),
    /// The file is not what this program wrote: torn, tampered with or never
    /// an index. It can be made again from the packs.
    #[error("the index is damaged: {0}")]
    Damaged(String),
    /// An index of an artifact schema that this version cannot read.
    #[error("the index has artifact schema {0}, this version reads {since} to {writes}", since = crate::schema::READS_SINCE, writes = crate::schema::WRITES)]
    OtherSchema(i32),
    /// Documents were not handed in by ascending path.
    #[error("{0} was indexed out of order")]
    Order(WorkspacePath),
    /// A document with more rows of one kind than an index can hold.
    #[error("{path} has more than {limit} {rows}")]
    TooManyRows {
        /// Which document.
        path: WorkspacePath,
        /// Rows of which kind.
        rows: &'static str,
        /// How many can be held.
        limit: usize,
    },
    /// A change does not fit the index it is applied to.
    #[error("the index does not hold {0} as it is said to be; build it from scratch")]
    Stale(WorkspacePath),
}

impl IndexError {
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }

    /// Whether making the index again from the packs is the remedy.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Stale(_))
    }
}

/// Paths are parsed here from the rows of an index alone.
impl From<InvalidPath> for IndexError {
    fn from(error: InvalidPath) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<rusqlite::Error> for IndexError {
    fn from(error: rusqlite::Error) -> Self {
        SqliteError::of_reading(error).into()
    }
}

/// A column of a row is not of the type that this program writes.
impl From<FromSqlError> for IndexError {
    fn from(error: FromSqlError) -> Self {
        rusqlite::Error::from(error).into()
    }
}

impl From<SqliteError> for IndexError {
    fn from(error: SqliteError) -> Self {
        match error {
            SqliteError::Damaged(what) => Self::Damaged(what),
            SqliteError::Sqlite(error) => SqliteError::of_reading(error).into(),
            SqliteError::Io(error) => Self::Io(error),
        }
    }
}
