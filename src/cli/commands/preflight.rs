//! `auditgraph preflight`: what another version would do to the workspaces.
//!
//! With `--protocol` it is the other version itself, asked by the one that is
//! installed: workspaces come in on standard input, the report goes out, and
//! nothing is written anywhere.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use super::self_update::{Accepted, Which, explain};
use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report};
use crate::cli::style::clean;
use crate::foundation::json;
use crate::foundation::progress::Silent;
use crate::run::{self, Mode, Planned};
use crate::upgrade::preflight::{
    self, PATIENCE, PROTOCOL, ProfileFacts, Request, gather, judge, table,
};
use crate::upgrade::this_build;
use crate::workspace::Workspace;

const EXAMPLES: &[(&str, &str)] = &[
    (
        "auditgraph preflight",
        "what the newest version would do to the workspaces",
    ),
    (
        "auditgraph preflight --to 0.2.0 --json",
        "the same of one version, for programs",
    ),
];

/// What is typed.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    accept: Accepted,
    /// Answer a version that asks, in this version of the protocol
    #[arg(long, hide = true, value_name = "N", conflicts_with_all = ["to", "channel", "from"])]
    protocol: Option<u32>,
}

pub(crate) fn run(context: &Context, typed: &Typed) -> Result<Exit, Failure> {
    match typed.protocol {
        Some(protocol) => answer(context, protocol),
        None => ask(context, typed),
    }
}

/// The table for people; the report itself for programs.
#[derive(serde::Serialize)]
#[serde(transparent)]
struct Shown(preflight::Report);

impl Report for Shown {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        let (installed, candidate) = (&self.0.installed, &self.0.candidate);
        let versions = format!("{} -> {}", installed.version, candidate.version);
        page.line(clean(&versions))?;
        if self.0.workspaces.is_empty() {
            return page.line("No workspace is known, so nothing changes for any.");
        }
        for line in table(&self.0).lines() {
            page.line(line)?;
        }
        Ok(())
    }
}

/// Answers on behalf of the next version, which this program is.
fn answer(context: &Context, protocol: u32) -> Result<Exit, Failure> {
    if protocol != PROTOCOL {
        return Err(Failure::usage(format_args!(
            "preflight protocol {protocol} is not known: this version speaks {PROTOCOL}"
        )));
    }
    let mut bytes = Vec::new();
    let most = Request::BOUNDS.bytes as u64;
    io::stdin()
        .lock()
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(Exit::Failed, "io", error))?;
    let request: Request = json::parse(&bytes, Request::BOUNDS)
        .map_err(|error| Failure::usage(format_args!("standard input: {error}")))?;
    if request.protocol != protocol {
        return Err(Failure::usage(format_args!(
            "standard input is of protocol {}, asked for was {protocol}",
            request.protocol
        )));
    }
    let roots = request.workspaces.iter().map(PathBuf::from).collect();
    let facts = gather(roots, PATIENCE);
    let report = judge(
        &facts,
        &request.installed,
        &this_build(),
        &mut exact_rebuild,
    );
    context.output.report(&Shown(report))?;
    Ok(Exit::Done)
}

/// The bytes that a rebuild by this version would add: planned as `rebuild
/// --dry-run` plans it, and written nowhere. `None` where it cannot be planned;
/// the prediction counts then.
fn exact_rebuild(root: &Path, facts: &ProfileFacts) -> Option<u64> {
    let workspace = Workspace::discover(Some(root)).ok()?;
    let profile = facts.name.parse().ok()?;
    match run::plan(&workspace, &profile, Mode::Rebuild, true, &Silent).ok()? {
        Planned::Run(plan) => Some(plan.assessment().added_bytes),
        Planned::Unchanged(_) => Some(0),
    }
}

#[cfg(feature = "self-update")]
fn ask(context: &Context, typed: &Typed) -> Result<Exit, Failure> {
    use super::self_update::foresee::{foresee, insist};
    use super::self_update::look::{build_of, look};
    use crate::upgrade::choice::Choice;

    let root = crate::upgrade::trust::root().ok_or_else(explain::cannot_update)?;
    let look = look(context, &typed.which, true, root)?;
    let candidate = match &look.choice {
        // Nothing newer was asked for: what would the newest do, if any is known?
        Choice::UpToDate if typed.which.to.is_none() => {
            look.newest.as_ref().map_or_else(this_build, build_of)
        }
        _ => look
            .release(&typed.which)?
            .as_ref()
            .map_or_else(this_build, build_of),
    };
    let foreseen = foresee(context, &candidate);
    insist(&foreseen.report, typed.accept.into())?;
    context.output.report(&Shown(foreseen.report))?;
    Ok(Exit::Done)
}

#[cfg(not(feature = "self-update"))]
fn ask(_context: &Context, _typed: &Typed) -> Result<Exit, Failure> {
    Err(explain::cannot_update())
}
