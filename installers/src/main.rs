//! The release tool: makes and checks everything a user installs from.
//!
//! One of its commands serves whoever works on the repository: `verify` runs every
//! check. The others make a release. `cargo demo` is a program of its own.
//! Nothing here knows the product by name: names, versions and texts come from
//! `Cargo.toml`, `dist-workspace.toml` and the files beside this package.

mod build;
mod check;
mod cli;
mod commands;
mod facts;
mod homebrew;
mod identity;
mod link;
mod plan;
mod process;
mod project;
mod python;
mod repository;
mod serve;
mod shell;
mod site;
mod tools;
mod verify;

fn main() -> std::process::ExitCode {
    cli::run()
}
