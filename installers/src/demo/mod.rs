//! `cargo demo`: the product's main job, on this repository's own docs.

use std::error::Error;
use std::process::ExitCode;

use crate::project::Project;

/// What `demo` was asked to do.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo demo                  build the product and show it at work")]
pub(crate) struct Args {}

/// Runs the demo; exit 1 when a step fails.
pub(crate) fn run(project: &Project, _args: &Args) -> Result<ExitCode, Box<dyn Error>> {
    let mut build = project.cargo();
    build.args([
        "build",
        "--package",
        &project.package,
        "--bin",
        &project.binary,
    ]);
    println!("Building {} (a development build)", project.binary);
    let status = build.status()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
