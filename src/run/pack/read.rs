//! Reading packs, which are not trusted.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use super::{BLOCK_BYTES, KEPT_BYTES, MAX_OBJECT_BYTES, PackError, Place, SCHEMA};
use crate::foundation::sqlite::{SqliteError, lift_bound, open_untrusted};
use crate::foundation::{Sha256, json};
use crate::schema::{Reader, SchemaBlock, Verdict};

/// A pack opened for reading.
pub(in crate::run) struct Pack {
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
    pub(in crate::run) fn open(path: &Path) -> Result<Self, PackError> {
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
    pub(in crate::run) fn contains(&self, id: Sha256) -> Result<bool, PackError> {
        Ok(self.place(id)?.is_some())
    }

    /// The bytes of an object, checked against its id; `None` when the pack
    /// does not hold it. One of more than `most` bytes is not unpacked.
    ///
    /// # Errors
    /// [`PackError`].
    pub(in crate::run) fn read(
        &mut self,
        id: Sha256,
        most: usize,
    ) -> Result<Option<Vec<u8>>, PackError> {
        let Some(place) = self.place(id)? else {
            return Ok(None);
        };
        if place.bytes as usize > most.min(MAX_OBJECT_BYTES) {
            let bytes = place.bytes;
            return Err(self.damaged(format!(
                "object {id} claims {bytes} bytes, more than it may have"
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

    /// Reads every object, block by block.
    ///
    /// # Errors
    /// [`PackError`].
    pub(in crate::run) fn check(&mut self) -> Result<(), PackError> {
        let mut places = Vec::new();
        for (id, _) in self.objects()? {
            places.extend(self.place(id)?.map(|place| (place.block, place.start, id)));
        }
        places.sort_unstable();
        for (_, _, id) in places {
            self.read(id, MAX_OBJECT_BYTES)?;
        }
        Ok(())
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
    pub(in crate::run) const fn kept(&self) -> usize {
        self.kept
    }

    /// Lets go of all blocks.
    pub(in crate::run) fn forget(&mut self) {
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
    pub(in crate::run) fn holds_any(
        &self,
        wanted: impl Fn(Sha256) -> bool,
    ) -> Result<bool, PackError> {
        self.visit(|id, _| !wanted(id)).map(|all_seen| !all_seen)
    }

    /// The ids of all its objects, and how many bytes each has.
    ///
    /// # Errors
    /// [`PackError::Damaged`].
    pub(in crate::run) fn objects(&self) -> Result<Vec<(Sha256, u32)>, PackError> {
        let mut objects = Vec::new();
        self.visit(|id, bytes| {
            objects.push((id, bytes));
            true
        })?;
        Ok(objects)
    }

    /// Shows the ids and lengths to `go_on` until it says no; whether it saw
    /// all.
    fn visit(&self, mut go_on: impl FnMut(Sha256, u32) -> bool) -> Result<bool, PackError> {
        let mut left = self
            .most_objects()
            .map_err(|error| self.unreadable(error))?;
        let mut read = || -> rusqlite::Result<Option<bool>> {
            let mut statement = self.connection.prepare("SELECT id, bytes FROM object")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if left == 0 {
                    return Ok(None);
                }
                left -= 1;
                if !go_on(Sha256::from_bytes(row.get(0)?), row.get(1)?) {
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
