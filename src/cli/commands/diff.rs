//! `auditgraph diff`: what one run says that another does not.

use std::io;

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report};
use crate::cli::reading::{self, RunChoice, Source};
use crate::cli::style::{Style, clean};
use crate::cli::{examples, nodes};
use crate::foundation::Sha256;
use crate::foundation::size::grouped;
use crate::graph::{NodeKind, WorkspacePath};
use crate::index::{self, Changes, Link, Node};

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
    sources: Changes<SourceFile>,
    nodes: Changes<Node>,
    links: Changes<Link>,
    #[serde(skip)]
    stat: bool,
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
        sources: sources(&difference.nodes),
        old: old.source,
        new: new.source,
        nodes: difference.nodes,
        links: difference.links,
        stat: typed.stat,
    };
    context.output.report(&compared)?;
    Ok(Exit::Done)
}

/// The sources among the changes.
fn sources(nodes: &Changes<Node>) -> Changes<SourceFile> {
    let source = |node: &Node| {
        let place = node.place.as_ref()?;
        (node.kind == NodeKind::Document).then(|| SourceFile {
            path: place.path.clone(),
            sha256: place.sha256,
        })
    };
    Changes {
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
        let path = |_: &Page<'_>, file: &SourceFile| clean(file.path.as_str()).into_owned();
        self.changes(page, "sources", &self.sources, path)?;
        self.changes(page, "nodes", &self.nodes, nodes::node_line)?;
        self.changes(page, "links", &self.links, nodes::link_line)
    }
}

impl Compared {
    /// How many came, went and changed; and which, unless only numbers are wanted.
    fn changes<T>(
        &self,
        page: &mut Page<'_>,
        label: &str,
        changes: &Changes<T>,
        line: impl Fn(&Page<'_>, &T) -> String,
    ) -> io::Result<()> {
        page.line(format_args!(
            "{label:<8} {} added, {} removed, {} changed",
            grouped(changes.added.len() as u64),
            grouped(changes.removed.len() as u64),
            grouped(changes.changed.len() as u64)
        ))?;
        if self.stat {
            return Ok(());
        }
        let removed = changes.removed.iter().map(|item| ("-", Style::Bad, item));
        let added = changes.added.iter().map(|item| ("+", Style::Good, item));
        let changed = changes.changed.iter();
        let changed = changed.map(|(_, new)| ("~", Style::Warning, new));
        for (mark, style, item) in removed.chain(added).chain(changed) {
            let text = line(page, item);
            let mark = page.paint(style, mark);
            page.line(format_args!("  {mark} {text}"))?;
        }
        Ok(())
    }
}
