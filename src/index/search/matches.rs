//! Which chunks a query tree matches, and how often each of its texts stands in
//! them: what a ranking needs.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::Weights;
use super::expression::Pattern;
use super::parse::Expression;
use super::scope::Scope;
use crate::index::error::IndexError;
use crate::index::fulltext::{COLUMNS, FullText, Place, Rows};

/// The uses of one text of a query in one chunk that matches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub(super) chunk: i64,
    /// Which text, counted from the first in the query.
    pub(super) text: u32,
    /// How often it is used, each time by the weight of the column.
    pub(super) frequency: f64,
    /// The chunk has at least so many words.
    pub(super) words: u32,
}

/// What a query matches.
#[derive(Default)]
pub(super) struct Matches {
    /// By chunk, then by text. What stands in a chunk, but in a part of the
    /// query that does not match it, is no use.
    pub(super) uses: Vec<Use>,
    /// In how many chunks of the whole index each text stands.
    pub(super) chunks_with: Vec<usize>,
}

impl Matches {
    /// Those of `expression` in `scope`.
    pub(super) fn of(
        fulltext: &FullText<'_>,
        expression: &Expression,
        weights: Weights,
        scope: &Scope,
    ) -> Result<Self, IndexError> {
        let mut matches = Self::default();
        match matches.part(fulltext, expression, weights)? {
            Part::Text(uses) => matches.uses = uses,
            Part::Joined { chunks, parts } => {
                for part in parts {
                    part.collect(&chunks, &mut matches.uses);
                }
                matches.uses.sort_by_key(|it| (it.chunk, it.text));
            }
        }
        matches.uses.retain(|it| scope.has_chunk(it.chunk));
        Ok(matches)
    }

    fn part(
        &mut self,
        fulltext: &FullText<'_>,
        expression: &Expression,
        weights: Weights,
    ) -> Result<Part, IndexError> {
        let mut all = |parts: &[Expression]| -> Result<Vec<Part>, IndexError> {
            let parts = parts.iter();
            parts
                .map(|part| self.part(fulltext, part, weights))
                .collect()
        };
        Ok(match expression {
            Expression::Text { text, prefix } => {
                let pattern = Pattern::new(text, *prefix);
                let number = self.chunks_with.len() as u32;
                let uses = uses_of(fulltext, &pattern, number, weights)?;
                self.chunks_with.push(uses.len());
                Part::Text(uses)
            }
            Expression::And(parts) => Part::joined(all(parts)?, both),
            Expression::Or(parts) => Part::joined(all(parts)?, either),
            Expression::Not(left, right) => {
                let left = self.part(fulltext, left, weights)?;
                let right = self.part(fulltext, right, weights)?;
                Part::Joined {
                    chunks: only_first(&left.chunks(), &right.chunks()),
                    parts: vec![left],
                }
            }
        })
    }
}

/// A part of a query and what it matches.
enum Part {
    /// One text.
    Text(Vec<Use>),
    /// The chunks that match, ascending, and the parts whose uses count there.
    Joined { chunks: Vec<i64>, parts: Vec<Part> },
}

impl Part {
    fn joined(parts: Vec<Self>, join: fn(&[i64], &[i64]) -> Vec<i64>) -> Self {
        let chunks = parts.iter().map(Self::chunks);
        let chunks = chunks.reduce(|a, b| join(&a, &b).into());
        let chunks = chunks.unwrap_or_default().into_owned();
        Self::Joined { chunks, parts }
    }

    fn chunks(&self) -> Cow<'_, [i64]> {
        match self {
            Self::Text(uses) => uses.iter().map(|it| it.chunk).collect(),
            Self::Joined { chunks, .. } => Cow::Borrowed(chunks),
        }
    }

    /// Adds the uses in those of the chunks `inside` that this part matches.
    fn collect(self, inside: &[i64], to: &mut Vec<Use>) {
        match self {
            Self::Text(uses) => {
                let mut inside = inside.iter().peekable();
                to.extend(uses.into_iter().filter(|it| {
                    while inside.next_if(|chunk| **chunk < it.chunk).is_some() {}
                    inside.peek() == Some(&&it.chunk)
                }));
            }
            Self::Joined { chunks, parts } => {
                let inside = both(&chunks, inside);
                parts.into_iter().for_each(|part| part.collect(&inside, to));
            }
        }
    }
}

/// The numbers in both of two ascending lists.
fn both(a: &[i64], b: &[i64]) -> Vec<i64> {
    merged(a, b, Ordering::is_eq)
}

/// The numbers in either of them.
fn either(a: &[i64], b: &[i64]) -> Vec<i64> {
    merged(a, b, |_| true)
}

/// The numbers in the first that are not in the second.
fn only_first(a: &[i64], b: &[i64]) -> Vec<i64> {
    merged(a, b, Ordering::is_lt)
}

/// Goes through two ascending lists together and keeps a number where `keep`
/// says so: of one that is only in the first (`Less`), only in the second
/// (`Greater`), or in both.
fn merged(mut a: &[i64], mut b: &[i64], keep: impl Fn(Ordering) -> bool) -> Vec<i64> {
    let mut kept = Vec::new();
    loop {
        let (number, order) = match (a.first(), b.first()) {
            (None, None) => return kept,
            (Some(a), None) => (*a, Ordering::Less),
            (None, Some(b)) => (*b, Ordering::Greater),
            (Some(a), Some(b)) => (*a.min(b), a.cmp(b)),
        };
        if keep(order) {
            kept.push(number);
        }
        a = &a[usize::from(order.is_le())..];
        b = &b[usize::from(order.is_ge())..];
    }
}

/// Where a word or phrase stands, by chunk.
fn uses_of(
    fulltext: &FullText<'_>,
    pattern: &Pattern,
    text: u32,
    weights: Weights,
) -> Result<Vec<Use>, IndexError> {
    let Some((last, words)) = pattern.tokens.split_last() else {
        return Ok(Vec::new());
    };
    let last = fulltext.uses(last, pattern.prefix)?;
    let words = words.iter().map(|word| fulltext.uses(word, false));
    let words = words.collect::<Result<Vec<_>, _>>()?;
    let mut before: Vec<_> = words.iter().map(|word| Before::of(word.rows())).collect();
    let mut found = Vec::with_capacity(last.len());
    let mut rows = last.rows();
    while let Some(chunk) = rows.next() {
        let mut tally = Tally::default();
        if before.is_empty() {
            rows.places().for_each(|place| tally.add(place, weights));
        } else if let Some(ends) = ends(&mut before, chunk, rows.places().collect()) {
            ends.into_iter().for_each(|place| tally.add(place, weights));
        } else {
            continue;
        }
        found.push(Use {
            chunk,
            text,
            frequency: tally.frequency,
            words: tally.words(),
        });
    }
    Ok(found)
}

/// Where a word of a phrase stands that is not its last.
struct Before<'u> {
    rows: Rows<'u>,
    chunk: Option<i64>,
}

impl<'u> Before<'u> {
    fn of(mut rows: Rows<'u>) -> Self {
        let chunk = rows.next();
        Self { rows, chunk }
    }

    /// Whether it stands in `chunk`; asked for ascending ones.
    fn is_in(&mut self, chunk: i64) -> bool {
        while self.chunk.is_some_and(|here| here < chunk) {
            self.chunk = self.rows.next();
        }
        self.chunk == Some(chunk)
    }
}

/// Which of `ends`, places in `chunk`, have the words `before` right before them.
fn ends(before: &mut [Before<'_>], chunk: i64, mut ends: Vec<Place>) -> Option<Vec<Place>> {
    let words = before.len();
    for (at, word) in before.iter_mut().enumerate() {
        if !word.is_in(chunk) {
            return None;
        }
        let places = word.rows.places();
        let next: Vec<Place> = places
            .map(|place| place.after((words - at) as u32))
            .collect();
        ends.retain(|end| next.binary_search(end).is_ok());
    }
    (!ends.is_empty()).then_some(ends)
}

/// What the uses of a text in one chunk come to.
#[derive(Default)]
struct Tally {
    frequency: f64,
    /// The last position in each column, counted from 1.
    last: [u32; COLUMNS],
}

impl Tally {
    fn add(&mut self, place: Place, weights: Weights) {
        let column = place.column() as usize;
        let weights = [weights.text, weights.heading, weights.title];
        self.frequency += weights[column];
        self.last[column] = self.last[column].max(place.position() + 1);
    }

    /// How many words the chunk has at least.
    fn words(&self) -> u32 {
        self.last
            .iter()
            .fold(0, |sum, last| sum.saturating_add(*last))
    }
}
