//! Front matter in YAML, by a small, line-based reader: what people write there
//! is `key: value` and lists, and a full YAML parser (anchors, types, multiple
//! documents) would be a large, risky dependency for two keys.

use std::iter::Peekable;
use std::ops::Range;

use super::{Key, Lines};
use crate::graph::TagRule;
use crate::source::builder::Builder;

/// Reads a block of YAML; `false` when it does not look like a mapping (two
/// thematic breaks with text between).
pub(super) fn read(builder: &mut Builder<'_>, body: Range<usize>) -> bool {
    let text = builder.text();
    let mut lines = Lines::new(text, body.clone()).peekable();
    let mut mapping = body.is_empty();
    while let Some(line) = lines.next() {
        let content = &text[line.clone()];
        if content.trim().is_empty() || content.starts_with('#') {
            continue;
        }
        let Some((key, value)) = entry(text, line) else {
            if mapping {
                continue; // the continuation of a value nobody asked for
            }
            return false;
        };
        mapping = true;
        match Key::of(&text[key]) {
            Key::Title => builder.title(&title(text, value, &mut lines)),
            Key::Tags => {
                for item in list(text, value, &mut lines) {
                    tag(builder, item);
                }
            }
            Key::Other => {}
        }
    }
    mapping
}

/// The value of a key whose line goes on with `inline`: that, or what stands in
/// the line below a bare key. A list or a mapping there is left to the caller.
fn value_of(text: &str, inline: Range<usize>, lines: &mut Peekable<Lines<'_>>) -> Range<usize> {
    if !is_nothing(&text[inline.clone()]) {
        return inline;
    }
    while lines
        .next_if(|line| is_nothing(&text[line.clone()]))
        .is_some()
    {}
    let below = lines.next_if(|line| {
        let content = text[line.clone()].trim_start();
        let start = line.end - content.len();
        let starts_more = is_item(content) || content.starts_with('{');
        start > line.start && !starts_more && entry(text, start..line.end).is_none()
    });
    below.unwrap_or(inline)
}

/// The text of the key whose line goes on with `inline`, and that in `lines`.
fn title(text: &str, inline: Range<usize>, lines: &mut Peekable<Lines<'_>>) -> String {
    let value = value_of(text, inline, lines);
    let inline = text[value.clone()].trim_start();
    if is_nothing(inline) {
        return String::new();
    }
    let mut more = Vec::new();
    while let Some(line) = lines.next_if(|line| is_continuation(&text[line.clone()])) {
        more.push(line);
    }
    if inline.starts_with(['|', '>']) {
        let more = more.into_iter().map(|line| &text[line]);
        return more.collect::<Vec<_>>().join(" ");
    }
    let end = more.last().map_or(value.end, |line| line.end);
    if let Some(inner) = quoted(text, value.start..end) {
        return unescaped(text, &inner);
    }
    let mut title = text[scalar(text, value)].to_owned();
    for line in more {
        title.push(' ');
        title.push_str(&text[plain(text, line)]);
    }
    title
}

/// The items of the key whose line goes on with `inline`, and those in `lines`.
fn list(text: &str, inline: Range<usize>, lines: &mut Peekable<Lines<'_>>) -> Vec<Range<usize>> {
    let mut items = Vec::new();
    let value = value_of(text, inline, lines);
    let inline = text[value.clone()].trim_start();
    if inline.starts_with('[') {
        let open = value.end - inline.len();
        let mut closed = split(text, open + 1..value.end, true, &mut items);
        while !closed && let Some(more) = lines.next_if(|line| is_flow(&text[line.clone()])) {
            closed = split(text, more, true, &mut items);
        }
    } else if is_nothing(inline) {
        while let Some(line) = lines.next_if(|line| is_sequence(&text[line.clone()])) {
            let content = text[line.clone()].trim_start();
            let start = line.end - content.len();
            let item = start + usize::from(is_item(content))..line.end;
            if text[item.clone()].trim_start().starts_with('{') {
                split(text, item, false, &mut items);
            } else if item.start > start || entry(text, item.clone()).is_some() {
                items.push(item);
            }
        }
    } else {
        // A list in quotes, or one of which some have quotes.
        let whole = quoted(text, value.clone());
        let whole = whole.filter(|inner| is_nothing(&text[inner.end + 1..value.end]));
        split(text, whole.unwrap_or(value), false, &mut items);
        return items.into_iter().map(|item| scalar(text, item)).collect();
    }
    let names = items.into_iter().filter_map(|item| name_of(text, item));
    names.collect()
}

/// The text of the item of a list: its own, or the `name` of a mapping; `None`
/// for what else a mapping says.
fn name_of(text: &str, item: Range<usize>) -> Option<Range<usize>> {
    let content = text[item.clone()].trim_start_matches(['{', ' ', '\t']);
    let Some((key, value)) = entry(text, item.end - content.len()..item.end) else {
        return Some(scalar(text, item));
    };
    let named = text[key].eq_ignore_ascii_case("name");
    let content = text[value.clone()].trim_end().trim_end_matches('}');
    named.then(|| scalar(text, value.start..value.start + content.len()))
}

/// `key: value` at the start of a line: the ranges of both.
fn entry(text: &str, line: Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let content = &text[line.clone()];
    if content.starts_with([' ', '\t', '-', '[', '{', '|', '>', '%', '@', '`']) {
        return None;
    }
    if let Some(key) = quoted(text, line.clone()) {
        let behind = text[key.end + 1..line.end].trim_start().strip_prefix(':')?;
        return Some((key, line.end - behind.len()..line.end));
    }
    let colon = content.match_indices(':').map(|(at, _)| at).find(|at| {
        let follows = content.as_bytes().get(at + 1);
        follows.is_none_or(u8::is_ascii_whitespace)
    })?;
    let name = content[..colon].trim_end().trim_matches(['"', '\'']);
    let start = line.start + content.find(name)?;
    // A sentence with a colon is prose, not a key.
    let is_key = !name.is_empty() && name.len() <= 100 && name.split(' ').count() <= 3;
    is_key.then(|| (start..start + name.len(), line.start + colon + 1..line.end))
}

fn is_continuation(line: &str) -> bool {
    line.starts_with([' ', '\t', ']']) || line.trim().is_empty()
}

/// Whether a flow sequence may go on in `line`.
fn is_flow(line: &str) -> bool {
    is_continuation(line) || line.starts_with('#')
}

/// Whether a block sequence may go on in `line`.
fn is_sequence(line: &str) -> bool {
    is_nothing(line) || is_item(line) || line.starts_with([' ', '\t'])
}

fn is_item(line: &str) -> bool {
    let item = line.trim_start();
    item == "-" || item.starts_with("- ") || item.starts_with("-\t")
}

/// Whether `text` is blank or a comment.
fn is_nothing(text: &str) -> bool {
    let content = text.trim_start();
    content.is_empty() || content.starts_with('#')
}

/// The scalar in `range`: without blanks, comment and quotes around it.
fn scalar(text: &str, range: Range<usize>) -> Range<usize> {
    quoted(text, range.clone()).unwrap_or_else(|| plain(text, range))
}

/// The scalar in `range`, in which quotes say nothing.
fn plain(text: &str, range: Range<usize>) -> Range<usize> {
    let content = text[range.clone()].trim_start();
    let start = range.end - content.len();
    let comment = content.find(" #").unwrap_or(content.len());
    start..start + content[..comment].trim_end().len()
}

/// What stands in the quotes with which `range` starts, if they are closed.
fn quoted(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let content = text[range.clone()].trim_start();
    let start = range.end - content.len() + 1;
    let quote = *content.as_bytes().first()?;
    let inner = &content.as_bytes()[1..];
    let length = match quote {
        b'"' => {
            let mut escaped = false;
            inner.iter().position(|byte| {
                let closes = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                closes
            })
        }
        // Two are one of them.
        b'\'' => {
            let mut quotes = memchr::memchr_iter(b'\'', inner).peekable();
            loop {
                match quotes.next() {
                    Some(at) if quotes.next_if_eq(&(at + 1)).is_none() => break Some(at),
                    Some(_) => {}
                    None => break None,
                }
            }
        }
        _ => None,
    };
    length.map(|length| start..start + length)
}

/// A scalar's text, with the escapes of quotes resolved.
fn unescaped(text: &str, scalar: &Range<usize>) -> String {
    let content = &text[scalar.clone()];
    match text.as_bytes()[..scalar.start].last() {
        Some(b'"') => content.replace("\\\"", "\"").replace("\\\\", "\\"),
        Some(b'\'') => content.replace("''", "'"),
        _ => content.to_owned(),
    }
}

/// Splits `range`, of one line, at the commas that stand in no quotes; returns
/// whether the `]` of a `flow` sequence ended it.
fn split(text: &str, range: Range<usize>, flow: bool, items: &mut Vec<Range<usize>>) -> bool {
    let bytes = text.as_bytes();
    let (mut start, mut at) = (range.start, range.start);
    // Whether the item, or the value in it, has not begun: only then a quote
    // opens one.
    let mut blank = true;
    while at < range.end {
        let quotes = matches!(bytes[at], b'"' | b'\'') && blank;
        let spaced = at == range.start || bytes[at - 1].is_ascii_whitespace();
        match bytes[at] {
            b',' => {
                items.push(start..at);
                (start, blank) = (at + 1, true);
            }
            b']' if flow => {
                items.push(start..at);
                return true;
            }
            // `[a, #b]` is no YAML, but what people write.
            b'#' if spaced && !(blank && flow && is_tag(bytes, at, range.end)) => break,
            _ => {
                if quotes && let Some(inner) = quoted(text, at..range.end) {
                    at = inner.end;
                }
                // `{"name": "a, b"}` is one item.
                blank = match bytes[at] {
                    b':' => true,
                    byte => blank && (byte == b'{' || byte.is_ascii_whitespace()),
                };
            }
        }
        at += 1;
    }
    items.push(start..at.min(range.end));
    false
}

/// Whether the `#` at `at` stands right before a word.
fn is_tag(bytes: &[u8], at: usize, end: usize) -> bool {
    at + 1 < end && !bytes[at + 1].is_ascii_whitespace()
}

fn tag(builder: &mut Builder<'_>, range: Range<usize>) {
    let content = unescaped(builder.text(), &range);
    let content = content.trim();
    let tag = content.strip_prefix('#').unwrap_or(content);
    builder.tag(TagRule::FrontMatter, tag, range);
}
