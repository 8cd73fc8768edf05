//! Floor 3: runs. Plan one, publish it, read it, verify it, collect old ones.
//!
//! The story of a run:
//!
//! 1. [`ingest::plan`] scans the sources, compares them with the current run's
//!    tree, extracts what changed and builds pack and index outside the
//!    profile. The result, a [`RunPlan`], holds the exact bytes of every file
//!    it would write; `--dry-run` prints it.
//! 2. [`RunPlan::approve`] asks the budget. Only an [`ApprovedPlan`] can be
//!    published, so nothing is written before the verdict.
//! 3. [`ApprovedPlan::publish`] takes the lock (planning has, where there was a
//!    lock file), writes down its intent, stages and syncs every file, checks the
//!    packs that the run shares with others, renames the files into place and,
//!    last, `current`. At any kill point before that the previous run is current;
//!    the next writer removes exactly what the intent names.
//!
//! Nothing here modifies or deletes an existing run, except [`gc`]. Nothing
//! here prints. Called by the command line and by the upgrade preflight.

mod document;
mod error;
mod file_names;
mod folders;
pub mod gc;
mod groups;
mod id;
mod index_record;
pub mod ingest;
mod intent;
mod journal;
mod link_files;
mod listing;
mod manifest;
mod objects;
mod pack;
mod plan;
mod publish;
mod reader;
mod recover;
mod remake;
mod standing;
mod stat_cache;
pub mod status;
mod tally;
mod tree;
pub mod verify;

pub use error::RunError;
pub use file_names::{index_file, manifest_file};
pub use id::{ParseRunIdError, RunId};
pub use index_record::Trust;
pub use ingest::plan;
pub use listing::{RunState, RunSummary, foreign, list};
pub use manifest::{BOUNDS as MANIFEST_BOUNDS, IndexRef, Manifest, Mode, PackName, PackRef, Tool};
use objects::Objects;
pub use plan::{
    ApprovedPlan, Changes, OverBudget, Planned, PlannedFile, RefusedSource, RunPlan, Summary,
    Unchanged,
};
pub use publish::Published;
pub use reader::{Note, Session};
pub use standing::{Current, Standing, counted_source_bytes, read_current, read_manifest};
pub use tree::TooMany;

#[cfg(test)]
mod tests;
