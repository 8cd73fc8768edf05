//! GraphML (graphml.graphdrawing.org), as networkx, Gephi and yEd read it.

use std::fmt::Display;
use std::io::{self, Write};

use super::{FORMAT, Header, Writer, visible};
use crate::foundation::terminal::acts;
use crate::index::{Link, Node};

/// What may be attached: key, to what, the name readers show, type. A key
/// is unique in the whole file, hence the initials.
const KEYS: [(&str, &str, &str, &str); 24] = [
    ("format", "graph", "format", "int"),
    ("schema", "graph", "schema", "string"),
    ("run", "graph", "run", "string"),
    ("run_digest", "graph", "run_digest", "string"),
    ("n.kind", "node", "kind", "string"),
    ("n.label", "node", "label", "string"),
    ("n.level", "node", "level", "int"),
    ("n.uses", "node", "uses", "long"),
    ("n.path", "node", "path", "string"),
    ("n.line", "node", "line", "int"),
    ("n.end_line", "node", "end_line", "int"),
    ("n.start", "node", "start", "long"),
    ("n.end", "node", "end", "long"),
    ("n.sha256", "node", "source_sha256", "string"),
    ("e.kind", "edge", "kind", "string"),
    ("e.rule", "edge", "rule", "string"),
    ("e.status", "edge", "status", "string"),
    ("e.uses", "edge", "uses", "long"),
    ("e.written", "edge", "written", "string"),
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
        data("format", FORMAT, out)?;
        data("schema", serde_json::to_string(&header.schema)?, out)?;
        data("run", &header.run.id, out)?;
        data("run_digest", header.run.digest, out)?;
        writeln!(out)
    }

    fn node(&mut self, node: &Node, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "<node id=\"{}\">", escaped(&node.id.to_string()))?;
        data("n.kind", node.kind, out)?;
        data(
            "n.label",
            node.title.as_deref().unwrap_or(node.id.key()),
            out,
        )?;
        if let Some(level) = node.level {
            data("n.level", level, out)?;
        }
        if let Some(uses) = node.uses {
            data("n.uses", uses, out)?;
        }
        if let Some(place) = &node.place {
            data("n.path", place.path.as_str(), out)?;
            data("n.line", place.line, out)?;
            data("n.end_line", place.end_line, out)?;
            data("n.start", place.start, out)?;
            data("n.end", place.end, out)?;
            data("n.sha256", place.sha256, out)?;
        }
        writeln!(out, "</node>")
    }

    fn link(&mut self, link: &Link, out: &mut dyn Write) -> io::Result<()> {
        let evidence = &link.evidence;
        self.links += 1;
        write!(
            out,
            "<edge id=\"e{}\" source=\"{}\" target=\"{}\">",
            self.links,
            escaped(&link.source.to_string()),
            escaped(&link.target.to_string())
        )?;
        data("e.kind", link.kind.name(), out)?;
        data("e.rule", link.rule, out)?;
        data("e.status", link.status.name(), out)?;
        data("e.uses", link.uses, out)?;
        if let Some(written) = &link.written {
            data("e.written", written, out)?;
        }
        data("e.path", evidence.path.as_str(), out)?;
        data("e.line", evidence.line, out)?;
        data("e.start", evidence.start, out)?;
        data("e.end", evidence.end, out)?;
        data("e.sha256", evidence.sha256, out)?;
        writeln!(out, "</edge>")
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "</graph>\n</graphml>")
    }
}

fn data(key: &str, value: impl Display, out: &mut dyn Write) -> io::Result<()> {
    let value = escaped(&value.to_string());
    write!(out, "<data key=\"{key}\">{value}</data>")
}

/// Text as XML 1.0 allows it: markup escaped; what no XML document may hold
/// (most control characters, U+FFFE, U+FFFF) shown as `\u{…}`. Line ends and
/// tabs are written as references, or a reader would fold them into spaces
/// in attributes; so is what a terminal would act on.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in visible(text, forbidden).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if acts(c) => escaped.push_str(&format!("&#{};", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Whether no XML 1.0 document may hold `c`, not even as a reference.
fn forbidden(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        c => matches!(c, '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'),
    }
}
