//! The bytes of a database in memory, read where SQLite keeps them: a large
//! one is not copied to be hashed or written.

use std::sync::{Mutex, PoisonError};

use rusqlite::serialize::Data;
use rusqlite::{Connection, MAIN_DB};

/// Length of a database's header (file format 1.3).
pub(super) const HEADER: usize = 100;

/// Bytes that are kept with the header: SQLite's default page.
const HEAD: usize = 4096;

/// The finished bytes of a database that was made in memory, with the counters
/// of its header as after one transaction.
#[derive(Debug)]
pub(super) struct Image {
    connection: Mutex<Connection>,
    head: Vec<u8>,
    bytes: usize,
}

impl Image {
    /// Takes the bytes of the main database of `connection`, in which no
    /// transaction is open.
    pub(super) fn of(mut connection: Connection) -> rusqlite::Result<Self> {
        if let Data::Owned(bytes) = connection.serialize(MAIN_DB)? {
            connection = Connection::open_in_memory()?;
            connection.deserialize(MAIN_DB, bytes, true)?;
        }
        let image = connection.serialize(MAIN_DB)?;
        let bytes = image.len();
        let mut head = image[..bytes.min(HEAD)].to_vec();
        drop(image);
        if let Some(header) = head.first_chunk_mut() {
            stamp_as_written_once(header);
        }
        Ok(Self {
            connection: Mutex::new(connection),
            head,
            bytes,
        })
    }

    /// Length in bytes.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes as u64
    }

    /// Lends all bytes, in two pieces.
    pub(super) fn lend<T>(&self, to: impl FnOnce([&[u8]; 2]) -> T) -> rusqlite::Result<T> {
        let connection = self.connection.lock();
        let mut connection = connection.unwrap_or_else(PoisonError::into_inner);
        let image = connection.serialize(MAIN_DB)?;
        Ok(to([&self.head, &image[self.head.len()..]]))
    }
}

/// Gives a header the counters of a file that was written by one transaction
/// (file format 1.3.7 and 1.3.16), so that a database has the same bytes
/// wherever it was built.
pub(super) fn stamp_as_written_once(head: &mut [u8; HEADER]) {
    let counter = 1u32.to_be_bytes();
    let version = rusqlite::version_number().cast_unsigned().to_be_bytes();
    for (at, value) in [(24, counter), (92, counter), (96, version)] {
        head[at..at + 4].copy_from_slice(&value);
    }
}
