#![allow(clippy::unwrap_used)]

use super::*;

use crate::graph::NodeId;
use crate::index::{Evidence, NodePlace, Status};

/// Two nodes that do their best to break out of every format.
struct Nasty;

const ODD: &str = "document:a \"b\" \\ <c> & 'd'\n\u{1}.md\\";

fn odd() -> NodeId {
    ODD.parse().unwrap()
}

impl Records for Nasty {
    fn nodes(&self, sink: Sink<'_, Node>) -> Result<(), ExportError> {
        sink(&Node {
            id: odd(),
            kind: NodeKind::Document,
            title: Some("ends in \\".to_owned()),
            place: Some(NodePlace {
                path: "a.md".parse().unwrap(),
                line: 1,
                end_line: 9,
                start: 0,
                end: 99,
                sha256: Sha256::of(b"a"),
            }),
            level: None,
            uses: None,
        })?;
        sink(&Node {
            id: NodeId::new(NodeKind::Tag, "x"),
            kind: NodeKind::Tag,
            title: Some("x\u{1b}\u{7f}\u{9b}\u{202e}".to_owned()),
            place: None,
            level: None,
            uses: Some(1),
        })?;
        Ok(())
    }

    fn links(&self, sink: Sink<'_, Link>) -> Result<(), ExportError> {
        sink(&Link {
            source: odd(),
            kind: LinkKind::Tagged,
            target: NodeId::new(NodeKind::Tag, "x"),
            status: Status::Resolved,
            rule: "hashtag",
            uses: 1,
            written: None,
            evidence: Evidence {
                path: "a.md".parse().unwrap(),
                line: 3,
                start: 10,
                end: 12,
                sha256: Sha256::of(b"a"),
            },
        })?;
        Ok(())
    }
}

fn export(format: Format) -> String {
    let header = Header {
        schema: SchemaBlock::current(),
        run: RunReference {
            id: "r0001-ba7816bf8f01".to_owned(),
            digest: Sha256::of(b"abc"),
        },
    };
    let mut out = Vec::new();
    let count = write(format, &header, &Nasty, &mut out).unwrap();
    assert_eq!(count, Count { nodes: 2, links: 1 });
    String::from_utf8(out).unwrap()
}

#[test]
fn json_is_one_document_that_reads_back() {
    let document: serde_json::Value = serde_json::from_str(&export(Format::Json)).unwrap();
    assert_eq!(document["format"], 1);
    assert_eq!(document["schema"]["written"], crate::schema::WRITES);
    assert_eq!(document["run"]["id"], "r0001-ba7816bf8f01");
    assert_eq!(document["nodes"][0]["id"], ODD);
    assert_eq!(document["nodes"].as_array().unwrap().len(), 2);
    assert_eq!(document["links"][0]["evidence"]["line"], 3);
}

#[test]
fn json_lines_are_one_record_each() {
    let text = export(Format::Jsonl);
    let records: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = records
        .iter()
        .map(|record| record["record"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["header", "node", "node", "link"]);
    assert_eq!(records[0]["run"]["digest"], Sha256::of(b"abc").to_string());
    assert_eq!(records[3]["source"], ODD);
}

#[test]
fn dot_quotes_what_it_is_given() {
    let text = export(Format::Dot);
    let id = "\"document:a \\\"b\\\" \\\\ <c> & 'd'\\n\\\\u{1}.md\\\\\"";
    assert!(text.contains(&format!("  {id} [kind=document label=\"ends in \\\\\"")));
    assert!(text.contains(&format!("  {id} -> \"tag:x\" [kind=tagged")));
    assert!(text.ends_with("];\n}\n"));
}

#[test]
fn graphml_escapes_what_xml_cannot_hold() {
    let text = export(Format::Graphml);
    let id = "document:a &quot;b&quot; \\ &lt;c&gt; &amp; 'd'&#10;\\u{1}.md\\";
    assert!(text.contains(&format!(
        "<node id=\"{id}\"><data key=\"n.kind\">document</data>"
    )));
    assert!(text.contains(&format!(
        "<edge id=\"e1\" source=\"{id}\" target=\"tag:x\">"
    )));
    assert!(text.ends_with("</graph>\n</graphml>\n"));
}

#[test]
fn what_cannot_be_shown_is_escaped_and_no_two_texts_become_one() {
    let hidden = |c: char| c.is_control();
    let texts = [
        "a\u{1}",
        "a\u{2}",
        "a\r",
        "a",
        "a\\u{1}",
        "a\\u{5c}u{1}",
        "\\\u{1}",
    ];
    let shown: std::collections::BTreeSet<_> =
        texts.iter().map(|text| visible(text, hidden)).collect();
    assert_eq!(shown.len(), texts.len(), "{shown:?}");
    assert_eq!(visible("a\u{1}", hidden), "a\\u{1}");
    assert_eq!(visible("a\\u{1}", hidden), "a\\u{5c}u{1}");
    // Other backslashes stay as they are.
    assert_eq!(visible("\\u \\", hidden), "\\u \\");
}

#[test]
fn no_format_writes_what_a_terminal_acts_on() {
    use crate::foundation::terminal::acts;
    for format in Format::ALL {
        let text = export(format);
        let found = text.chars().find(|c| acts(*c) && *c != '\n');
        assert_eq!(found, None, "{format:?}");
    }
}

#[test]
fn every_format_names_schema_and_run() {
    for format in Format::ALL {
        let text = export(format);
        assert!(text.contains("readable_since"), "{format:?}");
        assert!(text.contains("r0001-ba7816bf8f01"), "{format:?}");
        assert!(text.contains(&Sha256::of(b"abc").to_string()), "{format:?}");
    }
}
