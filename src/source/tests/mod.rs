//! Tests of the module's promises: extraction rules by example, their
//! invariants on random and hostile input, the walk on awkward trees.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod anchors;
mod linear;
mod markdown;
mod plain;
mod properties;
mod workspace;
