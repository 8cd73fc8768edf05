//! The words of a few documents and where they stand: what the bulk load of the
//! full text adds for them. Pure, so that it is made in parallel.

use super::varint;
use super::vocabulary::Vocabulary;
use super::{COLUMNS, LONGEST_WORD};
use crate::index::words::Words;

/// Every word of some consecutive chunks with its position lists, as FTS5
/// writes them.
#[derive(Clone, Debug, Default)]
pub(in crate::index) struct Postings {
    words: Vec<u8>,
    lists: Vec<u8>,
    entries: Vec<Entry>,
    sizes: Vec<[u32; COLUMNS]>,
}

/// Where the word and its lists end; the first and last chunk it stands in.
#[derive(Clone, Debug)]
struct Entry {
    word_end: u32,
    lists_end: u32,
    first: u32,
    last: u32,
}

/// One word.
pub(super) struct Posting<'a> {
    pub(super) word: &'a [u8],
    /// The first chunk it stands in, counted from 0.
    pub(super) first: u32,
    /// The last.
    pub(super) last: u32,
    /// The position list of the first chunk, then for each further chunk its
    /// distance from the one before and its list.
    pub(super) lists: &'a [u8],
}

/// One use of a word.
#[derive(Clone, Copy, Default)]
struct Use {
    chunk: u32,
    column: u32,
    position: u32,
}

impl Postings {
    /// Of chunks whose columns have these texts, of `bytes` bytes in all.
    pub(in crate::index) fn of<'a>(
        chunks: impl Iterator<Item = [&'a str; COLUMNS]>,
        bytes: usize,
    ) -> Self {
        // Rooms of about the size that prose needs: few are ever moved.
        let mut vocabulary = Vocabulary::with_capacity(bytes / 32);
        let mut uses: Vec<(u32, Use)> = Vec::with_capacity(bytes / 6);
        let mut sizes = Vec::new();
        for (chunk, columns) in chunks.enumerate() {
            let mut size = [0; COLUMNS];
            for (column, text) in columns.into_iter().enumerate() {
                let mut words = Words::of(text);
                while let Some(word) = vocabulary.next(&mut words, LONGEST_WORD) {
                    let place = Use {
                        chunk: chunk as u32,
                        column: column as u32,
                        position: size[column],
                    };
                    uses.push((word as u32, place));
                    size[column] += 1;
                }
            }
            sizes.push(size);
        }
        let mut postings = Self {
            words: Vec::with_capacity(vocabulary.bytes()),
            lists: Vec::with_capacity(uses.len() * 3),
            entries: Vec::with_capacity(vocabulary.len()),
            sizes,
        };
        postings.turn(&vocabulary, &uses);
        postings
    }

    /// Sorts the uses by word, keeping their order, and writes their lists.
    fn turn(&mut self, vocabulary: &Vocabulary, uses: &[(u32, Use)]) {
        let mut ends = vec![0u32; vocabulary.len()];
        for (word, _) in uses {
            ends[*word as usize] += 1;
        }
        let mut total = 0;
        for end in &mut ends {
            total += std::mem::replace(end, total);
        }
        let mut sorted = vec![Use::default(); uses.len()];
        for (word, place) in uses {
            let next = &mut ends[*word as usize];
            sorted[*next as usize] = *place;
            *next += 1;
        }
        let mut start = 0;
        let mut scratch = Vec::new();
        for (word, end) in ends.into_iter().enumerate() {
            self.push(
                vocabulary.word(word),
                &sorted[start as usize..end as usize],
                &mut scratch,
            );
            start = end;
        }
    }

    fn push(&mut self, word: &[u8], uses: &[Use], scratch: &mut Vec<u8>) {
        let mut before = None;
        for chunk in uses.chunk_by(|a, b| a.chunk == b.chunk) {
            let number = chunk[0].chunk;
            if let Some(before) = before.replace(number) {
                varint::put(&mut self.lists, u64::from(number - before));
            }
            scratch.clear();
            positions(chunk, scratch);
            // The lowest bit would say that the row is deleted.
            varint::put(&mut self.lists, scratch.len() as u64 * 2);
            self.lists.extend_from_slice(scratch);
        }
        let first = uses.first().map_or(0, |place| place.chunk);
        self.enter(word, first, before.unwrap_or(0));
    }

    /// Enters `word`, whose lists were appended.
    fn enter(&mut self, word: &[u8], first: u32, last: u32) {
        self.words.extend_from_slice(word);
        self.entries.push(Entry {
            word_end: self.words.len() as u32,
            lists_end: self.lists.len() as u32,
            first,
            last,
        });
    }

    /// What it says of the chunks before `chunk`, and of those from there on.
    pub(in crate::index) fn split_at(&self, chunk: u32) -> (Self, Self) {
        let (mut before, mut after) = (Self::default(), Self::default());
        let (these, later) = self.sizes.split_at(self.sizes.len().min(chunk as usize));
        before.sizes.extend_from_slice(these);
        after.sizes.extend_from_slice(later);
        for posting in self.iter() {
            let Posting { word, lists, .. } = posting;
            let (mut number, mut last) = (posting.first, posting.first);
            // Where the lists before end, and where those after begin.
            let (mut end, mut start) = (0, 0);
            while number < chunk && start < lists.len() {
                let (size, length) = varint::get(&lists[start..]);
                end = start + length + size as usize / 2;
                let (distance, length) = varint::get(&lists[end..]);
                start = end + length;
                last = number;
                number += distance as u32;
            }
            if end > 0 {
                before.lists.extend_from_slice(&lists[..end]);
                before.enter(word, posting.first, last);
            }
            if start < lists.len() {
                after.lists.extend_from_slice(&lists[start..]);
                after.enter(word, number - chunk, posting.last - chunk);
            }
        }
        (before, after)
    }

    /// The words, in the order of their first use.
    pub(super) fn iter(&self) -> impl Iterator<Item = Posting<'_>> {
        let (mut word_start, mut lists_start) = (0, 0);
        self.entries.iter().map(move |entry| {
            let (word_end, lists_end) = (entry.word_end as usize, entry.lists_end as usize);
            let posting = Posting {
                word: &self.words[word_start..word_end],
                first: entry.first,
                last: entry.last,
                lists: &self.lists[lists_start..lists_end],
            };
            (word_start, lists_start) = (word_end, lists_end);
            posting
        })
    }

    /// The number of words in each column of each chunk.
    pub(super) fn sizes(&self) -> &[[u32; COLUMNS]] {
        &self.sizes
    }
}

/// The positions of a word in one chunk: distances, each plus two, since one
/// announces another column.
fn positions(uses: &[Use], out: &mut Vec<u8>) {
    let (mut column, mut before) = (0, 0);
    for place in uses {
        if place.column != column {
            column = place.column;
            before = 0;
            out.push(1);
            varint::put(out, u64::from(column));
        }
        varint::put(out, u64::from(place.position - before) + 2);
        before = place.position;
    }
}
