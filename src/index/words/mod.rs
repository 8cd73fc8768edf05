//! Words as the index has them: those of SQLite's tokenizer `unicode61` with
//! `remove_diacritics 2`, character by character. The bulk load writes them,
//! snippets mark them, names are matched by them; what SQLite itself makes
//! of a query or of an update must be the same.

mod tables;

use std::cmp::Ordering;
use std::ops::Range;

use tables::{FOLDS, MARKS, SEPARATORS};

/// One word of a text: folded, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) range: Range<usize>,
}

/// The words of `text`, in order.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Token> {
    let mut words = Words::of(text);
    std::iter::from_fn(move || {
        let mut folded = Vec::new();
        let range = words.next_into(&mut folded)?;
        let text = String::from_utf8_lossy(&folded).into_owned();
        Some(Token { text, range })
    })
}

/// The words of a text, one after the other, into a buffer of the caller's.
pub(super) struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    /// The words of `text`.
    pub(super) const fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Appends the next word to `folded`, in UTF-8; where it stands.
    pub(super) fn next_into(&mut self, folded: &mut Vec<u8>) -> Option<Range<usize>> {
        let before = folded.len();
        let mut start = self.at;
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            let (part, length) = match BYTES[usize::from(*byte)] {
                Byte::Separator => (Part::Separator, 1),
                Byte::Beyond => {
                    let c = self.text[self.at..].chars().next()?;
                    (part_of(c), c.len_utf8())
                }
                Byte::Letter => {
                    self.fold_letters(folded);
                    continue;
                }
            };
            match part {
                Part::Separator if folded.len() > before => return Some(start..self.at),
                Part::Separator => start = self.at + length,
                // Before a word a mark is a separator.
                Part::Mark if folded.len() == before => start = self.at + length,
                Part::Mark => {}
                Part::Letter(c) => {
                    let mut utf8 = [0; 4];
                    folded.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes());
                }
            }
            self.at += length;
        }
        (folded.len() > before).then_some(start..self.at)
    }

    /// Appends the ASCII letters and digits from here on.
    fn fold_letters(&mut self, folded: &mut Vec<u8>) {
        let bytes = self.text.as_bytes();
        while let Some(next) = bytes[self.at..].first_chunk() {
            let (lower, letters) = letters(next);
            // Eight bytes are written faster than as many as are meant.
            folded.extend_from_slice(&lower.to_le_bytes());
            folded.truncate(folded.len() - next.len() + letters);
            self.at += letters;
            if letters < next.len() {
                return;
            }
        }
        let rest = &bytes[self.at..];
        let end = |byte: &u8| BYTES[usize::from(*byte)] != Byte::Letter;
        let run = rest.iter().position(end).unwrap_or(rest.len());
        folded.extend(rest[..run].iter().map(|byte| byte | LOWER_CASE));
        self.at += run;
    }

    /// The next word, if it is one of at most eight ASCII letters and digits
    /// and more text follows: most are. Else nothing is passed but separators.
    #[inline]
    pub(super) fn next_short(&mut self) -> Option<Short> {
        let bytes = self.text.as_bytes();
        while BYTES[usize::from(*bytes.get(self.at)?)] == Byte::Separator {
            self.at += 1;
        }
        let (next, after) = bytes[self.at..].split_first_chunk()?;
        let (lower, length) = letters(next);
        let end = next.get(length).or_else(|| after.first())?;
        if length == 0 || BYTES[usize::from(*end)] != Byte::Separator {
            return None;
        }
        self.at += length;
        let beyond = 8 * (next.len() - length);
        Some(Short {
            folded: lower.swap_bytes() >> beyond << beyond,
            length,
        })
    }
}

/// A word of one to eight bytes.
pub(super) struct Short {
    /// Its bytes, folded, the first in the highest place; zeros behind.
    pub(super) folded: u64,
    /// How many they are.
    pub(super) length: usize,
}

/// Of eight bytes, the first in the lowest place: each as a letter in lower
/// case, and how many are ASCII letters or digits before the first that is not.
#[inline]
fn letters(bytes: &[u8; 8]) -> (u64, usize) {
    const fn each(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    // Sets the highest bit of each byte that is at least `low`; none has it.
    let from = |bytes: u64, low: u8| bytes + each(0x80 - low);
    let bytes = u64::from_le_bytes(*bytes);
    let ascii = bytes & each(0x7f);
    let lower = ascii | each(LOWER_CASE);
    let is_letter = from(lower, b'a') & !from(lower, b'z' + 1);
    let is_digit = from(ascii, b'0') & !from(ascii, b'9' + 1);
    let others = !((is_letter | is_digit) & !bytes) & each(0x80);
    (
        bytes | each(LOWER_CASE),
        others.trailing_zeros() as usize / 8,
    )
}

/// What a byte is to a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    /// An ASCII character that is no part of one.
    Separator,
    /// An ASCII letter or digit.
    Letter,
    /// A byte of a character beyond ASCII.
    Beyond,
}

/// The bit that makes an ASCII letter lower case; a digit has it anyway.
const LOWER_CASE: u8 = 0x20;

/// What each byte is.
const BYTES: [Byte; 256] = {
    let mut bytes = [Byte::Beyond; 256];
    let mut byte = 0u8;
    while byte < 0x80 {
        bytes[byte as usize] = match byte.is_ascii_alphanumeric() {
            true => Byte::Letter,
            false => Byte::Separator,
        };
        byte += 1;
    }
    bytes
};

/// What a character is to a word.
enum Part {
    Separator,
    /// Stands for nothing, but does not end a word.
    Mark,
    /// Folded.
    Letter(char),
}

/// Of a character beyond ASCII.
fn part_of(c: char) -> Part {
    let code = u32::from(c);
    if find(&SEPARATORS, code, |range| *range).is_some() {
        return Part::Separator;
    }
    if MARKS.binary_search(&code).is_ok() {
        return Part::Mark;
    }
    let folded = find(&FOLDS, code, |fold| (fold.0, fold.1)).map_or(
        code,
        |&(first, _, step, to)| match step {
            0 => to,
            step if (code - first) % step == 0 => to + (code - first),
            _ => code,
        },
    );
    Part::Letter(char::from_u32(folded).unwrap_or(c))
}

/// The entry whose range holds `code`.
fn find<T>(table: &[T], code: u32, range: impl Fn(&T) -> (u32, u32)) -> Option<&T> {
    let compare = |entry: &T| match range(entry) {
        (first, _) if code < first => Ordering::Greater,
        (_, last) if code > last => Ordering::Less,
        _ => Ordering::Equal,
    };
    table.binary_search_by(compare).ok().map(|at| &table[at])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The words SQLite makes of each text, in order.
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
            .prepare("SELECT doc, offset, term FROM v")
            .unwrap();
        let mut rows = select.query([]).unwrap();
        let mut found: BTreeMap<usize, Vec<(i64, String)>> = BTreeMap::new();
        while let Some(row) = rows.next().unwrap() {
            let text = found.entry(row.get::<_, i64>(0).unwrap() as usize);
            let word = (row.get(1).unwrap(), row.get(2).unwrap());
            text.or_default().push(word);
        }
        let in_order = |(at, mut words): (usize, Vec<(i64, String)>)| {
            words.sort();
            (at, words.into_iter().map(|(_, word)| word).collect())
        };
        found.into_iter().map(in_order).collect()
    }

    fn compare(texts: &[String]) {
        let expected = of_sqlite(texts);
        let mut wrong = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            let ours: Vec<String> = tokens(text).map(|token| token.text).collect();
            let theirs = expected.get(&at).cloned().unwrap_or_default();
            if ours != theirs {
                wrong.push(format!("{text:?}: {ours:?}, SQLite {theirs:?}"));
            }
        }
        let some = &wrong[..wrong.len().min(20)];
        assert!(wrong.is_empty(), "{} differ: {some:#?}", wrong.len());
    }

    #[test]
    fn a_character_is_to_a_word_what_it_is_to_sqlite() {
        // Alone, inside a word, and twice. The first two planes whole, and
        // of the rest, which SQLite hardly looks at, the tags and a sample.
        let told = |code: &u32| *code < 0x2_0000 || (code >> 8) == 0xe00 || code.is_multiple_of(97);
        let characters: Vec<char> = (1..=0x10_ffff)
            .filter(told)
            .filter_map(char::from_u32)
            .collect();
        for block in characters.chunks(1 << 14) {
            let texts: Vec<String> = block.iter().map(|c| format!("a{c}B {c} {c}{c}x")).collect();
            compare(&texts);
        }
    }

    #[test]
    fn words_are_told_apart_as_sqlite_does() {
        let texts = [
            "",
            "  ",
            "one",
            " two\tWORDS ",
            "e\u{301}a \u{301}x \u{301}",
            "ÀÉÎõü ẞß ﬁ Ⅷ x² ½ – don't, snake_case::path #tag",
            "日本語のテキスト, Ελληνικά ΣΟΦΟΣ, кириллица Ёлка, עברית, العربية",
            "mixed ASCIIとЯ words🙂emoji👍🏽 \u{200d}joined",
        ];
        compare(&texts.map(str::to_owned));
    }

    proptest::proptest! {
        #[test]
        fn a_short_word_is_the_one_that_is_next(text in "[aZ09@`{~é\u{301}\u{80}日 ]{0,40}") {
            let (mut words, mut with_short) = (Words::of(&text), Words::of(&text));
            loop {
                let (mut expected, mut found) = (Vec::new(), Vec::new());
                let next = words.next_into(&mut expected);
                match with_short.next_short() {
                    Some(word) => {
                        assert!((1..=8).contains(&word.length));
                        found.extend_from_slice(&word.folded.to_be_bytes()[..word.length]);
                        assert_eq!(word.folded << (8 * (word.length - 1)) << 8, 0);
                    }
                    None => {
                        with_short.next_into(&mut found);
                    }
                }
                assert_eq!(found, expected);
                if next.is_none() {
                    break;
                }
            }
        }
    }

    #[test]
    fn a_word_knows_where_it_stands() {
        let text = "Ünï-cøde, e\u{301}t!";
        let places: Vec<&str> = tokens(text).map(|token| &text[token.range]).collect();
        assert_eq!(places, ["Ünï", "cøde", "e\u{301}t"]);
    }
}
