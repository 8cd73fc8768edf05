//! Black-box tests of the built binary: given a workspace, when a command
//! runs, then output, exit code and bytes on disk are so. One file per
//! command; one test binary, because linking costs more than running.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../shared/executable.rs"]
mod executable;
#[path = "../shared/outcome.rs"]
mod outcome;
mod support;
#[path = "../shared/terminal.rs"]
#[allow(unreachable_pub)]
#[cfg_attr(
    not(feature = "self-update"),
    allow(dead_code, reason = "nothing else asks the user")
)]
mod terminal;
#[path = "../shared/trees.rs"]
mod trees;

mod budget;
mod busy;
mod completions;
mod diff;
mod export;
mod gc;
mod incompatible;
mod ingest;
mod init;
mod list;
mod man;
mod neighbors;
mod preflight;
mod progress;
mod query;
mod runs;
mod self_update;
mod show;
mod status;
mod usage;
mod verify;
mod version;
mod workspaces;
