//! `auditgraph status`: where a profile stands, and what it takes.

use std::io;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::cli::budget::{self, Budget};
use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report, lossy};
use crate::cli::scope::Scope;
use crate::cli::style::Style;
use crate::cli::{table, words};
use crate::foundation::size::{grouped, human};
use crate::run::status::Status;
use crate::run::{RunId, Standing};
use crate::schema::Reason;
use crate::workspace::Workspace;
use crate::workspace::usage::Part;

const EXAMPLES: &[(&str, &str)] = &[
    ("auditgraph status", "the current run and the budget"),
    ("auditgraph status --json", "the same for programs"),
];

/// Nothing but the global options.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {}

#[derive(Serialize)]
struct Shown {
    #[serde(serialize_with = "lossy")]
    root: PathBuf,
    profile: String,
    /// `empty`, `ready` or `rebuild_required`.
    standing: &'static str,
    run: Option<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    runs: usize,
    sources: Option<u64>,
    source_bytes: Option<u64>,
    total: Part,
    budget: Budget,
    #[serde(skip)]
    scope: Scope,
}

pub(crate) fn run(context: &Context) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let status = Status::take(&workspace, &context.profile)?;
    let shown = Shown::new(context, &workspace, status);
    shown.budget.warn(&context.output);
    context.output.report(&shown)?;
    Ok(Exit::Done)
}

impl Shown {
    fn new(context: &Context, workspace: &Workspace, status: Status) -> Self {
        let layout = workspace.layout(&context.profile);
        let run = status.run().cloned();
        let reason = status.reason().cloned();
        let manifest = match &status.standing {
            Standing::Ready(manifest) => Some(manifest),
            Standing::Empty | Standing::RebuildRequired { .. } => None,
        };
        Self {
            root: workspace.root().to_owned(),
            profile: context.profile.to_string(),
            standing: match &status.standing {
                Standing::Empty => "empty",
                Standing::Ready(_) => "ready",
                Standing::RebuildRequired { .. } => "rebuild_required",
            },
            run,
            reason,
            runs: status.runs,
            sources: manifest.and_then(|it| it.counts.get("documents").copied()),
            source_bytes: manifest.map(|it| it.source_bytes),
            total: status.usage.total,
            budget: Budget::new(status.budget, &status.usage, &layout, &context.scope),
            scope: context.scope.clone(),
        }
    }
}

impl Report for Shown {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!(
            "workspace  {}",
            page.paint(Style::Path, self.root.display())
        ))?;
        page.line(format_args!("profile    {}", self.profile))?;
        let runs = words::count(self.runs, "run");
        match (&self.run, &self.reason) {
            (None, None) => page.line(format_args!(
                "run        none yet: {}",
                page.plain(self.scope.command("ingest"))
            ))?,
            (Some(run), None) => page.line(format_args!(
                "run        {} (of {runs})",
                page.paint(Style::Strong, run)
            ))?,
            (run, Some(reason)) => {
                let name = run.as_ref().map_or("unknown".to_owned(), RunId::to_string);
                page.line(format_args!(
                    "run        {name} {} (of {runs})",
                    page.paint(Style::Bad, "cannot be read")
                ))?;
                page.line(format_args!("           {}", page.plain(reason)))?;
                page.line(format_args!(
                    "           next: {}",
                    page.plain(self.scope.command("rebuild"))
                ))?;
            }
        }
        if let (Some(sources), Some(bytes)) = (self.sources, self.source_bytes) {
            page.line(format_args!(
                "sources    {}, {}",
                words::count(sources, "file"),
                human(bytes)
            ))?;
        }
        self.usage(page)
    }
}

impl Shown {
    fn usage(&self, page: &mut Page<'_>) -> io::Result<()> {
        let it = self.budget.assessment();
        page.line(format_args!(
            "budget     {} {} of {} used",
            page.paint(self.budget.style(), budget::bar(it.ratio_ppm, 30)),
            budget::percent(it.ratio_ppm),
            human(it.limit_bytes),
        ))?;
        page.line(format_args!(
            "           {}; warns from {}, blocks from {}",
            budget::rule(&it.policy, it.source_bytes),
            budget::percent(it.policy.warn_ppm),
            budget::percent(it.policy.block_ppm)
        ))?;
        let row = |name: &str, part: Part| {
            vec![
                (None, name.to_owned()),
                (None, human(part.bytes)),
                (None, human(part.allocated_bytes)),
                (None, grouped(part.files)),
            ]
        };
        let parts = self.budget.parts().iter();
        let mut rows: Vec<_> = parts.map(|part| row(&part.name, part.usage)).collect();
        rows.push(row("total", self.total));
        page.line("")?;
        let columns = [
            ("part", false),
            ("apparent", true),
            ("allocated", true),
            ("files", true),
        ];
        table::write(page, &columns, &rows)
    }
}
