//! `auditgraph show`: everything about one node.

use std::io;

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::freshness::{Freshness, Since};
use crate::cli::output::{Page, Report};
use crate::cli::reading::{self, RunChoice, Source};
use crate::cli::style::{Style, clean};
use crate::cli::{examples, nodes};
use crate::graph::NodeKind;
use crate::index::{Direction, Link, Node};
use crate::run::Session;

const EXAMPLES: &[(&str, &str)] = &[
    ("auditgraph show notes/plan.md", "a document"),
    (
        "auditgraph show notes/plan.md:12",
        "the text at a place that a query gave",
    ),
    ("auditgraph show tag:release", "a tag and what carries it"),
];

/// Most links shown each way for people.
const SHOWN: usize = 20;

/// What is typed.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {
    /// An id, a path, path#fragment, or path:line
    #[arg(value_name = "NODE")]
    node: String,
    #[command(flatten)]
    run: RunChoice,
}

#[derive(Serialize)]
struct Shown {
    run: Source,
    node: Node,
    /// What became of its source; absent where it has none.
    #[serde(flatten)]
    since: Option<Since>,
    /// The text of a chunk or section.
    text: Option<String>,
    outgoing: Vec<Link>,
    incoming: Vec<Link>,
}

pub(crate) fn run(context: &Context, typed: &Typed) -> Result<Exit, Failure> {
    let mut opened = reading::open(context, &typed.run)?;
    let mut node = nodes::find(&mut opened.session, &typed.node)?;
    let names = std::iter::once(&mut node);
    opened.session.index().cite_names(names)?;
    let text = text(&mut opened.session, &node)?;
    let mut freshness = Freshness::of(&opened.workspace);
    let since = node
        .place
        .as_ref()
        .map(|place| freshness.since(&place.path, place.sha256));
    let index = opened.session.index();
    context.output.report(&Shown {
        run: opened.source,
        since,
        text,
        outgoing: index.links_of(&node.id, Direction::Out)?,
        incoming: index.links_of(&node.id, Direction::In)?,
        node,
    })?;
    Ok(Exit::Done)
}

/// What a chunk or section says.
fn text(session: &mut Session, node: &Node) -> Result<Option<String>, Failure> {
    let (NodeKind::Chunk | NodeKind::Section, Some(place)) = (node.kind, &node.place) else {
        return Ok(None);
    };
    let whole = session.text_at(&place.path)?.unwrap_or_default();
    let offset = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    let text = whole.get(offset(place.start)..offset(place.end));
    Ok(text.map(|text| text.trim_end().to_owned()))
}

impl Report for Shown {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        let node = &self.node;
        page.line(page.paint(Style::Path, &node.id))?;
        if let Some(title) = &node.title {
            page.line(format_args!(
                "title     {}",
                page.paint(Style::Strong, title)
            ))?;
        }
        if let Some(place) = &node.place {
            // Of all else it is only known where it starts.
            let end = match node.id.kind() {
                NodeKind::Document | NodeKind::Chunk => format!("-{}", place.end_line),
                _ => String::new(),
            };
            page.line(format_args!(
                "at        {}:{}{end}",
                page.plain(place.path.as_str()),
                page.paint(Style::Position, place.line),
            ))?;
            page.line(format_args!("source    sha256 {}", place.sha256))?;
        }
        if let Some(told) = self.since.and_then(Since::told) {
            let told = page.paint(Style::Warning, told);
            page.line(format_args!("          {told}"))?;
        }
        if let Some(uses) = node.uses {
            page.line(format_args!("uses      {uses}"))?;
        }
        page.line(format_args!("run       {}", self.run.id))?;
        for (title, links) in [
            ("links to", &self.outgoing),
            ("linked from", &self.incoming),
        ] {
            if !links.is_empty() {
                page.line("")?;
                page.line(format_args!("{title} ({})", links.len()))?;
                nodes::some(page, links, SHOWN, nodes::link_line)?;
            }
        }
        if let Some(text) = &self.text {
            page.line("")?;
            for line in text.lines() {
                page.line(format_args!("    {}", clean(line)))?;
            }
        }
        Ok(())
    }
}
