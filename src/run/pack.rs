//! Packs: immutable SQLite files of content-addressed objects.
//!
//! Objects are gathered into blocks of about `BLOCK_BYTES` and each block is
//! compressed, so that 40,000 tiny notes compress as well as a book. An
//! object's id is the SHA-256 of its bytes, checked at every read. Whoever
//! writes a pack appends in a fixed order; its bytes depend on nothing else.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rusqlite::{Connection, OptionalExtension, params};

use crate::foundation::spill::Artifact;
use crate::foundation::sqlite::{Scratch, SqliteError, Workbench, lift_bound, open_untrusted};
use crate::foundation::{Sha256, json};
use crate::schema::{Reader, SchemaBlock, Verdict};

/// Bytes gathered before a block is compressed.
const BLOCK_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of blocks that a reader keeps: an edit of one of 40,000 files reads
/// all of its trees, a document, and some of the trees again.
pub(super) const KEPT_BYTES: usize = 6 * BLOCK_BYTES;
/// The largest object, in bytes: what a reader of an untrusted pack may be
/// made to hold in memory.
pub const MAX_OBJECT_BYTES: usize = 128 * 1024 * 1024;
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
            io::ErrorKind::NotFound | io::ErrorKind::InvalidInput => Self::Damaged {
                pack,
                detail: source.to_string(),
            },
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
pub struct PackWriter {
    workbench: Workbench,
    gathered: Vec<u8>,
    /// Blocks that wait to be compressed.
    full: Vec<Block>,
    objects: BTreeMap<Sha256, Place>,
    blocks: u32,
}

/// Objects that are compressed together.
pub struct Block {
    number: u32,
    bytes: Vec<u8>,
}

/// A block ready to be stored.
pub struct Compressed {
    number: u32,
    bytes: usize,
    zstd: Vec<u8>,
}

impl Block {
    /// Compresses it: the costly part, which needs no pack.
    ///
    /// # Errors
    /// [`PackError::Compress`].
    pub fn compress(&self) -> Result<Compressed, PackError> {
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
    pub fn create(scratch: &Scratch) -> Result<Self, PackError> {
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
    pub fn append(&mut self, id: Sha256, bytes: &[u8]) {
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
    pub fn contains(&self, id: Sha256) -> bool {
        self.objects.contains_key(&id)
    }

    /// Whether nothing was appended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Lets what is appended next begin a block.
    pub fn end_block(&mut self) {
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
    pub fn take_full(&mut self) -> Vec<Block> {
        std::mem::take(&mut self.full)
    }

    /// Stores the next block.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn store(&self, block: &Compressed) -> Result<(), PackError> {
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
    pub fn flush(&mut self) -> Result<(), PackError> {
        let full = self.take_full();
        let compressed: Vec<_> = full.par_iter().map(Block::compress).collect();
        compressed
            .into_iter()
            .try_for_each(|block| self.store(&block?))
    }

    /// The finished pack: `None` when nothing was appended.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn finish(mut self) -> Result<Option<Artifact>, PackError> {
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
        let block = String::from_utf8_lossy(&json::canonical(&SchemaBlock::current())).into_owned();
        connection.execute("INSERT INTO meta VALUES ('schema', ?1)", [block])?;
        Ok(Some(self.workbench.finish()?))
    }
}

/// A pack opened for reading.
pub struct Pack {
    path: PathBuf,
    connection: Connection,
    /// The blocks read last, by number, the newest at the end.
    blocks: Vec<(u32, Vec<u8>)>,
    /// Their bytes.
    kept: usize,
}

impl Pack {
    /// Opens the pack at `path`, which is not trusted.
    ///
    /// # Errors
    /// [`PackError::Damaged`] when it is not a pack this build reads,
    /// [`PackError::Io`] when it cannot be read at all.
    pub fn open(path: &Path) -> Result<Self, PackError> {
        let damaged = |detail: String| PackError::Damaged {
            pack: path.to_owned(),
            detail,
        };
        let unreadable = |error: SqliteError| PackError::of_reading(path, error);
        let mut connection = open_untrusted(path, &SCHEMA).map_err(unreadable)?;
        let text: String = connection
            .query_row("SELECT value FROM meta WHERE name = 'schema'", [], |row| {
                row.get(0)
            })
            .map_err(|error| unreadable(error.into()))?;
        let bounds = json::Bounds {
            bytes: 4096,
            depth: 4,
        };
        let block: SchemaBlock = json::parse(text.as_bytes(), bounds)
            .map_err(|error| damaged(format!("its schema block: {error}")))?;
        if let Verdict::RebuildRequired(reason) = Reader::this_build().judge(&block) {
            return Err(damaged(reason.to_string()));
        }
        // A pack is asked by key, as often as a run has objects, however small
        // it is itself; the one scan of it counts rows.
        lift_bound(&mut connection).map_err(unreadable)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            blocks: Vec::new(),
            kept: 0,
        })
    }

    fn damaged(&self, detail: impl Into<String>) -> PackError {
        PackError::Damaged {
            pack: self.path.clone(),
            detail: detail.into(),
        }
    }

    fn unreadable(&self, error: rusqlite::Error) -> PackError {
        PackError::of_reading(&self.path, error.into())
    }

    fn place(&self, id: Sha256) -> Result<Option<Place>, PackError> {
        self.connection
            .prepare_cached("SELECT block, start, bytes FROM object WHERE id = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([id.as_bytes()], |row| {
                        Ok(Place {
                            block: row.get(0)?,
                            start: row.get(1)?,
                            bytes: row.get(2)?,
                        })
                    })
                    .optional()
            })
            .map_err(|error| self.unreadable(error))
    }

    /// Whether the pack holds the object.
    ///
    /// # Errors
    /// [`PackError::Damaged`].
    pub fn contains(&self, id: Sha256) -> Result<bool, PackError> {
        Ok(self.place(id)?.is_some())
    }

    /// The bytes of an object, checked against its id; `None` when the pack
    /// does not hold it. One of more than `most` bytes is not unpacked.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn read(&mut self, id: Sha256, most: usize) -> Result<Option<Vec<u8>>, PackError> {
        let Some(place) = self.place(id)? else {
            return Ok(None);
        };
        if place.bytes as usize > most.min(MAX_OBJECT_BYTES) {
            let bytes = place.bytes;
            return Err(self.damaged(format!(
                "object {id} claims {bytes} bytes, more than such a one may have"
            )));
        }
        // An empty object needs no block: the one it names may not exist.
        let bytes = match place.bytes {
            0 => &[][..],
            _ => self.slice(id, place)?,
        };
        let actual = Sha256::of(bytes);
        if actual != id {
            return Err(self.damaged(format!("object {id} has the bytes of {actual}")));
        }
        Ok(Some(bytes.to_vec()))
    }

    /// The bytes at `place`, where the object `id` is said to stand.
    fn slice(&mut self, id: Sha256, place: Place) -> Result<&[u8], PackError> {
        let known = self.blocks.iter().position(|(at, _)| *at == place.block);
        let at = match known {
            Some(at) => at,
            None => {
                self.keep(place.block, self.read_block(place)?);
                self.blocks.len() - 1
            }
        };
        let block = &self.blocks[at].1;
        let start = place.start as usize;
        start
            .checked_add(place.bytes as usize)
            .and_then(|end| block.get(start..end))
            .ok_or_else(|| self.damaged(format!("object {id} lies outside its block")))
    }

    /// Keeps a block, and lets go of the oldest ones.
    fn keep(&mut self, number: u32, block: Vec<u8>) {
        self.kept += block.len();
        self.blocks.push((number, block));
        while self.kept > KEPT_BYTES && self.blocks.len() > 1 {
            self.kept -= self.blocks.remove(0).1.len();
        }
    }

    /// Bytes of the blocks that are kept.
    pub(super) const fn kept(&self) -> usize {
        self.kept
    }

    /// Lets go of all blocks.
    pub(super) fn forget(&mut self) {
        self.blocks.clear();
        self.kept = 0;
    }

    /// Unpacks the block of the object at `place`.
    fn read_block(&self, place: Place) -> Result<Vec<u8>, PackError> {
        let block = place.block;
        let (bytes, zstd): (u64, Vec<u8>) = self
            .connection
            .prepare_cached("SELECT bytes, zstd FROM block WHERE id = ?1")
            .and_then(|mut statement| {
                statement.query_row([block], |row| Ok((row.get(0)?, row.get(1)?)))
            })
            .map_err(|error| match self.unreadable(error) {
                PackError::Damaged { detail, .. } => {
                    self.damaged(format!("block {block}: {detail}"))
                }
                other => other,
            })?;
        // A writer ends a block as soon as it has `BLOCK_BYTES`, and before a
        // larger object.
        let longest = (2 * BLOCK_BYTES).max(place.bytes as usize);
        let length = usize::try_from(bytes)
            .ok()
            .filter(|length| *length <= longest)
            .ok_or_else(|| self.damaged(format!("block {block} claims {bytes} bytes")))?;
        // Bounded by the recorded length: a bomb ends here.
        let block_bytes = zstd::bulk::decompress(&zstd, length)
            .map_err(|error| self.damaged(format!("block {block}: {error}")))?;
        if block_bytes.len() != length {
            return Err(self.damaged(format!("block {block} is shorter than recorded")));
        }
        Ok(block_bytes)
    }

    /// Whether the pack holds an object that `wanted` accepts; stops at the
    /// first.
    ///
    /// # Errors
    /// [`PackError::Damaged`].
    pub fn holds_any(&self, wanted: impl Fn(Sha256) -> bool) -> Result<bool, PackError> {
        self.visit(|id| !wanted(id)).map(|all_seen| !all_seen)
    }

    /// The ids of all its objects.
    ///
    /// # Errors
    /// [`PackError::Damaged`].
    pub fn ids(&self) -> Result<Vec<Sha256>, PackError> {
        let mut ids = Vec::new();
        self.visit(|id| {
            ids.push(id);
            true
        })?;
        Ok(ids)
    }

    /// Shows the ids to `go_on` until it says no; whether it saw all.
    fn visit(&self, mut go_on: impl FnMut(Sha256) -> bool) -> Result<bool, PackError> {
        let mut left = self
            .most_objects()
            .map_err(|error| self.unreadable(error))?;
        let mut read = || -> rusqlite::Result<Option<bool>> {
            let mut statement = self.connection.prepare("SELECT id FROM object")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if left == 0 {
                    return Ok(None);
                }
                left -= 1;
                if !go_on(Sha256::from_bytes(row.get(0)?)) {
                    return Ok(Some(false));
                }
            }
            Ok(Some(true))
        };
        read()
            .map_err(|error| self.unreadable(error))?
            .ok_or_else(|| self.damaged("it describes more objects than it can hold"))
    }

    /// No file of this size holds more objects.
    fn most_objects(&self) -> rusqlite::Result<u64> {
        // An id and the five bytes before it, that say what the columns are.
        const SMALLEST_ROW: u64 = 37;
        let number = |name: &str| -> rusqlite::Result<u64> {
            self.connection
                .pragma_query_value(None, name, |row| row.get(0))
        };
        Ok(number("page_count")? * number("page_size")? / SMALLEST_ROW)
    }
}

#[cfg(test)]
#[path = "pack/tests.rs"]
mod tests;
