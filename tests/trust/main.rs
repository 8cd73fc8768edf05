//! What an attacker can do to an update, each attack by its name (TUF 1.5.2),
//! against the trust module over a socket; and the honest sources that must
//! keep working. State is shared through the disk, as between processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub
)]
#![cfg(feature = "self-update")]

mod archives;
mod metadata;
mod repository;
mod roots;
mod server;
mod sources;
mod transport;
mod world;

#[path = "../shared/trees.rs"]
mod trees;
