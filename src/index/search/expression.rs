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

/// The words and phrases that a match may show: those not behind a NOT.
pub(super) fn positive_patterns(expression: &Expression) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    collect(expression, &mut patterns);
    patterns
}

fn collect(expression: &Expression, patterns: &mut Vec<Pattern>) {
    match expression {
        Expression::Text { text, prefix } => patterns.push(Pattern::new(text, *prefix)),
        Expression::And(parts) | Expression::Or(parts) => {
            for part in parts {
                collect(part, patterns);
            }
        }
        Expression::Not(left, _) => collect(left, patterns),
    }
}

/// Whether the tree matches a text, given as tokens: for names that are not
/// in `search`.
pub(super) fn matches(expression: &Expression, text: &[Token]) -> bool {
    match expression {
        Expression::Text { text: want, prefix } => {
            let pattern = Pattern::new(want, *prefix);
            (0..text.len()).any(|at| pattern.matches_at(&text[at..]).is_some())
        }
        Expression::And(parts) => parts.iter().all(|part| matches(part, text)),
        Expression::Or(parts) => parts.iter().any(|part| matches(part, text)),
        Expression::Not(left, right) => matches(left, text) && !matches(right, text),
    }
}
