//! `auditgraph gc`: the only command that removes runs.

use std::io;

use clap::{ArgGroup, Args};
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report};
use crate::cli::style::clean;
use crate::cli::words;
use crate::foundation::size::{grouped, human};
use crate::run::gc::{self, Choice, GcPlan};

const EXAMPLES: &[(&str, &str)] = &[
    (
        "auditgraph gc --keep 3 --dry-run",
        "show what would go, remove nothing",
    ),
    (
        "auditgraph gc --keep 1",
        "remove all readable runs but the current one",
    ),
];

/// What is typed.
#[derive(Debug, Args)]
#[command(
    after_help = examples::text(EXAMPLES),
    group = ArgGroup::new("choice").required(true)
)]
pub(crate) struct Typed {
    /// Keep the newest N readable runs, remove the older ones
    #[arg(long, value_name = "N", group = "choice")]
    keep: Option<usize>,
    /// Remove this run, by its id, its number, or a foreign one's name (repeatable); the only
    /// way to remove one that this version cannot read
    #[arg(long, value_name = "RUN", group = "choice")]
    run: Vec<String>,
    /// Show what would be removed; remove nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
}

#[derive(Serialize)]
struct Shown<'a> {
    dry_run: bool,
    #[serde(flatten)]
    plan: &'a GcPlan,
}

pub(crate) fn run(context: &Context, typed: &Typed) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let layout = workspace.layout(&context.profile);
    let choice = match typed.keep {
        Some(count) => Choice::Keep(count),
        None => Choice::Runs(context.run_names(&layout, &typed.run)?),
    };
    let plan = gc::plan(&layout, &choice)?;
    let shown = Shown {
        dry_run: typed.dry_run,
        plan: &plan,
    };
    if typed.dry_run {
        context.output.report(&shown)?;
        return Ok(Exit::Done);
    }
    plan.execute()?;
    let stands = "what was to be removed is gone all the same";
    context.output.report_change(&shown, stands)?;
    Ok(Exit::Done)
}

impl Report for Shown<'_> {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        let verb = match self.dry_run {
            true => "would remove",
            false => "removed",
        };
        if self.plan.files.is_empty() {
            page.line("nothing to remove")?;
        }
        for file in &self.plan.files {
            page.line(format_args!(
                "{verb} {:>14}  {}",
                grouped(file.bytes),
                clean(&file.path)
            ))?;
        }
        page.line(format_args!(
            "{} {}, {}; {} kept",
            match self.dry_run {
                true => "would free:",
                false => "freed:",
            },
            words::count(self.plan.runs.len(), "run"),
            human(self.plan.bytes_freed),
            words::count(self.plan.kept.len(), "run"),
        ))?;
        if !self.plan.incompatible.is_empty() {
            page.line(format_args!(
                "left alone: {} that this version cannot read (gc --run ID removes one)",
                words::count(self.plan.incompatible.len(), "run")
            ))?;
        }
        Ok(())
    }
}
