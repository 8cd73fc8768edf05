//! JSON: one document, or one document per line. Both put every record on a
//! line of its own, so that two exports can be compared with `diff`.

use std::io::{self, Write};

use serde::Serialize;

use super::{FORMAT, Header, Writer};
use crate::foundation::terminal::VisibleJson;
use crate::index::{Link, Node};

#[derive(Serialize)]
struct Head<'a> {
    format: u32,
    #[serde(flatten)]
    header: &'a Header,
}

fn head(header: &Header) -> Head<'_> {
    Head {
        format: FORMAT,
        header,
    }
}

/// `{"format": 1, "schema": …, "run": …, "nodes": […], "links": […]}`.
#[derive(Default)]
pub(super) struct Document {
    /// Whether the list at hand has a record already.
    started: bool,
}

impl Document {
    fn item(&mut self, item: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.started { b",\n" } else { b"\n" })?;
        self.started = true;
        Ok(serde_json::to_writer(VisibleJson(out), item)?)
    }
}

impl Writer for Document {
    fn begin(&mut self, header: &Header, out: &mut dyn Write) -> io::Result<()> {
        let head = serde_json::to_string(&head(header))?;
        // The head is an object: its closing brace makes room for the lists.
        let open = head.strip_suffix('}').unwrap_or(&head);
        write!(out, "{open},\n\"nodes\": [")
    }

    fn node(&mut self, node: &Node, out: &mut dyn Write) -> io::Result<()> {
        self.item(node, out)
    }

    fn turn(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.started = false;
        out.write_all(b"\n],\n\"links\": [")
    }

    fn link(&mut self, link: &Link, out: &mut dyn Write) -> io::Result<()> {
        self.item(link, out)
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"\n]}\n")
    }
}

/// `{"record": "header", …}`, then `"node"`s, then `"link"`s.
pub(super) struct Lines;

#[derive(Serialize)]
struct Line<'a, T> {
    record: &'static str,
    #[serde(flatten)]
    value: &'a T,
}

impl Lines {
    fn line(record: &'static str, value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(VisibleJson(&mut *out), &Line { record, value })?;
        out.write_all(b"\n")
    }
}

impl Writer for Lines {
    fn begin(&mut self, header: &Header, out: &mut dyn Write) -> io::Result<()> {
        Self::line("header", &head(header), out)
    }

    fn node(&mut self, node: &Node, out: &mut dyn Write) -> io::Result<()> {
        Self::line("node", node, out)
    }

    fn link(&mut self, link: &Link, out: &mut dyn Write) -> io::Result<()> {
        Self::line("link", link, out)
    }

    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
