//! What names sections and places of Markdown.

use super::{at, markdown};
use crate::graph::{Anchor, Document};

fn anchors(text: &str) -> Vec<String> {
    markdown(text)
        .sections
        .into_iter()
        .map(|section| section.anchor)
        .collect()
}

/// The title and the anchor of each section.
fn headings(document: &Document) -> Vec<(&str, &str)> {
    let sections = document.sections.iter();
    sections
        .map(|section| (section.title.as_str(), section.anchor.as_str()))
        .collect()
}

/// The names of all places, the sections they stand in, and what `more` says.
fn named<T>(document: &Document, more: impl Fn(&Anchor) -> T) -> Vec<(&str, Option<u32>, T)> {
    let anchors = document.anchors.iter();
    anchors
        .map(|a| (a.name.as_str(), a.section, more(a)))
        .collect()
}

#[test]
fn anchors_follow_github_unless_explicit() {
    let text = "# Same\n# Same\n## Ünï Code!\n## Named {#my-id}\n## `fn main()`\n# Same\n";
    assert_eq!(
        anchors(text),
        ["same", "same-1", "ünï-code", "my-id", "fn-main", "same-2"]
    );
    let text = "# संक्षेप में\n# Cafe\u{301}\n# Cafe\n# a  b&nbsp;c\n> # a  b\n";
    assert_eq!(anchors(text), ["संक्षेप-में", "cafe\u{301}", "cafe", "a--bc"]);
    let document = markdown(text);
    assert_eq!(document.sections[3].title, "a b c");
    assert_eq!(document.anchors[0].name, "a--b");
}

#[test]
fn explicit_anchors_are_found_in_html_and_nested_headings() {
    let text = "# A\n<a id=\"one\"></a> text <a name='two'>\n\n<div\n  id=three class=x>\n</div>\n\n> ## Quoted\n\n<!-- <a id=\"no\"> -->\n\n`<a id=\"no\">` <a href='x' id=\"a\">\n";
    let document = markdown(text);
    let found = named(&document, |a| a.span.line);
    // `a` is the anchor of the section already.
    assert_eq!(
        found,
        [
            ("one", Some(0), 2),
            ("two", Some(0), 2),
            ("three", Some(0), 4),
            ("quoted", Some(0), 8)
        ]
    );
}

#[test]
fn attributes_name_headings_and_elements_and_are_no_tags() {
    let text = "# A {: #a }\n## B { id=\"1.2\" .x }\n## C {id=c}\n\n**d**{ #d .x } `e`{: id='e' } {#f} x\n{: .x #g_h }\n\n\
{see #tag} {{#no}} {#no {i} { #no\n} {no #t2} {.x} {} {#} {#if no} \\{#no}\n\n`{#no}`\n";
    assert_eq!(anchors(text), ["a", "1.2", "c"]);
    let document = markdown(text);
    let found = named(&document, |a| at(text, a.span));
    assert_eq!(
        found,
        [
            ("d", Some(2), "{ #d .x }"),
            ("e", Some(2), "{: id='e' }"),
            ("f", Some(2), "{#f}"),
            ("g_h", Some(2), "{: .x #g_h }"),
        ]
    );
    let tags: Vec<_> = document.tags.iter().map(|tag| tag.tag.as_str()).collect();
    assert_eq!(tags, ["tag", "no", "t2"]);
}

#[test]
fn braces_at_the_end_of_a_heading_that_are_no_attributes_are_its_text() {
    let text = "# GET /users/{id}\n## Set {x}\n## {y}\n## No {}\nUse {...props}\n---\n> ## Of {z}\n\n\
## A {.b}\n## C {-}\n## D { #d title=\"a b\" }\n## E {/* #e */}\n";
    let document = markdown(text);
    assert_eq!(
        headings(&document),
        [
            ("GET /users/{id}", "get-usersid"),
            ("Set {x}", "set-x"),
            ("{y}", "y"),
            ("No {}", "no-"),
            ("Use {...props}", "use-props"),
            ("A", "a"),
            ("C", "c"),
            ("D", "d"),
            ("E", "e"),
        ]
    );
    assert_eq!(document.anchors[0].name, "of-z");
}

#[test]
fn an_image_in_a_heading_gives_its_anchor_no_text() {
    let text = "# Tool [![build](b.svg)](b)\n## ![icon](i.png) Use\n## <img src=x> End\n## ![Logo](l.png)\n";
    assert_eq!(
        headings(&markdown(text)),
        [
            ("Tool", "tool-"),
            ("Use", "-use"),
            ("End", "-end"),
            ("Logo", "section")
        ]
    );
}

#[test]
fn the_name_of_a_block_is_an_anchor() {
    let text = "# A\n\ntext *b* ^one-1\nand ^two  \n- item ^three\n\n^four\n\nx^no\n\n^no more\n\n^five\n\n# B\n\n`^no`\n";
    let document = markdown(text);
    let found = named(&document, |a| at(text, a.span));
    let names = ["^one-1", "^two", "^three", "^four", "^five"];
    assert_eq!(found, names.map(|name| (name, Some(0), name)));
}

#[test]
fn anchors_with_only_ends_of_elements_behind_them_name_the_section_that_follows() {
    let text = "# A\n\n<p id=\"p\"><b name=x id=\"q\"></b>\n</p>\n\n# B\n\n<i id=\"r\">c</i>\n\n> # Quoted\n\n# C\n";
    let document = markdown(text);
    let found: Vec<_> = document
        .anchors
        .iter()
        .map(|a| (a.name.as_str(), a.section))
        .collect();
    assert_eq!(
        found,
        [
            ("p", Some(1)),
            ("q", Some(1)),
            ("r", Some(1)),
            ("quoted", Some(1))
        ]
    );
}

#[test]
fn headings_in_html_can_be_named_and_title_the_document() {
    let text = "<h1 align=\"center\">\n  <img src=x> Big &amp; <b>bold</b>\n</h1>\n\n## In\n\n<H2 id=\"own\">Next step</H2>\n<h3>open <h3></h3><h4>no</h3>\n\n## Next step\n";
    let document = markdown(text);
    assert_eq!(document.title.as_deref(), Some("Big & bold"));
    let found = named(&document, |a| a.span.line);
    assert_eq!(
        found,
        [
            ("big--bold", None, 1),
            ("own", Some(0), 7),
            ("next-step", Some(0), 7)
        ]
    );
    assert_eq!(document.sections[1].anchor, "next-step-1");
    assert_eq!(markdown("<h1>a</h1>\n\n# b\n").title.as_deref(), Some("b"));
}

#[test]
fn headings_in_html_may_stand_in_markdown_and_hold_it() {
    let text = "<a name=\"top\"></a><h1>Pro<b>ject</b> &amp; `co`</h1>\n\nText <h2>After\n*all*</h2> no\n\n| a |\n|---|\n| <h3>Cell</h3> |\n\n<h4>\n\nLogo\n\n**Name**\n\n</h4>\n\n<h5>open\n\n# A <h6>b</h6>\n\nno</h5>\n";
    let document = markdown(text);
    let found = named(&document, |a| at(text, a.span));
    assert_eq!(
        found,
        [
            ("top", None, "<a name=\"top\">"),
            ("project--co", None, "<h1>Pro<b>ject</b> &amp; `co`</h1"),
            ("after-all", None, "<h2>After\n*all*</h2"),
            ("cell", None, "<h3>Cell</h3"),
            ("logo-name", None, "<h4>\n\nLogo\n\n**Name**\n\n</h4"),
        ]
    );
    assert_eq!(document.sections[0].title, "A b");
    let title = |text| markdown(text).title;
    assert_eq!(title("Text <h1>T *i*</h1>\n").as_deref(), Some("T i"));
}

#[test]
fn entities_in_headings_of_html_are_read() {
    let text = "<h1>&lt;a&gt;&nbsp;&mdash; it&#39;s &#x41; &none; R&D &</h1>\n";
    assert_eq!(
        markdown(text).title.as_deref(),
        Some("<a> \u{2014} it's A &none; R&D &")
    );
}
