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
    /// Those whose score is not known, by what it is at most.
    bounds: BinaryHeap<Scored<u32>>,
    /// Those whose score is known, but not yet whether a better one is to come.
    scores: BinaryHeap<Scored<i64>>,
    /// The best, in order.
    in_order: Vec<Ranked>,
}

/// A score and what has it: a chunk, or where the uses of one begin. The highest
/// score is the greatest, of equal ones that of the first.
struct Scored<T> {
    score: f64,
    of: T,
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
            bounds: BinaryHeap::new(),
            scores: BinaryHeap::new(),
            in_order: Vec::new(),
        };
        let mut bounds = Vec::with_capacity(ranking.uses.len());
        let mut start = 0;
        for uses in ranking.uses.chunk_by(|a, b| a.chunk == b.chunk) {
            let words = uses.iter().map(|it| it.words).max().unwrap_or(0);
            bounds.push(Scored {
                score: ranking.score(uses, f64::from(words)),
                of: start,
            });
            start += uses.len() as u32;
        }
        ranking.bounds = bounds.into();
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
        loop {
            let score = self.scores.peek().map(|best| best.score);
            let bound = self.bounds.peek().map(|best| best.score);
            // A chunk may be as good as the bound says.
            let is_known = score.is_some_and(|score| bound.is_none_or(|bound| score > bound));
            let best = if is_known { score } else { bound };
            let wanted = self.in_order.get(from).map(|(score, _)| *score);
            if best.is_none() || wanted.is_some_and(|wanted| best < Some(wanted)) {
                break;
            }
            if !is_known {
                self.look_up()?;
            } else if let Some(best) = self.scores.pop() {
                self.in_order.push((best.score, best.of));
            }
        }
        let rest = &mut self.in_order[from..];
        let same = |(score, _): &&Ranked| score.total_cmp(&rest[0].0).is_eq();
        let end = rest.iter().take_while(same).count();
        Ok(&mut rest[..end])
    }

    /// Finds the score of the chunk that promises most.
    fn look_up(&mut self) -> Result<(), IndexError> {
        let Some(best) = self.bounds.pop() else {
            return Ok(());
        };
        let mut chunks = self.uses[best.of as usize..].chunk_by(|a, b| a.chunk == b.chunk);
        let uses = chunks.next().unwrap_or_default();
        let Some(Use { chunk, .. }) = uses.first() else {
            return Ok(());
        };
        let words = self.fulltext.length(*chunk)? as f64;
        self.scores.push(Scored {
            score: self.score(uses, words),
            of: *chunk,
        });
        Ok(())
    }
}

impl<T: Ord> Ord for Scored<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = self.score.total_cmp(&other.score);
        by_score.then_with(|| other.of.cmp(&self.of))
    }
}

impl<T: Ord> PartialOrd for Scored<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Scored<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T: Ord> Eq for Scored<T> {}
