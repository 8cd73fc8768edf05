//! Lines of a text, and line numbers for byte offsets.

use std::ops::Range;

use crate::graph::Span;
use crate::workspace::MOST_FILE_BYTES;

/// The line that starts at `at`, without its `\n`.
pub(super) fn line_at(text: &str, at: usize) -> Range<usize> {
    let rest = &text.as_bytes()[at..];
    at..at + memchr::memchr(b'\n', rest).unwrap_or(rest.len())
}

/// Where the lines of a text end, with a cursor: extraction asks in nearly
/// ascending order, so most answers are a step away from the last one.
pub(super) struct Lines {
    /// Offset of every `\n`.
    ends: Vec<u32>,
    /// How many of `ends` lie before the last offset asked for.
    cursor: usize,
    /// Bytes of the text.
    bytes: usize,
}

/// Steps the cursor walks before it gives way to a binary search.
const NEAR: usize = 12;

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let mut ends = Vec::with_capacity(text.len() / 40 + 1);
        ends.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(offset));
        Self {
            ends,
            cursor: 0,
            bytes: text.len(),
        }
    }

    /// Lines of the text; a last line without `\n` counts, an empty one does not.
    pub(super) fn count(&self) -> u32 {
        let open = match self.ends.last() {
            Some(&end) => end as usize + 1 < self.bytes,
            None => self.bytes > 0,
        };
        offset(self.ends.len()) + u32::from(open)
    }

    /// The line, from 1, on which the byte at `at` stands.
    pub(super) fn line(&mut self, at: usize) -> u32 {
        let at = offset(at);
        let mut cursor = self.cursor;
        let mut steps = 0;
        while cursor < self.ends.len() && self.ends[cursor] < at && steps < NEAR {
            cursor += 1;
            steps += 1;
        }
        while cursor > 0 && self.ends[cursor - 1] >= at && steps < NEAR {
            cursor -= 1;
            steps += 1;
        }
        if steps == NEAR {
            cursor = self.ends.partition_point(|&end| end < at);
        }
        self.cursor = cursor;
        offset(cursor) + 1
    }

    /// The span of the bytes `start..end`.
    pub(super) fn span(&mut self, start: usize, end: usize) -> Span {
        let line = self.line(start);
        let end_line = self.line(end.saturating_sub(1).max(start));
        Span {
            line,
            end_line,
            start: offset(start),
            end: offset(end),
        }
    }
}

// Every offset in a source fits.
const _: () = assert!(MOST_FILE_BYTES < u32::MAX as u64);

/// A byte offset as stored. Larger files than `MOST_FILE_BYTES` are refused by
/// [`super::scan`] and [`super::read`], so this saturates only in theory.
pub(super) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_editors_do() {
        let count = |text| Lines::of(text).count();
        assert_eq!(
            [
                count(""),
                count("a"),
                count("a\n"),
                count("a\nb"),
                count("\n\n")
            ],
            [0, 1, 1, 2, 2]
        );
    }

    #[test]
    fn any_order_of_questions_gets_the_same_answers() {
        let text = "x\n".repeat(1000);
        let mut lines = Lines::of(&text);
        let mut at = 7;
        for _ in 0..5000 {
            at = (at * 31 + 17) % text.len();
            assert_eq!(lines.line(at) as usize, at / 2 + 1);
        }
        let span = lines.span(0, 4);
        assert_eq!((span.line, span.end_line), (1, 2));
    }
}
