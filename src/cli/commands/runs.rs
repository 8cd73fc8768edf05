//! `auditgraph runs`: every run of the profile, readable or not.

use std::io;
use std::path::Path;

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report};
use crate::cli::scope::Scope;
use crate::cli::style::{Style, clean};
use crate::cli::{table, when};
use crate::foundation::shell::quote;
use crate::foundation::size::{grouped, human};
use crate::run::{self, RunState, RunSummary};

const EXAMPLES: &[(&str, &str)] = &[
    ("auditgraph runs", "every run, oldest first"),
    ("auditgraph runs --json", "with digests and counts"),
];

/// Nothing but the global options.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {}

#[derive(Serialize)]
struct Shown {
    runs: Vec<RunSummary>,
    /// Runs of another program, by name.
    foreign: Vec<String>,
    #[serde(skip)]
    scope: Scope,
}

pub(crate) fn run(context: &Context) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let layout = workspace.layout(&context.profile);
    context.output.report(&Shown {
        runs: run::list(&layout)?,
        foreign: run::foreign(&layout)?,
        scope: context.scope.clone(),
    })?;
    Ok(Exit::Done)
}

impl Report for Shown {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        let next = |command: &str| clean(&self.scope.command(command)).into_owned();
        match (self.runs.is_empty(), self.foreign.is_empty()) {
            (true, true) => {
                return page.line(format_args!("no runs yet: {}", next("ingest")));
            }
            (true, false) => page.line(format_args!(
                "no runs of this program yet: {}",
                next("rebuild")
            ))?,
            (false, _) => self.table(page)?,
        }
        for name in &self.foreign {
            page.line(format_args!(
                "{}: of another program; {} removes it",
                page.paint(Style::Path, format_args!("runs/{name}")),
                next(&format!("gc --run {}", quote(Path::new(name)))),
            ))?;
        }
        Ok(())
    }
}

impl Shown {
    fn table(&self, page: &mut Page<'_>) -> io::Result<()> {
        let rows: Vec<_> = self.runs.iter().map(row).collect();
        let columns = [
            ("", false),
            ("run", false),
            ("made", false),
            ("by", false),
            ("sources", true),
            ("bytes", true),
            ("added", true),
            ("", false),
        ];
        table::write(page, &columns, &rows)
    }
}

fn row(summary: &RunSummary) -> Vec<(Option<Style>, String)> {
    let plain = |text: String| (None, text);
    let mark = if summary.current { "*" } else { "" };
    let style = summary.current.then_some(Style::Strong);
    let made = summary.unix_time.map_or("unknown".to_owned(), when::utc);
    let mut row = vec![
        plain(mark.to_owned()),
        (style, summary.run.to_string()),
        plain(made),
    ];
    match &summary.state {
        RunState::Readable {
            command,
            counts,
            source_bytes,
            bytes_added,
            ..
        } => row.extend([
            plain(command.to_string()),
            plain(grouped(counts.get("documents").copied().unwrap_or(0))),
            plain(human(*source_bytes)),
            plain(human(*bytes_added)),
            plain(String::new()),
        ]),
        RunState::Incompatible { reason } => {
            row.extend((0..4).map(|_| plain("-".to_owned())));
            row.push((Some(Style::Bad), format!("cannot be read: {reason}")));
        }
    }
    row
}
