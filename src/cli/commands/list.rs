//! `auditgraph list`: nodes of a kind, or links, filtered.

use std::io;

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report};
use crate::cli::reading::{self, RunChoice, Source};
use crate::cli::{examples, kinds, nodes};
use crate::graph::NodeKind;
use crate::index::{Filter, Link, Node, Window, filter_keys};

const EXAMPLES: &[(&str, &str)] = &[
    ("auditgraph list", "every document"),
    (
        "auditgraph list --type link --where status=unresolved",
        "the broken links",
    ),
    (
        "auditgraph list --type section --where path=docs --where level=1",
        "chapters below docs",
    ),
    (
        "auditgraph list --type tag --limit 20",
        "tags and their uses",
    ),
];

/// What is typed.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {
    /// What to list: links, or nodes of a kind
    #[arg(long = "type", value_name = "KIND", default_value = "document", value_parser = kinds::one_of(whats()))]
    what: What,
    #[arg(long = "where", value_name = "KEY=VALUE", help = where_help())]
    filters: Vec<String>,
    /// At most this many [default: all]
    #[arg(long, short = 'n', value_name = "N")]
    limit: Option<usize>,
    /// Leave out the first N
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: usize,
    #[command(flatten)]
    run: RunChoice,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Links,
    Nodes(NodeKind),
}

fn whats() -> Vec<(&'static str, What)> {
    let nodes = kinds::nodes().into_iter();
    let mut whats: Vec<_> = nodes
        .map(|(name, kind)| (name, What::Nodes(kind)))
        .collect();
    whats.push(("link", What::Links));
    whats
}

#[derive(Serialize)]
struct Listed {
    run: Source,
    #[serde(rename = "type")]
    what: &'static str,
    #[serde(flatten)]
    items: Items,
    /// Whether there are more behind the window.
    more: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Items {
    Nodes(Vec<Node>),
    Links(Vec<Link>),
}

fn where_help() -> String {
    let keys = |kind| filter_keys(kind).join(", ");
    format!(
        "Only what fits KEY=VALUE (repeatable: all must fit); globs for path, id, title, source \
         and target. Of links: {}; sections: {}; documents: {}; chunks: {}; others: {}",
        keys(None),
        keys(Some(NodeKind::Section)),
        keys(Some(NodeKind::Document)),
        keys(Some(NodeKind::Chunk)),
        keys(Some(NodeKind::Term)),
    )
}

pub(crate) fn run(context: &Context, typed: &Typed) -> Result<Exit, Failure> {
    let kind = match typed.what {
        What::Links => None,
        What::Nodes(kind) => Some(kind),
    };
    let filters = typed
        .filters
        .iter()
        .map(|text| Filter::parse(text, kind))
        .collect::<Result<Vec<_>, _>>()?;
    let window = Window {
        offset: typed.offset,
        limit: typed.limit.unwrap_or(usize::MAX),
    };
    let opened = reading::open(context, &typed.run)?;
    let index = opened.session.index();
    let (what, items, more) = match kind {
        None => {
            let page = index.list_links(&filters, window)?;
            ("link", Items::Links(page.items), page.more)
        }
        Some(kind) => {
            let mut page = index.list_nodes(kind, &filters, window)?;
            index.cite_names(page.items.iter_mut())?;
            (kind.name(), Items::Nodes(page.items), page.more)
        }
    };
    let empty = match &items {
        Items::Nodes(found) => found.is_empty(),
        Items::Links(found) => found.is_empty(),
    };
    context.output.report(&Listed {
        run: opened.source,
        what,
        items,
        more,
    })?;
    if more {
        context
            .output
            .note("there are more: raise --limit, or go on with --offset");
    } else if empty {
        context.output.note("nothing to list");
    }
    Ok(Exit::Done)
}

impl Report for Listed {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        match &self.items {
            Items::Nodes(found) => {
                for node in found {
                    let line = nodes::node_line(page, node);
                    page.line(line)?;
                }
            }
            Items::Links(found) => {
                for link in found {
                    let line = nodes::link_line(page, link);
                    page.line(line)?;
                }
            }
        }
        Ok(())
    }
}
