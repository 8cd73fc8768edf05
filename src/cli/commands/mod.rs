//! The commands, one file each: its arguments (`Typed`), its examples, and `run`,
//! which asks the floors below and reports the answer.

mod completions;
mod diff;
mod export;
mod gc;
mod help;
mod init;
mod list;
mod man;
mod neighbors;
mod preflight;
mod publish;
mod query;
mod runs;
mod self_update;
mod show;
mod status;
mod verify;
pub(super) mod version;
mod workspaces;

use clap::Subcommand;

use super::context::Context;
use super::error::Failure;
use super::examples;
use super::exit::Exit;
use crate::run::{Mode, Trust};

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a folder a workspace: write a commented auditgraph.toml
    Init(init::Typed),
    /// Make a run of what changed in the sources since the current one
    #[command(after_help = examples::text(publish::INGEST))]
    Ingest(publish::Typed),
    /// Make a run from the sources alone, beside whatever is there
    #[command(after_help = examples::text(publish::REBUILD))]
    Rebuild(publish::Typed),
    /// Search, with a citation behind every answer
    Query(query::Typed),
    /// List documents, sections, terms, tags, links, broken links
    List(list::Typed),
    /// Show everything about one node
    Show(show::Typed),
    /// Show what lies around a node
    Neighbors(neighbors::Typed),
    /// Compare two runs: sources, nodes, links
    Diff(diff::Typed),
    /// Write a run for other tools: JSON, JSON lines, Graphviz, GraphML
    Export(export::Typed),
    /// Show the current run and how full the footprint budget is
    Status(status::Typed),
    /// List the runs
    Runs(runs::Typed),
    /// Read everything again and compare it with what was written
    Verify(verify::Typed),
    /// Remove old runs: the only command that removes any
    Gc(gc::Typed),
    /// Update this program, after proving that the workspaces survive it
    SelfUpdate(self_update::Typed),
    /// Show what another version would do to the workspaces
    Preflight(preflight::Typed),
    /// Show or change the list of known workspaces
    Workspaces(workspaces::Typed),
    /// Show the version, and what it reads and writes
    Version(version::Typed),
    /// Print the completions of a shell
    Completions(completions::Typed),
    /// Print a man page, or write them all into a folder
    Man(man::Typed),
    /// Print the help of a command
    Help(help::Typed),
}

/// Does what was asked. Where the cached index turns out to be damaged it is made
/// again, and the question asked once more: nothing of an answer is printed
/// before there is all of it (an export compares the index beforehand).
///
/// `definition` is all that can be typed, for the commands that print it.
pub(super) fn run(
    context: &mut Context,
    command: &Command,
    definition: fn() -> clap::Command,
) -> Result<Exit, Failure> {
    match once(context, command, definition) {
        Err(failure) if failure.blames_index() && !matches!(command, Command::Export(_)) => {
            context.trust = Trust::Nothing;
            once(context, command, definition)
        }
        outcome => outcome,
    }
}

/// From what was asked to the function that does it.
fn once(
    context: &Context,
    command: &Command,
    definition: fn() -> clap::Command,
) -> Result<Exit, Failure> {
    match command {
        Command::Init(typed) => init::run(context, typed),
        Command::Ingest(typed) => publish::run(context, typed, Mode::Ingest),
        Command::Rebuild(typed) => publish::run(context, typed, Mode::Rebuild),
        Command::Query(typed) => query::run(context, typed),
        Command::List(typed) => list::run(context, typed),
        Command::Show(typed) => show::run(context, typed),
        Command::Neighbors(typed) => neighbors::run(context, typed),
        Command::Diff(typed) => diff::run(context, typed),
        Command::Export(typed) => export::run(context, typed),
        Command::Status(status::Typed {}) => status::run(context),
        Command::Runs(runs::Typed {}) => runs::run(context),
        Command::Verify(verify::Typed {}) => verify::run(context),
        Command::Gc(typed) => gc::run(context, typed),
        Command::SelfUpdate(typed) => self_update::run(context, typed),
        Command::Preflight(typed) => preflight::run(context, typed),
        Command::Workspaces(typed) => workspaces::run(context, typed),
        Command::Version(version::Typed {}) => version::run(context),
        Command::Completions(typed) => completions::run(context, typed, definition()),
        Command::Man(typed) => man::run(context, typed, definition()),
        Command::Help(typed) => help::run(context, typed, definition()),
    }
}
