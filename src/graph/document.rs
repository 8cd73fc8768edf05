//! What one source says: its extraction, held in memory while a run is made
//! or read. What is stored is the source's text and its format; everything
//! here follows from those two, by the rules of one artifact schema version.

use super::{NodeId, WorkspacePath};

/// A place in a source: lines are counted from 1, bytes from 0; `end` is one
/// past the last byte, `end_line` the line of the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First line.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// How a source is parsed, chosen by its extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// CommonMark with GFM tables, front matter, wikilinks and `#tags`.
    Markdown,
    /// reStructuredText: titles by underline (and overline).
    Rst,
    /// Anything else: paragraphs, and underlined headings as in reStructuredText.
    Text,
}

impl Format {
    /// The format for an extension, compared without regard to ASCII case.
    #[must_use]
    pub fn of_extension(extension: &str) -> Self {
        match extension.to_ascii_lowercase().as_str() {
            "md" | "markdown" | "mdown" | "mkd" | "mdx" => Self::Markdown,
            "rst" | "rest" => Self::Rst,
            _ => Self::Text,
        }
    }
}

/// The extraction of one source. Lists are in source order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// How the source was parsed.
    pub format: Format,
    /// Front matter `title`, else the first heading of level 1, else the first
    /// `<h1>`, else the first heading; `None` when there is none.
    pub title: Option<String>,
    /// Lines of the source.
    pub lines: u32,
    /// Headings and what they govern.
    pub sections: Vec<Section>,
    /// Places that a fragment can name and that are no section.
    pub anchors: Vec<Anchor>,
    /// Citable spans: together the text that is searched.
    pub chunks: Vec<Chunk>,
    /// Uses of terms.
    pub mentions: Vec<Mention>,
    /// Uses of tags.
    pub tags: Vec<TagUse>,
    /// Links as written, not yet resolved.
    pub links: Vec<RawLink>,
}

impl Document {
    /// The names by which `` :ref:`label` `` in any document means a place in
    /// this one.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        let named = self.format == Format::Rst;
        let anchors = self.anchors.iter().filter(move |_| named);
        anchors.map(|anchor| anchor.name.as_str())
    }

    /// Where a link to the anchor `name` of this document, which lies at `path`,
    /// leads: to a section, or before the first to the document itself.
    #[must_use]
    pub fn at_anchor(&self, path: &WorkspacePath, name: &str) -> Option<NodeId> {
        let of = |section: &Section| NodeId::section(path, &section.anchor);
        let own = self.sections.iter().find(|section| section.anchor == name);
        own.map(of).or_else(|| {
            let anchor = self.anchors.iter().find(|anchor| anchor.name == name)?;
            let section = anchor.section.map(|number| number as usize);
            let section = section.and_then(|number| self.sections.get(number));
            Some(section.map_or_else(|| NodeId::document(path), of))
        })
    }
}

/// A heading with the text it governs, up to the next heading of the same or
/// a higher rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The heading's text without markup.
    pub title: String,
    /// The fragment that names it, unique in its document: lower case,
    /// punctuation dropped, blanks to `-`, repeats numbered `-1`, `-2`
    /// (the rule of GitHub), or an explicit `{#anchor}`.
    pub anchor: String,
    /// Rank, 1 to 6.
    pub level: u8,
    /// Index of the enclosing section in the document's list.
    pub parent: Option<u32>,
    /// The heading itself.
    pub heading: Span,
    /// One past the last byte of the section.
    pub end: u32,
}

/// A place that a fragment can name and that is no section of the document:
/// `<a id="x">` (or another element's `id`), a heading inside a quote, a list
/// or HTML, the `^x` at the end of a paragraph, `.. _x:` of reStructuredText. A
/// link to it leads to the section it stands in, or, save for headings and
/// `^x`, to the one whose heading follows it at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The fragment, without `#`, at most 200 bytes; names no earlier anchor
    /// of the document, and no section save in reStructuredText.
    pub name: String,
    /// Index of the section it leads to; `None` before the first.
    pub section: Option<u32>,
    /// Where it stands.
    pub span: Span,
}

/// A citable span of text: whole blocks of one section, joined while short,
/// split while long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Index of the innermost section; `None` before the first heading.
    pub section: Option<u32>,
    /// Where it stands.
    pub span: Span,
    /// Exactly the source's bytes `span.start..span.end`.
    pub text: String,
}

/// By which rule a term is mentioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MentionRule {
    /// Inline code.
    InlineCode,
    /// The language of a fenced code block.
    FenceLanguage,
}

/// One use of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The term: white space collapsed, case kept, at most 200 bytes.
    pub term: String,
    /// Which rule found it.
    pub rule: MentionRule,
    /// Index of the chunk it stands in.
    pub chunk: u32,
    /// Where it stands.
    pub span: Span,
}

/// By which rule a tag is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TagRule {
    /// `tags:` (or `tag:`, `keywords:`) in the front matter.
    FrontMatter,
    /// `#tag` in the text.
    Hashtag,
}

/// One use of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagUse {
    /// The tag without `#`, lower case.
    pub tag: String,
    /// Which rule found it.
    pub rule: TagRule,
    /// Where it stands.
    pub span: Span,
}

/// By which rule a link is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkRule {
    /// `[text](target)`.
    Inline,
    /// `[text][label]`, `[label][]` or `[label]` with a definition.
    Reference,
    /// `<https://…>` or a bare URL.
    Autolink,
    /// `[[target]]`, `[[target|text]]`, `[[target#fragment]]`.
    Wikilink,
    /// `![alt](target)`.
    Image,
    /// `` `text <target>`_ ``, `label_`, `` :doc:`page` ``, `` :ref:`label` ``
    /// and whatever else links in reStructuredText.
    RstLink,
}

/// A link as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawLink {
    /// Which rule found it.
    pub rule: LinkRule,
    /// The target as written: URL, path, `#fragment`, wiki name or
    /// `:ref:label`; at most 2,048 bytes. Percent escapes are still there.
    pub target: String,
    /// Index of the innermost section it stands in.
    pub section: Option<u32>,
    /// Where it stands.
    pub span: Span,
}
