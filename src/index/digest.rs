//! The logical digest: what an index says, whatever its rowids and pages.
//!
//! One row text per document (everything its rows say), one per document
//! for where its links point, one per refused source; their SHA-256 are
//! summed order-independently, so an edit changes the sum at its own cost.

use crate::foundation::Sha256;
use crate::graph::{ChunkKey, Span};

/// Hashes rows field by field; every text is preceded by its length, so that
/// no two different rows have the same bytes.
///
/// They are gathered and hashed at once: a row is many small fields.
pub(super) struct RowHasher(Vec<u8>);

impl RowHasher {
    pub(super) fn new(domain: &str) -> Self {
        let mut hasher = Self(Vec::with_capacity(1024));
        hasher.text(domain);
        hasher
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as i64);
        self.bytes(text.as_bytes());
    }

    pub(super) fn number(&mut self, number: i64) {
        self.bytes(&number.to_le_bytes());
    }

    fn numbers(&mut self, numbers: &[i64]) {
        for number in numbers {
            self.number(*number);
        }
    }

    fn optional(&mut self, number: Option<i64>) {
        self.number(number.unwrap_or(-1));
    }

    pub(super) fn finish(self) -> Sha256 {
        Sha256::of(&self.0)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn document(
        &mut self,
        path: &str,
        sha256: &[u8],
        title: Option<&str>,
        numbers: [i64; 3],
    ) {
        self.text(path);
        self.bytes(sha256);
        self.number(i64::from(title.is_some()));
        self.text(title.unwrap_or_default());
        self.numbers(&numbers);
    }

    pub(super) fn section(
        &mut self,
        parent: Option<i64>,
        title: &str,
        anchor: &str,
        numbers: [i64; 5],
    ) {
        self.text("section");
        self.optional(parent);
        self.text(title);
        self.text(anchor);
        self.numbers(&numbers);
    }

    pub(super) fn anchor(&mut self, section: Option<i64>, name: &str, numbers: [i64; 3]) {
        self.text("anchor");
        self.optional(section);
        self.text(name);
        self.numbers(&numbers);
    }

    pub(super) fn chunk(&mut self, section: Option<i64>, key: ChunkKey, numbers: [i64; 4]) {
        self.text("chunk");
        self.optional(section);
        self.bytes(&key.hash);
        self.number(i64::from(key.copy));
        self.numbers(&numbers);
    }

    pub(super) fn mention(&mut self, term: &str, numbers: [i64; 6], bytes: Option<i64>) {
        self.text("mention");
        self.text(term);
        self.numbers(&numbers);
        self.optional(bytes);
    }

    pub(super) fn tagged(&mut self, tag: &str, numbers: [i64; 4]) {
        self.text("tagged");
        self.text(tag);
        self.numbers(&numbers);
    }

    pub(super) fn link(&mut self, section: Option<i64>, written: &str, numbers: [i64; 4]) {
        self.text("link");
        self.optional(section);
        self.text(written);
        self.numbers(&numbers);
    }
}

/// Line, start and length of a span: as they are stored.
pub(super) fn place(span: Span) -> [i64; 3] {
    [
        i64::from(span.line),
        i64::from(span.start),
        i64::from(span.end) - i64::from(span.start),
    ]
}

/// The digest of one refused source.
pub(super) fn refused(path: &str, reason: &str) -> Sha256 {
    let mut row = RowHasher::new("refused");
    row.text(path);
    row.text(reason);
    row.finish()
}
