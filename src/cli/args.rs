//! What can be typed: the one definition behind parsing, `--help`, the
//! completions and the man pages.

use clap::{CommandFactory, Parser};

use super::commands::Command;
use super::exit::Exit;
use super::globals::Globals;

/// The widest help, in columns.
const WIDTH: usize = 100;

/// A local-first, deterministic knowledge graph for engineers
///
/// Point it at a folder of notes or documentation. `ingest` turns the files
/// into a run: an immutable record of what was derived from what. `query`
/// answers from the current run, with a citation behind every answer.
/// Everything derived stays in `.pkg` beside the notes, within a budget.
#[derive(Debug, Parser)]
#[command(
    name = "auditgraph",
    version,
    max_term_width = WIDTH,
    after_help = Exit::table(),
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The whole definition, as `clap` sees it.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_is_sound() {
        super::command().debug_assert();
    }

    /// Beyond the widest help a line would be broken inside its comment.
    #[test]
    fn every_example_fits_a_line() {
        for command in super::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string);
            for line in help.unwrap_or_default().lines() {
                assert!(line.chars().count() <= super::WIDTH, "{line}");
            }
        }
    }

    #[test]
    fn every_command_shows_examples() {
        for command in super::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string);
            assert!(
                help.is_some_and(|text| text.starts_with("Examples:\n  auditgraph ")),
                "{}",
                command.get_name()
            );
        }
    }
}
