//! URLs in running text that no mark makes links. They end where GitHub's extended
//! autolinks end.

use std::ops::Range;

use super::inline::Beside;

/// The URL around the `:` at `colon` of `text`, if it is `http://…` or `https://…`:
/// what it leads to, and where it stands. It may go on behind the `length` bytes of
/// plain text, where the parser of Markdown sees marks; a bracket there rather
/// begins something else.
pub(super) fn around(
    text: &str,
    colon: usize,
    length: usize,
    beside: Beside,
) -> Option<(String, Range<usize>)> {
    let place = place(text, colon, length, beside)?;
    let target = text[place.clone()].replace("&amp;", "&");
    let target = match place.end > length {
        true => without_escapes(&target),
        false => target,
    };
    Some((target, place))
}

/// See [`around`]. In reStructuredText, which has nothing beside, `_` may be the
/// last character.
fn place(run: &str, colon: usize, length: usize, beside: Beside) -> Option<Range<usize>> {
    let bytes = run.as_bytes();
    if !bytes[colon + 1..].starts_with(b"//") {
        return None;
    }
    let scheme = [b"https".as_slice(), b"http"].into_iter().find(|scheme| {
        let start = colon.checked_sub(scheme.len());
        start.is_some_and(|start| bytes[start..colon].eq_ignore_ascii_case(scheme))
    })?;
    let start = colon - scheme.len();
    // Chinese and Japanese have no blanks.
    if run[..start].ends_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let host = colon + 3;
    let rest = &run[host..];
    // Asked before the end is sought, so that what is no URL costs nothing.
    if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '[') {
        return None;
    }
    let plain = length.saturating_sub(host);
    let ends = |(at, c): &(usize, char)| {
        c.is_whitespace()
            || matches!(c, '<' | '>' | '"' | '`' | '|' | '\u{0}')
            || (*c == '[' && *at >= plain)
    };
    let end = rest.char_indices().find(ends);
    let mut end = end.map_or(rest.len(), |(at, _)| at);
    let mut unmatched = parentheses(&rest.as_bytes()[..end]);
    while let Some(&last) = rest.as_bytes()[..end].last() {
        match last {
            b'_' if beside == Beside::Nothing => break,
            b'?' | b'!' | b'.' | b',' | b':' | b'*' | b'_' | b'~' | b'\'' | b']' | b'}' | b'\\' => {
                end -= 1;
            }
            b';' => end = before_entity(&rest[..end - 1]).unwrap_or(end - 1),
            b')' if unmatched > 0 => {
                unmatched -= 1;
                end -= 1;
            }
            _ => break,
        }
    }
    (end > 0).then_some(start..host + end)
}

/// Where the `&gt` begins with which `text` ends.
fn before_entity(text: &str) -> Option<usize> {
    let before = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let named = before.len() < text.len();
    before.strip_suffix('&').filter(|_| named).map(str::len)
}

/// `text` without the backslashes that keep Markdown's marks from being any.
fn without_escapes(text: &str) -> String {
    let mut chars = text.chars().peekable();
    let mut plain = String::new();
    while let Some(char) = chars.next() {
        let escapes = char == '\\';
        let mark = chars.next_if(|next| escapes && next.is_ascii_punctuation());
        plain.push(mark.unwrap_or(char));
    }
    plain
}

/// How many `)` exceed the `(`.
fn parentheses(bytes: &[u8]) -> usize {
    let count = |wanted: u8| memchr::memchr_iter(wanted, bytes).count();
    count(b')').saturating_sub(count(b'('))
}
