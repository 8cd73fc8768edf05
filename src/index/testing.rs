//! A miniature extractor for tests: headings, paragraphs, inline code, tags
//! and links, with true spans.

use std::io::Read as _;

use crate::foundation::Sha256;
use crate::foundation::spill::Lent;
use crate::graph::resolve::slug;
use crate::graph::{
    Anchor, Chunk, Document, Format, LinkRule, Mention, MentionRule, RawLink, Section, Span,
    TagRule, TagUse,
};
use crate::index::{Batches, Builder, Built, Facts, Index, Prepared, Scratch, Source, prepare};

/// The document of `text`, one chunk per line that is not empty.
pub(super) fn document(text: &str) -> Document {
    let labels = text.contains(".. _");
    let mut made = Document {
        format: if labels {
            Format::Rst
        } else {
            Format::Markdown
        },
        title: None,
        lines: text.lines().count() as u32,
        sections: Vec::new(),
        anchors: Vec::new(),
        chunks: Vec::new(),
        mentions: Vec::new(),
        tags: Vec::new(),
        links: Vec::new(),
    };
    let (mut start, mut line) = (0u32, 1u32);
    for piece in text.split_inclusive('\n') {
        let content = piece.trim_end();
        let span = Span {
            line,
            end_line: line,
            start,
            end: start + content.len() as u32,
        };
        add_line(&mut made, content, span);
        start += piece.len() as u32;
        line += 1;
    }
    for at in 0..made.sections.len() {
        let level = made.sections[at].level;
        let next = made.sections[at + 1..].iter().find(|s| s.level <= level);
        made.sections[at].end = next.map_or(start, |s| s.heading.start);
    }
    made.title = made.sections.first().map(|section| section.title.clone());
    made
}

fn add_line(made: &mut Document, content: &str, span: Span) {
    if content.is_empty() {
        return;
    }
    let level = content.bytes().take_while(|byte| *byte == b'#').count();
    if (1..=6).contains(&level) && content[level..].starts_with(' ') {
        let title = content[level..].trim().to_owned();
        let repeats = made.sections.iter().filter(|s| s.title == title).count();
        let anchor = match repeats {
            0 => slug(&title),
            n => format!("{}-{n}", slug(&title)),
        };
        let enclosing = made
            .sections
            .iter()
            .rposition(|s| usize::from(s.level) < level);
        made.sections.push(Section {
            title,
            anchor,
            level: level as u8,
            parent: enclosing.map(|at| at as u32),
            heading: span,
            end: span.end,
        });
    }
    let section = made.sections.len().checked_sub(1).map(|at| at as u32);
    if let Some(label) = content
        .strip_prefix(".. _")
        .and_then(|rest| rest.strip_suffix(':'))
    {
        made.anchors.push(Anchor {
            name: label.to_owned(),
            section,
            span,
        });
    }
    let chunk = made.chunks.len() as u32;
    made.chunks.push(Chunk {
        section,
        span,
        text: content.to_owned(),
    });
    for (at, word) in words(content) {
        let span = Span {
            start: span.start + at as u32,
            end: span.start + (at + word.len()) as u32,
            ..span
        };
        let link = |rule, target: &str| RawLink {
            rule,
            target: target.to_owned(),
            section,
            span,
        };
        if let Some(term) = word.strip_prefix('`').and_then(|w| w.strip_suffix('`')) {
            made.mentions.push(Mention {
                term: term.to_owned(),
                rule: MentionRule::InlineCode,
                chunk,
                span,
            });
        } else if let Some(wiki) = word.strip_prefix("[[").and_then(|w| w.strip_suffix("]]")) {
            made.links.push(link(LinkRule::Wikilink, wiki));
        } else if let Some(target) = word.strip_prefix("[x](").and_then(|w| w.strip_suffix(')')) {
            made.links.push(link(LinkRule::Inline, target));
        } else if word.starts_with(":ref:") {
            made.links.push(link(LinkRule::RstLink, word));
        } else if let Some(tag) = word
            .strip_prefix('#')
            .filter(|tag| tag.starts_with(|c: char| c.is_alphabetic()))
        {
            made.tags.push(TagUse {
                tag: tag.to_lowercase(),
                rule: TagRule::Hashtag,
                span,
            });
        }
    }
}

fn words(content: &str) -> impl Iterator<Item = (usize, &str)> {
    content
        .split(' ')
        .map(move |word| (word.as_ptr() as usize - content.as_ptr() as usize, word))
}

/// A document ready to be indexed.
pub(super) fn prepared(path: &str, text: &str) -> Prepared {
    let source = Source {
        path: path.parse().unwrap(),
        sha256: Sha256::of(text.as_bytes()),
        bytes: text.len() as u64,
    };
    prepare(source, document(text))
}

/// Facts of a run in which these files exist beside the documents.
pub(super) fn facts(files: &[&str]) -> Facts {
    Facts {
        root_tree: "tree".to_owned(),
        run_digest: "run".to_owned(),
        files: files.iter().map(|path| path.parse().unwrap()).collect(),
        linked: files.iter().map(|path| path.parse().unwrap()).collect(),
        ..Facts::default()
    }
}

/// An index of documents given as path and text.
pub(super) fn build(scratch: &Scratch, documents: &[(&str, &str)], facts: &Facts) -> Built {
    let mut builder = Builder::new(scratch).unwrap();
    let mut sorted = documents.to_vec();
    sorted.sort_unstable();
    let documents = sorted.iter().map(|(path, text)| prepared(path, text));
    builder
        .add(&Batches::default().batch(documents.collect()))
        .unwrap();
    builder.resolve(facts).unwrap().finish(facts).unwrap()
}

/// The bytes of a built index.
pub(super) fn bytes(built: &Built) -> Vec<u8> {
    let mut bytes = Vec::new();
    let lent = |lent: Lent<'_>| lent.reader().read_to_end(&mut bytes);
    built.artifact.lend(lent).unwrap().unwrap();
    bytes
}

/// A small workspace, open.
pub(super) fn small() -> Index {
    let built = build(&Scratch::Memory, SMALL, &facts(&["img/plan.png"]));
    Index::from_artifact(&built.artifact).unwrap()
}

/// A small workspace: paths and texts.
pub(super) const SMALL: &[(&str, &str)] = &[
    (
        "README.md",
        "# The garden\nWater the `basil` and the `basil` daily. #herbs\nSee [x](notes/soil.md) and [x](https://example.org/a) too.\n",
    ),
    (
        "notes/soil.md",
        "# Soil\nLoam holds water.\n## Compost heap\nTurn the compost with a `fork` daily. #soil #herbs\nBack to [x](../README.md#the-garden) [x](missing.md) [x](../img/plan.png)\n",
    ),
    (
        "notes/Árvore.md",
        "Uma árvore é água. [[soil#compost-heap]] [[nobody]]\nUma árvore é água. [[soil#compost-heap]] [[nobody]]\n",
    ),
];

/// Pseudo-random numbers below those asked for, the same everywhere.
pub(super) fn numbers(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |below| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    }
}
