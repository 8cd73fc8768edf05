//! The database while it is written, and the bytes it becomes.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use rusqlite::{Connection, MAIN_DB, params};

use super::{Built, Counts, Facts, logical, schema_json};
use crate::foundation::digest::MultisetDigest;
use crate::foundation::spill::{Artifact, SpillFile};
use crate::foundation::sqlite::Scratch;
use crate::foundation::{Sha256, Sha256Hasher};
use crate::index::error::IndexError;
use crate::index::layout::APPLICATION_ID;
use crate::schema;

/// Bytes of a page: SQLite's default, said aloud because the bytes of the
/// index depend on it.
const PAGE: usize = 4096;
/// Stands in `meta` for the seal while the seal is computed.
const UNSEALED: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A database open for writing, nowhere under a name.
pub(in crate::index) struct Workshop {
    connection: Connection,
    spill: Option<(SpillFile, File)>,
}

impl Workshop {
    /// An empty database inside a transaction.
    pub(in crate::index) fn empty(scratch: &Scratch) -> Result<Self, IndexError> {
        Self::open(scratch, None)
    }

    /// A copy of `previous` inside a transaction.
    pub(in crate::index) fn copy(
        scratch: &Scratch,
        previous: &mut dyn Read,
        bytes: u64,
    ) -> Result<Self, IndexError> {
        Self::open(scratch, Some((previous, bytes)))
    }

    fn open(scratch: &Scratch, previous: Option<(&mut dyn Read, u64)>) -> Result<Self, IndexError> {
        let (connection, spill) = match scratch {
            Scratch::Memory => {
                let mut connection = Connection::open_in_memory()?;
                if let Some((previous, bytes)) = previous {
                    let bytes = usize::try_from(bytes).map_err(io::Error::other)?;
                    connection.deserialize_read_exact(MAIN_DB, previous, bytes, false)?;
                }
                (connection, None)
            }
            Scratch::Spill(directory) => {
                let spill = SpillFile::create(directory)?;
                let mut file = File::options().read(true).write(true).open(spill.path())?;
                if let Some((previous, _)) = previous {
                    io::copy(previous, &mut file)?;
                }
                let connection = Connection::open(spill.path())?;
                (connection, Some((spill, file)))
            }
        };
        // The journal is off because a failed build is thrown away whole.
        connection.execute_batch(&format!(
            "PRAGMA page_size = {PAGE};
             PRAGMA journal_mode = OFF;
             PRAGMA synchronous = OFF;
             PRAGMA locking_mode = EXCLUSIVE;
             PRAGMA temp_store = {};
             PRAGMA cache_size = -16384;
             BEGIN EXCLUSIVE;",
            if spill.is_some() { "FILE" } else { "MEMORY" },
        ))?;
        connection.set_prepared_statement_cache_capacity(64);
        if let Some((spill, _)) = &spill {
            spill.unlink();
        }
        Ok(Self { connection, spill })
    }

    /// The connection, inside its transaction.
    pub(in crate::index) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Writes what the index says of itself, commits, and seals the bytes.
    pub(in crate::index) fn complete(
        self,
        facts: &Facts,
        rows: MultisetDigest,
        counts: Counts,
    ) -> Result<Built, IndexError> {
        let logical = logical(rows, counts);
        let counts_json =
            String::from_utf8_lossy(&crate::foundation::json::canonical(&counts)).into_owned();
        {
            let mut put = self
                .connection
                .prepare("INSERT OR REPLACE INTO meta(key, value) VALUES(?, ?)")?;
            for (key, value) in [
                ("schema", schema_json().as_str()),
                ("root_tree", &facts.root_tree),
                ("run_digest", &facts.run_digest),
                ("files", &files_digest(facts)),
                ("counts", &counts_json),
                ("rows", &rows.finish().to_string()),
                ("logical", &logical.to_string()),
                ("seal", UNSEALED),
            ] {
                put.execute(params![key, value])?;
            }
        }
        self.connection
            .pragma_update(None, "application_id", APPLICATION_ID)?;
        self.connection
            .pragma_update(None, "user_version", schema::WRITES)?;
        self.connection.flush_prepared_statement_cache();
        self.connection.execute_batch("COMMIT")?;
        Ok(Built {
            artifact: self.seal()?,
            logical,
            counts,
        })
    }

    fn seal(self) -> Result<Artifact, IndexError> {
        let Self {
            mut connection,
            spill,
        } = self;
        let Some((spill, file)) = spill else {
            let mut bytes = connection.serialize(MAIN_DB)?.to_vec();
            normalise(&mut bytes)?;
            let seal = Sha256::of(&bytes).to_string();
            let at = seal_place(&bytes, UNSEALED)?;
            bytes[at..at + seal.len()].copy_from_slice(seal.as_bytes());
            return Ok(Artifact::from(bytes));
        };
        connection.close().map_err(|(_, error)| error)?;
        let mut head = vec![0u8; 2 * PAGE];
        file.read_exact_at(&mut head, 0)?;
        normalise(&mut head)?;
        file.write_all_at(&head, 0)?;
        let at = seal_place(&head, UNSEALED)?;
        let seal = hash_file(&file)?.to_string();
        file.write_all_at(seal.as_bytes(), at as u64)?;
        Ok(spill.seal()?)
    }
}

/// A digest of which files exist beside the documents: tells an update
/// whether links to files must be looked at again.
pub(in crate::index) fn files_digest(facts: &Facts) -> String {
    let mut hasher = Sha256Hasher::default();
    for path in &facts.files {
        hasher.update(path.as_str().as_bytes());
        hasher.update(b"\0");
    }
    hasher.finish().to_string()
}

/// Makes the header independent of how the bytes came about: the change
/// counter, its copy, and the library's version beside it.
fn normalise(bytes: &mut [u8]) -> Result<(), IndexError> {
    let version = (rusqlite::version_number() as u32).to_be_bytes();
    for (at, value) in [
        (24, 1u32.to_be_bytes()),
        (92, 1u32.to_be_bytes()),
        (96, version),
    ] {
        bytes
            .get_mut(at..at + 4)
            .ok_or_else(|| IndexError::Damaged("no header".to_owned()))?
            .copy_from_slice(&value);
    }
    Ok(())
}

/// Where the seal stands: in the second page, which is the root of `meta`.
fn seal_place(bytes: &[u8], seal: &str) -> Result<usize, IndexError> {
    let page = bytes.get(PAGE..2 * PAGE).unwrap_or_default();
    page.windows(seal.len())
        .position(|window| window == seal.as_bytes())
        .map(|at| PAGE + at)
        .ok_or_else(|| IndexError::Damaged("no seal".to_owned()))
}

fn hash_file(file: &File) -> io::Result<Sha256> {
    let mut hasher = Sha256Hasher::default();
    let mut buffer = vec![0u8; 256 * 1024];
    let mut at = 0;
    loop {
        let count = file.read_at(&mut buffer, at)?;
        if count == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(&buffer[..count]);
        at += count as u64;
    }
}

/// Whether every byte of the index at `path` is as it was written: its seal,
/// the SHA-256 of the file with zeros in the seal's place, is right.
pub(in crate::index) fn check_seal(path: &Path, seal: &str) -> Result<bool, IndexError> {
    let mut file = File::open(path)?;
    let mut head = vec![0u8; 2 * PAGE];
    file.read_exact(&mut head)?;
    let Ok(at) = seal_place(&head, seal) else {
        return Ok(false);
    };
    if seal.len() != UNSEALED.len() {
        return Ok(false);
    }
    head[at..at + seal.len()].copy_from_slice(UNSEALED.as_bytes());
    let mut hasher = Sha256Hasher::default();
    hasher.update(&head);
    io::copy(&mut file, &mut hasher)?;
    Ok(hasher.finish().to_string() == seal)
}
