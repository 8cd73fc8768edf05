//! What FTS5's tables hold of a segment: which pages it has, and on a page its
//! words and their rows. [`segment`](super::segment) says how they are written.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::varint;
use crate::index::error::IndexError;

/// FTS5 reads no more segments, and no more levels, than this
/// (`FTS5_MAX_SEGMENT`).
const SEGMENTS: usize = 2_000;
/// Bytes before the content of a page.
const HEADER: usize = 4;

/// The pages of a segment.
#[derive(Clone, Copy)]
pub(super) struct Pages {
    pub(super) segment: u16,
    pub(super) first: u32,
    pub(super) last: u32,
}

/// The segments that a structure record names, newest first.
pub(super) fn segments(record: &[u8]) -> Option<Vec<Pages>> {
    // Before it, the cookie of the configuration.
    let mut numbers = Numbers(record.get(4..)?);
    let levels = numbers.next()? as usize;
    let (_count, _writes) = (numbers.next()?, numbers.next()?);
    let mut all = Vec::new();
    let mut known = BTreeSet::new();
    for _ in 0..Some(levels).filter(|levels| *levels <= SEGMENTS)? {
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
pub(super) struct Page {
    bytes: Vec<u8>,
    /// Where the first row stands that follows no word of this page.
    first_row: Option<usize>,
    /// Where the content ends and the index of words begins.
    pub(super) end: usize,
}

impl Page {
    pub(super) fn of(bytes: Vec<u8>) -> Option<Self> {
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
    pub(super) fn words(&self) -> impl Iterator<Item = usize> {
        let sum = |at: &mut usize, distance| {
            *at = at.saturating_add(distance as usize);
            (*at < self.end).then_some(*at)
        };
        Numbers(&self.bytes[self.end..]).scan(0, sum)
    }
}

/// The rows of one word, as far as one page holds them.
pub(super) struct List {
    page: Rc<Page>,
    /// The page's number.
    pub(super) page_number: u32,
    at: usize,
    end: usize,
    /// Where the first row begins, if what stands before continues another.
    rows_at: Option<usize>,
    /// Whether there may be more on the next page.
    pub(super) goes_on: bool,
}

impl List {
    /// What begins at `at` on a page and ends at `end`, or else with the page.
    pub(super) fn on(page: &Rc<Page>, page_number: u32, at: usize, end: Option<usize>) -> Self {
        Self {
            page_number,
            at,
            end: end.unwrap_or(page.end),
            rows_at: None,
            goes_on: end.is_none(),
            page: Rc::clone(page),
        }
    }

    /// What a page holds of a list that began on one before: first the end of a
    /// position list.
    pub(super) fn continued_on(page: Page, page_number: u32) -> Self {
        let word = page.words().next();
        let rows_at = page.first_row;
        Self {
            rows_at,
            ..Self::on(&Rc::new(page), page_number, HEADER, word)
        }
    }

    /// Whether nothing is left on this page.
    pub(super) const fn is_at_end(&self) -> bool {
        self.at >= self.end
    }

    /// The next number.
    pub(super) fn number(&mut self) -> Result<u64, IndexError> {
        let mut numbers = Numbers(&self.page.bytes[self.at..self.end.max(self.at)]);
        let before = numbers.0.len();
        let number = numbers.next().ok_or_else(|| damaged("a list of rows"))?;
        self.at += before - numbers.0.len();
        Ok(number)
    }

    /// The next bytes, at most `most`, but none of the rows behind.
    pub(super) fn bytes(&mut self, most: usize) -> &[u8] {
        let start = self.at;
        let end = self.rows_at.unwrap_or(self.end).max(start);
        self.at = end.min(start.saturating_add(most));
        &self.page.bytes[start..self.at]
    }

    /// Goes to where rows begin on a page that was just turned to, before which
    /// the row is said to be 0.
    pub(super) fn skip_to_rows(&mut self) -> i64 {
        self.at = self.rows_at.take().unwrap_or(self.end);
        0
    }
}

/// The numbers that follow each other in a block.
pub(super) struct Numbers<'a>(pub(super) &'a [u8]);

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

pub(super) fn damaged(what: &str) -> IndexError {
    IndexError::Damaged(format!("{what} in its full text cannot be read"))
}
