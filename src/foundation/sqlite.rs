//! SQLite files, written deterministically and opened with suspicion.
//!
//! A file under `.pkg` may come from a stranger: it is opened read-only and
//! immutable, defensive, with untrusted schema, and its schema must be, text
//! for text, the one this program writes, before any other query runs.
//! So no foreign trigger, view or function ever executes. Nor is its size
//! believed: pages that lead to each other many times over stand for far more
//! rows than there are bytes, so what statements do is bounded by those.

use std::io::{self, Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};

use super::image::{HEADER, stamp_as_written_once};
use super::spill::{Artifact, SpillFile};

/// Why a database file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SqliteError {
    /// Its contents are not what this program writes.
    #[error("{0}")]
    Damaged(String),
    /// SQLite says no.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// It cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl SqliteError {
    /// What it means that a finished file cannot be read: the machine's
    /// doing, or the file's.
    #[must_use]
    pub fn of_reading(error: rusqlite::Error) -> Self {
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => io::ErrorKind::StorageFull,
            Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
                io::ErrorKind::PermissionDenied
            }
            Some(ErrorCode::OutOfMemory) => io::ErrorKind::OutOfMemory,
            // Which of its errors it met SQLite does not say.
            Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::DatabaseBusy) => {
                io::ErrorKind::Other
            }
            Some(ErrorCode::OperationInterrupted) => {
                return Self::Damaged("it describes more rows than it can hold".to_owned());
            }
            _ => return Self::Damaged(error.to_string()),
        };
        Self::Io(io::Error::new(kind, error))
    }
}

/// Where a database is built.
#[derive(Clone, Debug)]
pub enum Scratch {
    /// In memory: for small artifacts.
    Memory,
    /// In an unlinked file of this folder.
    Spill(PathBuf),
}

/// A database being built outside the profile, inside one open transaction.
pub struct Workbench {
    connection: Connection,
    spill: Option<SpillFile>,
}

impl Workbench {
    /// An empty database with pages of `page_size` bytes, its tables made by
    /// `schema` (SQL).
    ///
    /// # Errors
    /// [`SqliteError`].
    pub fn create(scratch: &Scratch, page_size: u32, schema: &str) -> Result<Self, SqliteError> {
        let (connection, spill) = match scratch {
            Scratch::Memory => (Connection::open_in_memory()?, None),
            Scratch::Spill(folder) => {
                let spill = SpillFile::create(folder)?;
                (Connection::open(spill.path())?, Some(spill))
            }
        };
        connection.pragma_update(None, "page_size", page_size)?;
        let bench = Self::begin(connection, spill)?;
        bench.connection.execute_batch(schema)?;
        Ok(bench)
    }

    /// A copy of a database of `bytes` bytes, which is not trusted: as
    /// [`connect_untrusted`] opens it, but to be written.
    ///
    /// # Errors
    /// [`SqliteError`].
    pub fn copy(
        scratch: &Scratch,
        reader: &mut dyn Read,
        bytes: u64,
        largest: i32,
    ) -> Result<Self, SqliteError> {
        let (mut connection, spill) = match scratch {
            Scratch::Memory => {
                let mut connection = Connection::open_in_memory()?;
                let length = usize::try_from(bytes).map_err(io::Error::other)?;
                connection.deserialize_read_exact(MAIN_DB, reader, length, false)?;
                (connection, None)
            }
            Scratch::Spill(folder) => {
                let spill = SpillFile::create(folder)?;
                io::copy(reader, &mut spill.file())?;
                (Connection::open(spill.path())?, Some(spill))
            }
        };
        distrust_copy(&mut connection, largest, bytes)?;
        Self::begin(connection, spill)
    }

    fn begin(connection: Connection, mut spill: Option<SpillFile>) -> Result<Self, SqliteError> {
        let temporary = if spill.is_some() { "FILE" } else { "MEMORY" };
        // The journal is off because a failed build is thrown away whole.
        connection.execute_batch(&format!(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; \
             PRAGMA temp_store={temporary}; PRAGMA cache_size=-16384; BEGIN EXCLUSIVE;"
        ))?;
        connection.set_prepared_statement_cache_capacity(64);
        if let Some(spill) = &mut spill {
            spill.unlink();
        }
        Ok(Self { connection, spill })
    }

    /// The connection, inside its transaction.
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Commits and returns the finished bytes.
    ///
    /// # Errors
    /// [`SqliteError`].
    pub fn finish(self) -> Result<Artifact, SqliteError> {
        self.connection.flush_prepared_statement_cache();
        self.connection.execute_batch("COMMIT")?;
        let Some(spill) = self.spill else {
            return Ok(Artifact::of_database(self.connection)?);
        };
        self.connection.close().map_err(|(_, error)| error)?;
        let mut head = [0; HEADER];
        spill.file().read_exact_at(&mut head, 0)?;
        stamp_as_written_once(&mut head);
        spill.file().write_all_at(&head, 0)?;
        Ok(spill.seal()?)
    }
}

/// SQLite opens no file whose path is longer, in bytes: it has room for 512, and
/// keeps what the name of a journal would take.
const LONGEST_PATH: usize = 504;

/// A file below a longer path is read into memory, if it has not more bytes.
const MOST_COPIED: u64 = 1 << 30;

/// Opens an untrusted database file for reading, without looking into it:
/// [`check_schema`] must follow before any query. No text or blob may be
/// longer than `largest` bytes, and statements that do more than a file of
/// this size can ask for are interrupted: see [`SqliteError::of_reading`].
///
/// # Errors
/// [`SqliteError::Damaged`] when it is no database, [`SqliteError::Io`] when
/// it cannot be read.
pub fn connect_untrusted(path: &Path, largest: i32) -> Result<Connection, SqliteError> {
    // Refuses links, FIFOs and the like, which SQLite would follow; and tells
    // a missing file from a foreign one, which SQLite does not.
    let mut head = [0u8; 16];
    let mut file = super::durable::open_regular(path)?;
    if file.read(&mut head)? < head.len() || head != *b"SQLite format 3\0" {
        return Err(SqliteError::Damaged("not a SQLite file".to_owned()));
    }
    let bytes = file.metadata()?.len();
    if path.as_os_str().len() > LONGEST_PATH {
        if bytes > MOST_COPIED {
            let text = format!("a file of {bytes} bytes needs a path of at most {LONGEST_PATH}");
            return Err(io::Error::new(io::ErrorKind::InvalidFilename, text).into());
        }
        file.rewind()?;
        return copy_untrusted(&mut file, bytes, largest);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(immutable_uri(path), flags)?;
    distrust(&mut connection, largest, bytes)?;
    Ok(connection)
}

/// Opens a copy in memory of an untrusted database of `bytes` bytes, as
/// [`connect_untrusted`] opens a file.
///
/// # Errors
/// As [`connect_untrusted`].
pub fn copy_untrusted(
    reader: &mut dyn Read,
    bytes: u64,
    largest: i32,
) -> Result<Connection, SqliteError> {
    const SMALLEST: u64 = 512;
    if bytes < SMALLEST {
        return Err(SqliteError::Damaged("not a SQLite file".to_owned()));
    }
    let mut connection = Connection::open_in_memory()?;
    let length = usize::try_from(bytes).map_err(io::Error::other)?;
    connection.deserialize_read_exact(MAIN_DB, reader, length, true)?;
    distrust(&mut connection, largest, bytes)?;
    Ok(connection)
}

/// Tells SQLite to believe nothing that a file of `bytes` bytes says, and to
/// write nothing.
fn distrust(connection: &mut Connection, largest: i32, bytes: u64) -> Result<(), SqliteError> {
    distrust_copy(connection, largest, bytes)?;
    // Not for a copy, which is written, and without a journal.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(connection.execute_batch("PRAGMA query_only=ON;")?)
}

/// As for a file that is only read, for a copy of one that is going to be
/// changed: before anything else is asked of it.
fn distrust_copy(connection: &mut Connection, largest: i32, bytes: u64) -> Result<(), SqliteError> {
    bound_work(connection, bytes)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, largest)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    Ok(connection.execute_batch("PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;")?)
}

/// Steps of SQLite's machine that all statements on a file may take, whatever
/// its size: a moment's work.
const STEPS: u64 = 4_000_000;
/// And for each of its bytes. Exports and walks from node to node, which take
/// the most, were measured at less than 0.4.
const STEPS_PER_BYTE: u64 = 64;

/// Interrupts the statements of a connection, all together, when they take
/// more steps than honest ones on a file of `bytes` bytes come near.
///
/// # Errors
/// [`SqliteError::Sqlite`].
pub fn bound_work(connection: &mut Connection, bytes: u64) -> Result<(), SqliteError> {
    /// Steps between two looks: they cost nothing that can be measured.
    const STRIDE: u16 = 1_000;
    let allowed = bytes.saturating_mul(STEPS_PER_BYTE).saturating_add(STEPS);
    let mut looks = allowed / u64::from(STRIDE);
    let is_too_much = move || {
        looks = looks.saturating_sub(1);
        looks == 0
    };
    Ok(connection.progress_handler(STRIDE.into(), Some(is_too_much))?)
}

/// Takes back [`bound_work`], for a connection whose every statement is
/// bounded by itself.
///
/// # Errors
/// [`SqliteError::Sqlite`].
pub fn lift_bound(connection: &mut Connection) -> Result<(), SqliteError> {
    Ok(connection.progress_handler(0, None::<fn() -> bool>)?)
}

/// Opens an untrusted database file whose schema must hold exactly `objects`,
/// the `(name, sql)` of each in the order in which they were created.
///
/// # Errors
/// [`SqliteError::Damaged`] when it is not such a database.
pub fn open_untrusted(path: &Path, objects: &[(&str, &str)]) -> Result<Connection, SqliteError> {
    // A block of one object of 128 MiB is not longer, however it packs.
    const LARGEST: i32 = 256 << 20;
    let connection = connect_untrusted(path, LARGEST)?;
    check_schema(&connection, objects.iter().map(|(_, sql)| *sql))?;
    Ok(connection)
}

/// Compares every object of the schema with what this program makes, text for
/// text and in order: a table, trigger or view too many is refused before any
/// query touches it.
///
/// # Errors
/// [`SqliteError::Damaged`], with the first difference.
pub fn check_schema<'a>(
    connection: &Connection,
    mut expected: impl Iterator<Item = &'a str>,
) -> Result<(), SqliteError> {
    let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY rowid")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let sql: Option<String> = row.get(1)?;
        if expected.next() != sql.as_deref() || sql.is_none() {
            let name: String = row.get(0)?;
            let name: String = name.chars().take(100).collect();
            return Err(SqliteError::Damaged(format!(
                "it holds {name:?}, which this program does not make so"
            )));
        }
    }
    expected.next().map_or(Ok(()), |missing| {
        let head = missing.lines().next().unwrap_or(missing);
        Err(SqliteError::Damaged(format!("it lacks: {head}")))
    })
}

/// A `file:` URI for `path`, read-only and immutable: no locks, no journal,
/// nothing created beside it.
fn immutable_uri(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt;
    let mut uri = String::from(if path.is_absolute() {
        "file://"
    } else {
        "file:./"
    });
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str("?mode=ro&immutable=1");
    uri
}

#[cfg(test)]
#[path = "sqlite/tests.rs"]
pub(crate) mod tests;
