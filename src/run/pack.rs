//! Packs: immutable SQLite files of content-addressed objects.
//!
//! Objects are gathered into blocks of about `BLOCK_BYTES` and each block is
//! compressed, so that 40,000 tiny notes compress as well as a book. An
//! object's id is the SHA-256 of its bytes, checked at every read. Whoever
//! writes a pack appends in a fixed order; its bytes depend on nothing else.

mod read;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rusqlite::params;

use crate::foundation::spill::Artifact;
use crate::foundation::sqlite::{Scratch, SqliteError, Workbench};
use crate::foundation::{Sha256, json};
use crate::schema::SchemaBlock;
use crate::workspace::MOST_FILE_BYTES;

pub(super) use read::Pack;

/// Bytes gathered before a block is compressed.
const BLOCK_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of blocks that a reader keeps: an edit of one of 40,000 files reads
/// all of its trees, a document, and some of the trees again.
pub(super) const KEPT_BYTES: usize = 6 * BLOCK_BYTES;
/// The largest object, in bytes: what a reader of an untrusted pack may be
/// made to hold in memory.
pub(super) const MAX_OBJECT_BYTES: usize = 128 * 1024 * 1024;
// The text of every source is an object.
const _: () = assert!(MOST_FILE_BYTES <= MAX_OBJECT_BYTES as u64);

/// Compression level: see docs/performance.md for what others cost.
const LEVEL: i32 = 3;
/// Small pages waste little at the end of a block.
const PAGE_BYTES: u32 = 1024;

const META: &str = "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID";
const BLOCK: &str =
    "CREATE TABLE block(id INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, zstd BLOB NOT NULL)";
const OBJECT: &str = "CREATE TABLE object(id BLOB PRIMARY KEY, block INTEGER NOT NULL, \
                      start INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID";
/// The schema, by name.
const SCHEMA: [(&str, &str); 3] = [("block", BLOCK), ("meta", META), ("object", OBJECT)];

/// Why a pack cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Its bytes are not what was written.
    #[error("pack {} is damaged: {detail}", .pack.display())]
    Damaged {
        /// The file.
        pack: PathBuf,
        /// What was found.
        detail: String,
    },
    /// It cannot be read, which says nothing about what it holds.
    #[error("pack {} cannot be read: {source}", .pack.display())]
    Io {
        /// The file.
        pack: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite or the disk says no.
    #[error("cannot build a pack: {0}")]
    Build(#[from] SqliteError),
    /// A block cannot be compressed.
    #[error("cannot compress: {0}")]
    Compress(io::Error),
}

impl PackError {
    /// Why the file `pack` cannot be read: it is at fault where it is missing
    /// or no regular file, and else the machine.
    pub(super) fn of_file(pack: &Path, source: io::Error) -> Self {
        let pack = pack.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::InvalidInput | io::ErrorKind::FileTooLarge => {
                Self::Damaged {
                    pack,
                    detail: source.to_string(),
                }
            }
            _ => Self::Io { pack, source },
        }
    }

    /// Why SQLite cannot read the file `pack`.
    fn of_reading(pack: &Path, error: SqliteError) -> Self {
        match error {
            SqliteError::Io(source) => Self::of_file(pack, source),
            SqliteError::Damaged(detail) => Self::Damaged {
                pack: pack.to_owned(),
                detail,
            },
            SqliteError::Sqlite(error) => Self::of_reading(pack, SqliteError::of_reading(error)),
        }
    }
}

impl From<rusqlite::Error> for PackError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Build(error.into())
    }
}

/// A pack being written.
pub(super) struct PackWriter {
    workbench: Workbench,
    gathered: Vec<u8>,
    /// Blocks that wait to be compressed.
    full: Vec<Block>,
    objects: BTreeMap<Sha256, Place>,
    blocks: u32,
}

/// Objects that are compressed together.
pub(super) struct Block {
    number: u32,
    bytes: Vec<u8>,
}

/// A block ready to be stored.
pub(super) struct Compressed {
    number: u32,
    bytes: usize,
    zstd: Vec<u8>,
}

impl Block {
    /// Compresses it: the costly part, which needs no pack.
    ///
    /// # Errors
    /// [`PackError::Compress`].
    pub(super) fn compress(&self) -> Result<Compressed, PackError> {
        let zstd = zstd::bulk::compress(&self.bytes, LEVEL).map_err(PackError::Compress)?;
        Ok(Compressed {
            number: self.number,
            bytes: self.bytes.len(),
            zstd,
        })
    }
}

#[derive(Clone, Copy)]
struct Place {
    block: u32,
    start: u32,
    bytes: u32,
}

impl PackWriter {
    /// An empty pack.
    ///
    /// # Errors
    /// [`PackError::Build`].
    pub(super) fn create(scratch: &Scratch) -> Result<Self, PackError> {
        let schema = SCHEMA.map(|(_, sql)| sql).join("; ");
        Ok(Self {
            workbench: Workbench::create(scratch, PAGE_BYTES, &schema)?,
            gathered: Vec::with_capacity(BLOCK_BYTES * 2),
            full: Vec::new(),
            objects: BTreeMap::new(),
            blocks: 0,
        })
    }

    /// Appends an object unless it is there already.
    pub(super) fn append(&mut self, id: Sha256, bytes: &[u8]) {
        if self.objects.contains_key(&id) {
            return;
        }
        if bytes.len() > BLOCK_BYTES {
            self.end_block();
        }
        let place = Place {
            block: self.blocks,
            start: u32::try_from(self.gathered.len()).unwrap_or(u32::MAX),
            bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        };
        self.objects.insert(id, place);
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= BLOCK_BYTES {
            self.end_block();
        }
    }

    /// Whether an object was appended to this pack.
    #[must_use]
    pub(super) fn contains(&self, id: Sha256) -> bool {
        self.objects.contains_key(&id)
    }

    /// Whether nothing was appended.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Lets what is appended next begin a block.
    pub(super) fn end_block(&mut self) {
        if !self.gathered.is_empty() {
            let room = Vec::with_capacity(BLOCK_BYTES * 2);
            self.full.push(Block {
                number: self.blocks,
                bytes: std::mem::replace(&mut self.gathered, room),
            });
            self.blocks += 1;
        }
    }

    /// The blocks that are full, to be compressed and given to
    /// [`store`](Self::store) in their order; memory is bounded by what is
    /// appended between two calls.
    pub(super) fn take_full(&mut self) -> Vec<Block> {
        std::mem::take(&mut self.full)
    }

    /// Stores the next block.
    ///
    /// # Errors
    /// [`PackError`].
    pub(super) fn store(&self, block: &Compressed) -> Result<(), PackError> {
        let mut insert = self
            .workbench
            .connection()
            .prepare_cached("INSERT INTO block VALUES (?1, ?2, ?3)")?;
        insert.execute(params![block.number, block.bytes as u64, block.zstd])?;
        Ok(())
    }

    /// Compresses (on all cores) and stores the blocks that are full.
    ///
    /// # Errors
    /// [`PackError`].
    pub(super) fn flush(&mut self) -> Result<(), PackError> {
        let full = self.take_full();
        let compressed: Vec<_> = full.par_iter().map(Block::compress).collect();
        compressed
            .into_iter()
            .try_for_each(|block| self.store(&block?))
    }

    /// As [`flush`](Self::flush), when many blocks are full: what a caller
    /// appends one by one is bounded by that.
    ///
    /// # Errors
    /// [`PackError`].
    pub(super) fn flush_if_long(&mut self) -> Result<(), PackError> {
        const MANY: usize = 8;
        match self.full.len() < MANY {
            true => Ok(()),
            false => self.flush(),
        }
    }

    /// The finished pack: `None` when nothing was appended.
    ///
    /// # Errors
    /// [`PackError`].
    pub(super) fn finish(mut self) -> Result<Option<Artifact>, PackError> {
        if self.is_empty() {
            return Ok(None);
        }
        self.end_block();
        self.flush()?;
        let connection = self.workbench.connection();
        {
            let mut insert = connection.prepare("INSERT INTO object VALUES (?1, ?2, ?3, ?4)")?;
            for (id, place) in &self.objects {
                insert.execute(params![
                    id.as_bytes(),
                    place.block,
                    place.start,
                    place.bytes
                ])?;
            }
        }
        let block = json::canonical_text(&SchemaBlock::current());
        connection.execute("INSERT INTO meta VALUES ('schema', ?1)", [block])?;
        Ok(Some(self.workbench.finish()?))
    }
}

#[cfg(test)]
#[path = "pack/tests.rs"]
mod tests;
