//! reStructuredText and plain text, rule by rule.

use super::at;
use crate::graph::{Document, Format, LinkRule, MentionRule};
use crate::source::extract;

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
.. toctree::\n   :maxdepth: 2\n   :caption: All of it\n\n   intro\n   The guide <guide/start>\n   /api/v1.2\n   self\n   api/*\n   api/[ab]\n\n   later\n\nAfter `x <y>`_ #tag\n\n.. toctree::\n\n   last\n   genindex\n\n.. toctree::\n   at once\n";
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
            ("later", "later", 12),
            ("y", "`x <y>`_", 14),
            ("last", "last", 18),
            ("at once", "at once", 22),
        ]
    );
    assert_eq!(document.tags.len(), 1);
}

/// The links of a text: target, evidence, line.
fn links_of(text: &str) -> Vec<(String, String, u32)> {
    let document = extract(Format::Rst, text);
    let links = document.links.iter();
    links
        .map(|l| (l.target.clone(), at(text, l.span).to_owned(), l.span.line))
        .collect()
}

#[track_caller]
fn assert_links(text: &str, expected: &[(&str, &str, u32)]) {
    let found = links_of(text);
    let found: Vec<_> = found
        .iter()
        .map(|(target, evidence, line)| (target.as_str(), evidence.as_str(), *line))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn rst_references_lead_where_their_name_is_defined_before_or_after() {
    assert_links(
        "\
Read the `User  guide`_, the FAQ_, (site_) and `odd: name`_.\n\
No links: snake_case_, __init__, 3_000, \\escaped_, unknown_ and ``FAQ_``.\n\
\n.. _user guide:\n\nGuide\n\n.. _FAQ: faq.rst\n.. _site: `Odd: Name`_\n.. _`odd: name`: https://x.org/\n.. _a\\: b: c.rst\n\n`A: B`_ and `std::x`_\n\n.. _std::x: d.rst\n",
        &[
            ("#user guide", "`User  guide`_", 1),
            ("faq.rst", "FAQ_", 1),
            ("https://x.org/", "site_", 1),
            ("https://x.org/", "`odd: name`_", 1),
            ("faq.rst", ".. _FAQ: faq.rst", 8),
            ("https://x.org/", ".. _`odd: name`: https://x.org/", 10),
            ("c.rst", ".. _a\\: b: c.rst", 11),
            ("c.rst", "`A: B`_", 13),
            ("d.rst", "`std::x`_", 13),
            ("d.rst", ".. _std::x: d.rst", 15),
        ],
    );
}

#[test]
fn rst_literals_end_with_all_their_backquotes_and_escaped_ones_open_nothing() {
    let text = "Write ``:doc:`people``` to link. See `b <b.rst>`_ and ``tail`` here.\n\n\\`no `c <c.rst>`_, ` ``a `` b``.\n";
    assert_links(
        text,
        &[("b.rst", "`b <b.rst>`_", 1), ("c.rst", "`c <c.rst>`_", 3)],
    );
    let document = extract(Format::Rst, text);
    let terms: Vec<_> = document.mentions.iter().map(|m| m.term.as_str()).collect();
    assert_eq!(terms, [":doc:`people`", "tail", "a `` b"]);
}

#[test]
fn rst_literals_below_an_item_of_a_list_end_where_the_item_goes_on() {
    assert_links(
        "\
* Write::\n\n    `no <no.rst>`_\n\n  or `a <a.rst>`_::\n\n    `no <no.rst>`_\n\n  .. _b: b.rst\n\n\
10. (c) `c <c.rst>`_ and\n    so::\n\n     `no <no.rst>`_\n\n    `d <d.rst>`_\n\n\
Term\n  means::\n\n    `no <no.rst>`_\n\n  `e <e.rst>`_\n\n\
.. note::\n   As::\n\n     `no <no.rst>`_\n\n   `f <f.rst>`_\n\n\
- .. code:: c\n\n     `no <no.rst>`_\n\n  `g <g.rst>`_\n",
        &[
            ("a.rst", "`a <a.rst>`_", 5),
            ("b.rst", ".. _b: b.rst", 9),
            ("c.rst", "`c <c.rst>`_", 11),
            ("d.rst", "`d <d.rst>`_", 16),
            ("e.rst", "`e <e.rst>`_", 23),
            ("f.rst", "`f <f.rst>`_", 30),
            ("g.rst", "`g <g.rst>`_", 36),
        ],
    );
}

#[test]
fn rst_tabs_lead_to_columns_and_sessions_of_python_are_literal() {
    assert_links(
        "\
- text::\n\n\t`no <no.rst>`_\n\n  `a <a.rst>`_\n\n\
-\t.. code:: c\n\n\t    `no <no.rst>`_\n\n        `b <b.rst>`_\n\n\
>>> x  # `no <no.rst>`_\n\n`c <c.rst>`_\n",
        &[
            ("a.rst", "`a <a.rst>`_", 5),
            ("b.rst", "`b <b.rst>`_", 11),
            ("c.rst", "`c <c.rst>`_", 15),
        ],
    );
}

#[test]
fn rst_explicit_markup_may_begin_an_item_and_anonymous_targets_be_bare() {
    assert_links(
        "\
-   .. _x: x.rst\n\n1. .. image:: i.png\n\n(a)  .. no\n       :doc:`old`\n\n\
See x_, this__ and `That <that_>`_, `that`_.\n\n__\n.. _that: that.rst\n",
        &[
            ("x.rst", ".. _x: x.rst", 1),
            ("i.png", "i.png", 3),
            ("x.rst", "x_", 8),
            ("#", "this__", 8),
            ("that.rst", "`That <that_>`_", 8),
            ("that.rst", "`that`_", 8),
            ("that.rst", ".. _that: that.rst", 11),
        ],
    );
}

#[test]
fn rst_interpreted_text_may_end_behind_an_escaped_blank() {
    assert_links(
        "Start (:literal:`.. \\ `) with `a <a.rst>`_.\n",
        &[("a.rst", "`a <a.rst>`_", 1)],
    );
}

#[test]
fn rst_comments_hold_nothing() {
    assert_links(
        "\
.. TODO: this\n   `gone <gone.rst>`_\n\n   :doc:`old`\n\n:doc:`a`\n\n\
..\n   :doc:`old`\n.. _x: x.rst\n.. more\n   :doc:`old`\n\n   ``old``\n\n:doc:`b`\n\n\
..\n\n   :doc:`c`\n\n.. note ::\n   :doc:`d`\n",
        &[
            ("a", ":doc:`a`", 6),
            ("x.rst", ".. _x: x.rst", 10),
            ("b", ":doc:`b`", 16),
            ("c", ":doc:`c`", 20),
            ("d", ":doc:`d`", 23),
        ],
    );
}

#[test]
fn rst_hyperlinks_may_be_mail_addresses_and_go_on_in_the_next_line() {
    assert_links(
        "\
`m <me@ex.org>`__ or `a page <https://x.org/a\n/b>`_ of the long_ one\n\n\
.. _long:\n   https://x.org/\n   long\n__ https://y.org/\n   c\n",
        &[
            ("mailto:me@ex.org", "`m <me@ex.org>`__", 1),
            ("https://x.org/a/b", "`a page <https://x.org/a\n/b>`_", 1),
            ("https://x.org/long", "long_", 2),
            (
                "https://x.org/long",
                ".. _long:\n   https://x.org/\n   long",
                4,
            ),
            ("https://y.org/c", "__ https://y.org/\n   c", 7),
        ],
    );
}

#[test]
fn rst_titles_can_be_referred_to_and_a_phrase_that_names_nothing_is_a_broken_link() {
    assert_links(
        "Setting up\n==========\n\nUsage\n-----\n\nFirst `setting up`_, then Usage_; `no such part`_.\n",
        &[
            ("#setting up", "`setting up`_", 7),
            ("#usage", "Usage_", 7),
            ("#no such part", "`no such part`_", 7),
        ],
    );
}

#[test]
fn rst_anonymous_and_embedded_references_find_their_targets() {
    assert_links(
        "\
`One`__ and two__, `here <site_>`_ or `Home <https://h.org/>`_, again Home_.\n\
\n.. __: one.rst\n__ https://two.org/\n\n.. _site: https://s.org/\n\
\n.. _Council issue: https://c.org/1\n\n`now <council issue_>`_, `then <https://c.org/_>`_\n",
        &[
            ("one.rst", "`One`__", 1),
            ("https://two.org/", "two__", 1),
            ("https://s.org/", "`here <site_>`_", 1),
            ("https://h.org/", "`Home <https://h.org/>`_", 1),
            ("https://h.org/", "Home_", 1),
            ("one.rst", ".. __: one.rst", 3),
            ("https://two.org/", "__ https://two.org/", 4),
            ("https://s.org/", ".. _site: https://s.org/", 6),
            ("https://c.org/1", ".. _Council issue: https://c.org/1", 8),
            ("https://c.org/1", "`now <council issue_>`_", 10),
            ("https://c.org/_", "`then <https://c.org/_>`_", 10),
        ],
    );
}

#[test]
fn rst_names_are_given_neither_by_anonymous_references_nor_lost_to_a_blank() {
    assert_links(
        "\
Get `Py <https://x.org/get>`__ of Py_ and `NEP 1`_.\n\n.. _Py: https://x.org/\n.. _`NEP 1` : https://n.org/\n",
        &[
            ("https://x.org/get", "`Py <https://x.org/get>`__", 1),
            ("https://x.org/", "Py_", 1),
            ("https://n.org/", "`NEP 1`_", 1),
            ("https://x.org/", ".. _Py: https://x.org/", 3),
            ("https://n.org/", ".. _`NEP 1` : https://n.org/", 4),
        ],
    );
}

#[test]
fn rst_names_above_a_target_mean_what_it_means() {
    assert_links(
        "\
a_, b_, c_ and d_\n\n.. _a:\n.. _b:\n\n.. _c: c.rst\n.. _d:\n\ntext\n\n.. _e: e.rst\n",
        &[
            ("c.rst", "a_", 1),
            ("c.rst", "b_", 1),
            ("c.rst", "c_", 1),
            ("#d", "d_", 1),
            ("c.rst", ".. _c: c.rst", 6),
            ("e.rst", ".. _e: e.rst", 11),
        ],
    );
}

#[test]
fn rst_backquotes_within_words_or_alone_in_quotes_mark_nothing() {
    assert_links(
        "\
Its`s `a <a.rst>`_ ('`') x:doc:`no` ``lit``s``:doc:`b` \"`\" (`c <c.rst>`__).\n\n\
|:doc:`d`|`e <e.rst>`_|,:doc:`f`,読む\u{3001}:doc:`g`。\n",
        &[
            ("a.rst", "`a <a.rst>`_", 1),
            ("b", ":doc:`b`", 1),
            ("c.rst", "`c <c.rst>`__", 1),
            ("d", ":doc:`d`", 3),
            ("e.rst", "`e <e.rst>`_", 3),
            ("f", ":doc:`f`", 3),
            ("g", ":doc:`g`", 3),
        ],
    );
}

#[test]
fn rst_angle_brackets_that_are_escaped_or_without_a_blank_are_of_the_name() {
    assert_links(
        "`\\<fig>`_ and `std<x>`_ or :doc:`a<a>`, :doc:`\\<b>`\n\n.. _<fig>: fig.rst\n.. _std<x>: x.rst\n",
        &[
            ("fig.rst", "`\\<fig>`_", 1),
            ("x.rst", "`std<x>`_", 1),
            ("a", ":doc:`a<a>`", 1),
            ("\\<b>", ":doc:`\\<b>`", 1),
            ("fig.rst", ".. _<fig>: fig.rst", 3),
            ("x.rst", ".. _std<x>: x.rst", 4),
        ],
    );
}

#[test]
fn rst_substitutions_may_be_references() {
    assert_links(
        "\
|the logo|_, |a|__ and |none|_; no | x |_, a|b|_ or |c|_d\n\n\
.. |the logo|   image:: l.png\n.. _the logo: l.rst\n\n__ a.rst\n",
        &[
            ("l.rst", "|the logo|_", 1),
            ("a.rst", "|a|__", 1),
            ("#none", "|none|_", 1),
            ("l.png", "l.png", 3),
            ("l.rst", ".. _the logo: l.rst", 4),
            ("a.rst", "__ a.rst", 6),
        ],
    );
}

#[test]
fn rst_explicit_markup_may_stand_below_a_term_and_behind_content() {
    assert_links(
        "\
term\n  .. _a: a.rst\n  .. code:: c\n     :linenos:\n\n     ``no``\n     :doc:`no`\n\
  .. image:: b.png\n\n- text\n  .. image:: no.png\n\n.. _c:\n   ../c.rst\n",
        &[
            ("a.rst", ".. _a: a.rst", 2),
            ("b.png", "b.png", 8),
            ("../c.rst", ".. _c:\n   ../c.rst", 13),
        ],
    );
}

#[test]
fn rst_urls_may_end_in_what_is_part_of_names() {
    assert_links(
        "See https://x.org/a#__init__, https://x.org/_. Or https://y.org/\\ s.\n",
        &[
            ("https://x.org/a#__init__", "https://x.org/a#__init__", 1),
            ("https://x.org/_", "https://x.org/_", 1),
            ("https://y.org/", "https://y.org/", 1),
        ],
    );
}

#[test]
fn rst_roles_and_directives_link_to_labels_and_files() {
    assert_links(
        "\
See :ref:`Set-Up`, :ref:`this one <set  up>`, :std:ref:`x`, :numref:`fig`; :ref:`genindex`, :ref:`py-modindex`, :doc:`!b`; :external:ref:`d`, :external+py:doc:`d`.\n\
Get :download:`it <files/a.zip>`.\n\
\n.. include:: parts/head.rst\n\n.. include:: <isonum.txt>\n\n.. |logo| image:: img/logo.png\n\n.. literalinclude:: /src/a.py\n   :language: python\n",
        &[
            (":ref:set-up", ":ref:`Set-Up`", 1),
            (":ref:set up", ":ref:`this one <set  up>`", 1),
            (":ref:x", ":std:ref:`x`", 1),
            (":ref:fig", ":numref:`fig`", 1),
            ("files/a.zip", ":download:`it <files/a.zip>`", 2),
            ("parts/head.rst", "parts/head.rst", 4),
            ("img/logo.png", "img/logo.png", 8),
            ("/src/a.py", "/src/a.py", 10),
        ],
    );
}

#[test]
fn rst_labels_name_the_section_whose_title_follows() {
    let text = "Top\n===\n\n.. _Inside:\n\ntext _`Spot` text\n\n.. _first:\n.. _Second One:\n\nPart\n----\n\n.. figure:: a.png\n   :name: fig-a\n\n.. _part:\n";
    let document = extract(Format::Rst, text);
    let anchors: Vec<_> = document
        .anchors
        .iter()
        .map(|a| (a.name.as_str(), a.section))
        .collect();
    let expected = [
        ("inside", Some(0)),
        ("spot", Some(0)),
        ("first", Some(1)),
        ("second one", Some(1)),
        ("fig-a", Some(1)),
        ("part", Some(1)),
    ];
    assert_eq!(anchors, expected);
}

#[test]
fn what_an_rst_name_stands_in_is_not_the_section_that_follows() {
    let ends = [
        ".. image:: a.png\n   :name: x\n",
        "text _`x`\n",
        ".. _x:\n\ntext\n",
    ];
    for end in ends {
        let text = format!("Top\n===\n\n{end}\n.. _label:\n\nPart\n----\n");
        let anchors = extract(Format::Rst, &text).anchors;
        let anchors: Vec<_> = anchors
            .iter()
            .map(|a| (a.name.as_str(), a.section))
            .collect();
        assert_eq!(anchors, [("x", Some(0)), ("label", Some(1))], "{end}");
    }
}
