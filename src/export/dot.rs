//! The DOT language of Graphviz (graphviz.org/doc/info/lang.html).

use std::io::{self, Write};

use super::{FORMAT, Header, Link, Node, Writer};

pub(super) struct Dot;

impl Writer for Dot {
    fn begin(&mut self, header: &Header, out: &mut dyn Write) -> io::Result<()> {
        let schema = serde_json::to_string(&header.schema)?;
        writeln!(
            out,
            "digraph auditgraph {{\n  graph [format={FORMAT} schema={} run={} run_digest={}];\n  node [shape=box];",
            quoted(&schema),
            quoted(&header.run.id),
            quoted(&header.run.digest.to_string()),
        )
    }

    fn node(&mut self, node: &Node<'_>, out: &mut dyn Write) -> io::Result<()> {
        write!(
            out,
            "  {} [kind={} label={}",
            quoted(node.id),
            quoted(node.kind),
            quoted(node.label)
        )?;
        for (name, value) in [("path", node.path), ("text", node.text)] {
            if let Some(value) = value {
                write!(out, " {name}={}", quoted(value))?;
            }
        }
        for (name, value) in [("line", node.line), ("end_line", node.end_line)] {
            if let Some(value) = value {
                write!(out, " {name}={value}")?;
            }
        }
        writeln!(out, "];")
    }

    fn link(&mut self, link: &Link<'_>, out: &mut dyn Write) -> io::Result<()> {
        let evidence = &link.evidence;
        writeln!(
            out,
            "  {} -> {} [kind={} rule={} path={} line={} start={} end={} source_sha256={}];",
            quoted(link.from),
            quoted(link.to),
            quoted(link.kind),
            quoted(evidence.rule),
            quoted(evidence.path),
            evidence.line,
            evidence.start,
            evidence.end,
            quoted(evidence.source_sha256),
        )
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "}}")
    }
}

/// A double-quoted string. Every backslash is doubled, so that none escapes
/// a quote or starts one of the escapes of labels (`\N`, `\G`); Graphviz
/// shows two as one in labels and keeps both in names, where they do no harm.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => {}
            // Ends the text for a C program.
            '\0' => quoted.push('\u{fffd}'),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
