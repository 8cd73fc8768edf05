//! Words, each with a small number.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::index::words::{Short, Words};

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
    /// How many words there are.
    pub(super) const fn len(&self) -> usize {
        self.ends.len()
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
    #[inline]
    pub(super) fn next(&mut self, words: &mut Words<'_>, longest: usize) -> Option<usize> {
        if let Some(short) = words.next_short() {
            return Some(self.number_of_short(&short));
        }
        let start = self.bytes.len();
        words.next_into(&mut self.bytes)?;
        self.bytes.truncate(start + longest);
        Some(self.number_of_last())
    }

    #[inline]
    fn number_of_short(&mut self, word: &Short) -> usize {
        let (head, length) = (word.folded, word.length as u32);
        let hash = hash(&self.hasher, head, &[]);
        let is_word = |slot: &Slot| slot.head == head && slot.length == length;
        if let Some(known) = self.numbers.find(hash, is_word) {
            return known.number as usize;
        }
        self.bytes
            .extend_from_slice(&head.to_be_bytes()[..word.length]);
        self.add_last(head, hash)
    }

    /// The number of the word that was appended to the bytes.
    fn number_of_last(&mut self) -> usize {
        let start = self.ends.last().copied().unwrap_or(0);
        let last = &self.bytes[start..];
        let (head, length) = (head(last), last.len() as u32);
        let is_last = |slot: &Slot| {
            slot.head == head
                && slot.length == length
                && (last.len() <= HEAD || self.word(slot.number as usize) == last)
        };
        let hash = hash(&self.hasher, head, last);
        if let Some(known) = self.numbers.find(hash, is_last) {
            let number = known.number as usize;
            self.bytes.truncate(start);
            return number;
        }
        self.add_last(head, hash)
    }

    /// Adds the word that was appended to the bytes.
    fn add_last(&mut self, head: u64, its_hash: u64) -> usize {
        let Self {
            hasher,
            numbers,
            bytes,
            ends,
        } = self;
        let start = ends.last().copied().unwrap_or(0);
        let number = ends.len();
        let slot = Slot {
            head,
            length: (bytes.len() - start) as u32,
            number: number as u32,
        };
        let rehash = |slot: &Slot| hash(hasher, slot.head, word(bytes, ends, slot.number));
        numbers.insert_unique(its_hash, slot, rehash);
        ends.push(bytes.len());
        number
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
    if word.len() > HEAD {
        state.write(&word[HEAD..]);
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
