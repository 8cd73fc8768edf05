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
use crate::run::{self, RunId};

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
    let layout = workspace.layout(&context.profile);
    let current = run::read_current(&layout).ok().flatten();
    let current = current.map(|current| current.run);
    let advice = advice(&report.problems, current.as_ref(), &context.scope);
    context.output.note(advice);
    Ok(Exit::VerificationFailed)
}

/// What to do about the worst of it, where `current` is the current run.
fn advice(problems: &[Problem], current: Option<&RunId>, scope: &Scope) -> String {
    let has = |kind| problems.iter().any(|problem| problem.kind == kind);
    // `gc` removes what nobody can read by its name alone.
    let unreadable: Vec<&str> = problems.iter().filter_map(unreadable_run).collect();
    let gc = scope.command(match unreadable[..] {
        [] => "gc --keep 1".to_owned(),
        _ => format!("gc --run {}", unreadable.join(" --run ")),
    });
    let of_current = |run: &&str| current.is_none_or(|current| current.to_string() == **run);
    if [Kind::Current, Kind::Pack, Kind::Object]
        .into_iter()
        .any(has)
        || unreadable.iter().any(of_current)
    {
        let rebuild = scope.command("rebuild");
        format!("{rebuild} makes a new run from the sources; the damaged files stay until {gc}")
    } else if !unreadable.is_empty() {
        format!("the current run is sound; {gc} removes the damaged one")
    } else if has(Kind::Index) {
        let query = scope.command("query");
        format!("the next {query} makes the index again from the packs, once its file is removed")
    } else {
        format!("{} takes changed sources in", scope.command("ingest"))
    }
}

/// The run whose manifest is at fault.
fn unreadable_run(problem: &Problem) -> Option<&str> {
    let name = problem.path.strip_prefix("runs/")?;
    let run = name.strip_suffix(".json")?;
    (problem.kind == Kind::Manifest).then_some(run)
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
                "no index (none could be compared)"
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
            let advice = advice(&[problem], None, &scope);
            let commands = advice.matches("auditgraph ").count();
            let scoped = advice.matches("--root notes").count();
            assert!(commands > 0 && commands == scoped, "{advice}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_removed_by_its_name() {
        let [old, new] = ["r0001-0123456789ab", "r0002-0123456789ab"];
        let problem = |run: &str| Problem {
            kind: Kind::Manifest,
            path: format!("runs/{run}.json"),
            message: String::new(),
            expected: None,
            actual: None,
        };
        let current = new.parse().ok();
        let advise = |run| advice(&[problem(run)], current.as_ref(), &Scope::default());
        let of_old = advise(old);
        assert!(of_old.contains(&format!("gc --run {old}")), "{of_old}");
        assert!(!of_old.contains("rebuild"), "{of_old}");
        let of_current = advise(new);
        assert!(of_current.contains("rebuild"), "{of_current}");
        assert!(
            of_current.contains(&format!("gc --run {new}")),
            "{of_current}"
        );
    }
}
