//! Words as the tokenizer of the index sees them: `unicode61` with
//! `remove_diacritics 2`. Used to mark matches and to match names; a test
//! compares it with SQLite's own.

use std::ops::Range;

/// One token of a text: folded, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) range: Range<usize>,
}

/// The tokens of `text`, in order.
pub(super) fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0 }
}

/// See [`tokens`].
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let rest = &self.text[self.at..];
        let skipped = rest.find(is_token_char)?;
        let start = self.at + skipped;
        let mut folded = String::new();
        let mut end = self.text.len();
        for (offset, c) in self.text[start..].char_indices() {
            if is_token_char(c) {
                fold(c, &mut folded);
            } else if !is_diacritic(c) {
                end = start + offset;
                break;
            }
        }
        self.at = end;
        Some(Token {
            text: folded,
            range: start..end,
        })
    }
}

/// Letters, numbers and private use: what SQLite's categories L*, N* and Co
/// hold. Marks that Rust counts as alphabetic are none.
fn is_token_char(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    matches!(c, '\u{e000}'..='\u{f8ff}') || (c.is_alphanumeric() && !is_mark(c))
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// Combining marks that vanish inside a word.
fn is_diacritic(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{331}')
}

/// Lower case, and the base letter of what decomposes into letter and marks.
fn fold(c: char, folded: &mut String) {
    if c.is_ascii() {
        folded.push(c.to_ascii_lowercase());
        return;
    }
    let mut lower = c.to_lowercase();
    let c = match (lower.next(), lower.next()) {
        (Some(single), None) => single,
        (Some(first), Some(_)) => first,
        _ => c,
    };
    let mut base = c;
    let mut parts = 0;
    let mut only_marks = true;
    unicode_normalization::char::decompose_canonical(c, |part| {
        if parts == 0 {
            base = part;
        } else {
            only_marks &= is_mark(part);
        }
        parts += 1;
    });
    // Scripts whose marks carry vowels keep them: only Latin loses its own.
    let plain = parts > 1 && only_marks && base.is_ascii_alphabetic();
    folded.push(if plain { base } else { c });
}
