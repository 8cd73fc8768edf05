//! `auditgraph self-update`: replace this program by a newer one, after
//! proving that the workspaces survive it.
//!
//! This folder turns what was typed into the steps of `upgrade` and what
//! comes back into a report; it decides nothing itself. `preflight` uses
//! `foresee` and `look` as well.

#[cfg(feature = "self-update")]
mod agree;
pub(super) mod explain;
#[cfg(feature = "self-update")]
mod failures;
#[cfg(feature = "self-update")]
pub(super) mod foresee;
#[cfg(feature = "self-update")]
pub(super) mod look;
#[cfg(feature = "self-update")]
mod next;
#[cfg(feature = "self-update")]
mod report;
#[cfg(feature = "self-update")]
mod rollback;
#[cfg(feature = "self-update")]
mod update;

use std::path::PathBuf;

use clap::{Args, ValueHint};
use semver::Version;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;
use crate::upgrade::preflight::Accept;

const EXAMPLES: &[(&str, &str)] = &[
    (
        "auditgraph self-update --check",
        "is there a newer version? (exit 10: yes)",
    ),
    (
        "auditgraph self-update",
        "update, unless a workspace would be unreadable",
    ),
    (
        "auditgraph self-update --dry-run",
        "show what would be done, do nothing",
    ),
    (
        "auditgraph self-update --rollback",
        "return to the version before",
    ),
    (
        "auditgraph self-update --from /media/usb/site",
        "update from a copy of the release site",
    ),
];

/// What is typed.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {
    /// Only say whether a newer version is available (exit 10 when one is)
    #[arg(long, conflicts_with_all = ["rollback", "dry_run", "yes"])]
    check: bool,
    #[command(flatten)]
    which: Which,
    /// With --to: accept an older version than the installed one
    #[arg(long, requires = "to")]
    allow_downgrade: bool,
    /// Print what would be done, and change nothing but what is remembered of metadata
    #[arg(long)]
    dry_run: bool,
    /// Ask nothing, also on a terminal
    #[arg(long, short)]
    yes: bool,
    /// Return to the version before the last update
    #[arg(long, conflicts_with_all = ["to", "channel", "from", "allow_downgrade", "accept_rebuild", "accept_over_budget"])]
    rollback: bool,
    #[command(flatten)]
    accept: Accepted,
}

/// Which release.
#[derive(Debug, Default, Args)]
pub(crate) struct Which {
    /// Exactly this version, instead of the newest
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<Version>,
    /// The channel to follow [default: the one in config.toml, or stable]
    #[arg(long, value_name = "NAME")]
    pub(crate) channel: Option<String>,
    /// A copy of the release site in a folder, verified like the site itself
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) from: Option<PathBuf>,
}

/// What the user accepts.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Accepted {
    /// Go on although workspaces will need `auditgraph rebuild`
    #[arg(long)]
    accept_rebuild: bool,
    /// Go on although workspaces will be over their footprint budget
    #[arg(long)]
    accept_over_budget: bool,
}

impl From<Accepted> for Accept {
    fn from(typed: Accepted) -> Self {
        Self {
            rebuild: typed.accept_rebuild,
            over_budget: typed.accept_over_budget,
        }
    }
}

#[cfg(feature = "self-update")]
pub(crate) fn run(context: &Context, typed: &Typed) -> Result<Exit, Failure> {
    if typed.rollback {
        return rollback::run(context, typed.dry_run, typed.yes);
    }
    match crate::upgrade::trust::root() {
        Some(root) => update::run(context, typed, root),
        None => Err(explain::cannot_update()),
    }
}

#[cfg(not(feature = "self-update"))]
pub(crate) fn run(_context: &Context, _typed: &Typed) -> Result<Exit, Failure> {
    Err(explain::cannot_update())
}
