//! Floor 4: a run written for other tools.
//!
//! Owns the text of four formats: JSON, JSON lines, Graphviz DOT and
//! GraphML. Each says which artifact schema and which run it is of (FR-004).
//! The same run gives the same bytes on any machine at any time: nothing
//! here knows the clock, the host or where the workspace lies.
//!
//! Records are written as they come, so memory does not grow with the run.
//! Never opens a file: the caller gives a writer and a source of records.

mod dot;
mod graphml;
mod json;

use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::ControlFlow;

use serde::Serialize;

use crate::foundation::Sha256;
use crate::graph::NodeKind;
use crate::index::{Index, IndexError, Link, LinkKind, Node};
use crate::schema::SchemaBlock;

/// The version of the export formats, as `format` in each of them.
pub const FORMAT: u32 = 1;

/// A format that another tool reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One JSON document.
    Json,
    /// One JSON document per line: the header, nodes, links.
    Jsonl,
    /// Graphviz.
    Dot,
    /// GraphML: networkx, Gephi, yEd.
    Graphml,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Json, Self::Jsonl, Self::Dot, Self::Graphml];

    /// The format's name, which is also the usual file extension.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Dot => "dot",
            Self::Graphml => "graphml",
        }
    }

    /// The format of files whose names end in `.extension`.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "gv" => Some(Self::Dot),
            "ndjson" => Some(Self::Jsonl),
            name => Self::ALL.into_iter().find(|format| format.name() == name),
        }
    }
}

/// What an export is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    /// The artifact schema of the run.
    pub schema: SchemaBlock,
    /// The run.
    pub run: RunReference,
}

/// A run by its two names: where it stands, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunReference {
    /// `r0007-3fa9c0d21b44`.
    pub id: String,
    /// The digest of root tree, derivation and schema.
    pub digest: Sha256,
}

/// What receives records one by one.
pub type Sink<'s, T> = &'s mut dyn FnMut(&T) -> io::Result<()>;

/// A run's nodes and links, each in a fixed order.
pub trait Records {
    /// Hands every node to `sink`.
    ///
    /// # Errors
    /// The source's own, or the sink's.
    fn nodes(&self, sink: Sink<'_, Node>) -> Result<(), ExportError>;

    /// Hands every link to `sink`.
    ///
    /// # Errors
    /// The source's own, or the sink's.
    fn links(&self, sink: Sink<'_, Link>) -> Result<(), ExportError>;
}

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The run's index cannot be read.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The export cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Records for Index {
    fn nodes(&self, sink: Sink<'_, Node>) -> Result<(), ExportError> {
        let mut written = Ok(());
        self.each_node(&NodeKind::ALL.into(), &mut |node| {
            written = sink(&node);
            flow(&written)
        })?;
        Ok(written?)
    }

    fn links(&self, sink: Sink<'_, Link>) -> Result<(), ExportError> {
        let mut written = Ok(());
        self.each_link(&LinkKind::ALL.into(), &mut |link| {
            written = sink(&link);
            flow(&written)
        })?;
        Ok(written?)
    }
}

fn flow(written: &io::Result<()>) -> ControlFlow<()> {
    match written {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

/// `text` with each character that is `hidden` in the format as `\u{…}`. What
/// looks like such an escape already gets one for its backslash, so that two
/// texts never become one: a name is what joins nodes and links.
fn visible(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    const OPEN: &str = "\\u{";
    if !text.contains(&hidden) && !text.contains(OPEN) {
        return Cow::Borrowed(text);
    }
    let mut visible = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        if hidden(c) || text[at..].starts_with(OPEN) {
            visible.extend(c.escape_unicode());
        } else {
            visible.push(c);
        }
    }
    Cow::Owned(visible)
}

/// How much was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Nodes.
    pub nodes: u64,
    /// Links.
    pub links: u64,
}

/// Writes `records` to `out` in `format`.
///
/// # Errors
/// What reading the records or writing reports; `out` then holds a part.
pub fn write(
    format: Format,
    header: &Header,
    records: &dyn Records,
    out: &mut dyn Write,
) -> Result<Count, ExportError> {
    let writer: &mut dyn Writer = match format {
        Format::Json => &mut json::Document::default(),
        Format::Jsonl => &mut json::Lines,
        Format::Dot => &mut dot::Dot,
        Format::Graphml => &mut graphml::GraphMl::default(),
    };
    let mut count = Count::default();
    writer.begin(header, out)?;
    records.nodes(&mut |node| {
        count.nodes += 1;
        writer.node(node, out)
    })?;
    writer.turn(out)?;
    records.links(&mut |link| {
        count.links += 1;
        writer.link(link, out)
    })?;
    writer.end(out)?;
    Ok(count)
}

/// The text of one format, in the order the methods are declared.
trait Writer {
    fn begin(&mut self, header: &Header, out: &mut dyn Write) -> io::Result<()>;
    fn node(&mut self, node: &Node, out: &mut dyn Write) -> io::Result<()>;
    /// Between the last node and the first link.
    fn turn(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
    fn link(&mut self, link: &Link, out: &mut dyn Write) -> io::Result<()>;
    fn end(&mut self, out: &mut dyn Write) -> io::Result<()>;
}

#[cfg(test)]
mod tests;
