//! reStructuredText and plain text, rule by rule.

use crate::graph::{Document, Format, LinkRule, MentionRule, Span};
use crate::source::extract;

fn at(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

fn headings(document: &Document) -> Vec<(&str, u8, Option<u32>, u32)> {
    let sections = document.sections.iter();
    sections
        .map(|s| (s.title.as_str(), s.level, s.parent, s.heading.line))
        .collect()
}

#[test]
fn rst_ranks_headings_by_first_appearance_of_their_style() {
    let text = "\
=====\nTitle\n=====\n\nintro\n\nPart\n====\n\nChapter `x`\n-----------\n\nPart two\n========\n\nnot a title\nbecause two lines\n-----------------\n";
    let document = extract(Format::Rst, text);
    assert_eq!(
        headings(&document),
        [
            ("Title", 1, None, 1),
            ("Part", 2, Some(0), 7),
            ("Chapter x", 3, Some(1), 10),
            ("Part two", 2, Some(0), 13),
        ]
    );
    assert_eq!(document.title.as_deref(), Some("Title"));
    assert_eq!(
        at(text, document.sections[0].heading),
        "=====\nTitle\n====="
    );
    assert_eq!(document.chunks[0].text, "=====\nTitle\n=====\n\nintro");
}

#[test]
fn rst_links_and_terms_have_evidence() {
    let text = "\
See `the docs <https://x.org/d>`_, `two <a.rst>`__ and https://y.org/.\n\
Call ``f(x)`` or :func:`~os.path.join`; read :doc:`guide/start`. #tag\n\
\n.. _label: https://z.org/\n.. _place:\n.. _alias: label_\n\
\n.. image:: img/a.png\n\
\n.. code-block:: python\n   :linenos:\n\n   #no https://no.org ``no``\n\nLiteral::\n\n  `no <no>`_\n\n  #no\n\nafter #yes [#note]_\n\n.. a comment with #no\n";
    let document = extract(Format::Rst, text);
    use LinkRule::{Autolink, Image, RstLink};
    let links: Vec<_> = document
        .links
        .iter()
        .map(|l| (l.rule, l.target.as_str(), at(text, l.span)))
        .collect();
    assert_eq!(
        links,
        [
            (RstLink, "https://x.org/d", "`the docs <https://x.org/d>`_"),
            (RstLink, "a.rst", "`two <a.rst>`__"),
            (Autolink, "https://y.org/", "https://y.org/"),
            (RstLink, "guide/start", ":doc:`guide/start`"),
            (RstLink, "https://z.org/", ".. _label: https://z.org/"),
            (Image, "img/a.png", "img/a.png"),
        ]
    );
    let terms: Vec<_> = document
        .mentions
        .iter()
        .map(|m| (m.rule, m.term.as_str()))
        .collect();
    use MentionRule::{FenceLanguage, InlineCode};
    assert_eq!(
        terms,
        [
            (InlineCode, "f(x)"),
            (InlineCode, "os.path.join"),
            (FenceLanguage, "python")
        ]
    );
    let tags: Vec<_> = document.tags.iter().map(|tag| tag.tag.as_str()).collect();
    assert_eq!(tags, ["tag", "yes"]);
    let anchors: Vec<_> = document.anchors.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(anchors, ["place"]);
}

#[test]
fn plain_text_has_underlined_headings_links_and_tags() {
    let text = "Notes\n=====\n\nSee [[Plan#Next|plan]], http://x.org/. #todo\n`code` stays text\n\nSub\n---\n- - -\n--\nend";
    let document = extract(Format::Text, text);
    assert_eq!(
        headings(&document),
        [("Notes", 1, None, 1), ("Sub", 2, Some(0), 7)]
    );
    let links: Vec<_> = document
        .links
        .iter()
        .map(|l| (l.target.as_str(), at(text, l.span)))
        .collect();
    assert_eq!(
        links,
        [
            ("Plan#Next", "[[Plan#Next|plan]]"),
            ("http://x.org/", "http://x.org/")
        ]
    );
    assert_eq!(document.tags[0].tag, "todo");
    assert!(document.mentions.is_empty());
    assert_eq!((document.lines, document.chunks.len()), (11, 2));
}

#[test]
fn rst_entries_of_a_toctree_are_links() {
    let text = "\
.. toctree::\n   :maxdepth: 2\n   :caption: All of it\n\n   intro\n   The guide <guide/start>\n   /api/v1.2\n   self\n   api/*\n\n   later\n\nAfter `x <y>`_ #tag\n\n.. toctree::\n\n   last\n";
    let document = extract(Format::Rst, text);
    let links: Vec<_> = document
        .links
        .iter()
        .map(|l| (l.target.as_str(), at(text, l.span), l.span.line))
        .collect();
    assert_eq!(
        links,
        [
            ("intro", "intro", 5),
            ("guide/start", "The guide <guide/start>", 6),
            ("/api/v1.2", "/api/v1.2", 7),
            ("later", "later", 11),
            ("y", "`x <y>`_", 13),
            ("last", "last", 17),
        ]
    );
    assert_eq!(document.tags.len(), 1);
}
