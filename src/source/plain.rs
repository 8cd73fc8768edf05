//! reStructuredText and plain text: headings by underline, paragraphs.
//!
//! A heading is one line above a line of repeated punctuation, perhaps below
//! an equal one as well; its rank is the order in which the adornment's style
//! first appears in the file. Markup of reStructuredText that links and names
//! things is read; its directives and tables are text.

use std::ops::Range;

use super::builder::{Builder, collapsed};
use super::inline::{self, Beside};
use super::lines::line_at;
use super::rst;
use crate::graph::{Document, Format};

/// Reads `text` by the rules of `format`; Markdown (which comes here only when
/// it is abusive) by those of plain text.
pub(super) fn extract(format: Format, text: &str) -> Document {
    let mut reader = Reader {
        builder: Builder::new(format, text),
        format,
        styles: Vec::new(),
        paragraph: 0..0,
        markup: rst::Markup::default(),
    };
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    reader.lines(start);
    reader.markup.finish(&mut reader.builder);
    reader.builder.finish()
}

struct Reader<'t> {
    builder: Builder<'t>,
    format: Format,
    /// Styles of adornment in order of appearance: the character, and
    /// whether there is a line above.
    styles: Vec<(u8, bool)>,
    /// The paragraph being read: empty between paragraphs.
    paragraph: Range<usize>,
    markup: rst::Markup<'t>,
}

impl Reader<'_> {
    fn lines(&mut self, start: usize) {
        let text = self.builder.text();
        let mut at = start;
        while at < text.len() {
            let line = line_at(text, at);
            if let Some(end) = self.heading(&line) {
                at = end;
                continue;
            }
            if text[line.clone()].trim().is_empty() {
                self.end_paragraph();
            } else if self.paragraph.is_empty() {
                self.paragraph = line.clone();
            } else {
                self.paragraph.end = line.end;
            }
            at = line.end + 1;
        }
        self.end_paragraph();
    }

    /// Reads a heading that starts at `line`; returns where the line after
    /// it starts.
    fn heading(&mut self, line: &Range<usize>) -> Option<usize> {
        // Only the first line of a block can be a title.
        if !self.paragraph.is_empty() {
            return None;
        }
        let text = self.builder.text();
        let first = text[line.clone()].trim_end();
        if first.is_empty() || self.markup.holds(text, line) {
            return None;
        }
        let second = next_line(text, line)?;
        if let Some(over) = adornment(first) {
            let title = text[second.clone()].trim();
            let third = next_line(text, &second)?;
            let under = text[third.clone()].trim_end();
            if under != first || title.is_empty() || adornment(title).is_some() {
                return None;
            }
            let width = title.chars().count();
            if under.len() < width {
                return None;
            }
            self.section((over, true), title, line.start..third.end);
            return Some(third.end + 1);
        }
        let indented = first.starts_with([' ', '\t']);
        let under = text[second.clone()].trim_end();
        let style = adornment(under).filter(|_| !indented)?;
        let width = first.chars().count();
        let fits = match self.format {
            // As docutils: a short underline is an error, but a heading.
            Format::Rst => under.len() >= width || under.len() >= 4,
            _ => under.len() >= 3 && under.len() * 2 >= width,
        };
        if !fits {
            return None;
        }
        self.section((style, false), first, line.start..second.end);
        Some(second.end + 1)
    }

    fn section(&mut self, style: (u8, bool), title: &str, place: Range<usize>) {
        let known = self.styles.iter().position(|&other| other == style);
        let rank = known.unwrap_or_else(|| {
            self.styles.push(style);
            self.styles.len() - 1
        });
        let level = u8::try_from(rank + 1).unwrap_or(u8::MAX).min(6);
        self.builder.open_section(level, place.clone());
        let title = if self.format == Format::Rst {
            rst::unmarked(title)
        } else {
            title.to_owned()
        };
        // References name it with any number of blanks.
        let title = collapsed(&title, usize::MAX);
        self.builder.name_section(&title, None);
        self.builder.block(place.clone());
        match self.format {
            Format::Rst => self.markup.title(&mut self.builder, place),
            _ => inline::scan(&mut self.builder, place, Beside::Wikilinks),
        }
    }

    fn end_paragraph(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        if paragraph.is_empty() {
            return;
        }
        self.builder.block(paragraph.clone());
        match self.format {
            Format::Rst => self.markup.paragraph(&mut self.builder, paragraph),
            _ => inline::scan(&mut self.builder, paragraph, Beside::Wikilinks),
        }
    }
}

fn next_line(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
    (line.end + 1 < text.len()).then(|| line_at(text, line.end + 1))
}

/// The character of a line that is nothing but one repeated punctuation
/// character.
fn adornment(line: &str) -> Option<u8> {
    let bytes = line.as_bytes();
    let first = *bytes.first().filter(|byte| byte.is_ascii_punctuation())?;
    bytes.iter().all(|&byte| byte == first).then_some(first)
}
