//! `cargo verify`: every check of the repository, run by one command.
//!
//! A check is a value ([`check::Check`]): a name, the tools it needs, what it
//! does. [`registry`] lists them in the order in which they share one target
//! directory best. [`runner`] runs them one after another, and beside them those
//! that share nothing with them, each into its own log; [`ledger`] adds up.
//! Nothing here fixes anything, and no check is left out silently: what did not
//! run is in the ledger with its reason.

mod check;
mod formula;
mod ledger;
mod links;
mod registry;
mod runner;
mod tracked;
mod workflows;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use crate::project::Project;

/// What `verify` was asked to do.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo verify                     set up everything and run every check
  cargo verify --list              name the checks, run nothing
  cargo verify --only clippy       run one check (may be repeated)
  cargo verify --json > ledger.json")]
pub(crate) struct Args {
    /// Run only this check; may be repeated
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Leave this check out; it is counted as skipped
    #[arg(long, value_name = "NAME")]
    skip: Vec<String>,
    /// Start no check after so many minutes; the rest is counted as skipped
    #[arg(long, value_name = "MINUTES")]
    start_within: Option<u64>,
    /// List the checks with what they need, and run nothing
    #[arg(long)]
    list: bool,
    /// Stop at the first failure; the rest is counted as skipped
    #[arg(long)]
    fail_fast: bool,
    /// Print one JSON document instead of the ledger
    #[arg(long)]
    json: bool,
}

/// Runs the checks; exit 1 when one failed.
pub(crate) fn run(project: &Project, args: &Args) -> Result<ExitCode, Box<dyn Error>> {
    let checks = registry::checks(project);
    for name in args.only.iter().chain(&args.skip) {
        if !checks.iter().any(|check| check.name == *name) {
            return Err(format!("no check is called `{name}`: see `cargo verify --list`").into());
        }
    }
    if args.list {
        print!("{}", ledger::list(&checks, args.json)?);
        return Ok(ExitCode::SUCCESS);
    }
    let asked: Vec<check::Check> = checks
        .into_iter()
        .filter(|check| args.only.is_empty() || args.only.contains(&check.name))
        .collect();
    let options = runner::Options {
        skip: &args.skip,
        fail_fast: args.fail_fast,
        start_within: args
            .start_within
            .map(|minutes| Duration::from_secs(60 * minutes)),
        json: args.json,
    };
    let ledger = runner::run(project, &asked, &options)?;
    if args.json {
        println!("{}", ledger.to_json()?);
    } else {
        print!("{}", ledger.render());
    }
    Ok(if ledger.failed() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
