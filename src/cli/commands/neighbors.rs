//! `auditgraph neighbors`: what lies around a node.

use std::io;

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report};
use crate::cli::reading::{self, RunChoice, Source};
use crate::cli::style::Style;
use crate::cli::{examples, kinds, nodes};
use crate::graph::NodeId;
use crate::index::{Direction, LinkKind, Neighborhood, Walk};

const EXAMPLES: &[(&str, &str)] = &[
    ("auditgraph neighbors notes/plan.md", "one link away"),
    (
        "auditgraph neighbors notes/plan.md --kind links_to --direction in",
        "what links to it",
    ),
    (
        "auditgraph neighbors tag:release --depth 2",
        "two links away",
    ),
];

/// What is typed.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {
    /// An id, a path, path#fragment, or path:line
    #[arg(value_name = "NODE")]
    node: String,
    /// How many links to go, at most 16
    #[arg(long, short = 'd', value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
    depth: u32,
    /// Which way to follow links
    #[arg(long, value_name = "WAY", default_value = "both", value_parser = kinds::one_of(directions()))]
    direction: Direction,
    /// Only along links of this kind (repeatable); without `contains`, links of a document's
    /// sections are its own
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',', value_parser = kinds::one_of(link_kinds()))]
    kinds: Vec<LinkKind>,
    /// At most this many nodes
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    run: RunChoice,
}

fn directions() -> Vec<(&'static str, Direction)> {
    use Direction::{Both, In, Out};
    vec![("out", Out), ("in", In), ("both", Both)]
}

fn link_kinds() -> Vec<(&'static str, LinkKind)> {
    LinkKind::ALL.map(|kind| (kind.name(), kind)).to_vec()
}

#[derive(Serialize)]
struct Found {
    run: Source,
    node: NodeId,
    #[serde(flatten)]
    around: Neighborhood,
}

pub(crate) fn run(context: &Context, typed: &Typed) -> Result<Exit, Failure> {
    let mut opened = reading::open(context, &typed.run)?;
    let node = nodes::find(&mut opened.session, &typed.node)?;
    let walk = Walk {
        direction: typed.direction,
        kinds: typed.kinds.iter().copied().collect(),
        depth: typed.depth,
        limit: typed.limit,
    };
    let index = opened.session.index();
    // `find` has just read this node from the same index.
    let mut around = index.neighbors(&node.id, &walk)?.unwrap_or_default();
    index.cite_names(around.nodes.iter_mut().map(|near| &mut near.node))?;
    let truncated = around.truncated;
    context.output.report(&Found {
        run: opened.source,
        node: node.id,
        around,
    })?;
    if truncated {
        context.output.note("there are more: raise --limit");
    }
    Ok(Exit::Done)
}

impl Report for Found {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        for neighbor in &self.around.nodes {
            let indent = usize::try_from(neighbor.distance).unwrap_or(0) * 2;
            let line = nodes::node_line(page, &neighbor.node);
            page.line(format_args!("{:indent$}{line}", ""))?;
        }
        if !self.around.links.is_empty() {
            page.line("")?;
            page.line(page.paint(Style::Faint, "along"))?;
            let links = &self.around.links;
            nodes::some(page, links, links.len(), nodes::link_line)?;
        }
        Ok(())
    }
}
