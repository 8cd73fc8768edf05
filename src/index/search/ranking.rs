//! Matches in the order of their scores, by BM25. A score is known when the
//! length of the chunk is, which has to be looked up; what it is at most, is
//! known before. Lengths are looked up only as far as somebody looks: of 40,000
//! matches the best ten are wanted.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::matches::{Matches, Use};
use crate::index::error::IndexError;
use crate::index::fulltext::FullText;

/// A score and the chunk that has it.
pub(super) type Ranked = (f64, i64);

/// How soon a further use of a text adds nothing, as FTS5 has it.
const K1: f64 = 1.2;
/// How much the length of a chunk matters.
const B: f64 = 0.75;
/// What a text that stands in most chunks is worth.
const LEAST: f64 = 1e-6;

/// Matches, best score first.
pub(super) struct Ranking<'i> {
    fulltext: FullText<'i>,
    uses: Vec<Use>,
    /// What each text is worth: the more, the fewer chunks it stands in.
    worth: Vec<f64>,
    /// Words of a chunk on average.
    average: f64,
    /// Those not yet in order.
    rest: BinaryHeap<Candidate>,
    /// The best, in order.
    in_order: Vec<Ranked>,
}

/// A match and what its score is, or is at most.
struct Candidate {
    score: f64,
    is_exact: bool,
    /// Where its uses begin, and how many they are.
    start: u32,
    count: u32,
}

impl<'i> Ranking<'i> {
    /// Of these matches in `fulltext`.
    pub(super) fn of(fulltext: FullText<'i>, matches: Matches) -> Self {
        let Matches { uses, chunks_with } = matches;
        let chunks = fulltext.rows() as f64;
        let worth = chunks_with.iter().map(|with| {
            let with = *with as f64;
            let worth = ((chunks - with + 0.5) / (with + 0.5)).ln();
            if worth <= 0.0 { LEAST } else { worth }
        });
        let mut ranking = Self {
            worth: worth.collect(),
            average: fulltext.words() as f64 / chunks,
            fulltext,
            uses,
            rest: BinaryHeap::new(),
            in_order: Vec::new(),
        };
        let mut candidates = Vec::with_capacity(ranking.uses.len());
        let mut start = 0;
        for uses in ranking.uses.chunk_by(|a, b| a.chunk == b.chunk) {
            let words = uses.iter().map(|it| it.words).max().unwrap_or(0);
            candidates.push(Candidate {
                score: ranking.score(uses, f64::from(words)),
                is_exact: false,
                start,
                count: uses.len() as u32,
            });
            start += uses.len() as u32;
        }
        ranking.rest = candidates.into();
        ranking
    }

    /// The score of a chunk of `words` words with these uses; the fewer words,
    /// the higher. Computed step by step as FTS5's `bm25` does, which has the
    /// other sign.
    fn score(&self, uses: &[Use], words: f64) -> f64 {
        uses.iter().fold(0.0, |score, it| {
            let length = 1.0 - B + B * words / self.average;
            let often = (it.frequency * (K1 + 1.0)) / (it.frequency + K1 * length);
            score + self.worth[it.text as usize] * often
        })
    }

    /// The matches with the score of the one in place `from`; none where there
    /// are no more.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] or [`IndexError::Io`].
    pub(super) fn ties(&mut self, from: usize) -> Result<&mut [Ranked], IndexError> {
        while let Some(best) = self.rest.peek() {
            let wanted = self.in_order.get(from);
            if wanted.is_some_and(|(score, _)| best.score.total_cmp(score).is_lt()) {
                break;
            }
            let Some(mut best) = self.rest.pop() else {
                break;
            };
            let uses = &self.uses[best.start as usize..][..best.count as usize];
            let chunk = uses[0].chunk;
            if best.is_exact {
                self.in_order.push((best.score, chunk));
            } else {
                let words = self.fulltext.length(chunk)? as f64;
                best.score = self.score(uses, words);
                best.is_exact = true;
                self.rest.push(best);
            }
        }
        let rest = &mut self.in_order[from..];
        let same = |(score, _): &&Ranked| score.total_cmp(&rest[0].0).is_eq();
        let end = rest.iter().take_while(same).count();
        Ok(&mut rest[..end])
    }
}

/// The best is the greatest: the highest score, of equal ones that which is not
/// known exactly, and then the first chunk.
impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score
            .total_cmp(&other.score)
            .then(other.is_exact.cmp(&self.is_exact))
            .then(other.start.cmp(&self.start))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}
