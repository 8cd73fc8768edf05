//! The markup of reStructuredText that names and links things.

mod inline;
mod references;

use std::ops::Range;

use super::builder::Builder;
use super::plain::line_at;
use crate::graph::{LinkRule, MentionRule};
pub(super) use inline::unmarked;
use references::References;

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
        let text = builder.text();
        if self.content.holds(text, &range) {
            self.content.paragraph(builder, range.clone());
        } else {
            self.blocks(builder, range.clone());
        }
        self.content.after(text, &range);
    }

    /// Nothing follows: what references name is known.
    pub(super) fn finish(self, builder: &mut Builder<'t>) {
        self.references.settle(builder);
    }
}

/// Whether the reader is inside what is no running text: a literal block
/// (indented below a paragraph that ends in `::`, or below a directive of
/// code), or the entries of a `toctree`.
#[derive(Default)]
struct Content {
    /// The indentation of what introduced the block.
    indent: Option<usize>,
    /// Whether its lines are entries.
    entries: bool,
}

impl Content {
    /// Whether the line or paragraph `range` belongs to the block.
    fn holds(&self, text: &str, range: &Range<usize>) -> bool {
        self.indent
            .is_some_and(|indent| indentation(&text[range.clone()]) > indent)
    }

    /// Reads a paragraph of the block.
    fn paragraph(&self, builder: &mut Builder<'_>, range: Range<usize>) {
        let mut at = range.start;
        while self.entries && at < range.end {
            let line = line_at(builder.text(), at);
            at = line.end + 1;
            entry(builder, line);
        }
    }

    /// Takes note of the paragraph just read.
    fn after(&mut self, text: &str, range: &Range<usize>) {
        if self.holds(text, range) {
            return;
        }
        let paragraph = &text[range.clone()];
        let body = paragraph.trim_start().strip_prefix(".. ");
        let name = body.and_then(|body| Some(directive(body.trim_start())?.0));
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
/// Directives whose argument is a file.
const FILE: [&str; 2] = ["include", "literalinclude"];

fn indentation(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

/// `name:: argument`: the name and the argument of the directive in `body`,
/// which stands behind `.. `.
fn directive(body: &str) -> Option<(&str, &str)> {
    let line = &body[..body.find('\n').unwrap_or(body.len())];
    let (name, argument) = line.split_once("::")?;
    let named = !name.is_empty()
        && name.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'+' | b'.')
        });
    named.then(|| (name, argument.trim()))
}

impl<'t> Markup<'t> {
    /// Reads a paragraph: explicit markup (`.. …`) line by line, the rest as
    /// running text.
    fn blocks(&mut self, builder: &mut Builder<'t>, range: Range<usize>) {
        let text = builder.text();
        let first = text[range.clone()].trim_start();
        if !first.starts_with("..") && !first.starts_with("__ ") {
            self.running(builder, range);
            return;
        }
        let mut at = range.start;
        // Running text between lines of explicit markup.
        let mut rest = range.start..range.start;
        while at < range.end {
            let line = line_at(text, at);
            let line = line.start..line.end.min(range.end);
            at = line.end + 1;
            if self.explicit(builder, line.clone()) {
                self.running(builder, std::mem::replace(&mut rest, at..at));
            } else {
                rest.end = line.end;
            }
        }
        self.running(builder, rest);
    }

    /// Reads a line of explicit markup; `false` when its text is to be read as
    /// running text.
    fn explicit(&mut self, builder: &mut Builder<'t>, line: Range<usize>) -> bool {
        let text = builder.text();
        let content = text[line.clone()].trim();
        let start = line.start + indentation(&text[line]);
        let place = start..start + content.len();
        if let Some(target) = content.strip_prefix("__ ") {
            self.references.define_next(builder, target.trim(), place);
            return true;
        }
        if let Some(label) = content.strip_prefix(":name: ") {
            self.references.define(builder, label, "", place);
            return true;
        }
        let Some(body) = content.strip_prefix(".. ").map(str::trim_start) else {
            return false;
        };
        if let Some(target) = body.strip_prefix('_') {
            self.hyperlink_target(builder, target, place);
            return true;
        }
        // `.. |name| image:: a.png` is an image under a name.
        let unnamed = body
            .strip_prefix('|')
            .and_then(|rest| rest.split_once("| "));
        let Some((name, argument)) = directive(unnamed.map_or(body, |(_, rest)| rest)) else {
            // Footnotes, citations and substitutions are text; the rest is comment.
            return !body.starts_with(['[', '|']);
        };
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
        } else {
            return false;
        }
        true
    }

    /// `.. _name: target` links; `.. _name:` is an anchor; `.. __: target` is
    /// what the next `name__` means.
    fn hyperlink_target(&mut self, builder: &mut Builder<'t>, body: &'t str, place: Range<usize>) {
        let parts = match body.strip_prefix('`') {
            Some(quoted) => quoted.split_once("`:"),
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
        !body[..*at].ends_with('\\') && matches!(body.as_bytes().get(at + 1), None | Some(b' '))
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
    if !target.starts_with(':') && target != "self" && !target.contains(['*', '?']) {
        builder.link(LinkRule::RstLink, target, start..start + content.len());
    }
}
