//! What can be typed: the one definition behind parsing, `--help`, the
//! completions and the man pages.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueHint};

use super::commands;
use super::exit::Exit;
use super::style::ColorChoice;
use crate::workspace::ProfileName;

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
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// The workspace's folder [default: the nearest above with auditgraph.toml]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) root: Option<PathBuf>,
    /// The profile: an independent set of runs [default: default]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<ProfileName>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
    /// Say nothing on standard error but warnings and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a folder a workspace: write a commented auditgraph.toml
    Init(commands::init::Typed),
    /// Make a run of what changed in the sources since the current one
    Ingest(commands::publish::Ingest),
    /// Make a run from the sources alone, beside whatever is there
    Rebuild(commands::publish::Rebuild),
    /// Search, with a citation behind every answer
    Query(commands::query::Typed),
    /// List documents, sections, terms, tags, links, broken links
    List(commands::list::Typed),
    /// Show everything about one node
    Show(commands::show::Typed),
    /// Show what lies around a node
    Neighbors(commands::neighbors::Typed),
    /// Compare two runs: sources, nodes, links
    Diff(commands::diff::Typed),
    /// Write a run for other tools: JSON, JSON lines, Graphviz, GraphML
    Export(commands::export::Typed),
    /// Show the current run and how full the footprint budget is
    Status(commands::status::Typed),
    /// List the runs
    Runs(commands::runs::Typed),
    /// Read everything again and compare it with what was written
    Verify(commands::verify::Typed),
    /// Remove old runs: the only command that removes any
    Gc(commands::gc::Typed),
    /// Update this program, after proving that the workspaces survive it
    SelfUpdate(commands::self_update::Typed),
    /// Show what another version would do to the workspaces
    Preflight(commands::preflight::Typed),
    /// Show or change the list of known workspaces
    Workspaces(commands::workspaces::Typed),
    /// Show the version, and what it reads and writes
    Version(commands::version::Typed),
    /// Print the completions of a shell
    Completions(commands::completions::Typed),
    /// Print a man page, or write them all into a folder
    Man(commands::man::Typed),
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
