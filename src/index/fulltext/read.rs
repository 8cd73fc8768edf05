//! The rows of a word and where it stands in them, read from FTS5's own tables:
//! what the loader wrote and FTS5 changed since. The file may come from a
//! stranger: what FTS5 would not have written is damage.
//!
//! FTS5 itself would answer as well, and does in a test. But it looks up the
//! length of every row that matches, which takes longer than all the rest, and
//! most of them cannot be among the best whatever their length.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rusqlite::{Connection, OptionalExtension, params};

use super::postings::Place;
use super::segment::{MAIN, data_id};
use super::{AVERAGES, COLUMNS, LEVELS, STRUCTURE, varint};
use crate::index::error::IndexError;

/// FTS5 knows no more segments than this (`FTS5_MAX_SEGMENT`).
const SEGMENTS: usize = 2_000;
/// Bytes before the content of a page.
const HEADER: usize = 4;

/// The table `search`, open for reading.
pub(in crate::index) struct FullText<'c> {
    connection: &'c Connection,
    /// Newest first: what the first of them says of a word in a row is so.
    segments: Vec<Pages>,
    rows: u64,
    words: u64,
}

/// The pages of a segment.
#[derive(Clone, Copy)]
struct Pages {
    segment: u16,
    first: u32,
    last: u32,
}

impl<'c> FullText<'c> {
    /// The table in the index open on `connection`.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] or [`IndexError::Io`].
    pub(in crate::index) fn open(connection: &'c Connection) -> Result<Self, IndexError> {
        let averages = block(connection, AVERAGES)?;
        let mut averages = Numbers(&averages);
        let rows = averages.next().unwrap_or(0);
        let segments = segments(&block(connection, STRUCTURE)?);
        Ok(Self {
            connection,
            segments: segments.ok_or_else(|| damaged("the structure"))?,
            rows,
            words: averages.take(COLUMNS).fold(0, u64::wrapping_add),
        })
    }

    /// How many rows there are.
    pub(in crate::index) const fn rows(&self) -> u64 {
        self.rows
    }

    /// How many words all rows have together.
    pub(in crate::index) const fn words(&self) -> u64 {
        self.words
    }

    /// How many words a row has.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] or [`IndexError::Io`].
    pub(in crate::index) fn length(&self, row: i64) -> Result<u64, IndexError> {
        let sizes: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT sz FROM search_docsize WHERE id = ?")?
            .query_row([row], |row| row.get(0))
            .optional()?;
        let sizes = sizes.ok_or_else(|| damaged("the length of a row"))?;
        Ok(Numbers(&sizes).take(COLUMNS).fold(0, u64::wrapping_add))
    }

    /// Where `word` is used or, with `prefix`, any word that begins so.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] or [`IndexError::Io`].
    pub(in crate::index) fn uses(&self, word: &str, prefix: bool) -> Result<Uses, IndexError> {
        let key = [&[MAIN], word.as_bytes()].concat();
        let mut uses = Uses::default();
        let mut words: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
        for (age, pages) in self.segments.iter().enumerate() {
            self.each_word(*pages, &key, prefix, &mut |word, list| {
                let next = words.len() as u32;
                let word = *words.entry(word.to_vec()).or_insert(next);
                self.each_row(*pages, list, &mut |row, positions| {
                    uses.add(row, word, age as u32, positions);
                })
            })?;
        }
        if u32::try_from(uses.positions.len()).is_err() {
            return Err(damaged("a word that is used so often"));
        }
        uses.settle();
        Ok(uses)
    }

    /// Shows the words of a segment that are `key` (with `prefix`: begin so),
    /// each with its list of rows.
    fn each_word(
        &self,
        pages: Pages,
        key: &[u8],
        prefix: bool,
        show: &mut dyn FnMut(&[u8], List) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        let mut word = Vec::new();
        for number in self.first_page(pages, key)?..=pages.last {
            let page = Rc::new(self.page(pages, number)?);
            word.clear();
            let mut starts = page.words().peekable();
            while let Some(at) = starts.next() {
                let mut list = List {
                    number,
                    at,
                    end: starts.peek().copied().unwrap_or(page.end),
                    rows_at: None,
                    goes_on: starts.peek().is_none(),
                    page: Rc::clone(&page),
                };
                // Of all but the first, what is shared with the one before.
                let kept = if word.is_empty() { 0 } else { list.number()? };
                let length = list.number()?;
                word.truncate(kept as usize);
                word.extend_from_slice(list.bytes(length as usize));
                match word[..word.len().min(key.len())].cmp(key) {
                    Ordering::Less => continue,
                    Ordering::Equal if prefix || word.len() == key.len() => show(&word, list)?,
                    Ordering::Equal | Ordering::Greater => return Ok(()),
                }
                if !prefix {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The page of a segment on which `key` stands, if it does.
    fn first_page(&self, pages: Pages, key: &[u8]) -> Result<u32, IndexError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT pgno >> 1 FROM search_idx WHERE segid = ? AND term <= ?
             ORDER BY term DESC LIMIT 1",
        )?;
        let page: Option<i64> = statement
            .query_row(params![pages.segment, key], |row| row.get(0))
            .optional()?;
        let page = page.and_then(|page| u32::try_from(page).ok());
        // Pages that were merged into another segment are gone.
        Ok(page.unwrap_or(0).max(pages.first))
    }

    /// Shows each row of a list with its positions.
    fn each_row(
        &self,
        pages: Pages,
        mut list: List,
        show: &mut dyn FnMut(i64, &[u8]),
    ) -> Result<(), IndexError> {
        // The first row of a list or of a page is written as it is, the others
        // as their distance from the one before.
        let mut row = 0i64;
        let mut long = Vec::new();
        loop {
            while list.at < list.end {
                row = row.wrapping_add(list.number()? as i64);
                // The lowest bit tells that older segments are wrong about it.
                let length = (list.number()? / 2) as usize;
                let positions = list.bytes(length);
                if positions.len() == length {
                    show(row, positions);
                    continue;
                }
                long.clear();
                long.extend_from_slice(positions);
                while long.len() < length {
                    list = self.next_page(pages, &list)?;
                    long.extend_from_slice(list.bytes(length - long.len()));
                }
                show(row, &long);
                row = list.skip_to_rows();
            }
            if !list.goes_on || list.number == pages.last {
                return Ok(());
            }
            list = self.next_page(pages, &list)?;
            row = list.skip_to_rows();
        }
    }

    /// What the next page holds of a list: first the end of a position list.
    fn next_page(&self, pages: Pages, list: &List) -> Result<List, IndexError> {
        if !list.goes_on || list.number >= pages.last {
            return Err(damaged("a list of rows"));
        }
        let number = list.number + 1;
        let page = self.page(pages, number)?;
        let word = page.words().next();
        Ok(List {
            number,
            at: HEADER,
            end: word.unwrap_or(page.end),
            rows_at: page.first_row,
            goes_on: word.is_none(),
            page: Rc::new(page),
        })
    }

    fn page(&self, pages: Pages, number: u32) -> Result<Page, IndexError> {
        let id = data_id(pages.segment, None, number);
        Page::of(block(self.connection, id)?).ok_or_else(|| damaged("a page"))
    }
}

/// A row of `search_data`; empty where there is none.
fn block(connection: &Connection, id: i64) -> Result<Vec<u8>, IndexError> {
    let block = connection
        .prepare_cached("SELECT block FROM search_data WHERE id = ?")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(block.unwrap_or_default())
}

fn damaged(what: &str) -> IndexError {
    IndexError::Damaged(format!("{what} in its full text cannot be read"))
}

/// The segments that a structure record names, newest first.
fn segments(record: &[u8]) -> Option<Vec<Pages>> {
    // Before it, the cookie of the configuration.
    let mut numbers = Numbers(record.get(4..)?);
    let levels = numbers.next()? as usize;
    let (_count, _writes) = (numbers.next()?, numbers.next()?);
    let mut all = Vec::new();
    let mut known = BTreeSet::new();
    for _ in 0..Some(levels).filter(|levels| *levels <= LEVELS)? {
        let _merging = numbers.next()?;
        let here = numbers.next()? as usize;
        let start = all.len();
        for _ in 0..Some(here).filter(|here| start + here <= SEGMENTS)? {
            let pages = Pages {
                segment: u16::try_from(numbers.next()?).ok()?,
                first: u32::try_from(numbers.next()?).ok()?,
                last: u32::try_from(numbers.next()?).ok()?,
            };
            // All of one without pages was merged into another.
            if pages.last > 0 {
                all.push(pages);
            }
            known.insert(pages.segment).then_some(())?;
        }
        all[start..].reverse();
    }
    Some(all)
}

/// A page of a segment.
struct Page {
    bytes: Vec<u8>,
    /// Where the first row stands that follows no word of this page.
    first_row: Option<usize>,
    /// Where the content ends and the index of words begins.
    end: usize,
}

impl Page {
    fn of(bytes: Vec<u8>) -> Option<Self> {
        let [row, row_low, end, end_low, ..] = *bytes else {
            return None;
        };
        let first_row = usize::from(u16::from_be_bytes([row, row_low]));
        let end = usize::from(u16::from_be_bytes([end, end_low]));
        let content = HEADER..=bytes.len();
        let is_page = content.contains(&end) && (first_row == 0 || first_row <= end);
        is_page.then_some(Self {
            bytes,
            first_row: (first_row >= HEADER).then_some(first_row),
            end,
        })
    }

    /// Where its words begin.
    fn words(&self) -> impl Iterator<Item = usize> {
        let sum = |at: &mut usize, distance| {
            *at = at.saturating_add(distance as usize);
            (*at < self.end).then_some(*at)
        };
        Numbers(&self.bytes[self.end..]).scan(0, sum)
    }
}

/// The rows of one word, as far as one page holds them.
struct List {
    page: Rc<Page>,
    /// The page's number.
    number: u32,
    at: usize,
    end: usize,
    /// Where the first row begins, if what stands before continues another.
    rows_at: Option<usize>,
    /// Whether there may be more on the next page.
    goes_on: bool,
}

impl List {
    fn number(&mut self) -> Result<u64, IndexError> {
        let mut numbers = Numbers(&self.page.bytes[self.at..self.end.max(self.at)]);
        let before = numbers.0.len();
        let number = numbers.next().ok_or_else(|| damaged("a list of rows"))?;
        self.at += before - numbers.0.len();
        Ok(number)
    }

    /// The next bytes, at most `most`, but none of the rows behind.
    fn bytes(&mut self, most: usize) -> &[u8] {
        let start = self.at;
        let end = self.rows_at.unwrap_or(self.end).max(start);
        self.at = end.min(start.saturating_add(most));
        &self.page.bytes[start..self.at]
    }

    /// Goes to where rows begin on a page that was just turned to, before which
    /// the row is said to be 0.
    fn skip_to_rows(&mut self) -> i64 {
        self.at = self.rows_at.take().unwrap_or(self.end);
        0
    }
}

/// The numbers that follow each other in a block.
struct Numbers<'a>(&'a [u8]);

impl Iterator for Numbers<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if self.0.is_empty() {
            return None;
        }
        let (number, length) = varint::get(self.0);
        self.0 = &self.0[length..];
        Some(number)
    }
}

/// Where a word, or any of the words with one beginning, is used.
#[derive(Default)]
pub(in crate::index) struct Uses {
    entries: Vec<Entry>,
    positions: Vec<u8>,
}

/// What one segment says of one word in one row: its positions, none where it
/// was deleted.
struct Entry {
    row: i64,
    word: u32,
    /// How many segments are newer.
    age: u32,
    start: u32,
    end: u32,
}

impl Uses {
    /// The rows in ascending order, each with the places in it, which ascend
    /// word by word.
    pub(in crate::index) fn rows(
        &self,
    ) -> impl Iterator<Item = (i64, impl Iterator<Item = Place> + '_)> {
        let rows = self.entries.chunk_by(|a, b| a.row == b.row);
        rows.map(|entries| {
            let lists = entries.iter();
            let places = lists.flat_map(|entry| {
                places(&self.positions[entry.start as usize..entry.end as usize])
            });
            (entries[0].row, places)
        })
    }

    /// How many rows there are at most.
    pub(in crate::index) const fn len(&self) -> usize {
        self.entries.len()
    }

    fn add(&mut self, row: i64, word: u32, age: u32, positions: &[u8]) {
        let start = self.positions.len() as u32;
        self.positions.extend_from_slice(positions);
        self.entries.push(Entry {
            row,
            word,
            age,
            start,
            end: self.positions.len() as u32,
        });
    }

    /// Keeps of each word in each row what the newest segment says.
    fn settle(&mut self) {
        self.entries
            .sort_by_key(|entry| (entry.row, entry.word, entry.age));
        self.entries.dedup_by_key(|entry| (entry.row, entry.word));
        self.entries.retain(|entry| entry.start < entry.end);
    }
}

/// The places that a position list names.
fn places(list: &[u8]) -> impl Iterator<Item = Place> {
    let mut numbers = Numbers(list);
    let (mut column, mut position) = (0, 0u32);
    std::iter::from_fn(move || {
        let mut number = numbers.next()?;
        while number == 1 {
            column = numbers.next()? as usize % COLUMNS;
            position = 0;
            number = numbers.next()?;
        }
        position = position.wrapping_add((number as u32).wrapping_sub(2));
        Some(Place::new(column, position))
    })
}
