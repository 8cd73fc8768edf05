//! `auditgraph verify`: is everything still what was written?

use std::io;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report};
use crate::cli::scope::Scope;
use crate::cli::style::{Style, clean};
use crate::cli::words;
use crate::foundation::progress::Progress;
use crate::run::verify::{self, Kind, Problem};

const EXAMPLES: &[(&str, &str)] = &[
    (
        "auditgraph verify",
        "read everything again and compare digests",
    ),
    ("auditgraph verify --json", "the same for programs"),
];

/// Nothing but the global options.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {}

pub(crate) fn run(context: &Context) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let progress = context.progress();
    let report = verify::verify(&workspace, &context.profile, &progress)?;
    progress.finish();
    context.output.report(&report)?;
    if report.problems.is_empty() {
        return Ok(Exit::Done);
    }
    context
        .output
        .note(advice(&report.problems, &context.scope));
    Ok(Exit::VerificationFailed)
}

/// What to do about the worst of it.
fn advice(problems: &[Problem], scope: &Scope) -> String {
    let has = |kind| problems.iter().any(|problem| problem.kind == kind);
    if [Kind::Current, Kind::Manifest, Kind::Pack, Kind::Object]
        .into_iter()
        .any(has)
    {
        let (rebuild, gc) = (scope.command("rebuild"), scope.command("gc --keep 1"));
        format!("{rebuild} makes a new run from the sources; the damaged files stay until {gc}")
    } else if has(Kind::Index) {
        let query = scope.command("query");
        format!("the next {query} makes the index again from the packs, once its file is removed")
    } else {
        format!("{} takes changed sources in", scope.command("ingest"))
    }
}

impl Report for verify::Report {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        for problem in &self.problems {
            page.line(format_args!(
                "{}: {}",
                page.paint(Style::Path, &problem.path),
                clean(&problem.message)
            ))?;
            for (label, digest) in [("expected", &problem.expected), ("actual", &problem.actual)] {
                if let Some(digest) = digest {
                    page.line(format_args!("  {label:<8} {}", clean(digest)))?;
                }
            }
        }
        for run in &self.incompatible {
            page.line(format_args!(
                "{}: not checked: {}",
                run.run,
                page.plain(&run.reason)
            ))?;
        }
        page.line(format_args!(
            "checked {}, {}, {}, {}, {}",
            words::count(self.runs.len(), "run"),
            words::count(self.packs, "pack"),
            words::count(self.objects, "object"),
            words::count(self.sources, "source"),
            if self.index_checked {
                "the index"
            } else {
                "no index (none is cached)"
            }
        ))?;
        page.line(match self.problems.len() {
            0 => page.paint(Style::Good, "all as written"),
            count => page.paint(Style::Bad, words::count(count, "problem")),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_advice_names_the_workspace_that_was_verified() {
        let scope = Scope::default().at(Path::new("notes"));
        for kind in [Kind::Pack, Kind::Index, Kind::Source] {
            let problem = Problem {
                kind,
                path: String::new(),
                message: String::new(),
                expected: None,
                actual: None,
            };
            let advice = advice(&[problem], &scope);
            let commands = advice.matches("auditgraph ").count();
            let scoped = advice.matches("--root notes").count();
            assert!(commands > 0 && commands == scoped, "{advice}");
        }
    }
}
