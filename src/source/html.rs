//! What raw HTML names and links: the `id` of any element, the `name` and
//! `href` of `<a>`, the `src` of `<img>`, and headings.

use std::borrow::Cow;
use std::ops::Range;

use pulldown_cmark::{Event, Parser};

use super::builder::{Builder, MAX_TITLE, cut};
use crate::graph::LinkRule;

/// Elements whose content is text, whatever it looks like.
const RAW: [&str; 3] = ["script", "style", "textarea"];
/// Elements whose content is code, and holds no tags and bare URLs.
const CODE: [&str; 5] = ["code", "pre", "kbd", "samp", "tt"];

/// An element inside a paragraph in which text is not searched.
#[derive(Clone, Copy)]
pub(super) enum Verbatim {
    Raw(&'static str),
    Code(&'static str),
    /// `<a href="…">`: like the text of any link, its text is a part of it.
    Link,
}

impl Verbatim {
    /// The element that `tag` opens, which `links` or not.
    pub(super) fn opened_by(tag: &str, links: bool) -> Option<Self> {
        if links {
            return (!tag.ends_with("/>")).then_some(Self::Link);
        }
        let mut at = 1;
        let name = tag.as_bytes().get(word(tag.as_bytes(), &mut at))?;
        let raw = one_of(&RAW, name).map(Self::Raw);
        raw.or_else(|| one_of(&CODE, name).map(Self::Code))
    }

    /// Whether `tag` ends it.
    pub(super) fn is_closed_by(self, tag: &str) -> bool {
        let name = match self {
            Self::Raw(name) | Self::Code(name) => name,
            Self::Link => "a",
        };
        closes(tag.as_bytes(), name.as_bytes())
    }
}

/// The one of `names` that `name` is.
fn one_of(names: &[&'static str], name: &[u8]) -> Option<&'static str> {
    let mut names = names.iter().copied();
    names.find(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// Whether `html` starts with the end of the element `name`.
fn closes(html: &[u8], name: &[u8]) -> bool {
    let mut at = 2;
    html.starts_with(b"</") && html[word(html, &mut at)].eq_ignore_ascii_case(name)
}

/// A heading whose end is not read yet.
pub(super) struct Heading {
    level: u8,
    /// Where its tag starts in the source.
    start: usize,
    /// What is read of its title.
    title: String,
}

impl Heading {
    /// Adds `text` to its title, as far as that is kept.
    pub(super) fn push(&mut self, text: &str) {
        if self.title.len() < MAX_TITLE {
            self.title.push_str(text);
        }
    }

    /// Adds the text of `html`.
    fn push_html(&mut self, html: &str) {
        for (nth, part) in html.split('<').enumerate() {
            let text = match nth {
                0 => part,
                _ => part.split_once('>').map_or("", |(_, text)| text),
            };
            self.push(&decoded(cut(text, MAX_TITLE)));
            if self.title.len() >= MAX_TITLE {
                return;
            }
        }
    }
}

/// The rank of the heading that the element `name` is.
const fn rank(name: &[u8]) -> Option<u8> {
    match name {
        [b'h' | b'H', rank @ b'1'..=b'6'] => Some(*rank - b'0'),
        _ => None,
    }
}

/// Raw HTML, and where it stands in the source.
pub(super) struct Html<'h> {
    pub(super) text: &'h str,
    pub(super) place: Range<usize>,
}

impl Html<'_> {
    /// Where `range` of the text stands. Lines of a quote are read without its
    /// marks: then all of the text is the place.
    fn place(&self, range: Range<usize>) -> Range<usize> {
        let base = self.place.start;
        if self.text.len() == self.place.len() {
            base + range.start..base + range.end
        } else {
            self.place.clone()
        }
    }
}

/// Finds the anchors, links and headings in `html`. A tag without an end is not
/// a tag; comments and scripts are skipped. The `heading` that is open before
/// may end here, and one may stay open. Returns whether an `<a>` links something.
pub(super) fn scan(
    builder: &mut Builder<'_>,
    html: &Html<'_>,
    heading: &mut Option<Heading>,
) -> bool {
    let mut links = false;
    let text = html.text;
    let bytes = text.as_bytes();
    let mut at = 0;
    // Where what is still to be read of the open heading starts.
    let mut content = 0;
    while let Some(open) = memchr::memchr(b'<', &bytes[at..]) {
        let tag = at + open;
        at = tag + 1;
        if bytes[at..].starts_with(b"!--") {
            match memchr::memmem::find(&bytes[at..], b"-->") {
                Some(end) => at += end + 3,
                None => return links,
            }
        } else if bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
            let name = &bytes[word(bytes, &mut at)];
            let (end, is_link) = attributes(builder, html, tag, name);
            at = end;
            links |= is_link;
            if let Some(level) = rank(name) {
                content = at + usize::from(bytes.get(at) == Some(&b'>'));
                *heading = Some(Heading {
                    level,
                    start: html.place(tag..at).start,
                    title: String::new(),
                });
            }
            if one_of(&RAW, name).is_some() {
                let mut ends = memchr::memchr_iter(b'<', &bytes[at..]).map(|end| at + end);
                match ends.find(|end| closes(&bytes[*end..], name)) {
                    Some(end) => at = end,
                    None => return links,
                }
            }
        } else if bytes.get(at) == Some(&b'/') {
            at += 1;
            let ends = rank(&bytes[word(bytes, &mut at)]);
            if let Some(mut heading) = heading.take_if(|heading| ends == Some(heading.level)) {
                heading.push_html(text.get(content..tag).unwrap_or_default());
                let place = heading.start..html.place(tag..at).end;
                builder.html_heading(&heading.title, heading.level, place);
            }
        }
    }
    if let Some(heading) = heading {
        heading.push_html(text.get(content..).unwrap_or_default());
    }
    links
}

/// `text` with its entities as what they stand for.
fn decoded(text: &str) -> Cow<'_, str> {
    let mut rest = text;
    let mut decoded = String::new();
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        let (before, entity) = rest.split_at(at);
        let (entity, behind) = entity.split_at(entity_length(entity));
        decoded.push_str(before);
        // The parser of Markdown knows their names.
        for event in Parser::new(entity) {
            if let Event::Text(meant) = event {
                decoded.push_str(&meant);
            }
        }
        rest = behind;
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// How much of `text`, which starts with `&`, may be an entity.
fn entity_length(text: &str) -> usize {
    /// No entity is longer.
    const LONGEST: usize = "CounterClockwiseContourIntegral".len();
    let name = text.bytes().skip(1).take(LONGEST);
    let name = name.take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#');
    let length = 1 + name.count();
    length + usize::from(text.as_bytes().get(length) == Some(&b';'))
}

/// Reads the attributes of the element `name` whose tag starts at `tag`; returns
/// where it stopped, and whether the tag is an `<a>` that links something.
fn attributes(
    builder: &mut Builder<'_>,
    html: &Html<'_>,
    tag: usize,
    name: &[u8],
) -> (usize, bool) {
    let bytes = html.text.as_bytes();
    let (is_a, is_img) = (
        name.eq_ignore_ascii_case(b"a"),
        name.eq_ignore_ascii_case(b"img"),
    );
    let mut links = false;
    let mut at = tag + "<".len() + name.len();
    loop {
        skip_space(bytes, &mut at);
        match bytes.get(at) {
            None | Some(b'>' | b'<') => return (at, links),
            Some(b'/' | b'=' | b'"' | b'\'') => {
                at += 1;
                continue;
            }
            Some(_) => {}
        }
        let key = &bytes[word(bytes, &mut at)];
        skip_space(bytes, &mut at);
        if bytes.get(at) != Some(&b'=') {
            continue;
        }
        at += 1;
        skip_space(bytes, &mut at);
        let Some(value) = value(bytes, &mut at) else {
            return (bytes.len(), links);
        };
        let is = |name: &[u8]| key.eq_ignore_ascii_case(name);
        let link = if is(b"id") || (is_a && is(b"name")) {
            None
        } else if is_a && is(b"href") {
            Some(LinkRule::Inline)
        } else if is_img && is(b"src") {
            Some(LinkRule::Image)
        } else {
            continue;
        };
        let end = memchr::memchr(b'>', &bytes[at..bytes.len().min(at + 200)])
            .map_or(at, |close| at + close + 1);
        let (value, place) = (html.text.get(value).unwrap_or(""), html.place(tag..end));
        match link {
            None => builder.anchor(value.trim(), place),
            Some(rule) => {
                links |= is_a;
                builder.link(rule, &value.replace("&amp;", "&"), place);
            }
        }
    }
}

/// The value of an attribute; `None` for quotes without an end on their line: it
/// would swallow the document.
fn value(bytes: &[u8], at: &mut usize) -> Option<Range<usize>> {
    if let Some(&quote @ (b'"' | b'\'')) = bytes.get(*at) {
        let start = *at + 1;
        let end = start + memchr::memchr2(quote, b'\n', &bytes[start..])?;
        *at = end + 1;
        return Some(start..end);
    }
    let start = *at;
    let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'>';
    let length = bytes[start..].iter().position(ends);
    *at = length.map_or(bytes.len(), |length| start + length);
    Some(start..*at)
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
