//! A document in the making: what every format's extraction shares.

use std::collections::HashSet;
use std::ops::Range;

use super::chunks::{Chunks, chunk_at};
use super::lines::{Lines, offset};
use super::slugs::Slugs;
use crate::graph::candidates::MAX_TARGET_BYTES;
use crate::graph::{
    Anchor, Document, Format, LinkRule, Mention, MentionRule, RawLink, Section, TagRule, TagUse,
};

/// Most links, tags, anchors or uses of terms that are kept of one source:
/// what an index can number.
pub(super) const MAX_ROWS: usize = 1 << 20;
/// Most sections that are kept of one source.
const MAX_SECTIONS: usize = 1 << 18;
/// The longest title, in bytes.
pub(super) const MAX_TITLE: usize = 1_000;
/// The longest term, tag or anchor, in bytes.
pub(super) const MAX_NAME: usize = 200;

/// An anchor, and whether it may name a heading that follows at once.
struct Named {
    anchor: Anchor,
    leads: bool,
}

/// Collects what a source says, in source order.
pub(super) struct Builder<'t> {
    text: &'t str,
    lines: Lines,
    document: Document,
    slugs: Slugs,
    /// Indices of the sections that are open, outermost first: levels ascend.
    open: Vec<u32>,
    chunks: Chunks,
    anchors: Vec<Named>,
    /// Whether the section opened last waits for its name.
    unnamed: bool,
    /// The first heading of rank 1 in HTML.
    html_title: Option<String>,
}

impl<'t> Builder<'t> {
    pub(super) fn new(format: Format, text: &'t str) -> Self {
        let lines = Lines::of(text);
        let document = Document {
            format,
            title: None,
            lines: lines.count(),
            sections: Vec::new(),
            anchors: Vec::new(),
            chunks: Vec::new(),
            mentions: Vec::new(),
            tags: Vec::new(),
            links: Vec::new(),
        };
        Self {
            text,
            lines,
            document,
            slugs: Slugs::default(),
            open: Vec::new(),
            chunks: Chunks::default(),
            anchors: Vec::new(),
            unnamed: false,
            html_title: None,
        }
    }

    /// The whole source.
    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// The index of the innermost section.
    pub(super) fn section(&self) -> Option<u32> {
        self.open.last().copied()
    }

    /// Sets the title, unless it is blank.
    pub(super) fn title(&mut self, title: &str) {
        let title = collapsed(title, MAX_TITLE);
        if !title.is_empty() {
            self.document.title = Some(title);
        }
    }

    /// The titles of the sections so far.
    pub(super) fn titles(&self) -> impl Iterator<Item = &str> {
        let sections = self.document.sections.iter();
        sections.map(|section| section.title.as_str())
    }

    /// A heading starts a section: closes those of its rank and below.
    /// [`name_section`](Self::name_section) must follow.
    pub(super) fn open_section(&mut self, level: u8, heading: Range<usize>) {
        if self.document.sections.len() == MAX_SECTIONS {
            return;
        }
        self.unnamed = true;
        self.chunks.close(self.text, &mut self.lines);
        let heading = self.without_trailing_space(heading);
        while let Some(&last) = self.open.last() {
            let last = &mut self.document.sections[last as usize];
            if last.level < level {
                break;
            }
            last.end = offset(heading.start);
            self.open.pop();
        }
        let section = Section {
            title: String::new(),
            anchor: String::new(),
            level,
            parent: self.section(),
            heading: self.lines.span(heading.start, heading.end),
            end: offset(self.text.len()),
        };
        self.open.push(offset(self.document.sections.len()));
        self.document.sections.push(section);
        self.claim_anchors(heading.start);
    }

    /// Anchors with nothing between them and a heading at `heading`, but ends of
    /// elements, name the section that it starts.
    fn claim_anchors(&mut self, heading: usize) {
        let section = self.section();
        let mut end = heading;
        for Named { anchor, leads } in self.anchors.iter_mut().rev() {
            let between = self.text.get(anchor.span.end as usize..end);
            if !*leads || between.is_none_or(|text| !is_end_of_elements(text)) {
                break;
            }
            anchor.section = section;
            end = anchor.span.start as usize;
        }
    }

    /// Names the section opened last.
    pub(super) fn name_section(&mut self, title: &str, anchor: Option<&str>) {
        if !std::mem::take(&mut self.unnamed) {
            return;
        }
        // The anchor tells blanks from blanks, those beside an image or an element of
        // HTML included; the title does not.
        let written = cut(title, MAX_TITLE);
        let title = collapsed(title, MAX_TITLE);
        let anchor = match anchor {
            Some(anchor) => self.slugs.unique(cut(anchor, MAX_NAME).to_owned()),
            None => self.slugs.of_heading(written),
        };
        if let Some(section) = self.document.sections.last_mut() {
            section.title = title;
            section.anchor = anchor;
        }
    }

    /// A heading that starts no section (in a quote or a list).
    pub(super) fn nested_heading(&mut self, title: &str, anchor: Option<&str>, at: Range<usize>) {
        let name = match anchor {
            Some(anchor) => cut(anchor, MAX_NAME).to_owned(),
            None => self.slugs.of_heading(cut(title, MAX_TITLE)),
        };
        self.anchor_here(&name, at);
    }

    /// A heading in raw HTML, which starts no section either.
    pub(super) fn html_heading(&mut self, title: &str, level: u8, at: Range<usize>) {
        let title = collapsed(title, MAX_TITLE);
        if title.is_empty() {
            return;
        }
        self.nested_heading(&title, None, at);
        if level == 1 && self.html_title.is_none() {
            self.html_title = Some(title);
        }
    }

    /// An explicit anchor of the place at which it stands, or of the section
    /// whose heading follows at once.
    pub(super) fn anchor(&mut self, name: &str, at: Range<usize>) {
        self.add_anchor(name, at, true);
    }

    /// An anchor of the section in which it stands.
    pub(super) fn anchor_here(&mut self, name: &str, at: Range<usize>) {
        self.add_anchor(name, at, false);
    }

    fn add_anchor(&mut self, name: &str, at: Range<usize>, leads: bool) {
        if !name.is_empty() && name.len() <= MAX_NAME && self.anchors.len() < MAX_ROWS {
            let anchor = Anchor {
                name: name.to_owned(),
                section: self.section(),
                span: self.lines.span(at.start, at.end),
            };
            self.anchors.push(Named { anchor, leads });
        }
    }

    /// A block of the innermost section.
    pub(super) fn block(&mut self, range: Range<usize>) {
        let section = self.section();
        self.chunks
            .block(self.text, &mut self.lines, section, range);
    }

    pub(super) fn link(&mut self, rule: LinkRule, target: &str, at: Range<usize>) {
        self.link_in(self.section(), rule, target, at);
    }

    /// A link that stands in `section`.
    pub(super) fn link_in(
        &mut self,
        section: Option<u32>,
        rule: LinkRule,
        target: &str,
        at: Range<usize>,
    ) {
        let target = target.trim();
        if target.is_empty() || self.document.links.len() == MAX_ROWS {
            return;
        }
        let link = RawLink {
            rule,
            target: cut(target, MAX_TARGET_BYTES).to_owned(),
            section,
            span: self.lines.span(at.start, at.end),
        };
        self.document.links.push(link);
    }

    pub(super) fn tag(&mut self, rule: TagRule, tag: &str, at: Range<usize>) {
        if !tag.is_empty() && tag.len() <= MAX_NAME && self.document.tags.len() < MAX_ROWS {
            let tag = TagUse {
                tag: tag.to_lowercase(),
                rule,
                span: self.lines.span(at.start, at.end),
            };
            self.document.tags.push(tag);
        }
    }

    pub(super) fn mention(&mut self, rule: MentionRule, term: &str, at: Range<usize>) {
        let term = collapsed(term, MAX_NAME);
        if !term.is_empty() && self.document.mentions.len() < MAX_ROWS {
            let mention = Mention {
                term,
                rule,
                chunk: 0, // known once the chunks are
                span: self.lines.span(at.start, at.end),
            };
            self.document.mentions.push(mention);
        }
    }

    /// The finished document.
    pub(super) fn finish(mut self) -> Document {
        let mut document = self.document;
        document.chunks = self.chunks.finish(self.text, &mut self.lines);
        in_order(&mut document.links, |link| link.span.start);
        in_order(&mut document.tags, |tag| tag.span.start);
        in_order(&mut document.mentions, |mention| mention.span.start);
        in_order(&mut self.anchors, |named| named.anchor.span.start);
        let mut chunk = 0;
        for mention in &mut document.mentions {
            chunk = chunk_at(&document.chunks, chunk, mention.span.start);
            mention.chunk = offset(chunk);
        }
        let anchors = self.anchors.into_iter();
        document.anchors = anchors.map(|named| named.anchor).collect();
        if !document.anchors.is_empty() {
            let sections = document.sections.iter();
            // Labels are looked for in all documents, by themselves.
            let labels = document.format == Format::Rst;
            let mut taken: HashSet<String> = sections
                .filter(|_| !labels)
                .map(|section| section.anchor.clone())
                .collect();
            document
                .anchors
                .retain(|anchor| taken.insert(anchor.name.clone()));
        }
        if document.title.is_none() {
            let sections = &document.sections;
            let first = sections.iter().find(|section| section.level == 1);
            let title = |section: &Section| section.title.clone();
            let title = first
                .map(title)
                .or(self.html_title)
                .or_else(|| sections.first().map(title));
            document.title = title.filter(|title| !title.is_empty());
        }
        document
    }

    fn without_trailing_space(&self, range: Range<usize>) -> Range<usize> {
        let kept = self
            .text
            .get(range.clone())
            .map_or(0, |text| text.trim_end().len());
        range.start..range.start + kept
    }
}

/// Sorts by place where a parser reported out of order; most lists are sorted.
fn in_order<T>(items: &mut [T], start: impl Fn(&T) -> u32) {
    if !items.is_sorted_by_key(&start) {
        items.sort_by_key(start);
    }
}

/// Whether `text` holds nothing but tags that end elements. It is read from its
/// end, since many headings may have one anchor before them.
fn is_end_of_elements(text: &str) -> bool {
    /// No element has a longer name.
    const LONGEST: usize = 64;
    let mut rest = text.trim_end();
    while let Some(tag) = rest.strip_suffix('>') {
        let Some((_, name)) = tail(tag, LONGEST).rsplit_once("</") else {
            return false;
        };
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            return false;
        }
        rest = tag[..tag.len() - name.len() - "</".len()].trim_end();
    }
    rest.is_empty()
}

/// `text` with each run of white space as one blank, at most `most` bytes.
pub(super) fn collapsed(text: &str, most: usize) -> String {
    let mut collapsed = String::with_capacity(text.len().min(most));
    for word in text.split_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(cut(word, most));
        if collapsed.len() >= most {
            break;
        }
    }
    collapsed.truncate(collapsed.floor_char_boundary(most));
    collapsed.truncate(collapsed.trim_end().len());
    collapsed
}

/// `text` cut to at most `most` bytes, between characters.
pub(super) fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// The end of `text`: at most `most` bytes, from between characters.
pub(super) fn tail(text: &str, most: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(most))..]
}
