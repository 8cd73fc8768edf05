//! SQLite files, written deterministically and opened with suspicion.
//!
//! A file under `.pkg` may come from a stranger: it is opened read-only and
//! immutable, defensive, with untrusted schema, and its schema must be, text
//! for text, the one this program writes, before any other query runs.
//! So no foreign trigger, view or function ever executes.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags};

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

/// Where a database is built.
#[derive(Clone, Debug)]
pub enum Scratch {
    /// In memory: for small artifacts.
    Memory,
    /// In an unlinked file of this folder.
    Spill(PathBuf),
}

/// A database being built outside the profile.
pub struct Workbench {
    connection: Connection,
    spill: Option<SpillFile>,
}

impl Workbench {
    /// An empty database with pages of `page_size` bytes, its tables made by
    /// `schema` (SQL), inside one open transaction.
    ///
    /// # Errors
    /// [`SqliteError`].
    pub fn create(scratch: &Scratch, page_size: u32, schema: &str) -> Result<Self, SqliteError> {
        let (connection, spill) = match scratch {
            Scratch::Memory => (Connection::open_in_memory()?, None),
            Scratch::Spill(folder) => {
                let spill = SpillFile::create(folder)?;
                let connection = Connection::open(spill.path())?;
                (connection, Some(spill))
            }
        };
        connection.execute_batch(&format!(
            "PRAGMA page_size={page_size}; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; \
             PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16384; \
             BEGIN; {schema}"
        ))?;
        if let Some(spill) = &spill {
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
        self.connection.execute_batch("COMMIT")?;
        if let Some(spill) = self.spill {
            self.connection.close().map_err(|(_, error)| error)?;
            return Ok(spill.seal()?);
        }
        let mut connection = self.connection;
        let mut bytes = connection.serialize(MAIN_DB)?.to_vec();
        stamp_as_written_once(&mut bytes);
        Ok(Artifact::from(bytes))
    }
}

/// Gives an image from memory the header counters of a file that was written
/// by one transaction (file format 1.3.7 and 1.3.16), so that a database has
/// the same bytes wherever it was built.
fn stamp_as_written_once(image: &mut [u8]) {
    let counter = 1u32.to_be_bytes();
    let version = rusqlite::version_number().cast_unsigned().to_be_bytes();
    for (at, value) in [(24, counter), (92, counter), (96, version)] {
        if let Some(field) = image.get_mut(at..at + 4) {
            field.copy_from_slice(&value);
        }
    }
}

/// Opens an untrusted database file for reading. `objects` are the
/// `(name, sql)` of everything its schema must hold, by name.
///
/// # Errors
/// [`SqliteError::Damaged`] when it is not such a database.
pub fn open_untrusted(path: &Path, objects: &[(&str, &str)]) -> Result<Connection, SqliteError> {
    // Refuses links, FIFOs and the like, which SQLite would follow.
    super::durable::open_regular(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(immutable_uri(path), flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.execute_batch("PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;")?;
    check_schema(&connection, objects)?;
    Ok(connection)
}

fn immutable_uri(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt;
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str("?mode=ro&immutable=1");
    uri
}

fn check_schema(connection: &Connection, objects: &[(&str, &str)]) -> Result<(), SqliteError> {
    let damaged = || SqliteError::Damaged("its tables are not those this program writes".into());
    let mut statement = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")?;
    let mut rows = statement.query([])?;
    let mut expected = objects.iter();
    while let Some(row) = rows.next()? {
        let (name, sql) = expected.next().ok_or_else(damaged)?;
        if row.get_ref(0)?.as_str().ok() != Some(name) || row.get_ref(1)?.as_str().ok() != Some(sql)
        {
            return Err(damaged());
        }
    }
    match expected.next() {
        None => Ok(()),
        Some(_) => Err(damaged()),
    }
}
