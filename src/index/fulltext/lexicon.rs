//! Words as one thread has met them, and the room in which it sorts them. Both
//! are kept from one group of documents to the next: most words of a group were
//! in an earlier one.

use std::sync::{Mutex, PoisonError};

use super::postings::{LexiconId, Place, Postings, Use};
use super::vocabulary::Vocabulary;
use super::{COLUMNS, LONGEST_WORD};
use crate::index::words::Words;

/// Words after which a lexicon is begun anew: what bounds memory.
const MOST_WORDS: usize = 1 << 15;
/// Uses of words for which the room is kept; a large file has more.
const MOST_USES: usize = 1 << 18;

/// Makes [`Postings`], on any number of threads. Which lexicon a thread gets
/// decides on numbers by which words are found again faster, and on nothing
/// that is written.
#[derive(Default)]
pub(in crate::index) struct Lexicons(Mutex<Idle>);

/// The lexicons that no thread uses, and how many there are in all.
#[derive(Default)]
struct Idle {
    lexicons: Vec<Lexicon>,
    made: u32,
}

#[derive(Default)]
struct Lexicon {
    id: LexiconId,
    vocabulary: Vocabulary,
    /// For each word: how often it was used, then where its uses go.
    ends: Vec<u32>,
    /// The words used, in the order of their first use.
    used: Vec<u32>,
    /// Every use of a word, in order.
    uses: Vec<(u32, Place)>,
    /// The same by word.
    sorted: Vec<Use>,
}

impl Lexicons {
    /// The words of chunks whose columns have these texts.
    pub(in crate::index) fn postings<'a>(
        &self,
        chunks: impl Iterator<Item = [&'a str; COLUMNS]>,
    ) -> Postings {
        let mut lexicon = self.take();
        let postings = lexicon.postings(chunks);
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.lexicons.push(lexicon);
        postings
    }

    fn take(&self) -> Lexicon {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lexicon) = idle.lexicons.pop() {
            return lexicon;
        }
        let mut lexicon = Lexicon::default();
        lexicon.id.place = idle.made;
        idle.made += 1;
        lexicon
    }
}

impl Lexicon {
    fn postings<'a>(&mut self, chunks: impl Iterator<Item = [&'a str; COLUMNS]>) -> Postings {
        if self.vocabulary.len() > MOST_WORDS {
            (self.vocabulary, self.ends) = (Vocabulary::default(), Vec::new());
            self.id.generation += 1;
        }
        let sizes: Vec<_> = chunks.map(|columns| self.read(columns)).collect();
        self.sort(&sizes);
        let (words, uses) = (self.used.len(), self.uses.len());
        let mut postings = Postings::new(self.id, sizes, words, uses);
        let mut start = 0;
        for number in self.used.drain(..) {
            let end = std::mem::take(&mut self.ends[number as usize]) as usize;
            let word = self.vocabulary.word(number as usize);
            postings.push(number, word, &self.sorted[start..end]);
            start = end;
        }
        self.uses.clear();
        if self.sorted.len() > MOST_USES {
            (self.uses, self.sorted) = (Vec::new(), Vec::new());
        }
        postings
    }

    /// Takes in the words of one chunk; how many each column has.
    fn read(&mut self, columns: [&str; COLUMNS]) -> [u32; COLUMNS] {
        let mut sizes = [0; COLUMNS];
        for (column, text) in columns.into_iter().enumerate() {
            let mut words = Words::of(text);
            let mut position = 0;
            while let Some(word) = self.vocabulary.next(&mut words, LONGEST_WORD) {
                if word == self.ends.len() {
                    self.ends.push(0);
                }
                let uses = &mut self.ends[word];
                if *uses == 0 {
                    self.used.push(word as u32);
                }
                *uses += 1;
                self.uses.push((word as u32, Place::new(column, position)));
                position += 1;
            }
            sizes[column] = position;
        }
        sizes
    }

    /// Sorts the uses by word, keeping their order.
    fn sort(&mut self, sizes: &[[u32; COLUMNS]]) {
        let mut total = 0;
        for word in &self.used {
            let end = &mut self.ends[*word as usize];
            total += std::mem::replace(end, total);
        }
        if self.sorted.len() < self.uses.len() {
            self.sorted.resize(self.uses.len(), Use::default());
        }
        let mut rest = &self.uses[..];
        for (chunk, sizes) in sizes.iter().enumerate() {
            let (these, later) = rest.split_at(sizes.iter().sum::<u32>() as usize);
            rest = later;
            for (word, place) in these {
                let next = &mut self.ends[*word as usize];
                self.sorted[*next as usize] = Use {
                    chunk: chunk as u32,
                    place: *place,
                };
                *next += 1;
            }
        }
    }
}
