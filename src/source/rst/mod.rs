//! The markup of reStructuredText that names and links things.

mod inline;
mod references;
mod title;

use std::ops::Range;

use super::builder::Builder;
use super::lines::line_at;
use crate::graph::{LinkRule, MentionRule};
use references::References;
pub(super) use title::unmarked;

/// The markup of one document, read in source order.
#[derive(Default)]
pub(super) struct Markup<'t> {
    content: Content,
    references: References<'t>,
}

impl<'t> Markup<'t> {
    /// Whether the line or paragraph `range` is no running text.
    pub(super) fn holds(&self, text: &str, range: &Range<usize>) -> bool {
        self.content.holds(text, range)
    }

    /// Reads a title, which ends what came before it.
    pub(super) fn title(&mut self, builder: &mut Builder<'t>, range: Range<usize>) {
        self.running(builder, range);
        self.content = Content::default();
    }

    /// Reads a paragraph.
    pub(super) fn paragraph(&mut self, builder: &mut Builder<'t>, range: Range<usize>) {
        let rest = self.content.paragraph(builder, range);
        if !rest.is_empty() {
            let rest = self.term(builder, rest);
            self.content = Content::default();
            self.blocks(builder, rest.clone());
            if self.content.indent.is_none() {
                self.content = Content::below(&builder.text()[rest]);
            }
        }
    }

    /// Reads the first line of a paragraph where it is a term and explicit markup
    /// stands below; returns the rest.
    fn term(&mut self, builder: &mut Builder<'t>, range: Range<usize>) -> Range<usize> {
        let text = builder.text();
        let term = line_at(text, range.start);
        let below = (term.end + 1).min(range.end)..range.end;
        let (above, under) = (&text[term.clone()], &text[below.clone()]);
        let start = text_start(above);
        let deeper = depth(under) > column(above, start);
        let explicit = is_explicit(&under[indentation(under)..]);
        if !deeper || !explicit || is_explicit(&above[start..]) {
            return range;
        }
        self.running(builder, term);
        below
    }

    /// Nothing follows: what references name is known.
    pub(super) fn finish(self, builder: &mut Builder<'t>) {
        self.references.settle(builder);
    }
}

/// Whether the reader is inside what is no running text: a literal block
/// (indented below a paragraph that ends in `::`, or below a directive of
/// code), a comment, or the entries of a `toctree`.
#[derive(Default)]
struct Content {
    /// The column of what introduced the block.
    indent: Option<usize>,
    /// Whether its lines are entries.
    entries: bool,
}

impl Content {
    /// Whether the line or paragraph `range` belongs to the block.
    fn holds(&self, text: &str, range: &Range<usize>) -> bool {
        self.indent
            .is_some_and(|indent| depth(&text[range.clone()]) > indent)
    }

    /// Reads what of a paragraph belongs to the block; returns the rest.
    fn paragraph(&self, builder: &mut Builder<'_>, range: Range<usize>) -> Range<usize> {
        let text = builder.text();
        let mut at = range.start;
        while at < range.end {
            let line = line_at(text, at);
            if !self.holds(text, &line) {
                break;
            }
            at = line.end + 1;
            if self.entries {
                entry(builder, line);
            }
        }
        at.min(range.end)..range.end
    }

    /// What may stand below `paragraph`, by its last line.
    fn below(paragraph: &str) -> Self {
        let paragraph = paragraph.trim_end();
        let last = &paragraph[paragraph.rfind('\n').map_or(0, |newline| newline + 1)..];
        // No item begins within a paragraph that is none.
        let start = match text_start(paragraph) > indentation(paragraph) {
            true => text_start(last),
            false => indentation(last),
        };
        let (indent, body) = (column(last, start), last[start..].strip_prefix(".. "));
        match body.and_then(|body| directive(body.trim_start())) {
            Some((name, _)) => Self::of_directive(name, indent),
            None => Self {
                indent: last.ends_with("::").then_some(indent),
                entries: false,
            },
        }
    }

    /// What stands below the directive `name` at the column `indent`.
    fn of_directive(name: &str, indent: usize) -> Self {
        let entries = name == TOCTREE;
        let held = entries || CODE.contains(&name) || VERBATIM.contains(&name);
        Self {
            indent: held.then_some(indent),
            entries,
        }
    }
}

/// The directive whose content are entries.
const TOCTREE: &str = "toctree";
/// Directives whose argument is a language and whose content is code.
const CODE: [&str; 4] = ["code-block", "code", "sourcecode", "highlight"];
/// Directives whose content is not text.
const VERBATIM: [&str; 5] = ["raw", "math", "doctest", "parsed-literal", "testcode"];
/// Directives whose argument is an image.
const IMAGE: [&str; 2] = ["image", "figure"];
/// Directives whose argument is a file.
const FILE: [&str; 2] = ["include", "literalinclude"];

fn indentation(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

/// The column of the byte `at` of `line`: a tab leads to the next multiple of 8.
fn column(line: &str, at: usize) -> usize {
    line.bytes().take(at).fold(0, |column, byte| match byte {
        b'\t' => (column / 8 + 1) * 8,
        _ => column + 1,
    })
}

/// The column at which `line` starts.
fn depth(line: &str) -> usize {
    column(line, indentation(line))
}

/// Where in `text` its first line starts to say something: behind blanks and the
/// marks of lists. What belongs to an item is indented so far.
fn text_start(text: &str) -> usize {
    let mut start = indentation(text);
    while let Some(length) = list_mark(&text[start..]) {
        start += length + indentation(&text[start + length..]);
    }
    start
}

/// The length of the mark (`-`, `1.`, `(a)`, `#.`) of the item that `text` is.
fn list_mark(text: &str) -> Option<usize> {
    /// No number of an item is longer.
    const LONGEST: usize = 9;
    let bytes = text.as_bytes();
    let length = match bytes.first()? {
        b'*' | b'+' | b'-' => 1,
        first => {
            let open = usize::from(*first == b'(');
            let number = bytes[open..].iter().take(LONGEST + 1);
            let number = number.take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'#');
            let number = &bytes[open..open + number.count()];
            let is_number = number.len() == 1
                || number.iter().all(u8::is_ascii_digit)
                || number.iter().all(|byte| b"ivxlcdmIVXLCDM".contains(byte));
            let close = bytes.get(open + number.len());
            let closed = close == Some(&b')') || (open == 0 && close == Some(&b'.'));
            let fits = (1..=LONGEST).contains(&number.len());
            (fits && is_number && closed).then_some(open + number.len() + 1)?
        }
    };
    matches!(bytes.get(length), Some(b' ' | b'\t')).then_some(length)
}

/// Whether `text` starts as explicit markup does.
fn is_explicit(text: &str) -> bool {
    let rest = text.strip_prefix("..").or_else(|| text.strip_prefix("__"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// Where explicit markup on `line`, at the column `indent`, ends, in the paragraph
/// that reaches to `last`: with the lines that are indented deeper.
fn end_below(text: &str, line: &Range<usize>, indent: usize, last: usize) -> usize {
    let mut end = line.end;
    while end < last {
        let next = line_at(text, end + 1);
        if depth(&text[next.clone()]) <= indent {
            break;
        }
        end = next.end;
    }
    end.min(last)
}

/// `name:: argument`: the name and the argument of the directive in `body`,
/// which stands behind `.. `.
fn directive(body: &str) -> Option<(&str, &str)> {
    let line = &body[..body.find('\n').unwrap_or(body.len())];
    let (name, argument) = line.split_once("::")?;
    let name = name.strip_suffix(' ').unwrap_or(name);
    let named = !name.is_empty()
        && name.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'+' | b'.')
        });
    named.then(|| (name, argument.trim()))
}

impl<'t> Markup<'t> {
    /// Reads a paragraph: explicit markup (`.. …`), and the rest as running
    /// text.
    fn blocks(&mut self, builder: &mut Builder<'t>, range: Range<usize>) {
        let text = builder.text();
        let first = &text[range.clone()];
        let first = &first[text_start(first)..];
        if first.starts_with(">>> ") {
            return; // a session of Python
        }
        if !is_explicit(first) {
            self.running(builder, range);
            return;
        }
        let mut at = range.start;
        // Running text between lines of explicit markup.
        let mut rest = range.start..range.start;
        while at < range.end {
            let line = line_at(text, at);
            let line = line.start..line.end.min(range.end);
            if !self.content.holds(text, &line) {
                self.content = Content::default();
            }
            if let Some(end) = self.explicit(builder, line.clone(), range.end) {
                at = end + 1;
                self.running(builder, std::mem::replace(&mut rest, at..at));
            } else {
                at = line.end + 1;
                rest.end = line.end;
            }
        }
        self.running(builder, rest);
    }

    /// Reads explicit markup of the paragraph that reaches to `last`, from the
    /// first line on; returns where it ends, or `None` when the text of `line`
    /// is to be read as running text.
    fn explicit(
        &mut self,
        builder: &mut Builder<'t>,
        line: Range<usize>,
        last: usize,
    ) -> Option<usize> {
        let text = builder.text();
        let start = text_start(&text[line.clone()]);
        let indent = column(&text[line.clone()], start);
        let start = line.start + start;
        let content = text[start..line.end].trim_end();
        let place = start..start + content.len();
        let whole = || {
            let end = end_below(text, &line, indent, last);
            (text[start..end].trim_end(), end)
        };
        if content == "__" || content.starts_with("__ ") {
            let (target, end) = whole();
            let place = start..start + target.len();
            let target = target["__".len()..].trim();
            self.references.define_next(builder, target, place);
            return Some(end);
        }
        if let Some(label) = content.strip_prefix(":name: ") {
            self.references.define_here(builder, label, place);
            return Some(line.end);
        }
        let body = match content {
            ".." => "",
            _ => content.strip_prefix(".. ")?.trim_start(),
        };
        if body.starts_with('_') {
            let (target, end) = whole();
            let place = start..start + target.len();
            let target = &target[content.len() - body.len() + "_".len()..];
            self.hyperlink_target(builder, target, place);
            return Some(end);
        }
        // `.. |name| image:: a.png` is an image under a name.
        let unnamed = body
            .strip_prefix('|')
            .and_then(|rest| rest.split_once("| "));
        let Some((name, argument)) = directive(unnamed.map_or(body, |(_, rest)| rest.trim_start()))
        else {
            // Footnotes, citations and substitutions are text; the rest is comment.
            if body.starts_with(['[', '|']) {
                return None;
            }
            let (_, end) = whole();
            // Nothing at all comments nothing out.
            if end == last && (end > line.end || !body.is_empty()) {
                self.content = Content {
                    indent: Some(indent),
                    entries: false,
                };
            }
            return Some(end);
        };
        if self.content.indent.is_none() {
            self.content = Content::of_directive(name, indent);
        }
        let argument_at = place.end - argument.len()..place.end;
        if CODE.contains(&name) {
            let language = argument.split_whitespace().next().unwrap_or("");
            let at = argument_at.start..argument_at.start + language.len();
            builder.mention(MentionRule::FenceLanguage, language, at);
        } else if IMAGE.contains(&name) {
            builder.link(LinkRule::Image, argument, argument_at);
        } else if FILE.contains(&name) && !argument.starts_with('<') {
            // `<isonum.txt>` is a file of docutils itself.
            builder.link(LinkRule::RstLink, argument, argument_at);
        } else if name == TOCTREE && !text[line.end..last].trim_start().starts_with(':') {
            // Where it has no options its entries may follow at once.
            let content = Content::of_directive(name, indent);
            let rest = content.paragraph(builder, (line.end + 1).min(last)..last);
            return Some(rest.start - 1);
        } else {
            return None;
        }
        Some(line.end)
    }

    /// `.. _name: target` links; `.. _name:` is an anchor; `.. __: target` is
    /// what the next `name__` means.
    fn hyperlink_target(&mut self, builder: &mut Builder<'t>, body: &'t str, place: Range<usize>) {
        let parts = match body.strip_prefix('`') {
            // One blank may stand before the colon.
            Some(quoted) => quoted.split_once("`:").or_else(|| quoted.split_once("` :")),
            None => named(body),
        };
        match parts {
            Some(("_", target)) => self.references.define_next(builder, target.trim(), place),
            Some((name, target)) => self.references.define(builder, name, target.trim(), place),
            None => {}
        }
    }
}

/// `name: target`, where a colon in the name is escaped or has no blank
/// behind it.
fn named(body: &str) -> Option<(&str, &str)> {
    let ends = |at: &usize| {
        let behind = body.as_bytes().get(at + 1);
        !body[..*at].ends_with('\\') && behind.is_none_or(u8::is_ascii_whitespace)
    };
    let mut colons = body.match_indices(':').map(|(at, _)| at);
    let at = colons.find(ends)?;
    Some((&body[..at], &body[at + 1..]))
}

/// An entry of a `toctree`: `page` or `Title <page>`. A pattern names no page.
fn entry(builder: &mut Builder<'_>, line: Range<usize>) {
    let written = &builder.text()[line.clone()];
    let content = written.trim();
    let start = line.start + indentation(written);
    let target = inline::embedded(content).map_or(content, |(_, target)| target);
    let made = target == "self" || inline::MADE_LABELS.contains(&target);
    if !target.starts_with(':') && !made && !target.contains(['*', '?', '[']) {
        builder.link(LinkRule::RstLink, target, start..start + content.len());
    }
}
