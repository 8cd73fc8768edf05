//! Cutting a text into citable chunks.

use std::ops::Range;

use super::lines::Lines;
use crate::graph::Chunk;

/// Blocks of a section are joined while the chunk stays within this.
pub(super) const JOINED: usize = 3_600;

/// A block up to this stays whole; a larger one is split.
pub(super) const WHOLE: usize = 4_096;

/// Joins and splits blocks, which must come in source order.
#[derive(Default)]
pub(super) struct Chunks {
    made: Vec<Chunk>,
    /// The chunk being joined.
    open: Range<usize>,
    section: Option<u32>,
    /// No later chunk starts before this.
    floor: usize,
}

impl Chunks {
    /// Adds the block `range` of `text`, which stands in `section`.
    pub(super) fn block(
        &mut self,
        text: &str,
        lines: &mut Lines,
        section: Option<u32>,
        range: Range<usize>,
    ) {
        let Some(range) = trimmed(text, self.floor.max(range.start)..range.end) else {
            return;
        };
        let joins = section == self.section && range.end - self.open.start <= JOINED;
        if self.open.is_empty() || !joins {
            self.close(text, lines);
            self.section = section;
            self.open = range;
        } else {
            self.open.end = range.end;
        }
        self.floor = self.open.end;
    }

    /// Ends the chunk being joined.
    pub(super) fn close(&mut self, text: &str, lines: &mut Lines) {
        let mut rest = std::mem::take(&mut self.open);
        let most = if rest.len() > WHOLE { JOINED } else { WHOLE };
        while rest.len() > most {
            let cut = rest.start + cut(&text[rest.clone()]);
            self.push(text, lines, rest.start..cut);
            rest.start = cut;
        }
        self.push(text, lines, rest);
    }

    fn push(&mut self, text: &str, lines: &mut Lines, range: Range<usize>) {
        let Some(range) = trimmed(text, range) else {
            return;
        };
        self.made.push(Chunk {
            section: self.section,
            span: lines.span(range.start, range.end),
            text: text[range].to_owned(),
        });
    }

    /// Every chunk, in source order. There is always one, since a search finds
    /// documents by their chunks: without a block it is all of the text, such as
    /// front matter with nothing below it, or that of a blank file, which is empty.
    pub(super) fn finish(mut self, text: &str, lines: &mut Lines) -> Vec<Chunk> {
        self.close(text, lines);
        if self.made.is_empty() {
            self.open = 0..text.len();
            self.close(text, lines);
        }
        if self.made.is_empty() {
            self.made.push(Chunk {
                section: self.section,
                span: lines.span(0, 0),
                text: String::new(),
            });
        }
        self.made
    }
}

/// The index of the chunk in which the byte `at` stands, walking on from
/// `hint`; callers ask in ascending order. What stands between two chunks
/// belongs to the one before.
pub(super) fn chunk_at(chunks: &[Chunk], hint: usize, at: u32) -> usize {
    let mut index = hint;
    while chunks
        .get(index + 1)
        .is_some_and(|next| next.span.start <= at)
    {
        index += 1;
    }
    index
}

/// `range` snapped to characters, without blank lines before and white space
/// behind; `None` when nothing is left.
fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let start = text.ceil_char_boundary(range.start);
    let end = text.floor_char_boundary(range.end);
    let slice = text.get(start..end)?;
    let end = start + slice.trim_end().len();
    let slice = &text[start..end];
    // Indentation belongs to the first line that is not blank.
    let blank = slice.len() - slice.trim_start().len();
    let start = match memchr::memrchr(b'\n', &slice.as_bytes()[..blank]) {
        Some(newline) => start + newline + 1,
        None => start,
    };
    (start < end).then_some(start..end)
}

/// Where to cut a block of more than [`WHOLE`] bytes: after the last line
/// that fits in [`JOINED`], else after the first line, else behind the last
/// white space, else between characters. Looks at no more than [`WHOLE`]
/// bytes.
fn cut(text: &str) -> usize {
    let bytes = text.as_bytes();
    let window = &bytes[..WHOLE.min(bytes.len())];
    if let Some(at) = memchr::memrchr(b'\n', &window[..JOINED.min(window.len())]) {
        return at + 1;
    }
    if let Some(at) = memchr::memchr(b'\n', window) {
        return at + 1;
    }
    let gap = memchr::memrchr3(b' ', b'\t', b'\r', window).map_or(0, |at| at + 1);
    // A gap near the start would make crumbs of a text that has few.
    if gap > WHOLE / 2 {
        return gap;
    }
    text.floor_char_boundary(window.len()).max(1)
}
