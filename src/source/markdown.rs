//! Markdown: CommonMark with GFM tables, footnotes, strikethrough and task
//! lists, front matter, heading attributes and wikilinks.
//!
//! One pass over the events of pulldown-cmark, whose ranges are places in
//! the source. Front matter is read before (the parser would take any pair of
//! `---` lines for it, anywhere in the text).

use std::ops::Range;

use pulldown_cmark::{
    CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Options, Parser, RefDefs, Tag, TagEnd,
};

use super::builder::Builder;
use super::chunks::WHOLE;
use super::html::Html;
use super::inline::{self, Beside};
use super::{density, front_matter, html, nesting, plain};
use crate::graph::{Document, Format, LinkRule, MentionRule};

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_WIKILINKS
}

pub(super) fn extract(text: &str) -> Document {
    if nesting::is_abusive(text) || density::is_abusive(text) {
        return plain::extract(Format::Markdown, text);
    }
    let mut builder = Builder::new(Format::Markdown, text);
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let start = front_matter::read(&mut builder, start);
    let mut events = Parser::new_ext(&text[start..], options()).into_offset_iter();
    let mut reader = Reader {
        builder,
        depth: 0,
        links: 0,
        images: 0,
        code: 0,
        verbatim: None,
        split: false,
        run: 0..0,
        emphasis: Vec::new(),
        taken: 0,
        heading: None,
        html_heading: None,
        covered: start,
    };
    while let Some((event, range)) = events.next() {
        let range = start + range.start..start + range.end;
        reader.event(event, range, events.reference_definitions());
    }
    reader.flush(false);
    reader.leftover(text.len());
    reader.builder.finish()
}

/// A heading that is open.
struct Heading {
    /// Its text, without that of images, of which no anchor is made.
    text: String,
    /// The text of its images, which is its title where it has no other.
    images: String,
    place: Range<usize>,
    /// Where what has been read of it ends.
    read: usize,
    /// Whether it starts no section.
    nested: bool,
}

struct Reader<'t> {
    builder: Builder<'t>,
    /// Open elements.
    depth: usize,
    /// Open links and images: their text is not searched for tags and URLs.
    links: usize,
    /// Open images.
    images: usize,
    /// Open code blocks.
    code: usize,
    /// The open element of HTML whose text is not searched.
    verbatim: Option<html::Verbatim>,
    /// Whether the children of the open top-level element are its blocks.
    split: bool,
    /// Contiguous plain text not yet searched.
    run: Range<usize>,
    /// Where the open elements of emphasis end.
    emphasis: Vec<usize>,
    /// What stands before this is part of a link.
    taken: usize,
    heading: Option<Heading>,
    /// The open heading in HTML, whose content may be Markdown.
    html_heading: Option<html::Heading>,
    /// Where the last top-level block ends.
    covered: usize,
}

impl Reader<'_> {
    /// Definitions of links are no blocks, but text all the same: what stands
    /// between the last block and `end` is one.
    fn leftover(&mut self, end: usize) {
        let gap = self.covered.min(end)..end;
        if self.builder.text()[gap.clone()].contains(char::is_alphanumeric) {
            self.builder.block(gap);
        }
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>, definitions: &RefDefs<'_>) {
        if let Some(heading) = &mut self.heading
            && !matches!(event, Event::End(TagEnd::Heading(_)))
        {
            heading.read = range.end;
        }
        if let Event::Text(text) = &event {
            self.text(text, range);
            return;
        }
        // To a URL what begins emphasis is no mark, as in `/__init__.py`.
        self.flush(matches!(&event, Event::Start(tag) if is_emphasis(tag.to_end())));
        match event {
            Event::Start(tag) => self.start(tag, range, definitions),
            Event::End(tag) => self.end(tag),
            Event::Code(code) => {
                self.title(&code);
                self.builder.mention(MentionRule::InlineCode, &code, range);
            }
            Event::SoftBreak | Event::HardBreak => self.title(" "),
            Event::InlineHtml(tag) => self.inline_html(&tag, range),
            _ => {}
        }
    }

    fn inline_html(&mut self, tag: &str, range: Range<usize>) {
        if range.start < self.taken {
            return;
        }
        match self.verbatim {
            Some(open) if open.is_closed_by(tag) => self.verbatim = None,
            Some(html::Verbatim::Raw(_)) => {}
            Some(html::Verbatim::Code(_) | html::Verbatim::Link) => {
                self.html(tag, range);
            }
            None => {
                let links = self.html(tag, range);
                self.verbatim = html::Verbatim::opened_by(tag, links);
            }
        }
    }

    /// Reads `text`; whether an `<a>` in it links something.
    fn html(&mut self, text: &str, place: Range<usize>) -> bool {
        let html = Html { text, place };
        html::scan(&mut self.builder, &html, &mut self.html_heading)
    }

    fn text(&mut self, text: &str, range: Range<usize>) {
        self.title(text);
        if self.links > 0 || self.code > 0 || self.verbatim.is_some() {
            return;
        }
        if range.start == self.run.end {
            self.run.end = range.end;
        } else {
            // A backslash stands between.
            self.flush(true);
            self.run = range;
        }
    }

    /// Searches the plain text that ends here; a URL in it may go on behind it.
    fn flush(&mut self, goes_on: bool) {
        let mut run = std::mem::take(&mut self.run);
        run.start = run.start.max(self.taken);
        if !run.is_empty() {
            let limit = match self.emphasis.last() {
                _ if !goes_on => run.end,
                Some(end) => *end,
                None => self.builder.text().len(),
            };
            let builder = &mut self.builder;
            let read = inline::scan_up_to(builder, run.clone(), limit, Beside::Attributes);
            if read > run.end {
                self.taken = read;
            }
            let text = self.builder.text();
            if let Some(name) = inline::block_name(text, run) {
                self.builder.anchor_here(&text[name.clone()], name);
            }
        }
    }

    fn title(&mut self, text: &str) {
        if let Some(heading) = &mut self.heading {
            let images = self.images > 0;
            let text_of = if images {
                &mut heading.images
            } else {
                &mut heading.text
            };
            text_of.push_str(text);
        } else if let Some(heading) = &mut self.html_heading {
            heading.push(text);
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>, definitions: &RefDefs<'_>) {
        self.between_blocks(tag.to_end());
        let top = self.depth == 0;
        self.depth += 1;
        if top {
            self.leftover(range.start);
            self.covered = range.end;
        }
        if let Tag::Heading { level, .. } = &tag {
            if top {
                self.builder.open_section(rank(*level), range.clone());
            }
            self.html_heading = None;
            self.heading = Some(Heading {
                text: String::new(),
                images: String::new(),
                read: range.start,
                place: range.clone(),
                nested: !top,
            });
        }
        if top {
            // The items and rows of a long list or table are its blocks.
            let divisible = matches!(tag, Tag::List(_) | Tag::Table(_));
            self.split = divisible && range.len() > WHOLE;
        }
        if (top && !self.split) || (self.depth == 2 && self.split) {
            self.builder.block(range.clone());
        }
        let image = matches!(tag, Tag::Image { .. });
        if is_emphasis(tag.to_end()) {
            self.emphasis.push(range.end);
        }
        match tag {
            Tag::CodeBlock(kind) => {
                self.code += 1;
                if let CodeBlockKind::Fenced(info) = kind {
                    self.language(&info, range.start);
                }
            }
            Tag::HtmlBlock => {
                self.html(&self.builder.text()[range.clone()], range);
            }
            Tag::Link {
                link_type,
                dest_url,
                ..
            }
            | Tag::Image {
                link_type,
                dest_url,
                ..
            } => {
                self.links += 1;
                self.images += usize::from(image);
                self.link(link_type, &dest_url, image, range, definitions);
            }
            _ => {}
        }
    }

    /// An element of HTML that is left open ends with its block, of which `tag`
    /// may be the start or the end; a heading goes on in the next.
    fn between_blocks(&mut self, tag: TagEnd) {
        if !is_emphasis(tag) && !matches!(tag, TagEnd::Link | TagEnd::Image) {
            self.verbatim = None;
            if let Some(heading) = &mut self.html_heading {
                heading.push(" ");
            }
        }
    }

    fn end(&mut self, tag: TagEnd) {
        self.between_blocks(tag);
        self.depth = self.depth.saturating_sub(1);
        if is_emphasis(tag) {
            self.emphasis.pop();
        }
        match tag {
            TagEnd::CodeBlock => self.code = self.code.saturating_sub(1),
            TagEnd::Link => self.links = self.links.saturating_sub(1),
            TagEnd::Image => {
                self.links = self.links.saturating_sub(1);
                self.images = self.images.saturating_sub(1);
            }
            TagEnd::Heading(_) => {
                if let Some(heading) = self.heading.take() {
                    self.end_heading(heading);
                }
            }
            _ => {}
        }
    }

    fn end_heading(&mut self, mut heading: Heading) {
        // The parser takes braces at the end for attributes, whatever they hold.
        let behind = &self.builder.text()[heading.read..heading.place.end];
        let mut anchor = None;
        if let Some((before, inner)) = behind.split_once('{')
            && let Some((inner, _)) = inner.split_once('}')
        {
            match inline::attributes(without_comment(inner)) {
                Some(name) => {
                    anchor = name.filter(|name| !name.is_empty());
                    heading.text.truncate(heading.text.trim_end().len());
                }
                None => {
                    if !heading.text.is_empty() && before.ends_with([' ', '\t']) {
                        heading.text.push(' ');
                    }
                    heading.text.push_str(&format!("{{{inner}}}"));
                }
            }
        }
        let Heading {
            text,
            images,
            place,
            nested,
            ..
        } = heading;
        if nested {
            self.builder.nested_heading(&text, anchor, place);
        } else if text.trim().is_empty() {
            self.builder.name_section(&images, anchor.or(Some("")));
        } else {
            self.builder.name_section(&text, anchor);
        }
    }

    fn link(
        &mut self,
        kind: LinkType,
        target: &CowStr<'_>,
        image: bool,
        range: Range<usize>,
        definitions: &RefDefs<'_>,
    ) {
        if range.start < self.taken {
            return;
        }
        if matches!(kind, LinkType::WikiLink { .. })
            && let Some((rule, target, end)) = self.behind_brackets(range.end, definitions)
        {
            self.taken = end;
            let rule = if image { LinkRule::Image } else { rule };
            return self.builder.link(rule, &target, range.start..end);
        }
        let (rule, target) = match kind {
            LinkType::WikiLink { has_pothole } => {
                // `[[x]]` is a reference in brackets where `[x]: …` defines x.
                let defined = (!has_pothole).then(|| definitions.get(target)).flatten();
                match defined {
                    Some(definition) => (LinkRule::Reference, definition.dest.to_string()),
                    None if inline::is_table_of_contents(self.builder.text(), range.clone()) => {
                        return;
                    }
                    None => {
                        let (rule, target) = inline::wiki_target(target);
                        (rule, target.into_owned())
                    }
                }
            }
            LinkType::Email => (LinkRule::Autolink, format!("mailto:{target}")),
            LinkType::Autolink => (LinkRule::Autolink, target.to_string()),
            _ if image => (LinkRule::Image, target.to_string()),
            LinkType::Inline => (LinkRule::Inline, target.to_string()),
            _ => (LinkRule::Reference, target.to_string()),
        };
        // The parser leaves the empty label of `[x][]` out.
        let collapsed = kind == LinkType::Collapsed
            && self.builder.text().as_bytes()[range.end..].starts_with(b"[]");
        let end = range.end + if collapsed { "[]".len() } else { 0 };
        self.builder.link(rule, &target, range.start..end);
    }

    /// `[[1]](target)` and `[[1]][label]` are links whose text has brackets: what
    /// follows them at `at` makes them what they are, up to the place returned.
    fn behind_brackets(
        &self,
        at: usize,
        definitions: &RefDefs<'_>,
    ) -> Option<(LinkRule, String, usize)> {
        let text = self.builder.text();
        if let Some((target, end)) = inline::destination(text, at) {
            return Some((LinkRule::Inline, target.to_owned(), end));
        }
        let label = inline::label(text, at)?;
        let target = definitions.get(label)?.dest.to_string();
        Some((LinkRule::Reference, target, at + label.len() + "[]".len()))
    }

    /// The first word of a fence's info string. ```` ```rust,ignore ```` and
    /// ```` ```{.rust} ```` both name `rust`.
    fn language(&mut self, info: &str, block: usize) {
        let info = info.trim_start_matches([' ', '\t', '{', '.']);
        let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '{' | '}');
        let word = &info[..info.find(ends).unwrap_or(info.len())];
        if word.is_empty() {
            return;
        }
        // As written, the word stands on the fence's own line; with escapes
        // or entities in it, the place is the fence.
        let text = &self.builder.text()[block..];
        let line = &text[..text.find('\n').unwrap_or(text.len())];
        let place = match line.find(word) {
            Some(at) => block + at..block + at + word.len(),
            None => block..block + line.trim_end().len(),
        };
        self.builder
            .mention(MentionRule::FenceLanguage, word, place);
    }
}

const fn is_emphasis(tag: TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough
    )
}

/// `#name` of MDX's `{/* #name */}`.
fn without_comment(inner: &str) -> &str {
    let comment = inner
        .strip_prefix("/*")
        .and_then(|rest| rest.strip_suffix("*/"));
    comment.unwrap_or(inner)
}

const fn rank(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
