//! The one shape on which a Markdown parser is not linear.
//!
//! CommonMark asks of every line which of the open block quotes and lists it
//! continues: the work is lines times depth. Ten thousand `>` on one line and
//! a million lines below it would keep a parser busy for minutes. Nobody
//! writes that, so such a file is read as plain text: still searched, still
//! linear.

/// Steps per byte that are granted to a parser. Parsing a byte costs about as
/// much as fifty of them on other awkward input.
const STEPS_PER_BYTE: u64 = 32;
/// Steps granted to any file, however small.
const STEPS: u64 = 1 << 20;

/// Whether lines times nesting depth exceeds what is granted. The depth is
/// estimated from above, by the markers and the indentation that start the
/// line that has most of them.
pub(super) fn is_abusive(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut lines, mut deepest) = (1_u64, 0_u64);
    let mut at = 0;
    loop {
        deepest = deepest.max(depth(&bytes[at..]));
        match memchr::memchr(b'\n', &bytes[at..]) {
            Some(length) => at += length + 1,
            None => break,
        }
        lines += 1;
    }
    lines.saturating_mul(deepest) > STEPS.saturating_add(STEPS_PER_BYTE * bytes.len() as u64)
}

/// How many quotes and list items the lines of `bytes` open or continue.
pub(super) fn markers(bytes: &[u8]) -> usize {
    let lines = bytes.split(|byte| *byte == b'\n');
    lines.map(|line| start(line).0).sum()
}

/// How many containers the line at the start of `bytes` opens or continues
/// at most.
fn depth(bytes: &[u8]) -> u64 {
    let (markers, blanks) = start(bytes);
    (markers + blanks / 2) as u64
}

/// The markers of containers, and the blanks, that the line at the start of
/// `bytes` begins with.
fn start(bytes: &[u8]) -> (usize, usize) {
    let (mut markers, mut blanks) = (0, 0);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'>' => markers += 1,
            b' ' => blanks += 1,
            b'\t' => blanks += 4,
            b'-' | b'+' | b'*' if ends_marker(bytes, at + 1) => markers += 1,
            b'0'..=b'9' => {
                let digits = bytes[at..]
                    .iter()
                    .take(10)
                    .take_while(|b| b.is_ascii_digit());
                let end = at + digits.count();
                if !matches!(bytes.get(end), Some(b'.' | b')')) || !ends_marker(bytes, end + 1) {
                    break;
                }
                markers += 1;
                at = end;
            }
            _ => break,
        }
        at += 1;
    }
    (markers, blanks)
}

fn ends_marker(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_none_or(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_depth_times_lines_is_abusive() {
        assert_eq!(depth(b"> - 12. * text > -"), 4 + 2);
        assert_eq!(depth(b"--- 1.5 -x"), 0);
        assert_eq!(depth(b"        deep"), 4);
        assert!(
            !is_abusive(&">".repeat(1_000_000)),
            "one line, however deep"
        );
        assert!(!is_abusive(&"        code\n".repeat(100_000)));
        assert!(!is_abusive(&"\n".repeat(1_000_000)));
        assert!(!is_abusive(&"> > > quoted\n".repeat(100_000)));
        assert!(is_abusive(&format!(
            "{}\n{}",
            ">".repeat(10_000),
            "b\n".repeat(500_000)
        )));
        assert!(is_abusive(&format!(
            "{}b\n{}",
            "- ".repeat(10_000),
            "b\n".repeat(500_000)
        )));
    }

    #[test]
    fn an_abusive_file_is_still_searched() {
        let text = format!("{}\n{}", ">".repeat(5_000), "word\n".repeat(100_000));
        let document = crate::source::extract(crate::graph::Format::Markdown, &text);
        assert_eq!(document.format, crate::graph::Format::Markdown);
        let searched: usize = document.chunks.iter().map(|chunk| chunk.text.len()).sum();
        assert!(searched * 10 > text.len() * 8);
    }
}
