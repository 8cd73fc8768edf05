//! Anchors in raw HTML: the `id` of any element, the `name` of `<a>`.

use std::ops::Range;

use super::builder::Builder;

/// Finds the anchors in `range` of the source, which is raw HTML. A tag
/// without an end is not a tag; comments are skipped.
pub(super) fn anchors(builder: &mut Builder<'_>, range: Range<usize>) {
    let Some(html) = builder.text().get(range.clone()) else {
        return;
    };
    let bytes = html.as_bytes();
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'<', &bytes[at..]) {
        let tag = at + open;
        at = tag + 1;
        if bytes[at..].starts_with(b"!--") {
            match memchr::memmem::find(&bytes[at..], b"-->") {
                Some(end) => at += end + 3,
                None => return,
            }
        } else if bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
            at = attributes(builder, html, at, range.start);
        }
    }
}

/// Reads a tag's name and attributes from `at`; returns where it stopped.
fn attributes(builder: &mut Builder<'_>, html: &str, mut at: usize, base: usize) -> usize {
    let bytes = html.as_bytes();
    let start = at - 1;
    let name = word(bytes, &mut at);
    let is_a = bytes[name].eq_ignore_ascii_case(b"a");
    loop {
        skip_space(bytes, &mut at);
        match bytes.get(at) {
            None | Some(b'>' | b'<') => return at,
            Some(b'/' | b'=' | b'"' | b'\'') => {
                at += 1;
                continue;
            }
            Some(_) => {}
        }
        let key = word(bytes, &mut at);
        skip_space(bytes, &mut at);
        if bytes.get(at) != Some(&b'=') {
            continue;
        }
        at += 1;
        skip_space(bytes, &mut at);
        let value = match bytes.get(at) {
            Some(&quote @ (b'"' | b'\'')) => {
                let from = at + 1;
                // Without its end the value would swallow the document.
                let Some(length) = memchr::memchr2(quote, b'\n', &bytes[from..]) else {
                    return bytes.len();
                };
                at = from + length + 1;
                from..from + length
            }
            _ => {
                let from = at;
                while bytes
                    .get(at)
                    .is_some_and(|&byte| !byte.is_ascii_whitespace() && byte != b'>')
                {
                    at += 1;
                }
                from..at
            }
        };
        let key = &bytes[key];
        if key.eq_ignore_ascii_case(b"id") || (is_a && key.eq_ignore_ascii_case(b"name")) {
            let end = memchr::memchr(b'>', &bytes[at..bytes.len().min(at + 200)])
                .map_or(at, |close| at + close + 1);
            if let Some(name) = html.get(value) {
                builder.anchor(name.trim(), base + start..base + end);
            }
        }
    }
}

/// A run of bytes that may name a tag or an attribute.
fn word(bytes: &[u8], at: &mut usize) -> Range<usize> {
    let start = *at;
    while bytes.get(*at).is_some_and(|byte| {
        !byte.is_ascii_whitespace() && !matches!(byte, b'=' | b'>' | b'<' | b'/' | b'"' | b'\'')
    }) {
        *at += 1;
    }
    start..*at
}

fn skip_space(bytes: &[u8], at: &mut usize) {
    while bytes.get(*at).is_some_and(u8::is_ascii_whitespace) {
        *at += 1;
    }
}
