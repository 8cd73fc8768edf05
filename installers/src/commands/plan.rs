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
    println!("{} {} ({})", plan.name, plan.version, plan.tag);
    println!("from commit {commit}{dirty}");
    for target in &plan.targets {
        println!("\n{}: {}", target.target, target.runs_on);
        if let Some(reason) = &target.missing {
            println!("  not made here: {reason}");
        }
        for file in &target.files {
            println!("  {}  from {}", file.name, file.from);
        }
    }
    if !plan.global.is_empty() {
        println!("\nonce for all platforms:");
        for file in &plan.global {
            println!("  {}  from {}", file.name, file.from);
        }
    }
    println!("\nusers will type one of:");
    for command in &plan.install {
        println!("  {command}");
    }
    if !plan.without.is_empty() {
        println!("\nnothing is made for:");
        for door in &plan.without {
            println!("  {door}");
        }
    }
    if !plan.in_the_way.is_empty() {
        println!("\nin the way:");
        for problem in &plan.in_the_way {
            println!("  {problem}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
