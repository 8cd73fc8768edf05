//! Words, each with a small number.

use std::hash::{BuildHasher, Hasher};

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::index::words::Words;

/// Words in the order in which they were first met: the number of a word is
/// its place. Hashes are keyed anew in each process, so that no text can be
/// made to collide; nothing that is written depends on them.
#[derive(Default)]
pub(super) struct Vocabulary {
    hasher: DefaultHashBuilder,
    numbers: HashTable<Slot>,
    /// The words, one after the other.
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

/// A word in the table. What tells most words apart stands here, so that
/// finding one takes a single look at memory.
struct Slot {
    head: u64,
    length: u32,
    number: u32,
}

impl Vocabulary {
    /// An empty one with room for about `words` words.
    pub(super) fn with_capacity(words: usize) -> Self {
        Self {
            hasher: DefaultHashBuilder::default(),
            numbers: HashTable::with_capacity(words),
            bytes: Vec::with_capacity(words * 8),
            ends: Vec::with_capacity(words),
        }
    }

    /// How many words there are.
    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// How many bytes they have.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The word with this number.
    pub(super) fn word(&self, number: usize) -> &[u8] {
        word(&self.bytes, &self.ends, number as u32)
    }

    /// The number of `word`, which is added if it is new.
    pub(super) fn number(&mut self, word: &[u8]) -> usize {
        self.bytes.extend_from_slice(word);
        self.number_of_last()
    }

    /// The number of the next of `words`, cut off after `longest` bytes.
    pub(super) fn next(&mut self, words: &mut Words<'_>, longest: usize) -> Option<usize> {
        let start = self.bytes.len();
        words.next_into(&mut self.bytes)?;
        self.bytes.truncate(start + longest);
        Some(self.number_of_last())
    }

    /// The number of the word that was appended to the bytes.
    fn number_of_last(&mut self) -> usize {
        let Self {
            hasher,
            numbers,
            bytes,
            ends,
        } = self;
        let start = ends.last().copied().unwrap_or(0);
        let last = &bytes[start..];
        let (head, length) = (head(last), last.len() as u32);
        let is_last = |slot: &Slot| {
            slot.head == head
                && slot.length == length
                && (last.len() <= HEAD || word(bytes, ends, slot.number) == last)
        };
        let rehash = |slot: &Slot| hash(hasher, slot.head, word(bytes, ends, slot.number));
        match numbers.entry(hash(hasher, head, last), is_last, rehash) {
            Entry::Occupied(known) => {
                let number = known.get().number;
                bytes.truncate(start);
                number as usize
            }
            Entry::Vacant(vacant) => {
                let number = ends.len();
                vacant.insert(Slot {
                    head,
                    length,
                    number: number as u32,
                });
                ends.push(bytes.len());
                number
            }
        }
    }

    /// The numbers of all words, by ascending word.
    pub(super) fn sorted(&self) -> Vec<usize> {
        // Eight bytes tell most words apart without a look elsewhere.
        let mut keys: Vec<(u64, u32)> = (0..self.len())
            .map(|number| (head(self.word(number)), number as u32))
            .collect();
        keys.sort_unstable_by(|(head_a, a), (head_b, b)| {
            head_a
                .cmp(head_b)
                .then_with(|| self.word(*a as usize).cmp(self.word(*b as usize)))
        });
        keys.into_iter()
            .map(|(_, number)| number as usize)
            .collect()
    }
}

/// Of a word with this head.
fn hash(hasher: &DefaultHashBuilder, head: u64, word: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write_u64(head);
    if let Some(rest) = word.get(HEAD..) {
        state.write(rest);
    }
    state.finish()
}

fn word<'a>(bytes: &'a [u8], ends: &[usize], number: u32) -> &'a [u8] {
    let number = number as usize;
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &bytes[start..ends[number]]
}

/// Bytes of a word's head.
const HEAD: usize = 8;

/// The first bytes; as numbers they order as the words do.
fn head(word: &[u8]) -> u64 {
    if let Some(head) = word.first_chunk::<HEAD>() {
        return u64::from_be_bytes(*head);
    }
    let shifted = word
        .iter()
        .fold(0, |head, byte| head << 8 | u64::from(*byte));
    shifted << (8 * (HEAD - word.len()))
}
