//! The table `search`: its bulk load, and the reading of it that a ranking
//! needs. The words are gathered in memory and written as segments of FTS5's own
//! format, since feeding FTS5 row by row would keep one core busy longer than
//! everything else together.
//!
//! [`Lexicons`] make [`Postings`] of a few documents each, in parallel; [`Loader`] takes
//! them in the order of the rows. What is written is what FTS5 would have written
//! (a test compares the bytes), and FTS5 alone updates it; [`FullText`] reads it.

mod lexicon;
mod pages;
mod postings;
mod read;
mod segment;
mod varint;
mod vocabulary;

use rusqlite::{Connection, params};

pub(in crate::index) use lexicon::Lexicons;
use postings::LexiconId;
pub(in crate::index) use postings::{Place, Postings};
pub(in crate::index) use read::{FullText, Rows};
use segment::Segment;
use vocabulary::Vocabulary;

/// The columns of `search`.
pub(in crate::index) const COLUMNS: usize = 3;
/// FTS5 cuts words off after this many bytes (`FTS5_MAX_TOKEN_SIZE`).
const LONGEST_WORD: usize = 32_768;
/// The level of the structure where the newest loaded segment goes: above
/// those that updates fill and merge, so that a small edit does not start to
/// merge what was loaded.
const FIRST_LEVEL: usize = 3;
/// Segments of a level: one less than what makes FTS5 merge them.
const LEVEL_SEGMENTS: usize = 3;
/// FTS5 knows no more levels than this (`FTS5_MAX_LEVEL`).
const LEVELS: usize = 64;
/// Rows of `search_data` with a meaning of their own.
const AVERAGES: i64 = 1;
const STRUCTURE: i64 = 10;

/// Fills `search` with rows in ascending order.
#[derive(Default)]
pub(in crate::index) struct Loader {
    vocabulary: Vocabulary,
    lists: Vec<List>,
    /// What the words of each lexicon are here, by its place.
    known: Vec<Known>,
    /// The pages of each segment that was written.
    segments: Vec<u32>,
    rows: u64,
    sizes: [u64; COLUMNS],
}

/// The numbers here of the words of a lexicon: each plus one, or 0.
#[derive(Default)]
struct Known {
    generation: u32,
    numbers: Vec<u32>,
}

/// The rows of one word so far.
#[derive(Default)]
struct List {
    last_row: i64,
    bytes: Vec<u8>,
}

impl Loader {
    /// Adds the rows from `first` on, with these words.
    pub(in crate::index) fn add(
        &mut self,
        connection: &Connection,
        first: i64,
        postings: &Postings,
    ) -> rusqlite::Result<()> {
        let mut insert =
            connection.prepare_cached("INSERT INTO search_docsize(id, sz) VALUES(?, ?)")?;
        let mut encoded = Vec::new();
        for (row, sizes) in (first..).zip(postings.sizes()) {
            encoded.clear();
            for (total, size) in self.sizes.iter_mut().zip(sizes) {
                *total += u64::from(*size);
                varint::put(&mut encoded, u64::from(*size));
            }
            self.rows += 1;
            insert.execute(params![row, encoded])?;
        }
        let known = Known::of(&mut self.known, postings.lexicon());
        for posting in postings.iter() {
            let number = known.number(posting.number, || self.vocabulary.number(posting.word));
            if number == self.lists.len() {
                self.lists.push(List::default());
            }
            let list = &mut self.lists[number];
            let row = first + i64::from(posting.first);
            varint::put(&mut list.bytes, (row - list.last_row) as u64);
            list.bytes.extend_from_slice(posting.lists);
            list.last_row = first + i64::from(posting.last);
        }
        Ok(())
    }

    /// Writes what is gathered as a segment: what bounds memory.
    pub(in crate::index) fn end_segment(
        &mut self,
        connection: &Connection,
    ) -> rusqlite::Result<()> {
        if self.lists.is_empty() {
            return Ok(());
        }
        let segment = self.segment();
        write(connection, self.segments.len() as u16, segment)
    }

    /// The segment of what is gathered; nothing is gathered then.
    fn segment(&mut self) -> Segment {
        let number = self.segments.len() as u16 + 1;
        let vocabulary = std::mem::take(&mut self.vocabulary);
        self.known.clear();
        let mut lists = std::mem::take(&mut self.lists);
        let words = vocabulary.sorted();
        let words = words.iter().map(|word| {
            let rows = std::mem::take(&mut lists[*word].bytes);
            (vocabulary.word(*word), rows)
        });
        let segment = segment::make(number, words);
        self.segments.push(segment.pages);
        segment
    }

    /// Makes the last segment, away from the database.
    pub(in crate::index) fn finish(mut self) -> Loaded {
        let last = (!self.lists.is_empty()).then(|| self.segment());
        let mut averages = Vec::new();
        varint::put(&mut averages, self.rows);
        for size in self.sizes {
            varint::put(&mut averages, size);
        }
        Loaded {
            last,
            averages,
            segments: self.segments,
        }
    }
}

impl Known {
    /// That of `lexicon` among `all`.
    fn of(all: &mut Vec<Self>, lexicon: LexiconId) -> &mut Self {
        let place = lexicon.place as usize;
        if all.len() <= place {
            all.resize_with(place + 1, Self::default);
        }
        let known = &mut all[place];
        if known.generation != lexicon.generation {
            known.generation = lexicon.generation;
            known.numbers.clear();
        }
        known
    }

    /// The number here of the word that has `number` there; sought if it is new.
    fn number(&mut self, number: u32, seek: impl FnOnce() -> usize) -> usize {
        let place = number as usize;
        if self.numbers.len() <= place {
            self.numbers.resize(place + 1, 0);
        }
        let known = &mut self.numbers[place];
        if *known == 0 {
            *known = seek() as u32 + 1;
        }
        *known as usize - 1
    }
}

/// What is still to be written of a load.
pub(in crate::index) struct Loaded {
    last: Option<Segment>,
    averages: Vec<u8>,
    segments: Vec<u32>,
}

impl Loaded {
    /// Writes it, and what FTS5 needs to know of it all.
    pub(in crate::index) fn write(self, connection: &Connection) -> rusqlite::Result<()> {
        if self.segments.is_empty() {
            return Ok(());
        }
        if let Some(last) = self.last {
            write(connection, self.segments.len() as u16, last)?;
        }
        let mut put = connection.prepare("REPLACE INTO search_data(id, block) VALUES(?, ?)")?;
        put.execute(params![AVERAGES, self.averages])?;
        put.execute(params![STRUCTURE, structure(&self.segments)])?;
        Ok(())
    }
}

/// Writes the rows of one segment.
fn write(connection: &Connection, number: u16, segment: Segment) -> rusqlite::Result<()> {
    let mut insert = connection.prepare("INSERT INTO search_data(id, block) VALUES(?, ?)")?;
    for (id, block) in segment.data {
        insert.execute(params![id, block])?;
    }
    let mut insert =
        connection.prepare("INSERT INTO search_idx(segid, term, pgno) VALUES(?, ?, ?)")?;
    for (word, page) in segment.first_words {
        insert.execute(params![number, word, page])?;
    }
    Ok(())
}

/// The structure record: which segments there are, by level. The newest are
/// on the lowest levels, and of one level the newest is the last.
fn structure(segments: &[u32]) -> Vec<u8> {
    let level_of = |number: usize| {
        let newer = segments.len() - 1 - number;
        (FIRST_LEVEL + newer / LEVEL_SEGMENTS).min(LEVELS - 1)
    };
    // The cookie of the configuration, which was never changed.
    let mut record = vec![0; 4];
    let levels = if segments.is_empty() {
        0
    } else {
        level_of(0) + 1
    };
    varint::put(&mut record, levels as u64);
    varint::put(&mut record, segments.len() as u64);
    varint::put(&mut record, 0);
    for level in 0..levels {
        let here: Vec<usize> = (0..segments.len())
            .filter(|number| level_of(*number) == level)
            .collect();
        varint::put(&mut record, 0);
        varint::put(&mut record, here.len() as u64);
        for number in here {
            varint::put(&mut record, number as u64 + 1);
            varint::put(&mut record, 1);
            varint::put(&mut record, u64::from(segments[number]));
        }
    }
    record
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
