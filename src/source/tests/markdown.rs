//! Markdown, rule by rule.

use super::{at, markdown, tags};
use crate::graph::{LinkRule, MentionRule, TagRule};

/// The rule, target and evidence of each link. What is found is leaked, so that
/// it is compared with texts as they are written here.
fn links(text: &str) -> Vec<(LinkRule, &'static str, &str)> {
    let links = markdown(text).links.into_iter();
    let found = links.map(|link| (link.rule, &*link.target.leak(), at(text, link.span)));
    found.collect()
}

/// The rule, name and evidence of each mention of a term, as of [`links`].
fn terms(text: &str) -> Vec<(MentionRule, &'static str, &str)> {
    let mentions = markdown(text).mentions.into_iter();
    let found = mentions.map(|it| (it.rule, &*it.term.leak(), at(text, it.span)));
    found.collect()
}

#[test]
fn sections_form_a_hierarchy() {
    let text = "intro\n\n# One\n\n### Deep *em* `code`\n\ntext\n\nTwo\n---\n\n# Three #\n";
    let document = markdown(text);
    let shape: Vec<_> = document
        .sections
        .iter()
        .map(|s| {
            (
                s.title.as_str(),
                s.level,
                s.parent,
                at(text, s.heading),
                s.heading.line,
            )
        })
        .collect();
    assert_eq!(
        shape,
        [
            ("One", 1, None, "# One", 3),
            ("Deep em code", 3, Some(0), "### Deep *em* `code`", 5),
            ("Two", 2, Some(0), "Two\n---", 9),
            ("Three", 1, None, "# Three #", 12),
        ]
    );
    let end = |index: usize| document.sections[index].end as usize;
    assert!(text[end(0)..].starts_with("# Three") && text[end(1)..].starts_with("Two\n"));
    assert_eq!((end(2), end(3)), (end(0), text.len()));
    assert_eq!(document.title.as_deref(), Some("One"));
    let chunks: Vec<_> = document
        .chunks
        .iter()
        .map(|c| (c.section, c.text.as_str()))
        .collect();
    assert_eq!(
        chunks,
        [
            (None, "intro"),
            (Some(0), "# One"),
            (Some(1), "### Deep *em* `code`\n\ntext"),
            (Some(2), "Two\n---"),
            (Some(3), "# Three #"),
        ]
    );
}

#[test]
fn the_title_is_the_front_matters_else_the_first_h1_else_the_first_heading() {
    let title = |text| markdown(text).title;
    assert_eq!(
        title("---\ntitle: \"A: b\"\n---\n# C\n").as_deref(),
        Some("A: b")
    );
    assert_eq!(
        title("---\ntitle: 'What''s new' # here\n---\n").as_deref(),
        Some("What's new")
    );
    assert_eq!(title("+++\ntitle = 'T'\n+++\n# C\n").as_deref(), Some("T"));
    assert_eq!(title("## b\n\n# a\n").as_deref(), Some("a"));
    assert_eq!(title("## b\n").as_deref(), Some("b"));
    assert_eq!(
        title("---\ntitle: >\n  long\n  one\ntags: x\n---\n").as_deref(),
        Some("long one")
    );
    let lines = "---\ntitle: \"It \\\"goes\\\"\n\n  on: \"\r\ntags: x\n---\n";
    assert_eq!(title(lines).as_deref(), Some("It \"goes\" on:"));
    assert_eq!(
        title("---\ntitle: as it's # no\n  \"said\" # no\n---\n").as_deref(),
        Some("as it's \"said\"")
    );
    assert_eq!(
        title("---\ntitle: [Draft] Plan\n---\n").as_deref(),
        Some("[Draft] Plan")
    );
    assert_eq!(title("---\ntitle:\n  en: a\n---\n"), None);
    assert_eq!(title("---\ntitle:\n  - a\n---\n"), None);
    assert_eq!(
        title("---\ntitle: # below\n\n  as long\n  as this\ntags: x\n---\n").as_deref(),
        Some("as long as this")
    );
    assert_eq!(
        title("---\ntitle:\n  \"quoted: so\"\n---\n").as_deref(),
        Some("quoted: so")
    );
    assert_eq!(title("text\n"), None);
    assert_eq!(title(""), None);
}

#[test]
fn every_kind_of_link_has_evidence() {
    use LinkRule::{Autolink, Image, Inline, Reference, Wikilink};
    let text = "\
[a](b.md) and [c][ref], [ref], [c][].\n\
<https://x.org/a> <me@x.org> https://y.org/(z)?q=1, (http://z.org/).\n\
[[Wiki]] [[a/b#frag|shown]] ![[embed.png]] ![alt](i.png \"t\") [![n](in.png)](out.md)\n\
\n[ref]: r.md 'title'\n[c]: <c d.md>\n";
    assert_eq!(
        links(text),
        [
            (Inline, "b.md", "[a](b.md)"),
            (Reference, "r.md", "[c][ref]"),
            (Reference, "r.md", "[ref]"),
            (Reference, "c d.md", "[c][]"),
            (Autolink, "https://x.org/a", "<https://x.org/a>"),
            (Autolink, "mailto:me@x.org", "<me@x.org>"),
            (Autolink, "https://y.org/(z)?q=1", "https://y.org/(z)?q=1"),
            (Autolink, "http://z.org/", "http://z.org/"),
            (Wikilink, "Wiki", "[[Wiki]]"),
            (Wikilink, "a/b#frag", "[[a/b#frag|shown]]"),
            (Wikilink, "embed.png", "![[embed.png]]"),
            (Image, "i.png", "![alt](i.png \"t\")"),
            (Inline, "out.md", "[![n](in.png)](out.md)"),
            (Image, "in.png", "![n](in.png)"),
        ]
    );
}

#[test]
fn a_bare_url_goes_on_where_its_marks_look_like_emphasis() {
    for (text, url) in [
        (
            "http://x.org/__init__.py#main",
            "http://x.org/__init__.py#main",
        ),
        (
            "http://x.org/*a*_b_~~c~~/, *d*",
            "http://x.org/*a*_b_~~c~~/",
        ),
        ("http://x.org/a\\_b\\_c.", "http://x.org/a_b_c"),
        ("http://x.org/__a__b[c](d.md)", "http://x.org/__a__b"),
        ("http://x.org/_a_`b`", "http://x.org/_a"),
        ("a|b\n-|-\nhttp://x.org/_a_b\\|c", "http://x.org/_a_b"),
        ("**http://x.org/__a__.py**\u{3002}", "http://x.org/__a__.py"),
        ("*http://x.org/_a*\u{3002}", "http://x.org/_a"),
    ] {
        let document = markdown(text);
        assert_eq!(document.links[0].target, url, "{text}");
        assert!(document.tags.is_empty(), "{text}");
    }
}

#[test]
fn a_bare_url_stands_in_escaped_brackets_and_behind_letters_that_are_not_latin() {
    for (text, urls) in [
        (
            "&lt;http://x.org/a?b&amp;c&gt;.",
            ["http://x.org/a?b&c"].as_slice(),
        ),
        ("http://x.org/&;", &["http://x.org/&"]),
        (
            "\u{306f}http://x.org/a 1http://x.org/b",
            &["http://x.org/a", "http://x.org/b"],
        ),
        ("xhttp://x.org/", &[]),
    ] {
        let links = links(text).into_iter();
        let found: Vec<_> = links.map(|(_, target, _)| target).collect();
        assert_eq!(found, urls, "{text}");
    }
}

#[test]
fn a_reference_in_brackets_is_no_wikilink_where_it_is_defined() {
    assert_eq!(links("see [[1]]\n\n[1]: one.md\n")[0].1, "one.md");
    assert_eq!(links("see [[1]]\n")[0].0, LinkRule::Wikilink);
    assert_eq!(links("| a |\n|---|\n| [[x\\|y]] |\n")[0].1, "x");
}

#[test]
fn a_wikilink_may_go_on_in_the_next_line_and_hold_a_url() {
    use LinkRule::{Autolink, Wikilink};
    let found = |text: &str| -> Vec<_> {
        let links = links(text).into_iter();
        links.map(|(rule, target, _)| (rule, target)).collect()
    };
    for text in ["[[b \r\n  c|d]]\n", "> [[b\n>  c]]\n"] {
        assert_eq!(found(text), [(Wikilink, "b c")]);
    }
    assert_eq!(
        found("[[https://x.org/a]] [[note: b]]\n"),
        [(Autolink, "https://x.org/a"), (Wikilink, "note: b"),]
    );
}

#[test]
fn a_table_of_contents_is_no_wikilink() {
    let text = "[[toc]]\n\n [[_TOC_]] \r\n\nnear [[toc]]\n\n[[TOC|x]]\n";
    let document = markdown(text);
    let lines: Vec<_> = document.links.iter().map(|link| link.span.line).collect();
    assert_eq!(lines, [5, 7]);
}

#[test]
fn brackets_in_the_text_of_a_link_make_no_wikilink() {
    let text = "\
As shown[[1]](https://x.org/a_(b)_c?d)[[2]](#two), [[3]] (see [[4]](b c)) [[5]]()\n\
[[6]](b.md \"as \\\"*#said*\\\"\") [[7]]( <b c.md> 'https://x.org' ) [[a|b]](<a b> (t))\n\
[[8]](b.md\"t\") [[9]](b.md \"t) [[10]](<a b) ![[11]](b.png)\n\
[[12]][ref] [[13]][Ref] [[14]][none]\n\n[ref]: r.md\n";
    use LinkRule::{Image, Inline, Reference, Wikilink};
    assert_eq!(
        links(text),
        [
            (
                Inline,
                "https://x.org/a_(b)_c?d",
                "[[1]](https://x.org/a_(b)_c?d)"
            ),
            (Inline, "#two", "[[2]](#two)"),
            (Wikilink, "3", "[[3]]"),
            (Wikilink, "4", "[[4]]"),
            (Wikilink, "5", "[[5]]"),
            (Inline, "b.md", "[[6]](b.md \"as \\\"*#said*\\\"\")"),
            (Inline, "b c.md", "[[7]]( <b c.md> 'https://x.org' )"),
            (Inline, "a b", "[[a|b]](<a b> (t))"),
            (Wikilink, "8", "[[8]]"),
            (Wikilink, "9", "[[9]]"),
            (Wikilink, "10", "[[10]]"),
            (Image, "b.png", "![[11]](b.png)"),
            (Reference, "r.md", "[[12]][ref]"),
            (Reference, "r.md", "[[13]][Ref]"),
            (Wikilink, "14", "[[14]]"),
        ]
    );
    assert_eq!(tags(text), Vec::<String>::new());
}

#[test]
fn links_and_images_in_raw_html_are_links() {
    let text = "a <A class=\"x\" HREF='b.md?x&amp;y#z'>b</a> <img src=c.png alt=\"\">\n\n<p>\n<a id=\"i\" href=\"d.md\">\n</p>\n\n`<a href=\"no\">` <b href=\"no\"> <!-- <a href=\"no\"> -->\n";
    use LinkRule::{Image, Inline};
    assert_eq!(
        links(text),
        [
            (
                Inline,
                "b.md?x&y#z",
                "<A class=\"x\" HREF='b.md?x&amp;y#z'>"
            ),
            (Image, "c.png", "<img src=c.png alt=\"\">"),
            (Inline, "d.md", "<a id=\"i\" href=\"d.md\">"),
        ]
    );
    assert_eq!(markdown(text).anchors[0].name, "i");
    let quoted = "> > <a\n> >   href=\"b.md\">x</a> <a href=c.md>\n";
    let found: Vec<_> = links(quoted).into_iter().map(|l| (l.1, l.2)).collect();
    let tag = "<a\n> >   href=\"b.md\">";
    assert_eq!(found, [("b.md", tag), ("c.md", "<a href=c.md>")]);
}

#[test]
fn scripts_hold_no_links_and_code_in_html_no_tags() {
    let script = "<a href=\"no.md\"> '</a>' <!-- ";
    let text = format!(
        "<SCRIPT id=s>{script}</script><a href=\"b.md\"></a>\n\na <style>{script}</style> [c](c.md)\n\n<script>{script}\n"
    );
    let found: Vec<_> = links(&text).into_iter().map(|link| link.1).collect();
    assert_eq!(found, ["b.md", "c.md"]);
    assert_eq!(markdown(&text).anchors[0].name, "s");
    let text = "#a <code>#no *#no*</code> #b <kbd>#no\n\n#c <code>[d](d.md)</code>\n";
    assert_eq!(tags(text), ["a", "b", "c"]);
    assert_eq!(links(text).len(), 1);
}

#[test]
fn a_link_in_html_is_one_link_and_its_text_holds_no_tags() {
    let text = "<A HREF='https://a.org'>https://a.org *#no*</A> #b <a id=\"x\"> #c\n\n<a href=d.md>#no\n\n#e\n";
    let found: Vec<_> = links(text).into_iter().map(|link| link.1).collect();
    assert_eq!(found, ["https://a.org", "d.md"]);
    assert_eq!(tags(text), ["b", "c", "e"]);
    let spaced = "<a href = \"https://a.org\">https://a.org #no</a>";
    assert_eq!((links(spaced).len(), tags(spaced).len()), (1, 0));
    for none in [
        "<a data-href=\"u\">",
        "<a id=\"q\" title=\"href=\">",
        "<a href=\"x\" />",
    ] {
        assert_eq!(tags(&format!("{none} #t")), ["t"], "{none}");
    }
}

#[test]
fn colours_are_no_tags() {
    let colours = "#fff #FFF #f00 #ff0 #ffff #a1b2c3 #C0FFEE #ffffff #aabbcc80";
    assert_eq!(tags(colours), Vec::<String>::new());
    let words = "#cafe #e2e #ec2 #b2b #facade #deadbeef #add #ff #fffff #a1b2c3d";
    assert_eq!(tags(words).len(), 10);
}

#[test]
fn what_is_code_or_raw_is_neither_link_nor_tag() {
    let text = "`[a](b) #no https://no.org [[no]]`\n\n```\n#no https://no.org\n[[no]]\n```\n\n    #no [x](y)\n\n<!-- #no https://no.org -->\n";
    assert!(links(text).is_empty() && tags(text).is_empty());
}

#[test]
fn tags_come_from_front_matter_and_text() {
    assert_eq!(
        tags("#Tag-1 (#a/b_c) #über. *#em* x#no \\#no ##no #1no &#35;no C#\n"),
        ["tag-1", "a/b_c", "über", "em"]
    );
    assert_eq!(tags("# #in heading #two\n"), ["in", "two"]);
    assert_eq!(
        tags("#हिन्दी, #cafe\u{301}-bar. #_no #\u{301}no\n"),
        ["हिन्दी", "cafe\u{301}-bar"]
    );
    assert_eq!(
        tags("[#no](x) [[#no]] https://x.org/#no a/#no\n"),
        Vec::<String>::new()
    );
    assert_eq!(
        tags("---\ntags: [One, \"two words\", '#three']\n---\n"),
        ["one", "two words", "three"]
    );
    assert_eq!(
        tags("---\ntags:\n  - One\n- two # comment\nkeywords: a, b\ntag: c\n---\n"),
        ["one", "two", "a", "b", "c"]
    );
    assert_eq!(
        tags("---\ntags: [\n  a,\n  b\n]\nx: y\n---\n#c\n"),
        ["a", "b", "c"]
    );
    assert_eq!(
        tags("---\ntags:\n- a\n\n  # of them\n- b\n#\n- c\nkeywords: \"d, e\" # f\n---\n"),
        ["a", "b", "c", "d", "e"]
    );
    assert_eq!(
        tags(
            "---\ntags: [\"x, y\", 'z]', #w,\n  b, # c\n# d, e\n  f # g]\n  ]\nk: v\ntag: h\n---\n"
        ),
        ["x, y", "z]", "w", "b", "f", "h"]
    );
    assert_eq!(
        tags("---\nkeywords: a, \"c,d\", it's # e, f\n---\n"),
        ["a", "c,d", "it's"]
    );
    assert_eq!(
        tags(
            "---\ntags:\n  - name: a\n    slug: no\n  - id: 1\n    name: \"b, c\" # d\n  - {id: 2, name: d}\n  - \"e: f\"\n  - g\n---\n"
        ),
        ["a", "b, c", "d", "e: f", "g"]
    );
    assert_eq!(
        tags("---\ntags: [{name: a}, {id: 2, name: 'b'}, c]\nkeywords: d: e, f\n---\n"),
        ["a", "b", "c", "d: e", "f"]
    );
    assert_eq!(
        tags("---\ntags:\n  [\n    \"a b\",\n    c,\n  ]\nkeywords:\n\n  [d, e]\ntag:\n  f\n---\n"),
        ["a b", "c", "d", "e", "f"]
    );
    assert_eq!(
        tags(
            "---\ntags:\n- {\"name\": \"t, u\", x: 1}\n- {name: \"v, w\"}\n- \"name\": q\n- 'x': y\n- \"name\"\nkeywords: [{\"name\":\"r, s\" }]\n---\n"
        ),
        ["t, u", "v, w", "q", "name", "r, s"]
    );
    let quotes = markdown("---\ntags: ['it''s', \"a \\\"b\\\"\"]\n---\n");
    let quotes: Vec<_> = quotes.tags.iter().map(|tag| tag.tag.as_str()).collect();
    assert_eq!(quotes, ["it's", "a \"b\""]);
    let toml = markdown(
        "+++\ntags = [\"One\", {x=\"no\", name=\"two\"}, {x=\"no\"}]\n[taxonomies]\ntags = ['z']\n+++\n#T\n",
    );
    let found: Vec<_> = toml
        .tags
        .iter()
        .map(|tag| (tag.tag.as_str(), tag.rule))
        .collect();
    use TagRule::{FrontMatter, Hashtag};
    assert_eq!(
        found,
        [
            ("one", FrontMatter),
            ("two", FrontMatter),
            ("z", FrontMatter),
            ("t", Hashtag)
        ]
    );
}

#[test]
fn terms_are_inline_code_and_fence_languages() {
    use MentionRule::{FenceLanguage, InlineCode};
    let text = "a `std::io` and ``x `y` z``\n\n```rust,ignore\ncode\n```\n\n~~~ {.python #id}\n~~~\n\n```\n```\n";
    assert_eq!(
        terms(text),
        [
            (InlineCode, "std::io", "`std::io`"),
            (InlineCode, "x `y` z", "``x `y` z``"),
            (FenceLanguage, "rust", "rust"),
            (FenceLanguage, "python", "python"),
        ]
    );
    assert_eq!(terms("`a\n  b`\n")[0].1, "a b");
}

#[test]
fn a_mention_knows_its_chunk() {
    let text = format!("# A\n\n`one`\n\n{}\n\n# B\n\n`two`\n", "x ".repeat(700));
    let document = markdown(&text);
    let of = |index: usize| document.chunks[document.mentions[index].chunk as usize].section;
    assert_eq!((of(0), of(1)), (Some(0), Some(1)));
}
