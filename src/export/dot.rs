//! The DOT language of Graphviz (graphviz.org/doc/info/lang.html).

use std::io::{self, Write};

use super::{FORMAT, Header, Writer, visible};
use crate::foundation::terminal::acts;
use crate::index::{Link, Node};

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

    fn node(&mut self, node: &Node, out: &mut dyn Write) -> io::Result<()> {
        write!(
            out,
            "  {} [kind={} label={}",
            quoted(&node.id.to_string()),
            node.kind,
            quoted(node.title.as_deref().unwrap_or(node.id.key()))
        )?;
        if let Some(level) = node.level {
            write!(out, " level={level}")?;
        }
        if let Some(uses) = node.uses {
            write!(out, " uses={uses}")?;
        }
        if let Some(place) = &node.place {
            write!(
                out,
                " path={} line={} end_line={} start={} end={} source_sha256=\"{}\"",
                quoted(place.path.as_str()),
                place.line,
                place.end_line,
                place.start,
                place.end,
                place.sha256,
            )?;
        }
        writeln!(out, "];")
    }

    fn link(&mut self, link: &Link, out: &mut dyn Write) -> io::Result<()> {
        let evidence = &link.evidence;
        write!(
            out,
            "  {} -> {} [kind={} rule={} status={} uses={}",
            quoted(&link.source.to_string()),
            quoted(&link.target.to_string()),
            link.kind.name(),
            link.rule,
            link.status.name(),
            link.uses,
        )?;
        if let Some(written) = &link.written {
            write!(out, " written={}", quoted(written))?;
        }
        writeln!(
            out,
            " path={} line={} start={} end={} source_sha256=\"{}\"];",
            quoted(evidence.path.as_str()),
            evidence.line,
            evidence.start,
            evidence.end,
            evidence.sha256,
        )
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "}}")
    }
}

/// A double-quoted string, in which all is visible but tabs. Every backslash is
/// doubled, so that none escapes a quote or starts one of the escapes of labels
/// (`\N`, `\G`); Graphviz shows two as one in labels and keeps both in names,
/// where they do no harm.
fn quoted(text: &str) -> String {
    let hidden = |c| acts(c) && !matches!(c, '\n' | '\t');
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in visible(text, hidden).chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
