//! Every attack by its name against the program as it is shipped: the
//! release-profile binary, over a socket, each command a process of its own,
//! all of them sharing one state directory. The refusals themselves are
//! tested one by one in `tests/trust`; here it is shown that the command
//! makes of each of them exit code 5, a sentence, and an untouched binary.
//!
//! Builds the binary with a root of trust for tests, so `cargo verify` runs
//! it, not a plain `cargo test`: `cargo test --test attacks`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub
)]
#![cfg(feature = "self-update")]

mod archives;
mod metadata;
mod reach;
mod user;

#[path = "../shared/executable.rs"]
mod executable;
#[path = "../trust/repository.rs"]
#[allow(dead_code)]
mod repository;
#[path = "../trust/server.rs"]
#[allow(dead_code)]
mod server;
#[path = "../shared/trees.rs"]
mod trees;
