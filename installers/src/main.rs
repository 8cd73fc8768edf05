//! The release tool: makes and checks everything a user installs from.
//!
//! Two of its commands serve whoever works on the repository: `demo` shows the
//! product at work, `verify` runs every check. The others make a release.
//! Nothing here knows the product by name: names, versions and texts come from
//! `Cargo.toml`, `dist-workspace.toml` and the files beside this package.

#[cfg(feature = "release")]
mod build;
#[cfg(feature = "release")]
mod check;
mod cli;
#[cfg(feature = "release")]
mod commands;
mod demo;
#[cfg(feature = "release")]
mod facts;
#[cfg(feature = "release")]
mod homebrew;
#[cfg(feature = "release")]
mod identity;
#[cfg(feature = "release")]
mod link;
#[cfg(feature = "release")]
mod plan;
#[cfg(feature = "release")]
mod process;
mod project;
#[cfg(feature = "release")]
mod python;
#[cfg(feature = "release")]
mod repository;
#[cfg(feature = "release")]
mod serve;
#[cfg(feature = "release")]
mod shell;
#[cfg(feature = "release")]
mod site;
#[cfg(feature = "release")]
mod tools;
#[cfg(feature = "release")]
mod verify;

fn main() -> std::process::ExitCode {
    cli::run()
}
