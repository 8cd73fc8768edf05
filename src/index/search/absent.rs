//! Why a search found nothing.

use super::{Expression, Query};
use crate::index::error::IndexError;
use crate::index::open::Index;
use crate::index::words::tokens;

/// What keeps a search from finding anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absence {
    /// A word or phrase that must match, and is nowhere in the query's scope.
    Nowhere {
        /// As typed, without quotes.
        text: String,
        /// Whether it is a word, and others begin with it.
        longer: bool,
    },
    /// All that must match is there, but never in one place.
    NeverTogether,
}

impl Index {
    /// What keeps `query`, which has no hits, from having any; nothing where
    /// that cannot be said, as when one of several would have done.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn absences(&self, query: &Query) -> Result<Vec<Absence>, IndexError> {
        let mut found = Vec::new();
        let required = required(&query.expression);
        for (at, &(text, prefix)) in required.iter().enumerate() {
            if required[..at].contains(&(text, prefix)) || self.has(query, text, prefix)? {
                continue;
            }
            found.push(Absence::Nowhere {
                text: text.to_owned(),
                longer: !prefix && is_word(text) && self.has(query, text, true)?,
            });
        }
        if found.is_empty() && required.len() > 1 {
            found.push(Absence::NeverTogether);
        }
        Ok(found)
    }

    /// Whether `text` is anywhere in the scope of `query`.
    fn has(&self, query: &Query, text: &str, prefix: bool) -> Result<bool, IndexError> {
        let alone = Query {
            expression: Expression::Text {
                text: text.to_owned(),
                prefix,
            },
            limit: 1,
            ..query.clone()
        };
        Ok(!self.search(&alone)?.is_empty())
    }
}

fn is_word(text: &str) -> bool {
    tokens(text).nth(1).is_none()
}

/// The words and phrases that every hit has.
fn required(expression: &Expression) -> Vec<(&str, bool)> {
    match expression {
        Expression::Text { text, prefix } => vec![(text, *prefix)],
        Expression::And(parts) => parts.iter().flat_map(required).collect(),
        Expression::Or(_) => Vec::new(),
        Expression::Not(left, _) => required(left),
    }
}
