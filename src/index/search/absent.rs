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
        let required = required(&query.expression);
        let mut found = Vec::new();
        for (at, part) in required.iter().enumerate() {
            if required[..at].contains(part) || self.has(query, part.expression())? {
                continue;
            }
            let longer = Required {
                prefix: true,
                ..*part
            };
            found.push(Absence::Nowhere {
                text: part.text.to_owned(),
                longer: part.is_whole_word() && self.has(query, longer.expression())?,
            });
        }
        if found.is_empty() && required.len() > 1 {
            let all = required.iter().map(Required::expression).collect();
            if !self.has(query, Expression::And(all))? {
                found.push(Absence::NeverTogether);
            }
        }
        Ok(found)
    }

    /// Whether anything in the scope of `query` matches `expression`.
    fn has(&self, query: &Query, expression: Expression) -> Result<bool, IndexError> {
        let alone = Query {
            expression,
            limit: 1,
            ..query.clone()
        };
        Ok(!self.search(&alone)?.is_empty())
    }
}

/// A word or phrase that every hit has.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Required<'q> {
    text: &'q str,
    prefix: bool,
}

impl Required<'_> {
    fn expression(&self) -> Expression {
        Expression::Text {
            text: self.text.to_owned(),
            prefix: self.prefix,
        }
    }

    fn is_whole_word(&self) -> bool {
        !self.prefix && tokens(self.text).nth(1).is_none()
    }
}

fn required(expression: &Expression) -> Vec<Required<'_>> {
    match expression {
        Expression::Text { text, prefix } => vec![Required {
            text,
            prefix: *prefix,
        }],
        Expression::And(parts) => parts.iter().flat_map(required).collect(),
        Expression::Or(_) => Vec::new(),
        Expression::Not(left, _) => required(left),
    }
}
