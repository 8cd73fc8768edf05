//! `auditgraph ingest` and `auditgraph rebuild`: one way from sources to a
//! current run. They differ in what they start from, not in what they tell.

use std::io;

use clap::Args;
use serde::Serialize;

use crate::budget::Verdict;
use crate::cli::budget::Budget;
use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report};
use crate::cli::style::{Style, clean};
use crate::cli::words;
use crate::foundation::progress::Progress;
use crate::foundation::size::{grouped, human};
use crate::run::{self, Changes, Mode, Planned, PlannedFile, RefusedSource, RunId, RunPlan};
use crate::workspace::Workspace;

pub(crate) const INGEST: &[(&str, &str)] = &[
    (
        "auditgraph ingest",
        "make a run of what changed since the last",
    ),
    (
        "auditgraph ingest --dry-run",
        "show what it would write, write nothing",
    ),
    (
        "auditgraph ingest --profile draft",
        "into an independent set of runs",
    ),
];

pub(crate) const REBUILD: &[(&str, &str)] = &[
    (
        "auditgraph rebuild",
        "make a run from the sources alone, beside the old ones",
    ),
    (
        "auditgraph rebuild --dry-run",
        "show what it would write, write nothing",
    ),
];

/// Most files named one by one for people; JSON has them all.
const SHOWN: usize = 20;

/// What is typed after either.
#[derive(Debug, Args)]
pub(crate) struct Typed {
    /// Show the plan and the budget's verdict on it; write nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
}

pub(crate) fn run(context: &Context, typed: &Typed, mode: Mode) -> Result<Exit, Failure> {
    let dry_run = typed.dry_run;
    let workspace = context.workspace()?;
    let progress = context.progress();
    let planned = run::plan(&workspace, &context.profile, mode, dry_run, &progress)?;
    progress.finish();
    let plan = match planned {
        Planned::Unchanged(unchanged) => {
            tell_refused(context, &unchanged.refused);
            tell_of_none(context, unchanged.sources);
            context.output.report(&Outcome {
                outcome: What::Unchanged,
                run: unchanged.run,
                parent: None,
                sources: Changes {
                    unchanged: unchanged.sources,
                    refused: unchanged.refused,
                    ..Changes::default()
                },
                extracted: 0,
                bytes_written: 0,
                files: Vec::new(),
                budget: None,
            })?;
            if !dry_run {
                context.remember(workspace.root());
            }
            return Ok(Exit::Done);
        }
        Planned::Run(plan) => plan,
    };
    if dry_run {
        return show(context, &workspace, &plan);
    }
    let usage = plan.usage().clone();
    let layout = workspace.layout(&context.profile);
    let judged = |assessment, usage: &_| Budget::new(assessment, usage, &layout, &context.scope);
    let approved = plan
        .approve()
        .map_err(|over| judged(over.assessment, &over.usage).into_failure())?;
    let published = approved.publish(&progress)?;
    progress.finish();
    context.remember(workspace.root());
    tell_refused(context, &published.sources.refused);
    tell_of_none(context, sources_of(&published.sources));
    let budget = judged(published.budget, &usage);
    budget.warn(&context.output);
    let stands = format!("{} is current now all the same", published.run);
    let outcome = Outcome {
        outcome: What::Published,
        run: published.run,
        parent: published.parent,
        sources: published.sources,
        extracted: published.extracted,
        bytes_written: published.bytes_written,
        files: Vec::new(),
        budget: Some(budget),
    };
    context.output.report_change(&outcome, stands)?;
    Ok(Exit::Done)
}

/// The plan, printed. Its verdict is the exit code, as if it were executed.
fn show(context: &Context, workspace: &Workspace, plan: &RunPlan) -> Result<Exit, Failure> {
    let summary = plan.summary();
    let layout = workspace.layout(&context.profile);
    let budget = Budget::new(summary.budget, plan.usage(), &layout, &context.scope);
    budget.warn(&context.output);
    tell_refused(context, &summary.sources.refused);
    tell_of_none(context, sources_of(&summary.sources));
    let exit = match budget.assessment().verdict {
        Verdict::Block => Exit::OverBudget,
        Verdict::Ok | Verdict::Warn => Exit::Done,
    };
    context.output.report(&Outcome {
        outcome: What::Planned,
        run: summary.run,
        parent: summary.parent,
        sources: summary.sources,
        extracted: summary.extracted,
        bytes_written: 0,
        files: summary.files,
        budget: Some(budget),
    })?;
    Ok(exit)
}

fn sources_of(changes: &Changes) -> u64 {
    (changes.added.len() + changes.changed.len()) as u64 + changes.unchanged
}

/// A workspace without sources is more often a mistake than an intention.
fn tell_of_none(context: &Context, sources: u64) {
    if sources == 0 {
        context
            .output
            .note("no file here is a source: see [sources] in auditgraph.toml");
    }
}

/// Files that matched and could not be read are worth a warning each.
fn tell_refused(context: &Context, refused: &[RefusedSource]) {
    for source in refused.iter().take(SHOWN) {
        context.output.warn(format_args!(
            "{} was not ingested: {}",
            source.path, source.explanation
        ));
    }
    if refused.len() > SHOWN {
        context.output.warn(format_args!(
            "{} more files were not ingested (--json names them all)",
            refused.len() - SHOWN
        ));
    }
}

/// Whether there is a run, and whether it was made.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum What {
    /// The sources are those of the current run.
    Unchanged,
    /// The run would be made (`--dry-run`).
    Planned,
    /// The run was made and is current.
    Published,
}

/// What came of it.
#[derive(Serialize)]
struct Outcome {
    outcome: What,
    run: RunId,
    parent: Option<RunId>,
    sources: Changes,
    extracted: u64,
    bytes_written: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<PlannedFile>,
    budget: Option<Budget>,
}

impl Report for Outcome {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        let run = page.paint(Style::Strong, &self.run);
        let sources = words::count(sources_of(&self.sources), "source");
        match self.outcome {
            What::Unchanged => {
                return page.line(format_args!(
                    "nothing changed: {run} stays current ({sources})"
                ));
            }
            What::Planned => {
                page.line(format_args!("{run} would be made; nothing was written"))?;
            }
            What::Published => page.line(format_args!("{run} is current now"))?,
        }
        if let Some(parent) = &self.parent {
            page.line(format_args!("after    {parent}"))?;
        }
        page.line(format_args!(
            "sources  {}: {} added, {} changed, {} removed, {} unchanged",
            grouped(sources_of(&self.sources)),
            grouped(self.sources.added.len() as u64),
            grouped(self.sources.changed.len() as u64),
            grouped(self.sources.removed.len() as u64),
            grouped(self.sources.unchanged)
        ))?;
        let refused = self.sources.refused.len() as u64;
        if refused > 0 {
            page.line(format_args!(
                "refused  {}",
                page.paint(Style::Warning, grouped(refused))
            ))?;
        }
        page.line(format_args!(
            "parsed   {}",
            words::count(self.extracted, "source")
        ))?;
        if self.outcome == What::Planned {
            self.plan(page)?;
        } else {
            page.line(format_args!("written  {}", human(self.bytes_written)))?;
        }
        if let Some(budget) = &self.budget {
            page.line(format_args!("budget   {}", budget.summary(page)))?;
        }
        Ok(())
    }
}

impl Outcome {
    fn plan(&self, page: &mut Page<'_>) -> io::Result<()> {
        let lists = [
            ("+", &self.sources.added),
            ("~", &self.sources.changed),
            ("-", &self.sources.removed),
        ];
        for (mark, paths) in lists {
            for path in paths.iter().take(SHOWN) {
                page.line(format_args!("  {mark} {}", clean(path.as_str())))?;
            }
            if paths.len() > SHOWN {
                page.line(format_args!("  {mark} … and {} more", paths.len() - SHOWN))?;
            }
        }
        page.line("would write")?;
        for file in &self.files {
            page.line(format_args!(
                "  {:>14}  {}",
                grouped(file.bytes),
                clean(&file.path)
            ))?;
        }
        Ok(())
    }
}
