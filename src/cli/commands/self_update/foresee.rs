//! Phase one of a preflight, and what a stopped one looks like.

use std::path::PathBuf;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::upgrade::preflight::{
    Accept, Build, Decision, PATIENCE, Report, WorkspaceFacts, decide, gather, judge, table,
};
use crate::upgrade::this_build;
use crate::workspace::known::Known;

/// What this version knows and foresees.
pub(crate) struct Foreseen {
    pub(crate) facts: Vec<WorkspaceFacts>,
    pub(crate) report: Report,
}

/// The known workspaces, and the current one.
fn roots(context: &Context) -> Vec<PathBuf> {
    let mut roots = match Known::of_user().map(|known| known.list()) {
        Some(Ok(roots)) => roots,
        Some(Err(error)) => {
            context.output.warn(error);
            Vec::new()
        }
        None => Vec::new(),
    };
    // Being in no workspace, or in one that is refused, is no obstacle.
    if let Ok(workspace) = context.workspace() {
        roots.push(workspace.root().to_owned());
    }
    roots.sort();
    roots.dedup();
    roots
}

/// Judges the workspaces from `candidate`'s signed schema window.
pub(crate) fn foresee(context: &Context, candidate: &Build) -> Foreseen {
    let facts = gather(roots(context), PATIENCE);
    let report = judge(&facts, &this_build(), candidate, &mut |_, _| None);
    Foreseen { facts, report }
}

/// Goes on, or fails with the table: exit 3 or 4.
pub(crate) fn insist(report: &Report, accept: Accept) -> Result<(), Failure> {
    let (exit, kind, what, why, flag) = match decide(report, accept) {
        Decision::Proceed => return Ok(()),
        Decision::RebuildRequired => (
            Exit::RebuildRequired,
            "rebuild_required",
            "could not read the current run of every workspace that is readable now",
            "nothing was changed; each marked workspace would need `auditgraph rebuild`, which reads only its sources and keeps the old runs",
            "--accept-rebuild",
        ),
        Decision::OverBudget => (
            Exit::OverBudget,
            "over_budget",
            "would take workspaces over their footprint budget that are within it now",
            "nothing was changed; `auditgraph rebuild` would stop before writing there",
            if accept.rebuild {
                "--accept-rebuild --accept-over-budget"
            } else {
                "--accept-over-budget"
            },
        ),
    };
    Err(Failure::new(
        exit,
        kind,
        format_args!("auditgraph {} {what}", report.candidate.version),
    )
    .lines(table(report).lines().map(str::to_owned))
    .why(why)
    .hint(format_args!("do what the table says, or go on with {flag}"))
    .detail("preflight", report))
}
