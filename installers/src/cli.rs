//! The command line: one `match` from what was asked to the function that does it.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::project::Project;

/// Makes and checks everything a user installs from.
#[derive(Debug, Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Set up what the checks need and run them all
    Verify(crate::verify::Args),
    /// Print what a release would consist of, and what this machine cannot make
    Plan(crate::commands::plan::Args),
    /// Make a release site, or with --target one platform's part of it
    Build(crate::commands::build::Args),
    /// Check that every file of a release site says the same thing
    Check(crate::commands::check::Args),
    /// Make, change or check the signed update repository of a release site
    Repository(crate::commands::repository::Args),
    /// Serve a release site on the loopback address, as users see it
    Serve(crate::commands::serve::Args),
}

/// Runs what the command line asks for; errors go to standard error, exit 1.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let project = || Project::find().map_err(Into::into);
    let outcome = match cli.command {
        Command::Verify(args) => project().and_then(|project| crate::verify::run(&project, &args)),
        Command::Plan(args) => crate::commands::plan::run(&args),
        Command::Build(args) => crate::commands::build::run(&args),
        Command::Check(args) => crate::commands::check::run(&args),
        Command::Repository(args) => crate::commands::repository::run(&args),
        Command::Serve(args) => crate::commands::serve::run(&args),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            let error: Box<dyn std::error::Error> = error;
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(inner) = cause {
                eprintln!("  because {inner}");
                cause = inner.source();
            }
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn no_two_arguments_of_a_command_have_one_name() {
        super::Cli::command().debug_assert();
    }
}
