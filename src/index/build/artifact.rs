//! The database while it is written, and the bytes it becomes.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use rusqlite::{Connection, MAIN_DB, params};
use serde::{Deserialize, Serialize};

use super::{Built, Counts, Facts, logical};
use crate::foundation::digest::MultisetDigest;
use crate::foundation::image::{HEADER, stamp_as_written_once};
use crate::foundation::spill::{Artifact, SpillFile};
use crate::foundation::sqlite::{Scratch, distrust_copy};
use crate::foundation::{Sha256Hasher, json};
use crate::index::error::IndexError;
use crate::index::layout::APPLICATION_ID;
use crate::index::open::MAX_VALUE_BYTES;
use crate::schema::{self, SchemaBlock};

/// Bytes of a page: SQLite's default, said aloud because the bytes of the
/// index depend on it.
const PAGE: usize = 4096;

/// A database open for writing, nowhere under a name.
pub(in crate::index) struct Workshop {
    connection: Connection,
    spill: Option<(SpillFile, File)>,
    /// Whether it was empty at first.
    anew: bool,
}

/// What an index was when it was built anew, before any edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::index) struct Origin {
    /// Its pages.
    pages: u64,
    /// Bytes of the sources it was built of.
    source_bytes: u64,
}

impl Origin {
    /// The row of `meta` that holds it.
    pub(in crate::index) const KEY: &str = "built";

    /// Whether `pages` are more than a quarter above what an index of
    /// `source_bytes` needs, to judge by this one.
    pub(in crate::index) fn is_outgrown(self, pages: u64, source_bytes: u64) -> bool {
        let now = u128::from(pages) * u128::from(self.source_bytes) * 4;
        now > u128::from(self.pages) * u128::from(source_bytes.max(1)) * 5
    }
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
        let copied = previous.as_ref().map(|(_, bytes)| *bytes);
        let (mut connection, mut spill) = match scratch {
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
        if let Some(bytes) = copied {
            // Anybody may have written it. An edit too large for the bounds is
            // told as damage, and the index built from nothing.
            distrust_copy(&mut connection, MAX_VALUE_BYTES, bytes)?;
        }
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
        if let Some((spill, _)) = &mut spill {
            spill.unlink();
        }
        Ok(Self {
            connection,
            spill,
            anew: copied.is_none(),
        })
    }

    /// The connection, inside its transaction.
    pub(in crate::index) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Its pages now.
    pub(in crate::index) fn pages(&self) -> Result<u64, IndexError> {
        let pages = self
            .connection
            .pragma_query_value(None, "page_count", |row| row.get(0));
        Ok(pages?)
    }

    /// Writes what the index says of itself, commits, and gives back the bytes.
    pub(in crate::index) fn complete(
        self,
        facts: &Facts,
        rows: MultisetDigest,
        counts: Counts,
    ) -> Result<Built, IndexError> {
        let logical = logical(rows, counts);
        let counts_json = json::canonical_text(&counts);
        {
            let mut put = self
                .connection
                .prepare("INSERT OR REPLACE INTO meta(key, value) VALUES(?, ?)")?;
            for (key, value) in [
                ("schema", &json::canonical_text(&SchemaBlock::current())),
                ("root_tree", &facts.root_tree),
                ("run_digest", &facts.run_digest),
                ("files", &files_digest(facts)),
                ("counts", &counts_json),
                ("rows", &rows.finish().to_string()),
                ("logical", &logical.to_string()),
            ] {
                put.execute(params![key, value])?;
            }
            if self.anew {
                let origin = Origin {
                    pages: self.pages()?,
                    source_bytes: facts.source_bytes,
                };
                put.execute(params![Origin::KEY, json::canonical_text(&origin)])?;
            }
        }
        self.connection
            .pragma_update(None, "application_id", APPLICATION_ID)?;
        self.connection
            .pragma_update(None, "user_version", schema::WRITES)?;
        self.connection.flush_prepared_statement_cache();
        self.connection.execute_batch("COMMIT")?;
        Ok(Built {
            artifact: self.into_artifact()?,
            logical,
            counts,
        })
    }

    fn into_artifact(self) -> Result<Artifact, IndexError> {
        let Self {
            connection, spill, ..
        } = self;
        let Some((spill, file)) = spill else {
            return Ok(Artifact::of_database(connection)?);
        };
        connection.close().map_err(|(_, error)| error)?;
        let mut head = [0; HEADER];
        file.read_exact_at(&mut head, 0)?;
        stamp_as_written_once(&mut head);
        file.write_all_at(&head, 0)?;
        Ok(spill.seal()?)
    }
}

/// A digest of which files exist beside the documents: tells an update
/// whether links to files must be looked at again.
pub(in crate::index) fn files_digest(facts: &Facts) -> String {
    let mut hasher = Sha256Hasher::default();
    for path in facts.files.iter().chain(&facts.linked) {
        hasher.update(path.as_str().as_bytes());
        hasher.update(b"\0");
    }
    hasher.finish().to_string()
}
