//! Floor 1: where things lie: the user's own directories and the list of
//! workspaces they have.
//!
//! Owns paths; reads no artifact. Called by every command.

pub mod known;
pub mod user;
