//! The bytes of a database in memory, read where SQLite keeps them: a large
//! one is not copied to be hashed or written.

use std::sync::{Mutex, PoisonError};

use rusqlite::serialize::Data;
use rusqlite::{Connection, MAIN_DB};

/// Length of a database's header (file format 1.3).
pub(crate) const HEADER: usize = 100;

/// The finished bytes of a database that was made in memory, with the counters
/// of its header as after one transaction.
#[derive(Debug)]
pub(super) struct Image {
    connection: Mutex<Connection>,
    head: [u8; HEADER],
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
        let mut head = [0; HEADER];
        let known = bytes.min(HEADER);
        head[..known].copy_from_slice(&image[..known]);
        drop(image);
        stamp_as_written_once(&mut head);
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

    /// Copies bytes from `at` on into `buffer`; returns how many.
    pub(super) fn read_at(&self, buffer: &mut [u8], at: u64) -> std::io::Result<usize> {
        let from = usize::try_from(at).map_or(self.bytes, |at| at.min(self.bytes));
        let count = buffer.len().min(self.bytes - from);
        let buffer = &mut buffer[..count];
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let image = connection
            .serialize(MAIN_DB)
            .map_err(std::io::Error::other)?;
        buffer.copy_from_slice(&image[from..from + count]);
        if let Some(head) = self.head.get(from..) {
            let count = count.min(head.len());
            buffer[..count].copy_from_slice(&head[..count]);
        }
        Ok(count)
    }
}

/// Gives a header the counters of a file that was written by one transaction
/// (file format 1.3.7 and 1.3.16), so that a database has the same bytes
/// wherever it was built.
pub(crate) fn stamp_as_written_once(head: &mut [u8; HEADER]) {
    let counter = 1u32.to_be_bytes();
    let version = rusqlite::version_number().cast_unsigned().to_be_bytes();
    for (at, value) in [(24, counter), (92, counter), (96, version)] {
        head[at..at + 4].copy_from_slice(&value);
    }
}
