//! `plan`: what a release would consist of.

use std::process::ExitCode;

use super::{Outcome, facts_here, host, known, print_json};
use crate::plan::Plan;

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = concat!(
    "Examples:\n",
    "  ", env!("CARGO_BIN_NAME"), " plan\n",
    "  ", env!("CARGO_BIN_NAME"), " plan --json | jq -r '.targets[] | .target, .missing'"
))]
pub(crate) struct Args {
    /// Plan one platform only (a Rust target triple from dist-workspace.toml)
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// Prints the plan. Writes nothing.
pub(crate) fn run(args: &Args) -> Outcome {
    let facts = facts_here()?;
    known(&facts, args.target.as_deref())?;
    let plan = Plan::of(&facts, &host()?, args.target.as_deref());
    if args.json {
        print_json(&plan)?;
        return Ok(ExitCode::SUCCESS);
    }
    let commit = plan.commit.as_deref().unwrap_or("unknown");
    let dirty = if plan.dirty {
        ", with uncommitted changes"
    } else {
        ""
    };
    say!("{} {} ({})", plan.name, plan.version, plan.tag)?;
    say!("from commit {commit}{dirty}")?;
    for target in &plan.targets {
        say!("\n{}: {}", target.target, target.runs_on)?;
        if let Some(reason) = &target.missing {
            say!("  not made here: {reason}")?;
        }
        for file in &target.files {
            say!("  {}  from {}", file.name, file.from)?;
        }
    }
    if !plan.global.is_empty() {
        say!("\nonce for all platforms:")?;
        for file in &plan.global {
            say!("  {}  from {}", file.name, file.from)?;
        }
    }
    say!("\nusers will type one of:")?;
    for command in &plan.install {
        say!("  {command}")?;
    }
    if !plan.without.is_empty() {
        say!("\nnothing is made for:")?;
        for door in &plan.without {
            say!("  {door}")?;
        }
    }
    if !plan.in_the_way.is_empty() {
        say!("\nin the way:")?;
        for problem in &plan.in_the_way {
            say!("  {problem}")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
