//! Floor 3: the index, an SQLite + FTS5 projection of one run that answers
//! questions fast.
//!
//! Owns the tables and views of an index file (`docs/index-schema.md`), how
//! they are filled from documents, from scratch or by an update, and every
//! question asked of them. Never reads a source, never writes under `.pkg`:
//! an index is built into an [`Artifact`](crate::foundation::spill::Artifact)
//! that `run` publishes. Called by `run`, `export` and `cli`.
//!
//! An index can always be made again from the packs, so nothing here
//! repairs: [`IndexError::Damaged`] tells the caller to build it anew. The
//! file may come from a stranger; [`Index::open`] refuses what this program
//! did not make.

mod build;
mod diff;
mod digest;
mod edges;
mod entity;
mod error;
mod fulltext;
mod layout;
mod link_names;
mod list;
mod locate;
mod open;
mod prepare;
mod recompute;
pub mod search;
mod stems;
mod stream;
mod traverse;
mod update;
mod uses;
mod verify;
mod words;

pub use crate::foundation::sqlite::Scratch;
pub use build::{Batch, Batches, Builder, Built, Counts, Facts, Resolved};
pub use diff::{Changes, Difference, diff};
pub use entity::{Evidence, Link, LinkKind, Node, NodePlace, Status};
pub use error::IndexError;
pub use list::{Filter, FilterError, Page, Window, filter_keys};
pub use open::{Index, Meta};
pub use prepare::{Prepared, Source, prepare};
pub use traverse::{Direction, Neighbor, Neighborhood, Walk};
pub use update::{Change, Editable};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod questions;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod testing;
#[cfg(test)]
mod tests;
