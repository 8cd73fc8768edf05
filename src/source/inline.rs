//! What a run of plain text holds: `#tags`, bare URLs, and, by its format,
//! `[[wikilinks]]` (which the parser of Markdown finds) or `{#names}`.

use std::borrow::Cow;
use std::ops::Range;

use super::bare_url;
use super::builder::{Builder, MAX_NAME};
use crate::graph::candidates::{MAX_TARGET_BYTES, has_scheme};
use crate::graph::resolve::is_word;
use crate::graph::{LinkRule, TagRule};

/// What a run may hold beside tags and URLs.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Beside {
    Nothing,
    /// `[[page]]`, of plain text.
    Wikilinks,
    /// `{#name}`, of Markdown.
    Attributes,
}

/// Scans `range` of the source once, from left to right.
pub(super) fn scan(builder: &mut Builder<'_>, range: Range<usize>, beside: Beside) {
    let end = range.end;
    scan_up_to(builder, range, end, beside);
}

/// Scans `range` of the source; returns where what was read ends, as a URL in it
/// may go on behind it, up to `limit`.
pub(super) fn scan_up_to(
    builder: &mut Builder<'_>,
    range: Range<usize>,
    limit: usize,
    beside: Beside,
) -> usize {
    let text = builder.text();
    let (Some(run), Some(reach)) = (text.get(range.clone()), text.get(range.start..limit)) else {
        return range.end;
    };
    let bytes = run.as_bytes();
    let mut at = 0;
    let next = |at: usize| {
        let rest = bytes.get(at..)?;
        let found = match beside {
            Beside::Nothing => memchr::memchr2(b'#', b':', rest),
            Beside::Wikilinks => memchr::memchr3(b'#', b':', b'[', rest),
            Beside::Attributes => memchr::memchr3(b'#', b':', b'{', rest),
        };
        found.map(|found| at + found)
    };
    while let Some(mark) = next(at) {
        at = mark + 1;
        let place = range.start + mark;
        match bytes[mark] {
            b'#' => {
                if starts_tag(text, place) {
                    let end = tag_end(run, mark + 1);
                    let tag = &run[mark + 1..end];
                    if !is_colour(tag) {
                        builder.tag(TagRule::Hashtag, tag, place..range.start + end);
                    }
                    at = end.max(at);
                }
            }
            b':' => {
                if let Some((target, url)) = bare_url::around(reach, mark, run.len(), beside) {
                    let place = range.start + url.start..range.start + url.end;
                    builder.link(LinkRule::Autolink, &target, place);
                    at = url.end;
                }
            }
            b'{' => {
                let opens = !text[..place].ends_with(['{', '\\']);
                if let Some((name, end)) = opens.then(|| name_in_braces(run, mark)).flatten() {
                    builder.anchor_here(name, place..range.start + end);
                    at = end;
                }
            }
            _ => {
                if let Some((written, end)) = wikilink(run, mark) {
                    let (rule, target) = wiki_target(written);
                    let embed = usize::from(mark > 0 && bytes[mark - 1] == b'!');
                    let place = place - embed..range.start + end;
                    builder.link(rule, &target, place);
                    at = end;
                }
            }
        }
    }
    range.end.max(range.start + at)
}

/// Whether the `#` at `at` may start a tag: at the start of a word, and not
/// escaped. What precedes decides, markup of emphasis aside.
fn starts_tag(text: &str, at: usize) -> bool {
    let follows = text[at + 1..].chars().next();
    if !follows.is_some_and(char::is_alphabetic) {
        return false;
    }
    match text[..at].chars().next_back() {
        None => true,
        Some(before) => {
            before.is_whitespace()
                || matches!(
                    before,
                    '(' | '*' | '_' | '~' | '|' | '>' | ',' | ';' | '\u{feff}'
                )
                || matches!(before, '"' | '\'' | '“' | '‘' | '«')
        }
    }
}

/// One past the tag that starts at `start`: what words are made of, `-` and
/// `/`, without punctuation at its end.
fn tag_end(run: &str, start: usize) -> usize {
    let body = &run[start..];
    let length = body
        .find(|c: char| !(is_word(c) || matches!(c, '-' | '/')))
        .unwrap_or(body.len());
    start + body[..length].trim_end_matches(['-', '_', '/']).len()
}

/// Whether `tag` is rather a colour of CSS: of the length of one, and either
/// one letter with or without zeros (`fff`, `f00`), or six or eight hex digits
/// with a number among them (`a1b2c3`). `#cafe` and `#e2e` are words.
fn is_colour(tag: &str) -> bool {
    let bytes = tag.as_bytes();
    if !matches!(bytes.len(), 3 | 4 | 6 | 8) || !bytes.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let one_letter = |byte: &u8| *byte == b'0' || byte.eq_ignore_ascii_case(&bytes[0]);
    bytes.iter().all(one_letter) || (bytes.len() >= 6 && bytes.iter().any(u8::is_ascii_digit))
}

/// The target, as written, of the wikilink whose first `[` is at `open`, and its
/// end. A wikilink stays on one line and holds no brackets.
fn wikilink(run: &str, open: usize) -> Option<(&str, usize)> {
    let bytes = run.as_bytes();
    if bytes.get(open + 1) != Some(&b'[') {
        return None;
    }
    let start = open + 2;
    let close = start + memchr::memchr3(b']', b'[', b'\n', &bytes[start..])?;
    if !bytes[close..].starts_with(b"]]") {
        return None;
    }
    let body = &run[start..close];
    let target = body.split('|').next().unwrap_or(body);
    (!target.trim().is_empty()).then_some((target, close + 2))
}

/// The name that the attributes whose `{` is at `open` of `run` give an element, and
/// their end.
fn name_in_braces(run: &str, open: usize) -> Option<(&str, usize)> {
    let start = open + 1;
    let window = &run[start..run.floor_char_boundary(start + 2 * MAX_NAME)];
    let length = memchr::memchr3(b'}', b'{', b'\n', window.as_bytes())?;
    let closed = window[length..].starts_with('}');
    let name = attributes(&window[..length]).filter(|_| closed)??;
    Some((name, start + length + 1))
}

/// The name among the attributes that braces hold: `{#name}`, `{: #name .class }`,
/// `{ .class id="name" title="a b" }`. `None` where they hold anything else, which is
/// text or of another language: `{id}`, `{}`, `{#if name}`.
pub(super) fn attributes(inner: &str) -> Option<Option<&str>> {
    let mut rest = inner.strip_prefix(':').unwrap_or(inner).trim();
    if rest.is_empty() {
        return None;
    }
    let mut name = None;
    while !rest.is_empty() {
        let (word, behind) = rest.split_at(attribute_length(rest));
        rest = behind.trim_start();
        let named = match word.strip_prefix('#') {
            Some(name) => Some(name),
            None => word.strip_prefix("id=").map(unquoted),
        };
        // `{...props}` is no class; `{-}` takes a heading's number away.
        let known = named.is_some()
            || word.contains('=')
            || (word.starts_with('.') && !word.starts_with(".."))
            || word == "-";
        if !known {
            return None;
        }
        name = name.or(named);
    }
    Some(name)
}

/// The length of the attribute with which `text` starts. A value in quotes may hold
/// blanks.
fn attribute_length(text: &str) -> usize {
    let word = |from: usize| {
        let rest = &text[from..];
        from + rest.find(char::is_whitespace).unwrap_or(rest.len())
    };
    let length = word(0);
    let Some(quote) = text[..length].find("=\"").or(text[..length].find("='")) else {
        return length;
    };
    let value = quote + 2;
    let mark = char::from(text.as_bytes()[value - 1]);
    text[value..]
        .find(mark)
        .map_or(length, |end| word(value + end))
}

/// The value of an attribute without its quotes.
fn unquoted(value: &str) -> &str {
    value.trim_matches(['"', '\''])
}

/// Whether the wikilink at `place` is where a table of contents goes, which many
/// tools write so: all of its line is `[[toc]]` or `[[_TOC_]]`.
pub(super) fn is_table_of_contents(text: &str, place: Range<usize>) -> bool {
    let written = &text[place.clone()];
    let marks = ["[[toc]]", "[[_toc_]]"];
    let before = text[..place.start].trim_end_matches([' ', '\t']);
    let behind = text[place.end..].trim_start_matches([' ', '\t', '\r']);
    marks.iter().any(|mark| mark.eq_ignore_ascii_case(written))
        && (before.is_empty() || before.ends_with('\n'))
        && (behind.is_empty() || behind.starts_with('\n'))
}

/// What the `(` at `open` and its `)` make of brackets before them: the target
/// of the link, which may stand in angle brackets and have a title behind it,
/// and where the link ends. All of it stands in one line.
pub(super) fn destination(text: &str, open: usize) -> Option<(&str, usize)> {
    let end = text.floor_char_boundary(open + MAX_TARGET_BYTES);
    let inner = without_blanks(text.get(open..end)?.strip_prefix('(')?);
    let (target, behind) = match inner.strip_prefix('<') {
        Some(inner) => {
            let end = inner.find(['<', '>', '\n'])?;
            (&inner[..end], inner[end..].strip_prefix('>')?)
        }
        None => inner.split_at(bare_target(inner)?),
    };
    let spaced = without_blanks(behind);
    let behind = match behind_title(spaced) {
        Some(rest) if spaced.len() < behind.len() => without_blanks(rest),
        _ => spaced,
    };
    let rest = behind.strip_prefix(')')?;
    (!target.is_empty()).then_some((target, end - rest.len()))
}

fn without_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// The length of the target without angle brackets with which `inner` starts: up
/// to a blank, or the parenthesis that nothing in it opens.
fn bare_target(inner: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 0 => return Some(at),
            b')' => depth -= 1,
            b'<' | b'>' | b'"' | b'[' => return None,
            byte if byte.is_ascii_whitespace() => return (depth == 0).then_some(at),
            _ => {}
        }
    }
    None
}

/// What stands behind the title of a link with which `text` starts.
fn behind_title(text: &str) -> Option<&str> {
    let close = match text.as_bytes().first()? {
        b'(' => b')',
        quote @ (b'"' | b'\'') => *quote,
        _ => return None,
    };
    let mut escaped = false;
    let title = text.bytes().skip(1).take_while(|byte| *byte != b'\n');
    let length = title.take_while(|byte| {
        let closes = *byte == close && !escaped;
        escaped = *byte == b'\\' && !escaped;
        !closes
    });
    let end = 1 + length.count();
    text.get(end..)?.strip_prefix(char::from(close))
}

/// The label of a reference whose `[` is at `open`.
pub(super) fn label(text: &str, open: usize) -> Option<&str> {
    let inner = text.get(open..)?.strip_prefix('[')?;
    let end = memchr::memchr2(b'[', b']', inner.as_bytes())?;
    inner[end..].starts_with(']').then(|| &inner[..end])
}

/// The name `^x` that the line which ends with `run` has in Obsidian.
pub(super) fn block_name(text: &str, run: Range<usize>) -> Option<Range<usize>> {
    let line = text[run.clone()].trim_end();
    let behind = text[run.start + line.len()..].trim_start_matches([' ', '\t', '\r']);
    let name = &line[line.rfind('^')?..];
    let start = run.start + line.len() - name.len();
    let named = name.len() > 1
        && name[1..]
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && (behind.is_empty() || behind.starts_with('\n'))
        && !text[..start].ends_with(|c: char| !c.is_whitespace());
    named.then_some(start..start + name.len())
}

/// What a wikilink in which `written` stands leads to: without the backslash
/// that keeps a `|` from ending a table's cell, and with a blank for the end of
/// a line, behind which a quote may go on. A URL in brackets is a URL.
pub(super) fn wiki_target(written: &str) -> (LinkRule, Cow<'_, str>) {
    let target = written.trim().trim_end_matches('\\').trim_end();
    let url = has_scheme(target) && target.contains("://");
    let rule = if url {
        LinkRule::Autolink
    } else {
        LinkRule::Wikilink
    };
    if !target.contains('\n') {
        return (rule, Cow::Borrowed(target));
    }
    let quoted = |c: char| c.is_whitespace() || c == '>';
    let lines = target.lines().map(str::trim_end);
    let lines: Vec<_> = lines.map(|line| line.trim_start_matches(quoted)).collect();
    (rule, Cow::Owned(lines.join(" ")))
}
