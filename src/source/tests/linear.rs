//! Time grows with the size of a text, whatever it holds: a source is
//! untrusted input. Each pathological text is read at one size and at eight
//! times that; linear work takes 8 times as long, quadratic work 64 times.

use std::fmt::Write as _;

use crate::foundation::effort;
use crate::graph::Format::{self, Markdown, Rst, Text};
use crate::source::extract;

const GROWTH: usize = 8;
/// More than this is not linear: between 8 and 64, far from both, since
/// caches, allocators and other programs blur a measurement.
const TOLERATED: u32 = 28;

/// The bytes of the smaller text.
const BYTES: usize = 24 * 1024;

/// Asserts that reading `text(8n)` takes about 8 times as long as `text(n)`.
#[track_caller]
fn linear_from(bytes: usize, name: &str, format: Format, text: impl Fn(usize) -> String) {
    let (small, large) = (text(bytes), text(bytes * GROWTH));
    assert!(
        large.len() >= small.len() * (GROWTH - 1),
        "{name}: no larger"
    );
    let effort = |text: &str| effort::of(|| extract(format, text));
    let what = format!("{name}, {} bytes after {}", large.len(), small.len());
    effort::assert_within(TOLERATED, &what, || effort(&small), || effort(&large));
}

fn linear(name: &str, format: Format, text: impl Fn(usize) -> String) {
    linear_from(BYTES, name, format, text);
}

/// `piece` repeated to about `bytes`.
fn repeated(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes.div_ceil(piece.len()))
}

/// Pieces numbered from 0, up to `bytes`.
fn numbered(bytes: usize, piece: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(bytes + 100);
    for n in 0.. {
        text.push_str(&piece(n));
        if text.len() >= bytes {
            break;
        }
    }
    text
}

#[test]
fn repeated_marks_take_linear_time() {
    const MARKDOWN: [&str; 80] = [
        "<script>",
        "<script></",
        "a <code>",
        "a ^",
        "<b id=a></b>\n\n# a\n",
        "</b>\n\n# a\n\n",
        "<h1>a",
        "<h2>a</h2>",
        "<h2>&lt;</h2>",
        "<h2>&lt;",
        "a <h2>b\n\n",
        "a <h2>b</h2> ",
        ">",
        "> ",
        "- ",
        "1. ",
        "* - ",
        "> - ",
        "\t",
        "    ",
        "\n>",
        "- a\n ",
        "[",
        "![",
        "]",
        "[[",
        "[[a|",
        "[[a]](",
        "[[a]](b \"",
        "[[a]](<b ",
        "[[a]][b",
        "[a](",
        "[a](<b",
        "[a](b \"",
        "](",
        "[a][",
        "[^a]",
        "[^a]: b\n",
        "[a]: ",
        "[a]: b '",
        "[a]: <b",
        "*a ",
        "a*",
        "**a _b ",
        "_a__",
        "***",
        "~~a ",
        "~",
        "*_",
        "`",
        "``a`",
        "\\",
        "\\[",
        "&",
        "&amp",
        "&#x",
        "<",
        "<a ",
        "<a href='",
        "<a id=x ",
        "<a id=\"x\">",
        "<!--",
        "<![CDATA[",
        "<?",
        "<!A ",
        "</a",
        "<div>\n",
        "<x@y.z>",
        "http://",
        "http://a",
        " http://a)",
        "http://((",
        ":",
        "#",
        "#a",
        " #a////",
        "|",
        "|a\n|-",
        "a\n===\n",
        "$",
    ];
    for mark in MARKDOWN {
        linear(mark, Markdown, |bytes| repeated(mark, bytes));
    }
    const PLAIN: [&str; 14] = [
        "[[",
        "[[a",
        "[[a|",
        "![[a]]",
        "=",
        "=\n",
        "a\n=\n",
        "==\na\n==\n",
        "a\n\n\n",
        " ",
        "\t\n",
        "http://[",
        "#a/",
        "é",
    ];
    for mark in PLAIN {
        linear(mark, Text, |bytes| repeated(mark, bytes));
    }
    const RST: [&str; 37] = [
        "`",
        "``` ",
        "\\`",
        "`a ` ",
        ".. a\n   b\n",
        ".. a\n\n   b\n\n",
        ".. _a:\n   b\n",
        "``",
        "`a",
        "``a` ",
        ":a:`",
        ":a:`b`",
        "`a <",
        "`a <b>`_",
        "`a`__ ",
        "::\n\n  ",
        "::\n\na\n\n",
        ".. _a:\n",
        ".. _`a",
        ".. a::\n",
        ".. image:: a\n\n",
        "..\n  a\n",
        "|a",
        "|a|_",
        ":",
        "a:b:",
        "a\n=\n",
        ".. toctree::\n\n   a\n\n",
        "a_ ",
        "a__ ",
        "a_-",
        "_`a` ",
        "`a`_ ",
        "`a <b_>`_ ",
        ".. _a: b_\n",
        ".. _a:\n\n",
        "__ a\n",
    ];
    for mark in RST {
        linear(mark, Rst, |bytes| repeated(mark, bytes));
    }
}

#[test]
fn tables_definitions_and_headings_take_linear_time() {
    linear("a long table", Markdown, |bytes| {
        format!("|a|b|\n|-|-|\n{}", repeated("|`x`|[y](z)|\n", bytes))
    });
    linear("a wide table", Markdown, |bytes| {
        let columns = bytes / 6;
        format!(
            "{}\n{}\n{}",
            "|a".repeat(columns),
            "|-".repeat(columns),
            "|x".repeat(columns)
        )
    });
    linear("a wide table with many empty rows", Markdown, |bytes| {
        let columns = bytes / 6;
        format!(
            "{}|\n{}|\n{}",
            "|a".repeat(columns),
            "|-".repeat(columns),
            "|\n".repeat(columns)
        )
    });
    linear("definitions and their uses", Markdown, |bytes| {
        let half = bytes / 2;
        numbered(half, |n| format!("[l{n}]: u{n}\n"))
            + "\n"
            + &numbered(half, |n| format!("[l{n}] "))
    });
    linear("one long definition used often", Markdown, |bytes| {
        format!(
            "[a]: {}\n\n{}",
            "u".repeat(bytes / 2),
            repeated("[a] ", bytes / 2)
        )
    });
    linear("definitions of one label", Markdown, |bytes| {
        repeated("[a]: b\n\n", bytes)
    });
    linear("footnotes", Markdown, |bytes| {
        numbered(bytes, |n| format!("[^{n}]: see [^{}]\n\n", n + 1))
    });
    linear("code spans of every length", Markdown, |bytes| {
        // The sum of the lengths grows with their square.
        let longest = (bytes as f64 * 2.0).sqrt() as usize;
        (1..longest).fold(String::new(), |mut text, n| {
            write!(text, "{} ", "`".repeat(n)).unwrap();
            text
        })
    });
    linear("one title many times", Markdown, |bytes| {
        repeated("# Same title\n\n", bytes)
    });
    linear(
        "titles that spell each other's anchors",
        Markdown,
        |bytes| numbered(bytes, |n| format!("# A\n# A {}\n", n % 1000)),
    );
    linear("a title of many words", Markdown, |bytes| {
        format!("# {}", repeated("`a` b ", bytes))
    });
    linear("a paragraph above a rule", Markdown, |bytes| {
        repeated("a\n", bytes) + "===\n"
    });
    linear("deeper and deeper", Markdown, |bytes| {
        let depth = (bytes as f64).sqrt() as usize;
        (0..depth).fold(String::new(), |text, n| text + &" ".repeat(n * 2) + "- a\n")
    });
    linear("depth above many lines", Markdown, |bytes| {
        format!("{}\n{}", ">".repeat(bytes / 2), repeated("b\n", bytes / 2))
    });
    linear("titles far below an anchor", Markdown, |bytes| {
        let far = repeated(" \n", bytes / 2);
        format!("a <a id=\"a\">\n{far}{}", repeated("# A\n", bytes / 2))
    });
    linear("one title many times", Rst, |bytes| {
        repeated("Same\n====\n\n", bytes)
    });
    linear("one title many times", Text, |bytes| {
        repeated("Same\n====\n\n", bytes)
    });
    linear("names of names", Rst, |bytes| {
        let half = bytes / 2;
        numbered(half, |n| format!(".. _a{n}: a{}_\n", n + 1))
            + "\n"
            + &numbered(half, |n| format!("a{n}_ "))
    });
    linear("labels above a title", Rst, |bytes| {
        repeated(".. _a:\n\n", bytes) + "A\n=\n"
    });
    linear("targets far below a label", Rst, |bytes| {
        let far = repeated("\n", bytes / 2);
        format!(".. _a:\n{far}{}", repeated(".. _b: c\n", bytes / 2))
    });
    linear("a title of many roles", Rst, |bytes| {
        let title = repeated(":a:`b` ", bytes / 2);
        format!("{title}\n{}\n", "=".repeat(title.len()))
    });
    linear("a title of open marks", Rst, |bytes| {
        let title = repeated("*a **b `c ``d", bytes / 2);
        format!("{title}\n{}\n", "=".repeat(title.len()))
    });
}

#[test]
fn front_matter_takes_linear_time() {
    // It is read up to 256 KiB, so smaller texts are compared.
    let bytes = 24 * 1024;
    let yaml = |name: &str, piece: &'static str| {
        linear_from(bytes, name, Markdown, |bytes| {
            format!("---\ntitle: a\n{}\n---\n", repeated(piece, bytes))
        });
    };
    yaml("keys", "k: v\n");
    yaml("colons", "a:a:");
    yaml("colons and words", "a b:");
    yaml("tags", "tags: [a, b]\n");
    yaml("open brackets", "tags: [\n ");
    yaml("brackets", "tags: [[[[");
    yaml("a list in flow", "tags: [a,\n b,\n");
    yaml("items", "tags:\n- a\n- \"b\n");
    yaml("quotes", "title: \"\\\"");
    yaml("a title in lines", "title: |\n  a\n  b\n");
    yaml("titles in open quotes", "title: \"a\n  b\n");
    yaml("a plain title in lines", "x: y\ntitle: a\n  'b\n");
    yaml("mappings", "tags:\n- a: b\n  {name: \n- {{: {, \n");
    yaml("quoted mappings", "tags:\n- {\"a\": \"b, {\"c: {");
    yaml("bare keys", "tags:\n\n # a\n  [a\n");
    yaml("comments", "# a\n");
    yaml("commas", "tags: ,,,,");
    yaml("single quotes", "tags: ['a'',''");
    yaml("open quotes", "tags: [\"a\\\", 'b''");
    yaml("items and nothing", "tags:\n- a\n\n # b\n");
    linear_from(bytes, "quotes in one list", Markdown, |bytes| {
        let list = repeated("'',\"\\\", ''' ", bytes);
        format!("---\ntags: [{list}\n---\n")
    });
    linear_from(bytes, "never closed", Markdown, |bytes| {
        format!("---\n{}", repeated("k: v\n", bytes))
    });
    for piece in [
        "a = [",
        "a = {a=",
        "a.",
        "[a]\n",
        "[[a]]\n",
        "'",
        "\"\"\"",
        "a = \"x\"\n",
        "[a.",
        "tags = [",
    ] {
        linear_from(bytes, piece, Markdown, |bytes| {
            format!("+++\n{}\n+++\n", repeated(piece, bytes))
        });
    }
    linear_from(bytes, "keys", Markdown, |bytes| {
        format!(
            "+++\n{}\n+++\n",
            numbered(bytes, |n| format!("k{n} = {n}\n"))
        )
    });
    linear_from(bytes, "a deep key", Markdown, |bytes| {
        format!("+++\n{}a = 1\n+++\n", repeated("a.", bytes))
    });
    linear_from(bytes, "a deep table", Markdown, |bytes| {
        format!("+++\n[{}a]\n+++\n", repeated("a.", bytes))
    });
    linear_from(bytes, "deep tables", Markdown, |bytes| {
        format!(
            "+++\n{}\n+++\n",
            numbered(bytes, |n| format!("[{}a{n}]\n", "a.".repeat(60)))
        )
    });
}

#[test]
fn one_line_of_fifty_megabytes_takes_linear_time() {
    let bytes = 50_000_000 / GROWTH;
    for format in [Markdown, Rst, Text] {
        linear_from(bytes, "one line", format, |bytes| {
            let plain = "words and words without a mark ".repeat(64);
            repeated(&format!("{plain} #tag [[x]] `y` "), bytes)
        });
    }
    linear_from(bytes, "one word", Markdown, |bytes| "x".repeat(bytes));
}

#[test]
fn a_hundred_thousand_headings_with_one_title_have_as_many_anchors() {
    let document = extract(Markdown, &"# Same\n".repeat(100_000));
    assert_eq!(document.sections.len(), 100_000);
    assert_eq!(document.sections[99_999].anchor, "same-99999");
}
