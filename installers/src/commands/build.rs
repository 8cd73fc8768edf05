//! `build`: makes a release site.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use super::{Outcome, facts_here, host, known, print_json, shown, tools};
use crate::build::{Options, build};
use crate::plan::Plan;
use crate::site::Published;

/// Arguments of `build`.
#[derive(Debug, clap::Args)]
#[command(after_help = concat!(
    "What this machine cannot make is named as missing, and the site is marked partial.\n\n",
    "Examples:\n",
    "  ", env!("CARGO_BIN_NAME"), " build\n",
    "  ", env!("CARGO_BIN_NAME"), " build --target \"$TRIPLE\" --out artifacts\n",
    "  ", env!("CARGO_BIN_NAME"), " build --with artifacts --out site"
))]
pub(crate) struct Args {
    /// Make one platform's files only (a Rust target triple from dist-workspace.toml)
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Take platforms made on other machines from this folder
    #[arg(long, value_name = "DIR")]
    with: Vec<PathBuf>,
    /// Where the site is, or will be; releases already there are kept
    #[arg(long, value_name = "DIR", default_value = "site")]
    out: PathBuf,
    /// Compile in this root of trust (root metadata) in place of the one release.toml pins
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// Makes the site and tells what is on it and what is missing.
pub(crate) fn run(args: &Args) -> Outcome {
    let facts = facts_here()?;
    known(&facts, args.target.as_deref())?;
    let host = host()?;
    let plan = Plan::of(&facts, &host, args.target.as_deref());
    let options = Options {
        only: args.target.clone(),
        with: args.with.clone(),
        site: args.out.clone(),
        root: args.root.clone(),
    };
    let started = Instant::now();
    let progress = |step: &str| {
        let seconds = started.elapsed().as_secs();
        eprintln!("[{seconds:4} s] {step}");
    };
    let published = build(&facts, &plan, &tools(&facts)?, &options, &progress)?;
    if args.json {
        print_json(&serde_json::json!({
            "format": 1,
            "site": args.out,
            "partial": !published.missing.is_empty(),
            "release": published,
        }))?;
    } else {
        print_text(&published, args)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print_text(published: &Published, args: &Args) -> std::io::Result<()> {
    for artifact in &published.artifacts {
        let (sha256, bytes) = (&artifact.sha256[..12], artifact.bytes);
        say!("{sha256}  {bytes:>9}  {}", artifact.path)?;
    }
    for missing in &published.missing {
        say!("missing: {} ({})", missing.target, missing.reason)?;
        for file in &missing.files {
            say!("         {file}")?;
        }
    }
    let state = if published.missing.is_empty() {
        "complete"
    } else {
        "partial"
    };
    say!(
        "{} {} is {state}: {}",
        published.tag,
        if args.target.is_some() {
            "for one platform"
        } else {
            "site"
        },
        shown(&args.out)
    )?;
    if published.dirty {
        eprintln!("warning: tracked files differ from the commit; this is no release");
    }
    Ok(())
}
