//! `self-update --rollback`: the same swap, from the version that was kept.

use std::path::PathBuf;

use super::agree::agrees;
use super::explain;
use super::failures::{no_install, swap_failure};
use super::report::{Document, Outcome};
use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::upgrade::install::{Install, Kind};
use crate::upgrade::swap::{self, Expected, Identity, Place, Plan, StagedBinary};
use crate::upgrade::{TARGET, preflight, this_build};
use crate::workspace::known::Known;

pub(super) fn run(context: &Context, dry_run: bool, yes: bool) -> Result<Exit, Failure> {
    let install = Install::current().map_err(no_install)?;
    if install.kind != Kind::Standalone {
        return Err(explain::not_ours_to_take_back(&install));
    }
    let installed = env!("CARGO_PKG_VERSION");
    let place = Place::of(&install.path);
    let from = Identity::read(place.target(), installed).map_err(swap_failure)?;
    let receipt = install.receipt.clone();
    let plan = Plan::rollback(&place, from, receipt.as_ref()).map_err(swap_failure)?;
    let version = plan.intent.to.version.clone();
    if dry_run {
        let mut document = Document::new(Outcome::Planned, installed, install);
        document.version = Some(version);
        document.plan = plan.steps().map(ToString::to_string).collect();
        context.output.report(&document)?;
        return Ok(Exit::Done);
    }
    let question = format!("Return from auditgraph {installed} to {version}?");
    if !yes && !agrees(context, &question)? {
        let document = Document::new(Outcome::Declined, installed, install);
        context.output.report(&document)?;
        return Ok(Exit::Done);
    }
    let held = place.clone().hold().map_err(swap_failure)?;
    let staged = StagedBinary::previous(&held, &plan)
        .and_then(|staged| {
            staged.prove(Expected {
                version: version.clone(),
                target: TARGET.to_owned(),
                schema: None,
            })
        })
        .map_err(swap_failure)?;
    warn_of_workspaces(context, &staged);
    let swapped = swap::swap(&held, plan, staged).map_err(swap_failure)?;
    if let Some(unfinished) = &swapped.unfinished {
        context.output.warn(unfinished);
    }
    let mut document = Document::new(Outcome::RolledBack, installed, install);
    document.version = Some(version);
    let kept = place.previous(swapped.from.sha256);
    document.previous = Some(kept.display().to_string());
    document.unfinished = swapped.unfinished;
    document.tell(&context.output, &swapped.to.version)?;
    Ok(Exit::Done)
}

/// The way back is never barred; what it means for workspaces is told. A
/// version that cannot be asked is gone back to all the same.
fn warn_of_workspaces(context: &Context, staged: &swap::ProvenBinary) {
    let Some(Ok(roots)) = Known::of_user().map(|known| known.list()) else {
        return;
    };
    let request = preflight::Request::of(this_build(), roots.iter().map(PathBuf::as_path));
    let Ok(theirs) = preflight::ask(staged, &request) else {
        return;
    };
    let facts = preflight::gather(roots, preflight::PATIENCE);
    let ours = preflight::judge(&facts, &this_build(), &theirs.candidate, &mut |_, _| None);
    let report = preflight::merge(&ours, &theirs, &facts);
    for (root, row) in report.profiles() {
        if row.change.loses_readability() {
            let after = &row.schema.after;
            // Only behind a run of a newer schema does an older one answer.
            let newer = matches!(after.reason.as_deref(), Some("too_new" | "unknown_feature"));
            context.output.warn(format_args!(
                "{root} ({}): the current run cannot be read by {}: {}; {}{}",
                row.profile,
                theirs.candidate.version,
                after.detail.as_deref().unwrap_or("it does not say why"),
                row.action,
                if newer {
                    "; until then the newest run that it can read answers, if there is one"
                } else {
                    ""
                }
            ));
        }
    }
}
