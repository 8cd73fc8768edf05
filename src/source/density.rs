//! How much a Markdown parser would have to hold in memory.
//!
//! It keeps a node for every mark that may turn out to be markup, sixty bytes
//! and more for a byte of the text: sixteen megabytes of `[` took over a
//! gigabyte. Prose has a mark in sixteen bytes. A file with twice as many is no
//! prose, and is read as plain text: still searched, in bounded memory.

use super::nesting;

/// Marks granted to any file, however small: so few harm nobody.
const MARKS: usize = 1 << 19;
/// Bytes of a file for each further mark granted to it.
const BYTES_PER_MARK: usize = 8;

/// The bytes that become nodes of their own wherever they stand.
const IS_MARK: [bool; 256] = {
    let mut table = [false; 256];
    let marks = b"\n*_~`[]<\\&|";
    let mut at = 0;
    while at < marks.len() {
        table[marks[at] as usize] = true;
        at += 1;
    }
    table
};

/// Whether `text` holds more marks than are granted to a file of its size:
/// those anywhere in a line, and the quotes and lists it opens.
pub(super) fn is_abusive(text: &str) -> bool {
    let granted = MARKS + text.len() / BYTES_PER_MARK;
    if text.len() <= granted {
        return false;
    }
    let bytes = text.as_bytes();
    let marks = bytes.iter().filter(|&&byte| IS_MARK[byte as usize]).count();
    marks > granted || marks + nesting::markers(bytes) > granted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_large_file_that_is_mostly_marks_is_abusive() {
        for mark in [
            "[", "`a` ", "> ", "1. ", "# a\n", "a\n", "|a|b|\n", "*_", "<a ",
        ] {
            assert!(is_abusive(&mark.repeat(4_000_000)), "{mark}");
            assert!(!is_abusive(&mark.repeat(100_000)), "{mark}");
        }
        let prose = "A line of *prose* with a [link](to.md), `code` and nothing strange.\n";
        assert!(!is_abusive(&prose.repeat(200_000)));
        let code = "        indented(code);\n";
        assert!(!is_abusive(&code.repeat(400_000)));
    }
}
