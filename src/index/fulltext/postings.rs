//! The words of a few documents and where they stand: what the bulk load of the
//! full text adds for them.

use super::{COLUMNS, varint};

/// Every word of some consecutive chunks with its position lists, as FTS5
/// writes them.
#[derive(Clone, Debug, Default)]
pub(in crate::index) struct Postings {
    words: Vec<u8>,
    lists: Vec<u8>,
    entries: Vec<Entry>,
    sizes: Vec<[u32; COLUMNS]>,
    lexicon: LexiconId,
}

/// Where the word and its lists end; the first and last chunk it stands in;
/// its number in the lexicon.
#[derive(Clone, Debug)]
struct Entry {
    word_end: u32,
    lists_end: u32,
    first: u32,
    last: u32,
    number: u32,
}

/// Which lexicon gave a word its number. At any time there is one for each
/// `place`, which counts up from 0; those that followed each other there
/// differ in `generation`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LexiconId {
    pub(super) place: u32,
    pub(super) generation: u32,
}

/// One word.
pub(super) struct Posting<'a> {
    pub(super) word: &'a [u8],
    /// Its number in the lexicon it was gathered with.
    pub(super) number: u32,
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
pub(super) struct Use {
    pub(super) chunk: u32,
    pub(super) place: Place,
}

/// Where in a chunk a word stands: column and position in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::index) struct Place(u32);

impl Place {
    pub(super) const fn new(column: usize, position: u32) -> Self {
        Self((column as u32) << POSITION_BITS | position & POSITION)
    }

    /// Which column.
    pub(in crate::index) const fn column(self) -> u32 {
        self.0 >> POSITION_BITS
    }

    /// The words before it in the column.
    pub(in crate::index) const fn position(self) -> u32 {
        self.0 & POSITION
    }

    /// So many words further in the same column.
    pub(in crate::index) const fn after(self, words: u32) -> Self {
        Self(self.0.wrapping_add(words))
    }
}

/// Bits of a position, below those of a column: a chunk has far fewer words.
const POSITION_BITS: u32 = 30;
const POSITION: u32 = (1 << POSITION_BITS) - 1;
const _: () = assert!(COLUMNS <= 1 << (u32::BITS - POSITION_BITS));

impl Postings {
    /// Of chunks of these sizes; room for `words` words that are used `uses`
    /// times.
    pub(super) fn new(
        lexicon: LexiconId,
        sizes: Vec<[u32; COLUMNS]>,
        words: usize,
        uses: usize,
    ) -> Self {
        Self {
            words: Vec::with_capacity(words * 8),
            lists: Vec::with_capacity(uses * 3),
            entries: Vec::with_capacity(words),
            sizes,
            lexicon,
        }
    }

    /// Adds a word, whose number is `number`, with all its uses in order.
    pub(super) fn push(&mut self, number: u32, word: &[u8], uses: &[Use]) {
        let mut before = None;
        for chunk in uses.chunk_by(|a, b| a.chunk == b.chunk) {
            let here = chunk[0].chunk;
            if let Some(before) = before.replace(here) {
                varint::put(&mut self.lists, u64::from(here - before));
            }
            let start = self.lists.len();
            // Most lists are short enough for a size of one byte.
            self.lists.push(0);
            positions(chunk.iter().map(|it| it.place), &mut self.lists);
            // The lowest bit would say that the row is deleted.
            let size = (self.lists.len() - start - 1) as u64 * 2;
            match u8::try_from(size) {
                Ok(size) if size < 0x80 => self.lists[start] = size,
                _ => {
                    let mut long = Vec::new();
                    varint::put(&mut long, size);
                    self.lists.splice(start..=start, long);
                }
            }
        }
        let first = uses.first().map_or(0, |place| place.chunk);
        self.enter(number, word, first, before.unwrap_or(0));
    }

    /// Enters `word`, whose lists were appended.
    fn enter(&mut self, number: u32, word: &[u8], first: u32, last: u32) {
        self.words.extend_from_slice(word);
        self.entries.push(Entry {
            word_end: self.words.len() as u32,
            lists_end: self.lists.len() as u32,
            first,
            last,
            number,
        });
    }

    /// With which lexicon the words were gathered.
    pub(super) const fn lexicon(&self) -> LexiconId {
        self.lexicon
    }

    /// What it says of the chunks before `chunk`, and of those from there on.
    pub(in crate::index) fn split_at(&self, chunk: u32) -> (Self, Self) {
        let empty = || Self {
            lexicon: self.lexicon,
            ..Self::default()
        };
        let (mut before, mut after) = (empty(), empty());
        let (these, later) = self.sizes.split_at(self.sizes.len().min(chunk as usize));
        before.sizes.extend_from_slice(these);
        after.sizes.extend_from_slice(later);
        for posting in self.iter() {
            let Posting {
                number: its,
                word,
                lists,
                ..
            } = posting;
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
                before.enter(its, word, posting.first, last);
            }
            if start < lists.len() {
                after.lists.extend_from_slice(&lists[start..]);
                after.enter(its, word, number - chunk, posting.last - chunk);
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
                number: entry.number,
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
#[inline]
fn positions(places: impl Iterator<Item = Place>, out: &mut Vec<u8>) {
    let (mut column, mut before) = (0, 0);
    for place in places {
        if place.column() != column {
            column = place.column();
            before = 0;
            out.push(1);
            varint::put(out, u64::from(column));
        }
        varint::put(out, u64::from(place.position() - before) + 2);
        before = place.position();
    }
}
