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
    // Case folding goes further than lower case for these, and SQLite keeps
    // the doubly marked ǡ.
    let c = match c {
        'µ' => 'μ',
        'ς' => 'σ',
        'ſ' | 'ẛ' => 's',
        'ǡ' => {
            folded.push(c);
            return;
        }
        c => c,
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The tokens SQLite makes of each text, in order.
    fn of_sqlite(texts: &[String]) -> BTreeMap<usize, Vec<String>> {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE VIRTUAL TABLE t USING fts5(text, content='',
                   tokenize='unicode61 remove_diacritics 2');
                 CREATE VIRTUAL TABLE v USING fts5vocab(t, instance); BEGIN",
            )
            .unwrap();
        let mut insert = connection
            .prepare("INSERT INTO t(rowid, text) VALUES(?, ?)")
            .unwrap();
        for (at, text) in texts.iter().enumerate() {
            insert.execute(rusqlite::params![at as i64, text]).unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
        let mut select = connection
            .prepare("SELECT doc, term FROM v ORDER BY doc, offset")
            .unwrap();
        let mut rows = select.query([]).unwrap();
        let mut found: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        while let Some(row) = rows.next().unwrap() {
            let text = found.entry(row.get::<_, i64>(0).unwrap() as usize);
            text.or_default().push(row.get(1).unwrap());
        }
        found
    }

    #[test]
    fn words_are_those_of_the_index_in_the_scripts_it_knows() {
        // Latin, its extensions, Greek, Cyrillic, Hebrew, Arabic letters,
        // punctuation and symbols, kana, Han, Hangul. SQLite's tables are of
        // an older Unicode: a letter added since separates words there.
        let ranges = [
            0x20..0x220,
            0x250..0x2b0,
            0x391..0x3a2,
            0x3a3..0x3cb,
            0x400..0x482,
            0x48a..0x514,
            0x5d0..0x5eb,
            0x620..0x640,
            0x1e00..0x1f00,
            0x2010..0x2065,
            0x2190..0x23f4,
            0x2500..0x2600,
            0x3041..0x3097,
            0x30a1..0x30fb,
            0x4e00..0x9fa6,
            0xac00..0xd7a4,
        ];
        let texts: Vec<String> = ranges
            .into_iter()
            .flatten()
            .filter_map(char::from_u32)
            .map(|c| format!("a{c}b {c}"))
            .chain([
                "e\u{301}a \u{301}x".to_owned(),
                "ÀÉÎõü ẞß ﬁ Ⅷ x² ½".to_owned(),
            ])
            .collect();
        let expected = of_sqlite(&texts);
        let mut wrong = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            let ours: Vec<String> = tokens(text).map(|token| token.text).collect();
            let theirs = expected.get(&at).cloned().unwrap_or_default();
            if ours != theirs {
                wrong.push(format!("{text:?}: {ours:?}, SQLite {theirs:?}"));
            }
        }
        assert!(
            wrong.is_empty(),
            "{} of {}: {:#?}",
            wrong.len(),
            texts.len(),
            &wrong[..wrong.len().min(40)]
        );
    }
}
