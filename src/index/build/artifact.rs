//! The database while it is written, and what it says of itself.

use std::io::Read;

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::{Built, Counts, Facts, logical};
use crate::foundation::digest::MultisetDigest;
use crate::foundation::sqlite::{Scratch, Workbench};
use crate::foundation::{Sha256Hasher, json};
use crate::index::error::IndexError;
use crate::index::layout::{APPLICATION_ID, TABLES};
use crate::index::open::MAX_VALUE_BYTES;
use crate::schema::{self, SchemaBlock};

/// Bytes of a page: SQLite's default, said aloud because the bytes of the
/// index depend on it.
const PAGE: u32 = 4096;

/// An index while it is written.
pub(in crate::index) struct Workshop {
    bench: Workbench,
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
    /// An empty one, with its tables.
    pub(in crate::index) fn empty(scratch: &Scratch) -> Result<Self, IndexError> {
        let bench = Workbench::create(scratch, PAGE, TABLES)?;
        Ok(Self { bench, anew: true })
    }

    /// A copy of `previous`. Anybody may have written it: an edit too large for
    /// the bounds is told as damage, and the index built from nothing.
    pub(in crate::index) fn copy(
        scratch: &Scratch,
        previous: &mut dyn Read,
        bytes: u64,
    ) -> Result<Self, IndexError> {
        let bench = Workbench::copy(scratch, previous, bytes, MAX_VALUE_BYTES)?;
        Ok(Self { bench, anew: false })
    }

    /// The connection, inside its transaction.
    pub(in crate::index) const fn connection(&self) -> &Connection {
        self.bench.connection()
    }

    /// Its pages now.
    pub(in crate::index) fn pages(&self) -> Result<u64, IndexError> {
        let connection = self.connection();
        Ok(connection.pragma_query_value(None, "page_count", |row| row.get(0))?)
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
        let connection = self.connection();
        {
            let mut put =
                connection.prepare("INSERT OR REPLACE INTO meta(key, value) VALUES(?, ?)")?;
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
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        connection.pragma_update(None, "user_version", schema::WRITES)?;
        Ok(Built {
            artifact: self.bench.finish()?,
            logical,
            counts,
        })
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
