//! One segment of an FTS5 index: words in order, each with its rows and the
//! positions in them, cut into pages. Byte for byte what FTS5 itself writes
//! when it flushes the same words (`fts5FlushOneHash`), which a test compares.
//!
//! A page begins with two numbers of two bytes: where its first row id stands
//! that follows no word of this page, and where its index of words begins. A
//! word is stored by what it does not share with the one before. Pages on
//! which a word begins are entered in `search_idx`; a word whose rows fill
//! many pages has an index of its own over the first row id of each.

use super::varint;

/// Bytes after which FTS5 ends a page: its default.
const PAGE: usize = 4050;
/// Pages without a word after which the one before gets an index of its rows.
const PAGES_FOR_INDEX: u32 = 4;
/// What every word begins with: it belongs to no prefix index.
pub(super) const MAIN: u8 = b'0';

/// A finished segment: the rows it has in FTS5's tables.
#[derive(Debug, Default)]
pub(super) struct Segment {
    /// Of `search_data`: id and block.
    pub(super) data: Vec<(i64, Vec<u8>)>,
    /// Of `search_idx`: the first word of a page, or a piece of it that is
    /// enough to tell it from the word before, and the page.
    pub(super) first_words: Vec<(Vec<u8>, i64)>,
    /// How many pages it has.
    pub(super) pages: u32,
}

/// Makes segment number `segment`.
///
/// `words` ascend, and each comes with its rows: for each the distance from
/// the row before and a position list.
pub(super) fn make<'a>(segment: u16, words: impl Iterator<Item = (&'a [u8], Vec<u8>)>) -> Segment {
    let mut writer = Writer {
        segment,
        done: Segment::default(),
        page: vec![0; 4],
        word_index: Vec::new(),
        last_word_at: 0,
        word: Vec::new(),
        number: 1,
        no_word_yet: true,
        no_row_yet: true,
        entered: Vec::new(),
        entered_page: 1,
        wordless_pages: 0,
        rows: vec![RowIndex::default()],
    };
    let mut key = Vec::new();
    for (word, rows) in words {
        key.clear();
        key.push(MAIN);
        key.extend_from_slice(word);
        writer.word(&key);
        writer.rows(&rows);
    }
    writer.finish()
}

struct Writer {
    segment: u16,
    done: Segment,
    page: Vec<u8>,
    /// The page's index of words, and where on the page the last one is.
    word_index: Vec<u8>,
    last_word_at: usize,
    /// The last word.
    word: Vec<u8>,
    /// The page's number.
    number: u32,
    no_word_yet: bool,
    no_row_yet: bool,
    /// The last page on which a word begins (0: none waits), and what
    /// `search_idx` is to say of it.
    entered: Vec<u8>,
    entered_page: u32,
    wordless_pages: u32,
    /// The index of the last word's rows: its levels.
    rows: Vec<RowIndex>,
}

/// One page of one level of an index of rows.
#[derive(Default)]
struct RowIndex {
    page: u32,
    before: i64,
    bytes: Vec<u8>,
}

impl Writer {
    fn is_full_with(&self, more: usize) -> bool {
        self.page.len() + self.word_index.len() + more >= PAGE
    }

    fn word(&mut self, word: &[u8]) {
        if self.is_full_with(word.len() + 2) && self.page.len() > 4 {
            self.end_page();
        }
        varint::put(
            &mut self.word_index,
            (self.page.len() - self.last_word_at) as u64,
        );
        self.last_word_at = self.page.len();
        let shared = self
            .word
            .iter()
            .zip(word)
            .take_while(|(a, b)| a == b)
            .count();
        let kept = if self.no_word_yet {
            if self.number != 1 {
                let telling = if self.word.is_empty() {
                    word.len()
                } else {
                    shared + 1
                };
                self.enter_last_page();
                self.entered.clear();
                self.entered.extend_from_slice(&word[..telling]);
                self.entered_page = self.number;
            }
            0
        } else {
            varint::put(&mut self.page, shared as u64);
            shared
        };
        varint::put(&mut self.page, (word.len() - kept) as u64);
        self.page.extend_from_slice(&word[kept..]);
        self.word.clear();
        self.word.extend_from_slice(word);
        self.no_word_yet = false;
        self.no_row_yet = false;
        self.rows[0].page = self.number;
    }

    fn rows(&mut self, rows: &[u8]) {
        if !self.is_full_with(rows.len()) {
            self.page.extend_from_slice(rows);
            return;
        }
        let (mut at, mut row) = (0, 0i64);
        while at < rows.len() {
            let (distance, length) = varint::get(&rows[at..]);
            at += length;
            row += distance as i64;
            if self.no_row_yet {
                let here = self.page.len() as u16;
                self.page[..2].copy_from_slice(&here.to_be_bytes());
                varint::put(&mut self.page, row as u64);
                self.no_row_yet = false;
                self.index_row(0, row);
            } else {
                varint::put(&mut self.page, distance);
            }
            let (size, length) = varint::get(&rows[at..]);
            let end = at + length + size as usize / 2;
            self.positions(&rows[at..end]);
            at = end;
        }
    }

    /// A position list with its size, on as many pages as it takes.
    fn positions(&mut self, mut list: &[u8]) {
        if self.page.len() + self.word_index.len() + list.len() <= PAGE {
            self.page.extend_from_slice(list);
            return;
        }
        while !list.is_empty() {
            let space = PAGE.saturating_sub(self.page.len() + self.word_index.len());
            let (now, later) = list.split_at(whole_numbers(list, space));
            self.page.extend_from_slice(now);
            list = later;
            if self.is_full_with(0) {
                self.end_page();
            }
        }
    }

    fn end_page(&mut self) {
        let words_at = self.page.len() as u16;
        self.page[2..4].copy_from_slice(&words_at.to_be_bytes());
        if self.no_word_yet {
            if self.no_row_yet && !self.rows[0].bytes.is_empty() {
                varint::put(&mut self.rows[0].bytes, 0);
            }
            self.wordless_pages += 1;
        } else {
            self.page.extend_from_slice(&self.word_index);
        }
        let page = std::mem::replace(&mut self.page, Vec::with_capacity(PAGE));
        self.page.resize(4, 0);
        self.done
            .data
            .push((data_id(self.segment, None, self.number), page));
        self.word_index.clear();
        self.last_word_at = 0;
        self.number += 1;
        self.no_word_yet = true;
        self.no_row_yet = true;
    }

    /// Enters the last page on which a word begins, now that the rows of its
    /// last word are all written.
    fn enter_last_page(&mut self) {
        if self.entered_page == 0 {
            return;
        }
        let indexed = self.wordless_pages >= PAGES_FOR_INDEX && !self.rows[0].bytes.is_empty();
        for (level, rows) in self.rows.iter_mut().enumerate() {
            if rows.bytes.is_empty() {
                break;
            }
            if indexed {
                let id = data_id(self.segment, Some(level), rows.page);
                self.done.data.push((id, rows.bytes.clone()));
            }
            rows.bytes.clear();
        }
        self.wordless_pages = 0;
        let page = i64::from(self.entered_page) << 1 | i64::from(indexed);
        self.done.first_words.push((self.entered.clone(), page));
        self.entered_page = 0;
    }

    /// Adds the first row of the current page to the index of rows, at this
    /// level and, where a page of the index begins, at those above.
    fn index_row(&mut self, level: usize, row: i64) {
        let is_full = self.rows[level].bytes.len() >= PAGE;
        if is_full {
            self.end_index_page(level);
        }
        let page = match level {
            0 => self.number,
            _ => self.rows[level - 1].page,
        };
        let index = &mut self.rows[level];
        if index.bytes.is_empty() {
            // Whether it is not the highest, and the page it speaks of first.
            index.bytes.push(u8::from(is_full));
            varint::put(&mut index.bytes, u64::from(page));
            varint::put(&mut index.bytes, row as u64);
        } else {
            varint::put(&mut index.bytes, (row - index.before) as u64);
        }
        index.before = row;
        if is_full {
            self.index_row(level + 1, row);
        }
    }

    fn end_index_page(&mut self, level: usize) {
        if self.rows.len() < level + 2 {
            self.rows.push(RowIndex::default());
        }
        let index = &mut self.rows[level];
        index.bytes[0] = 1;
        let id = data_id(self.segment, Some(level), index.page);
        self.done.data.push((id, index.bytes.clone()));
        let page = index.page;
        let (_, length) = varint::get(&index.bytes[1..]);
        let (first, _) = varint::get(&index.bytes[1 + length..]);
        index.bytes.clear();
        index.page += 1;
        let above = &mut self.rows[level + 1];
        if above.bytes.is_empty() {
            above.page = page;
            above.before = first as i64;
            above.bytes.push(0);
            varint::put(&mut above.bytes, u64::from(page));
            varint::put(&mut above.bytes, first);
        }
    }

    fn finish(mut self) -> Segment {
        if self.page.len() > 4 {
            self.end_page();
        }
        if self.number > 1 {
            self.enter_last_page();
        }
        self.done.pages = self.number - 1;
        self.done
    }
}

/// The id of a row of `search_data`: a page of the words of a segment, or of
/// one level of an index of rows.
pub(super) fn data_id(segment: u16, level: Option<usize>, page: u32) -> i64 {
    let is_index = i64::from(level.is_some());
    let level = level.unwrap_or(0) as i64;
    i64::from(segment) << 37 | is_index << 36 | level << 31 | i64::from(page)
}

/// The length of the longest beginning of `list`, of at most `space` bytes,
/// that cuts no number in two; at least one number.
fn whole_numbers(list: &[u8], space: usize) -> usize {
    if list.len() <= space {
        return list.len();
    }
    let (_, mut end) = varint::get(list);
    while end < space {
        let (_, length) = varint::get(&list[end..]);
        if end + length > space {
            break;
        }
        end += length;
    }
    end
}
