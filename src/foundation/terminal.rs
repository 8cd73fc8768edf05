//! Characters that a terminal acts on instead of showing them, or that nobody
//! sees. Names and texts come from files that a stranger may have written.

use std::borrow::Cow;
use std::io::{self, Write};

/// Whether `c` moves the cursor, changes the terminal's state, begins a line,
/// reorders what is read, or takes no room. Joiners are none of these: words
/// of many languages need them.
#[must_use]
pub fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `text` with every character escaped that would move the cursor, change
/// the terminal's state or reorder what is read. Tabs become spaces.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\t' => cleaned.push(' '),
            c if acts(c) => cleaned.extend(c.escape_default()),
            c => cleaned.push(c),
        }
    }
    Cow::Owned(cleaned)
}

/// Passes a JSON text on with every character that acts in it as an escape:
/// the document stays the same. Line feeds and indents stay too.
#[derive(Debug)]
pub struct VisibleJson<W>(pub W);

impl<W: Write> Write for VisibleJson<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A serialiser writes whole characters. Beyond ASCII, and DEL, they
        // only stand in strings, where control characters are escapes already.
        let hidden = |c: char| c > '\u{7e}' && acts(c);
        match std::str::from_utf8(bytes) {
            Ok(text) if text.contains(hidden) => {
                for c in text.chars() {
                    match c {
                        c if hidden(c) => write!(self.0, "\\u{:04x}", u32::from(c))?,
                        c => self.0.write_all(c.encode_utf8(&mut [0; 4]).as_bytes())?,
                    }
                }
            }
            Ok(_) | Err(_) => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn text_from_files_cannot_drive_the_terminal() {
        assert_eq!(clean("plain — ünïcode"), "plain — ünïcode");
        assert_eq!(clean("a\tb"), "a b");
        assert_eq!(clean("\x1b[2J\n\u{202e}"), "\\u{1b}[2J\\n\\u{202e}");
        assert_eq!(clean("a\u{200b}\u{2028}"), "a\\u{200b}\\u{2028}");
    }

    #[test]
    fn a_json_text_shows_everything_and_stays_the_same_document() {
        let value = serde_json::json!({"a\u{7f}": ["\u{9b}2J", "\u{202e}é\n", "\u{2028}"]});
        let mut shown = Vec::new();
        serde_json::to_writer_pretty(VisibleJson(&mut shown), &value).unwrap();
        let shown = String::from_utf8(shown).unwrap();
        assert!(!shown.contains(|c| c != '\n' && acts(c)), "{shown}");
        assert!(
            shown.contains("\\u009b2J") && shown.contains('é'),
            "{shown}"
        );
        let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(read, value);
    }
}
