//! The rows of a word and where it stands in them, read from FTS5's own tables:
//! what the loader wrote and FTS5 changed since. The file may come from a
//! stranger: what FTS5 would not have written is damage.
//!
//! FTS5 itself would answer as well, and does in a test. But it looks up the
//! length of every row that matches, which takes longer than all the rest, and
//! most of them cannot be among the best whatever their length.

use std::cmp::{Ordering, Reverse};
use std::collections::binary_heap::PeekMut;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;

use rusqlite::{Connection, OptionalExtension, params};

use super::pages::{List, Numbers, Page, Pages, damaged, segments};
use super::postings::Place;
use super::segment::{MAIN, data_id};
use super::{AVERAGES, COLUMNS, STRUCTURE, varint};
use crate::index::error::IndexError;

/// The table `search`, open for reading.
pub(in crate::index) struct FullText<'c> {
    connection: &'c Connection,
    /// Newest first: what the first of them says of a word in a row is so.
    segments: Vec<Pages>,
    rows: u64,
    words: u64,
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
            self.each_word(*pages, &key, prefix, |word, list| {
                let next = words.len() as u32;
                let mut listed = Listed {
                    word: *words.entry(word.to_vec()).or_insert(next),
                    age: age as u32,
                    rows: 0,
                    last: 0,
                    bytes: Vec::new(),
                };
                self.each_row(*pages, list, |row, positions| listed.add(row, positions))?;
                uses.lists.push(listed);
                Ok(())
            })?;
        }
        Ok(uses)
    }

    /// Shows the words of a segment that are `key` (with `prefix`: begin so),
    /// each with its list of rows.
    fn each_word(
        &self,
        pages: Pages,
        key: &[u8],
        prefix: bool,
        mut show: impl FnMut(&[u8], List) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        let mut word = Vec::new();
        for number in self.first_page(pages, key)?..=pages.last {
            let page = Rc::new(self.page(pages, number)?);
            word.clear();
            let mut starts = page.words().peekable();
            while let Some(at) = starts.next() {
                let mut list = List::on(&page, number, at, starts.peek().copied());
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
        mut show: impl FnMut(i64, &[u8]),
    ) -> Result<(), IndexError> {
        // The first row of a list or of a page is written as it is, the others
        // as their distance from the one before.
        let mut row = 0i64;
        let mut long = Vec::new();
        loop {
            while !list.is_at_end() {
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
            if !list.goes_on || list.page_number == pages.last {
                return Ok(());
            }
            list = self.next_page(pages, &list)?;
            row = list.skip_to_rows();
        }
    }

    /// What the next page holds of a list.
    fn next_page(&self, pages: Pages, list: &List) -> Result<List, IndexError> {
        if !list.goes_on || list.page_number >= pages.last {
            return Err(damaged("a list of rows"));
        }
        let number = list.page_number + 1;
        Ok(List::continued_on(self.page(pages, number)?, number))
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

/// Where a word, or any of the words with one beginning, is used.
#[derive(Default)]
pub(in crate::index) struct Uses {
    lists: Vec<Listed>,
}

/// What one segment says of one word: for each row its distance from the row
/// before, the length of its positions (0 where the row was deleted) and these.
struct Listed {
    word: u32,
    /// How many segments are newer.
    age: u32,
    rows: usize,
    last: i64,
    bytes: Vec<u8>,
}

impl Listed {
    fn add(&mut self, row: i64, positions: &[u8]) {
        varint::put(&mut self.bytes, row.wrapping_sub(self.last) as u64);
        varint::put(&mut self.bytes, positions.len() as u64);
        self.bytes.extend_from_slice(positions);
        self.rows += 1;
        self.last = row;
    }
}

impl Uses {
    /// How many rows there are at most.
    pub(in crate::index) fn len(&self) -> usize {
        self.lists.iter().map(|list| list.rows).sum()
    }

    /// The rows, before the first.
    pub(in crate::index) fn rows(&self) -> Rows<'_> {
        let lists = self.lists.iter().filter_map(|list| {
            let mut cursor = Cursor {
                row: 0,
                word: list.word,
                age: list.age,
                positions: &[],
                rest: &list.bytes,
            };
            cursor.advance().then_some(Reverse(cursor))
        });
        Rows {
            lists: lists.collect(),
            positions: Vec::new(),
        }
    }
}

/// Goes through rows in ascending order.
pub(in crate::index) struct Rows<'u> {
    lists: BinaryHeap<Reverse<Cursor<'u>>>,
    /// Of the words in the row that was reached.
    positions: Vec<&'u [u8]>,
}

/// A list and the row it has reached. They are gone through by row, then by
/// word, what the newest segment says first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Cursor<'u> {
    row: i64,
    word: u32,
    age: u32,
    positions: &'u [u8],
    rest: &'u [u8],
}

impl Cursor<'_> {
    /// Goes to the next row, if there is one.
    fn advance(&mut self) -> bool {
        let mut numbers = Numbers(self.rest);
        let (Some(distance), Some(length)) = (numbers.next(), numbers.next()) else {
            return false;
        };
        self.row = self.row.wrapping_add(distance as i64);
        (self.positions, self.rest) = numbers.0.split_at(length as usize);
        true
    }
}

impl Rows<'_> {
    /// Goes to the next row.
    pub(in crate::index) fn next(&mut self) -> Option<i64> {
        let mut row = 0;
        self.positions.clear();
        while self.positions.is_empty() {
            row = self.lists.peek()?.0.row;
            let mut word = None;
            while let Some(mut list) = self.lists.peek_mut()
                && list.0.row == row
            {
                let is_newest = word.replace(list.0.word) != Some(list.0.word);
                if is_newest && !list.0.positions.is_empty() {
                    self.positions.push(list.0.positions);
                }
                if !list.0.advance() {
                    PeekMut::pop(list);
                }
            }
        }
        Some(row)
    }

    /// The places in the row that was reached: those of one word ascend.
    pub(in crate::index) fn places(&self) -> impl Iterator<Item = Place> {
        self.positions.iter().flat_map(|list| places(list))
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
