//! What holds for any input at all.

use proptest::prelude::*;

use crate::graph::{Document, Format, Span};
use crate::source::extract;

const FORMATS: [Format; 3] = [Format::Markdown, Format::Rst, Format::Text];

/// Asserts every invariant of a document of `text`.
fn check(text: &str, document: &Document) {
    let lines_before = |at: u32| {
        text.as_bytes()[..at as usize]
            .iter()
            .filter(|&&b| b == b'\n')
            .count()
    };
    let inside = |span: Span, what: &str| {
        let slice = text.get(span.start as usize..span.end as usize);
        assert!(slice.is_some(), "{what} {span:?} is no slice of {text:?}");
        assert!(span.start <= span.end);
        assert_eq!(span.line as usize, lines_before(span.start) + 1, "{what}");
        let last = span.end.saturating_sub(1).max(span.start);
        assert_eq!(span.end_line as usize, lines_before(last) + 1, "{what}");
    };
    assert_eq!(document.lines as usize, text.lines().count());
    let sections = document.sections.len();
    let mut anchors = std::collections::BTreeSet::new();
    for (index, section) in document.sections.iter().enumerate() {
        inside(section.heading, "heading");
        assert!((1..=6).contains(&section.level));
        assert!(section.end >= section.heading.end && section.end as usize <= text.len());
        assert!(
            anchors.insert(&section.anchor),
            "anchor {} twice",
            section.anchor
        );
        assert!(!section.anchor.is_empty());
        if let Some(parent) = section.parent {
            assert!((parent as usize) < index, "a parent precedes");
            let parent = &document.sections[parent as usize];
            assert!(parent.level < section.level && parent.end >= section.end);
        }
    }
    let known = |section: Option<u32>| section.is_none_or(|section| (section as usize) < sections);
    let mut floor = 0;
    assert!(!document.chunks.is_empty(), "nothing finds the document");
    for chunk in &document.chunks {
        inside(chunk.span, "chunk");
        assert_eq!(
            chunk.text,
            text[chunk.span.start as usize..chunk.span.end as usize]
        );
        assert!(chunk.text.len() <= 4_096);
        assert_eq!(chunk.text.trim().is_empty(), text.trim().is_empty());
        assert!(chunk.span.start >= floor, "chunks overlap");
        floor = chunk.span.end;
        assert!(known(chunk.section));
    }
    for mention in &document.mentions {
        inside(mention.span, "mention");
        assert!((mention.chunk as usize) < document.chunks.len());
        assert!(!mention.term.is_empty() && mention.term.len() <= 200);
    }
    for tag in &document.tags {
        inside(tag.span, "tag");
        assert!(!tag.tag.is_empty());
    }
    for link in &document.links {
        inside(link.span, "link");
        assert!(!link.target.is_empty() && link.target.len() <= 2_048 && known(link.section));
    }
    for anchor in &document.anchors {
        inside(anchor.span, "anchor");
        assert!(anchors.insert(&anchor.name) && known(anchor.section));
    }
    assert!(document.links.is_sorted_by_key(|link| link.span.start));
    assert!(document.tags.is_sorted_by_key(|tag| tag.span.start));
    assert!(
        document
            .mentions
            .is_sorted_by_key(|mention| mention.span.start)
    );
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "# ",
        "## ",
        "#tag",
        "\n",
        "\n\n",
        "\r\n",
        "---\n",
        "+++\n",
        "===\n",
        "~~~\n",
        "```",
        "`",
        "``",
        "[",
        "]",
        "[[",
        "]]",
        "(",
        ")",
        "<",
        ">",
        "|",
        "\\|",
        "!",
        "*",
        "_",
        "~~",
        "- ",
        "1. ",
        "> ",
        "    ",
        "\t",
        "\\",
        "&amp;",
        "https://a.b/c",
        "http://",
        "a@b.c",
        "<a id=\"x\">",
        "<!--",
        "-->",
        "tags: [a, b]\n",
        "title: 'x'\n",
        "tags = [\"a\"]\n",
        "[x]: y\n",
        "[^1]",
        "[^1]: n\n",
        "{#id}",
        ".. _a: b\n",
        ".. code-block:: c\n\n",
        "::\n\n",
        "`a <b>`_",
        ":doc:`x`",
        "|a|b|\n|-|-|\n",
        "word ",
        "é",
        "日本",
        "\u{feff}",
        "\u{301}",
        "\u{a0}",
        "İ",
        "ẞ",
        ":",
        "#",
        "\0",
        "💥",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_document_of_markup_keeps_its_invariants(text in pieces()) {
        for format in FORMATS {
            check(&text, &extract(format, &text));
        }
    }

    #[test]
    fn a_document_of_any_text_keeps_its_invariants(text in "\\PC{0,200}") {
        for format in FORMATS {
            check(&text, &extract(format, &text));
        }
    }

    #[test]
    fn repeated_markup_keeps_its_invariants(text in pieces(), times in 1usize..12) {
        let text = text.repeat(times);
        for format in FORMATS {
            check(&text, &extract(format, &text));
        }
    }
}
