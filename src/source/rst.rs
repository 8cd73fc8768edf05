//! The markup of reStructuredText that names and links things.

use std::ops::Range;

use super::builder::Builder;
use super::inline;
use super::plain::line_at;
use crate::graph::{LinkRule, MentionRule};

/// Whether the reader is inside what is no running text: a literal block
/// (indented below a paragraph that ends in `::`, or below a directive of
/// code), or the entries of a `toctree`.
#[derive(Default)]
pub(super) struct Content {
    /// The indentation of what introduced the block.
    indent: Option<usize>,
    /// Whether its lines are entries.
    entries: bool,
}

impl Content {
    /// Whether the line or paragraph `range` belongs to the block.
    pub(super) fn holds(&self, text: &str, range: &Range<usize>) -> bool {
        self.indent
            .is_some_and(|indent| indentation(&text[range.clone()]) > indent)
    }

    /// Reads a paragraph of the block.
    pub(super) fn paragraph(&self, builder: &mut Builder<'_>, range: Range<usize>) {
        let mut at = range.start;
        while self.entries && at < range.end {
            let line = line_at(builder.text(), at);
            at = line.end + 1;
            entry(builder, line);
        }
    }

    /// Takes note of the paragraph just read.
    pub(super) fn after(&mut self, text: &str, range: &Range<usize>) {
        if self.holds(text, range) {
            return;
        }
        let paragraph = &text[range.clone()];
        let name = directive(paragraph.trim_start()).map(|(name, _)| name);
        self.entries = name == Some("toctree");
        let held = match name {
            Some(name) => self.entries || CODE.contains(&name) || VERBATIM.contains(&name),
            None => paragraph.trim_end().ends_with("::"),
        };
        self.indent = held.then(|| indentation(paragraph));
    }
}

/// Directives whose argument is a language and whose content is code.
const CODE: [&str; 4] = ["code-block", "code", "sourcecode", "highlight"];
/// Directives whose content is not text.
const VERBATIM: [&str; 5] = ["raw", "math", "doctest", "parsed-literal", "testcode"];
/// Directives whose argument is an image.
const IMAGE: [&str; 2] = ["image", "figure"];

/// Roles whose content is code.
const CODE_ROLES: [&str; 20] = [
    "code", "literal", "samp", "file", "command", "program", "option", "envvar", "keyword", "func",
    "class", "meth", "mod", "attr", "data", "const", "exc", "obj", "type", "macro",
];

fn indentation(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

/// `.. name:: argument`: the name and the argument of a line's directive.
fn directive(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix(".. ")?.trim_start();
    let line = &line[..line.find('\n').unwrap_or(line.len())];
    let (name, argument) = line.split_once("::")?;
    let named = !name.is_empty()
        && name.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'+' | b'.')
        });
    named.then(|| (name, argument.trim()))
}

/// Reads a paragraph: explicit markup (`.. …`) line by line, the rest as
/// running text.
pub(super) fn paragraph(builder: &mut Builder<'_>, range: Range<usize>) {
    let text = builder.text();
    if !text[range.clone()].trim_start().starts_with("..") {
        inline(builder, range);
        return;
    }
    let mut at = range.start;
    // Running text between lines of explicit markup.
    let mut rest = range.start..range.start;
    while at < range.end {
        let line = line_at(text, at);
        let line = line.start..line.end.min(range.end);
        at = line.end + 1;
        if explicit(builder, line.clone()) {
            inline(builder, std::mem::replace(&mut rest, at..at));
        } else {
            rest.end = line.end;
        }
    }
    inline(builder, rest);
}

/// An entry of a `toctree`: `page` or `Title <page>`. A pattern names no page.
fn entry(builder: &mut Builder<'_>, line: Range<usize>) {
    let written = &builder.text()[line.clone()];
    let content = written.trim();
    let start = line.start + indentation(written);
    let titled = content
        .strip_suffix('>')
        .and_then(|inner| inner.rsplit_once('<'));
    let target = titled.map_or(content, |(_, target)| target);
    if !target.starts_with(':') && target != "self" && !target.contains(['*', '?']) {
        builder.link(LinkRule::RstLink, target, start..start + content.len());
    }
}

/// Reads a line of explicit markup; `false` when its text is to be read as
/// running text.
fn explicit(builder: &mut Builder<'_>, line: Range<usize>) -> bool {
    let text = builder.text();
    let content = text[line.clone()].trim();
    let start = line.start + indentation(&text[line.clone()]);
    let place = start..start + content.len();
    let Some(body) = content.strip_prefix(".. ").map(str::trim_start) else {
        return false;
    };
    if let Some(target) = body.strip_prefix('_') {
        hyperlink_target(builder, target, place);
        return true;
    }
    let Some((name, argument)) = directive(content) else {
        // Footnotes, citations and substitutions are text; the rest is comment.
        return !body.starts_with(['[', '|']);
    };
    let argument_at = place.end - argument.len()..place.end;
    if CODE.contains(&name) {
        let language = argument.split_whitespace().next().unwrap_or("");
        let at = argument_at.start..argument_at.start + language.len();
        builder.mention(MentionRule::FenceLanguage, language, at);
        return true;
    }
    if IMAGE.contains(&name) {
        builder.link(LinkRule::Image, argument, argument_at);
        return true;
    }
    false
}

/// `.. _name: target` links; `.. _name:` is an anchor.
fn hyperlink_target(builder: &mut Builder<'_>, body: &str, place: Range<usize>) {
    let parts = match body.strip_prefix('`') {
        Some(quoted) => quoted.split_once("`:"),
        None => body
            .split_once(": ")
            .or_else(|| body.strip_suffix(':').map(|name| (name, ""))),
    };
    let Some((name, target)) = parts else {
        return;
    };
    let target = target.trim();
    if target.is_empty() {
        builder.anchor(name, place);
    } else if !target.ends_with('_') {
        // `name_` would be an alias of another target.
        builder.link(LinkRule::RstLink, target, place);
    }
}

/// Reads running text: literals, references with a target, roles, and what
/// stands between them.
pub(super) fn inline(builder: &mut Builder<'_>, range: Range<usize>) {
    let text = builder.text();
    let Some(run) = text.get(range.clone()) else {
        return;
    };
    let bytes = run.as_bytes();
    let mut plain = 0;
    let mut at = 0;
    // Once one kind of closing mark is not found there is none further on.
    let (mut literals, mut quotes) = (true, true);
    while let Some(tick) = bytes.get(at..).and_then(|rest| memchr::memchr(b'`', rest)) {
        let open = at + tick;
        let literal = bytes[open..].starts_with(b"``");
        at = open + if literal { 2 } else { 1 };
        let (wanted, possible): (&[u8], _) = if literal {
            (b"``", &mut literals)
        } else {
            (b"`", &mut quotes)
        };
        if !*possible {
            continue;
        }
        let Some(length) = memchr::memmem::find(&bytes[at..], wanted) else {
            *possible = false;
            continue;
        };
        let content = at..at + length;
        let mut end = content.end + wanted.len();
        let role = role(&run[..open]);
        let start = open - if literal { 0 } else { role.len() };
        inline::scan(builder, range.start + plain..range.start + start, false);
        let reference = !literal && bytes.get(end) == Some(&b'_');
        while reference && bytes.get(end) == Some(&b'_') && end < content.end + 3 {
            end += 1;
        }
        let place = range.start + start..range.start + end;
        let content = &run[content];
        if literal {
            builder.mention(MentionRule::InlineCode, content, place);
        } else {
            interpreted(builder, role.trim_matches(':'), content, reference, place);
        }
        plain = end;
        at = end;
    }
    inline::scan(builder, range.start + plain..range.end, false);
}

/// What stands between single backquotes.
fn interpreted(
    builder: &mut Builder<'_>,
    role: &str,
    content: &str,
    reference: bool,
    place: Range<usize>,
) {
    let embedded = content
        .strip_suffix('>')
        .and_then(|inner| inner.rsplit_once('<'));
    if reference {
        if let Some((_, target)) = embedded.filter(|(_, target)| !target.ends_with('_')) {
            builder.link(LinkRule::RstLink, target, place);
        }
    } else if role == "doc" {
        let target = embedded.map_or(content, |(_, target)| target);
        builder.link(LinkRule::RstLink, target, place);
    } else if CODE_ROLES.contains(&role.rsplit(':').next().unwrap_or(role)) {
        let shown = embedded.map_or(content, |(shown, _)| shown);
        builder.mention(
            MentionRule::InlineCode,
            shown.trim_start_matches(['~', '!']),
            place,
        );
    }
}

/// The role right before a backquote: `:name:` or `:domain:name:`, else empty.
fn role(before: &str) -> &str {
    const LONGEST: usize = 40;
    if !before.ends_with(':') {
        return "";
    }
    let window = &before[before.ceil_char_boundary(before.len().saturating_sub(LONGEST))..];
    let start = window
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.' | '+')))
        .map_or(0, |at| {
            at + window[at..].chars().next().map_or(1, char::len_utf8)
        });
    let role = &window[start..];
    if role.len() > 2 && role.starts_with(':') {
        role
    } else {
        ""
    }
}

/// A title without its markup: backquotes and the roles before them.
pub(super) fn unmarked(title: &str) -> String {
    let mut plain = String::with_capacity(title.len());
    for part in title.split('`') {
        let role = role(part);
        plain.push_str(part.strip_suffix(role).unwrap_or(part));
    }
    plain
}
