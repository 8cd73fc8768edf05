//! One file per command: its arguments (`Typed`), its examples, and `run`,
//! which asks the floors below and reports the answer.

pub(super) mod completions;
pub(super) mod diff;
pub(super) mod export;
pub(super) mod gc;
pub(super) mod init;
pub(super) mod list;
pub(super) mod man;
pub(super) mod neighbors;
pub(super) mod preflight;
pub(super) mod publish;
pub(super) mod query;
pub(super) mod runs;
pub(super) mod self_update;
pub(super) mod show;
pub(super) mod status;
pub(super) mod verify;
pub(super) mod version;
pub(super) mod workspaces;

use super::args::Command;
use super::context::Context;
use super::error::Failure;
use super::exit::Exit;
use crate::run::Trust;

/// Does what was asked. Where the cached index turns out to be damaged it is made
/// again, and the question asked once more: nothing of an answer is printed
/// before there is all of it (an export compares the index beforehand).
pub(super) fn run(context: &mut Context, command: &Command) -> Result<Exit, Failure> {
    match once(context, command) {
        Err(failure) if failure.blames_index() && !matches!(command, Command::Export(_)) => {
            context.trust = Trust::Nothing;
            once(context, command)
        }
        outcome => outcome,
    }
}

/// From what was asked to the function that does it.
fn once(context: &Context, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Init(typed) => init::run(context, typed),
        Command::Ingest(typed) => publish::ingest(context, typed),
        Command::Rebuild(typed) => publish::rebuild(context, typed),
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
        Command::Completions(typed) => completions::run(context, typed),
        Command::Man(typed) => man::run(context, typed),
    }
}
