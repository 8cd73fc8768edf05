//! GraphML (graphml.graphdrawing.org), as networkx, Gephi and yEd read it.

use std::io::{self, Write};

use super::{FORMAT, Header, Link, Node, Writer};

/// What may be attached: key, to what, the name readers show, type. A key
/// is unique in the whole file, hence the initials.
const KEYS: [(&str, &str, &str, &str); 17] = [
    ("format", "graph", "format", "int"),
    ("schema", "graph", "schema", "string"),
    ("run", "graph", "run", "string"),
    ("run_digest", "graph", "run_digest", "string"),
    ("n.kind", "node", "kind", "string"),
    ("n.label", "node", "label", "string"),
    ("n.path", "node", "path", "string"),
    ("n.line", "node", "line", "int"),
    ("n.end_line", "node", "end_line", "int"),
    ("n.text", "node", "text", "string"),
    ("e.kind", "edge", "kind", "string"),
    ("e.rule", "edge", "rule", "string"),
    ("e.path", "edge", "path", "string"),
    ("e.line", "edge", "line", "int"),
    ("e.start", "edge", "start", "long"),
    ("e.end", "edge", "end", "long"),
    ("e.sha256", "edge", "source_sha256", "string"),
];

#[derive(Default)]
pub(super) struct GraphMl {
    /// Links written: an edge needs an id, or readers merge parallel ones.
    links: u64,
}

impl Writer for GraphMl {
    fn begin(&mut self, header: &Header, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">"
        )?;
        for (key, of, name, kind) in KEYS {
            writeln!(
                out,
                "<key id=\"{key}\" for=\"{of}\" attr.name=\"{name}\" attr.type=\"{kind}\"/>"
            )?;
        }
        writeln!(out, "<graph id=\"auditgraph\" edgedefault=\"directed\">")?;
        data("format", &FORMAT.to_string(), out)?;
        data("schema", &serde_json::to_string(&header.schema)?, out)?;
        data("run", &header.run.id, out)?;
        data("run_digest", &header.run.digest.to_string(), out)?;
        writeln!(out)
    }

    fn node(&mut self, node: &Node<'_>, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "<node id=\"{}\">", escaped(node.id))?;
        data("n.kind", node.kind, out)?;
        data("n.label", node.label, out)?;
        for (key, value) in [("n.path", node.path), ("n.text", node.text)] {
            if let Some(value) = value {
                data(key, value, out)?;
            }
        }
        for (key, value) in [("n.line", node.line), ("n.end_line", node.end_line)] {
            if let Some(value) = value {
                data(key, &value.to_string(), out)?;
            }
        }
        writeln!(out, "</node>")
    }

    fn link(&mut self, link: &Link<'_>, out: &mut dyn Write) -> io::Result<()> {
        let evidence = &link.evidence;
        self.links += 1;
        write!(
            out,
            "<edge id=\"e{}\" source=\"{}\" target=\"{}\">",
            self.links,
            escaped(link.from),
            escaped(link.to)
        )?;
        data("e.kind", link.kind, out)?;
        data("e.rule", evidence.rule, out)?;
        data("e.path", evidence.path, out)?;
        for (key, value) in [
            ("e.line", evidence.line),
            ("e.start", evidence.start),
            ("e.end", evidence.end),
        ] {
            data(key, &value.to_string(), out)?;
        }
        data("e.sha256", evidence.source_sha256, out)?;
        writeln!(out, "</edge>")
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "</graph>\n</graphml>")
    }
}

fn data(key: &str, value: &str, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<data key=\"{key}\">{}</data>", escaped(value))
}

/// Text as XML 1.0 allows it: markup escaped; what no XML document may hold
/// (most control characters, U+FFFE, U+FFFF) shown as U+FFFD. Line ends and
/// tabs are written as references, or a reader would fold them into spaces
/// in attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
