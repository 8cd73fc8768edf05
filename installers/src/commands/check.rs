//! `check`: judges a release site.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Outcome, facts_here, host, print_json, shown};
use crate::check::{Leniency, check};
use crate::site::Site;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(after_help = concat!(
    "Exit codes: 0 every file agrees, 1 not, or the site cannot be read.\n\n",
    "Examples:\n",
    "  ", env!("CARGO_BIN_NAME"), " check site\n",
    "  ", env!("CARGO_BIN_NAME"), " check site --partial --json | jq -r '.findings[].file'"
))]
pub(crate) struct Args {
    /// The release site
    #[arg(default_value = "site")]
    site: PathBuf,
    /// Accept a site that lacks what another machine has to make
    #[arg(long)]
    partial: bool,
    /// Accept a site made from a tree with uncommitted changes
    #[arg(long)]
    allow_dirty: bool,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// Prints every disagreement; success means there is none.
pub(crate) fn run(args: &Args) -> Outcome {
    let facts = facts_here()?;
    let leniency = Leniency {
        partial: args.partial,
        dirty: args.allow_dirty,
    };
    let progress = |step: &str| eprintln!("checking {step}");
    let site = Site::new(&args.site);
    let findings = check(&facts, &site, &host()?, leniency, &progress)?;
    if args.json {
        print_json(&serde_json::json!({
            "format": 1,
            "site": args.site,
            "ok": findings.is_empty(),
            "findings": findings,
        }))?;
    } else {
        for finding in &findings {
            say!("{finding}")?;
        }
        if findings.is_empty() {
            say!("{}: every file agrees", shown(&args.site))?;
        } else {
            let s = if findings.len() == 1 { "" } else { "s" };
            eprintln!("error: {} disagreement{s}", findings.len());
        }
    }
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
