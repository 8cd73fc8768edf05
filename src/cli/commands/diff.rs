//! `auditgraph diff`: what one run says that another does not.

use std::io;

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report};
use crate::cli::reading::{self, RunChoice, Source};
use crate::cli::style::Style;
use crate::cli::{examples, nodes};
use crate::foundation::Sha256;
use crate::foundation::size::grouped;
use crate::graph::{NodeKind, WorkspacePath};
use crate::index::{self, Changes, Difference, Link, Node};

const EXAMPLES: &[(&str, &str)] = &[
    (
        "auditgraph diff",
        "the current run against the one before it",
    ),
    ("auditgraph diff 1 2", "two runs by their numbers"),
    (
        "auditgraph diff 1 current --stat",
        "how much changed, in numbers",
    ),
];

/// What is typed.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {
    /// The older run: an id, its number, or `current` [default: the parent of the newer one]
    #[arg(value_name = "OLD")]
    old: Option<String>,
    /// The newer run [default: current]
    #[arg(value_name = "NEW")]
    new: Option<String>,
    /// Only the numbers
    #[arg(long)]
    stat: bool,
}

#[derive(Serialize)]
struct Compared {
    old: Source,
    new: Source,
    sources: Sources,
    nodes: Changes<Node>,
    links: Changes<Link>,
    #[serde(skip)]
    stat: bool,
}

/// The sources among the changes.
#[derive(Default, Serialize)]
struct Sources {
    added: Vec<SourceFile>,
    removed: Vec<SourceFile>,
    changed: Vec<(SourceFile, SourceFile)>,
}

#[derive(Serialize)]
struct SourceFile {
    path: WorkspacePath,
    sha256: Sha256,
}

pub(crate) fn run(context: &Context, typed: &Typed) -> Result<Exit, Failure> {
    let choose = |run: Option<String>| RunChoice { run };
    let new = reading::open(context, &choose(typed.new.clone()))?;
    let old = match (&typed.old, &new.session.manifest().parent) {
        (Some(old), _) => old.clone(),
        (None, Some(parent)) => parent.to_string(),
        (None, None) => {
            return Err(Failure::new(
                Exit::Failed,
                "no_run",
                format_args!("{} has no run before it to compare with", new.source.id),
            )
            .hint("auditgraph runs"));
        }
    };
    let old = reading::open(context, &choose(Some(old)))?;
    let mut difference = index::diff(old.session.index(), new.session.index())?;
    let nodes = &mut difference.nodes;
    let before = nodes.changed.iter_mut().map(|(node, _)| node);
    let gone = nodes.removed.iter_mut().chain(before);
    old.session.index().cite_names(gone)?;
    let after = nodes.changed.iter_mut().map(|(_, node)| node);
    let come = nodes.added.iter_mut().chain(after);
    new.session.index().cite_names(come)?;
    let compared = Compared {
        sources: sources(&difference),
        old: old.source,
        new: new.source,
        nodes: difference.nodes,
        links: difference.links,
        stat: typed.stat,
    };
    context.output.report(&compared)?;
    Ok(Exit::Done)
}

fn sources(difference: &Difference) -> Sources {
    let source = |node: &Node| {
        let place = node.place.as_ref()?;
        (node.kind == NodeKind::Document).then(|| SourceFile {
            path: place.path.clone(),
            sha256: place.sha256,
        })
    };
    let nodes = &difference.nodes;
    Sources {
        added: nodes.added.iter().filter_map(source).collect(),
        removed: nodes.removed.iter().filter_map(source).collect(),
        changed: nodes
            .changed
            .iter()
            .filter_map(|(old, new)| Some((source(old)?, source(new)?)))
            .filter(|(old, new)| old.sha256 != new.sha256)
            .collect(),
    }
}

impl Report for Compared {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!("{} → {}", self.old.id, self.new.id))?;
        let count = |label: &str, added: usize, removed: usize, changed: usize| {
            format!(
                "{label:<8} {} added, {} removed, {} changed",
                grouped(added as u64),
                grouped(removed as u64),
                grouped(changed as u64)
            )
        };
        let (sources, nodes, links) = (&self.sources, &self.nodes, &self.links);
        page.line(count(
            "sources",
            sources.added.len(),
            sources.removed.len(),
            sources.changed.len(),
        ))?;
        if !self.stat {
            let path = |_: &Page<'_>, file: &SourceFile| {
                crate::cli::style::clean(file.path.as_str()).into_owned()
            };
            lines(
                page,
                &sources.added,
                &sources.removed,
                &sources.changed,
                path,
            )?;
        }
        page.line(count(
            "nodes",
            nodes.added.len(),
            nodes.removed.len(),
            nodes.changed.len(),
        ))?;
        if !self.stat {
            lines(
                page,
                &nodes.added,
                &nodes.removed,
                &nodes.changed,
                nodes::node_line,
            )?;
        }
        page.line(count(
            "links",
            links.added.len(),
            links.removed.len(),
            links.changed.len(),
        ))?;
        if !self.stat {
            lines(
                page,
                &links.added,
                &links.removed,
                &links.changed,
                nodes::link_line,
            )?;
        }
        Ok(())
    }
}

fn lines<T>(
    page: &mut Page<'_>,
    added: &[T],
    removed: &[T],
    changed: &[(T, T)],
    line: impl Fn(&Page<'_>, &T) -> String,
) -> io::Result<()> {
    let marks = [
        ("-", Style::Bad, removed.iter().collect::<Vec<_>>()),
        ("+", Style::Good, added.iter().collect()),
        (
            "~",
            Style::Warning,
            changed.iter().map(|(_, new)| new).collect(),
        ),
    ];
    for (mark, style, items) in marks {
        for item in items {
            let text = line(page, item);
            let mark = page.paint(style, mark);
            page.line(format_args!("  {mark} {text}"))?;
        }
    }
    Ok(())
}
