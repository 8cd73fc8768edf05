//! Proof that an index says what it should: its digests computed anew from
//! its rows and from its postings.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

use super::build::logical;
use super::digest::RowHasher;
use super::error::IndexError;
use super::open::Index;
use super::recompute;
use crate::foundation::Sha256;

impl Index {
    /// The logical digest, computed from every row of every table but
    /// `search`; the text that `search` must hold is bound by the digests of
    /// the chunks' texts. An intact index gives [`Meta::logical`](super::Meta).
    ///
    /// # Errors
    /// [`IndexError::Damaged`] when rows contradict each other.
    pub fn logical_digest(&self) -> Result<Sha256, IndexError> {
        let (sum, counts) = recompute::everything(self.connection())?;
        Ok(logical(sum, counts))
    }

    /// A digest of what `search` holds: every token of every chunk with its
    /// column and position, whatever the rowids and segments. Equal for an
    /// index and one built from the same documents. Takes about as long as
    /// a build.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] when `search` cannot be read through.
    pub fn text_digest(&self) -> Result<Sha256, IndexError> {
        let connection = self.connection();
        // A table of the connection, not of the file, which stays read-only.
        connection.pragma_update(None, "query_only", false)?;
        let made = connection.execute_batch(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.instance
             USING fts5vocab('main', 'search', 'instance')",
        );
        connection.pragma_update(None, "query_only", true)?;
        made?;
        let postings = self.sum_postings()?;
        let mut hasher = RowHasher::new("text");
        let mut statement = connection.prepare(
            "SELECT d.path, c.id - d.first_chunk, c.id FROM document d
             JOIN chunk c ON c.id >= d.first_chunk AND c.id < d.first_chunk + d.chunks
             ORDER BY d.path, c.id",
        )?;
        let mut rows = statement.query([])?;
        let mut found = 0;
        while let Some(row) = rows.next()? {
            let path: String = row.get(0)?;
            hasher.text(&path);
            hasher.number(row.get(1)?);
            let sum = postings.get(&row.get::<_, i64>(2)?);
            found += usize::from(sum.is_some());
            hasher.number(sum.copied().unwrap_or_default().cast_signed());
        }
        if found != postings.len() {
            return Err(IndexError::damaged("search holds text of no chunk"));
        }
        Ok(hasher.finish())
    }

    /// For each chunk the sum of the hashes of its postings.
    fn sum_postings(&self) -> Result<HashMap<i64, u64>, IndexError> {
        let mut statement = self
            .connection()
            .prepare("SELECT term, doc, col, offset FROM temp.instance")?;
        let mut rows = statement.query([])?;
        let mut sums: HashMap<i64, u64> = HashMap::new();
        let mut last = (Vec::new(), 0u64);
        while let Some(row) = rows.next()? {
            let term = row.get_ref(0)?.as_bytes()?;
            if last.0 != term {
                let mut hasher = DefaultHasher::new();
                hasher.write(term);
                last = (term.to_vec(), hasher.finish());
            }
            let column = row.get_ref(2)?.as_bytes()?;
            let offset: i64 = row.get(3)?;
            let mut hasher = DefaultHasher::new();
            hasher.write_u64(last.1);
            hasher.write(column);
            hasher.write_i64(offset);
            let sum = sums.entry(row.get(1)?).or_default();
            *sum = sum.wrapping_add(hasher.finish());
        }
        Ok(sums)
    }
}
