//! Front matter: the title and the tags of a Markdown file.
//!
//! YAML stands between `---` lines, TOML between `+++` lines.

mod toml;
mod yaml;

use std::ops::Range;

use super::builder::Builder;

/// No front matter is longer; a longer block is text.
const MAX_BYTES: usize = 256 * 1024;

/// Reads the front matter of the source, whose text starts at `start` (after
/// a byte order mark). Returns where the text after it starts: `start` when
/// there is none.
pub(super) fn read(builder: &mut Builder<'_>, start: usize) -> usize {
    let text = builder.text();
    let limit = text.floor_char_boundary(start + MAX_BYTES);
    let mut lines = Lines::new(text, start..limit);
    let Some(fence) = lines.next().map(|line| text[line].trim_end()) else {
        return start;
    };
    if fence != "---" && fence != "+++" {
        return start;
    }
    let body_start = lines.at;
    while let Some(line) = lines.next() {
        let closes = match text[line.clone()].trim_end() {
            "..." => fence == "---",
            other => other == fence,
        };
        if closes {
            let body = body_start..line.start;
            let read = if fence == "---" {
                yaml::read(builder, body)
            } else {
                toml::read(builder, body)
            };
            return if read { lines.at } else { start };
        }
    }
    start
}

/// The lines of a range of a text: each without its `\n`.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    end: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str, range: Range<usize>) -> Self {
        Self {
            text,
            at: range.start,
            end: range.end,
        }
    }
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        if self.at >= self.end {
            return None;
        }
        let rest = &self.text.as_bytes()[self.at..self.end];
        let length = memchr::memchr(b'\n', rest);
        let line = self.at..self.at + length.unwrap_or(rest.len());
        self.at = (line.end + usize::from(length.is_some())).min(self.end);
        Some(line)
    }
}

/// What a value at the current place belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Key {
    Title,
    Tags,
    Other,
}

impl Key {
    fn of(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "title" => Self::Title,
            "tags" | "tag" | "keywords" => Self::Tags,
            _ => Self::Other,
        }
    }
}
