//! Opening an index for reading. The file may come from a stranger: it is
//! opened read-only and immutable, SQLite is told to trust nothing, and no
//! query runs before every object of its schema is one this program makes.

use std::path::Path;

use rusqlite::Connection;

use super::build::{Counts, Origin};
use super::error::IndexError;
use super::layout::{APPLICATION_ID, expected_schema};
use crate::foundation::Sha256;
use crate::foundation::json::{self, Bounds};
use crate::foundation::spill::{Artifact, Lent};
use crate::foundation::sqlite;
use crate::schema::{self, Reader, SchemaBlock, Verdict};

/// No text or blob of an honest index is longer, in bytes.
pub(super) const MAX_VALUE_BYTES: i32 = 64 << 20;
/// Bounds of the JSON texts in `meta`.
const META_BOUNDS: Bounds = Bounds {
    bytes: 64 << 10,
    depth: 8,
};

/// An index open for reading.
pub struct Index {
    connection: Connection,
    meta: Meta,
}

/// What an index says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Its schema block (FR-004).
    pub schema: SchemaBlock,
    /// Id of the root tree of its run.
    pub root_tree: String,
    /// Digest of its run.
    pub run_digest: String,
    /// How many rows it holds.
    pub counts: Counts,
    /// Its logical digest, as recorded when it was built.
    pub logical: Sha256,
    /// What it was before any edit, where that is known.
    pub(super) origin: Option<Origin>,
    pub(super) files: String,
    pub(super) rows: Sha256,
}

impl Index {
    /// Opens the index at `path`.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] for a file that this program did not write,
    /// [`IndexError::OtherSchema`] for one of an artifact schema it cannot read, and
    /// [`IndexError::Io`] when it cannot be read at all.
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        let connection = sqlite::connect_untrusted(path, MAX_VALUE_BYTES)?;
        Self::check(connection)
    }

    /// Opens an index that was just built, without writing it anywhere: how
    /// a workspace that cannot be written still gets answers.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_artifact(artifact: &Artifact) -> Result<Self, IndexError> {
        let copy = |lent: Lent<'_>| {
            sqlite::copy_untrusted(&mut lent.reader(), artifact.bytes(), MAX_VALUE_BYTES)
        };
        Self::check(artifact.lend(copy)??)
    }

    fn check(connection: Connection) -> Result<Self, IndexError> {
        connection.set_prepared_statement_cache_capacity(64);
        let number = |name: &str| -> Result<i32, IndexError> {
            Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
        };
        if number("application_id")? != APPLICATION_ID {
            return Err(IndexError::damaged("not an index"));
        }
        let version = number("user_version")?;
        let meta = readable(&connection, version).map_err(|error| match error {
            // What another schema lays out in another way is no damage.
            IndexError::Damaged(_) if u32::try_from(version) != Ok(schema::WRITES) => {
                IndexError::OtherSchema(version)
            }
            error => error,
        })?;
        Ok(Self { connection, meta })
    }

    /// What the index says of itself.
    #[must_use]
    pub const fn meta(&self) -> &Meta {
        &self.meta
    }

    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// What the index says of itself, if this program can read it: its tables are
/// those this program knows, and the schema that wrote it, older or newer, is
/// inside the reader's window.
fn readable(connection: &Connection, version: i32) -> Result<Meta, IndexError> {
    check_schema(connection)?;
    let meta = Meta::read(connection)?;
    if u32::try_from(version) != Ok(meta.schema.written) {
        return Err(IndexError::damaged("it names two schemas"));
    }
    match Reader::this_build().judge(&meta.schema) {
        Verdict::Compatible => Ok(meta),
        Verdict::RebuildRequired(_) => Err(IndexError::OtherSchema(version)),
    }
}

/// As [`sqlite::check_schema`], of an index.
pub(super) fn check_schema(connection: &Connection) -> Result<(), IndexError> {
    Ok(sqlite::check_schema(connection, expected_schema())?)
}

impl Meta {
    fn read(connection: &Connection) -> Result<Self, IndexError> {
        let mut statement = connection.prepare("SELECT value FROM meta WHERE key = ?")?;
        let mut get = |key: &str| -> Result<String, IndexError> {
            Ok(statement.query_row([key], |row| row.get(0))?)
        };
        let damaged = |what: &str| IndexError::Damaged(format!("its {what} cannot be read"));
        Ok(Self {
            schema: json::parse(get("schema")?.as_bytes(), META_BOUNDS)
                .map_err(|_| damaged("schema block"))?,
            root_tree: get("root_tree")?,
            run_digest: get("run_digest")?,
            counts: json::parse(get("counts")?.as_bytes(), META_BOUNDS)
                .map_err(|_| damaged("counts"))?,
            logical: get("logical")?
                .parse()
                .map_err(|_| damaged("logical digest"))?,
            origin: get(Origin::KEY)
                .ok()
                .and_then(|text| json::parse(text.as_bytes(), META_BOUNDS).ok()),
            files: get("files")?,
            rows: get("rows")?.parse().map_err(|_| damaged("row digest"))?,
        })
    }
}
