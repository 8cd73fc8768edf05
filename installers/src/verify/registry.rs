//! The checks, in the order in which they run.
//!
//! To add one: a few lines in [`checks`]. Its tools are named in
//! `installers/release.toml`. Order matters for time alone: quick checks come
//! first, and checks that share build results stand side by side.

use std::process::Command;

use super::check::Check;
use crate::project::Project;

/// Every check of this project.
pub(crate) fn checks(_project: &Project) -> Vec<Check> {
    vec![
        Check::commands("fmt", "all code is formatted", |context| {
            vec![cargo(context.project, &["fmt", "--all", "--check"])]
        }),
        Check::commands("clippy", "no lint warns, in any target", |context| {
            vec![cargo(
                context.project,
                &[
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--locked",
                    "--",
                    "-D",
                    "warnings",
                ],
            )]
        }),
        Check::commands("test", "unit, integration and doc tests pass", |context| {
            vec![cargo(context.project, &["test", "--workspace", "--locked"])]
        }),
    ]
}

fn cargo(project: &Project, args: &[&str]) -> Command {
    let mut command = project.cargo();
    command.args(args);
    command
}
