//! The texts of a query tree as words, and the match of a tree against one
//! short text.

use super::parse::Expression;
use crate::index::words::{Token, tokens};

/// A word or phrase as tokens.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) tokens: Vec<String>,
    /// Whether the last token may go on.
    pub(super) prefix: bool,
}

impl Pattern {
    pub(super) fn new(text: &str, prefix: bool) -> Self {
        Self {
            tokens: tokens(text).map(|token| token.text).collect(),
            prefix,
        }
    }

    /// How many tokens of `text` the pattern covers when it starts at its
    /// first token; `None` when it does not match there.
    pub(super) fn matches_at(&self, text: &[Token]) -> Option<usize> {
        let last = self.tokens.len().checked_sub(1)?;
        let fits = text.len() > last
            && self
                .tokens
                .iter()
                .zip(text)
                .enumerate()
                .all(|(at, (want, have))| {
                    if at == last && self.prefix {
                        have.text.starts_with(want.as_str())
                    } else {
                        have.text == *want
                    }
                });
        fits.then_some(last + 1)
    }
}

/// A query tree whose texts are patterns: made once, matched against many
/// texts.
pub(super) enum Compiled {
    Text(Pattern),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>, Box<Self>),
}

impl Compiled {
    pub(super) fn new(expression: &Expression) -> Self {
        let all = |parts: &[Expression]| parts.iter().map(Self::new).collect();
        match expression {
            Expression::Text { text, prefix } => Self::Text(Pattern::new(text, *prefix)),
            Expression::And(parts) => Self::And(all(parts)),
            Expression::Or(parts) => Self::Or(all(parts)),
            Expression::Not(left, right) => {
                Self::Not(Box::new(Self::new(left)), Box::new(Self::new(right)))
            }
        }
    }

    /// Whether the tree matches a text, given as tokens: for names that are
    /// not in `search`.
    pub(super) fn matches(&self, text: &[Token]) -> bool {
        match self {
            Self::Text(pattern) => {
                (0..text.len()).any(|at| pattern.matches_at(&text[at..]).is_some())
            }
            Self::And(parts) => parts.iter().all(|part| part.matches(text)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(text)),
            Self::Not(left, right) => left.matches(text) && !right.matches(text),
        }
    }

    /// The words and phrases that a match may show: those not behind a NOT.
    pub(super) fn positive(&self) -> Vec<&Pattern> {
        match self {
            Self::Text(pattern) => vec![pattern],
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::positive).collect(),
            Self::Not(left, _) => left.positive(),
        }
    }
}
