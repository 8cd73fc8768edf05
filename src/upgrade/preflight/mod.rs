//! What another version of this program would do to the user's workspaces,
//! answered before anything is replaced (FR-004 to FR-010, SC-002 to SC-004).
//!
//! Owns the facts of a workspace, the judgement on them and protocol 1, in
//! which an installed version asks the next one. Writes nothing, anywhere;
//! never judges by guessing what it could not read. Called by `self-update`,
//! `preflight` and `workspaces`.
//!
//! - `facts`: what is known of a profile: its current run's schema blocks,
//!   its bytes, its policy. Plain values.
//! - [`gather`]: reads them, every workspace in a helper thread, so that a
//!   mount that does not answer costs a bounded wait and nothing else.
//! - [`judge`]: facts and two schema windows in, a [`Report`] out. Pure.
//! - [`decide`]: report and what the user accepts in, go or stop out. Pure.
//!
//! It judges *change*: a profile that is readable now and would not be, or
//! within its budget now and would not be, stops an update. What is
//! unreadable, foreign or over budget already is listed and stops nobody, or
//! a security fix would never install.

#[cfg(feature = "self-update")]
mod ask;
mod bounded;
mod current;
mod decision;
mod facts;
mod gather;
mod judge;
mod report;
mod space;
mod table;

#[cfg(feature = "self-update")]
pub use ask::ask;
pub use bounded::each;
pub use current::current_run;
pub use decision::{Accept, Decision, decide};
pub use facts::{CurrentRun, ProfileFacts, Standing, WorkspaceFacts};
pub use gather::{PATIENCE, gather};
pub use judge::{judge, merge};
pub use report::{
    BudgetChange, Build, Change, PROTOCOL, ProfileReport, Readability, Rebuild, Report, Request,
    SchemaChange, State, WorkspaceReport,
};
pub use space::{Need, Shortage, check_space};
pub use table::table;

#[cfg(test)]
mod tests;
