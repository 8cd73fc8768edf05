//! The whole upgrade with real parts: three versions of this program built
//! from this source tree, a release site served over TLS by nginx with a
//! private certificate authority, an installation in a throwaway home, and
//! workspaces of every kind.
//!
//! Needs nginx and strace, so `cargo verify` runs it, not a plain
//! `cargo test`: `cargo test --test upgrade`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![cfg(feature = "self-update")]

mod generated;
mod home;
mod killed;
mod places;
mod story;

#[path = "../shared/disk.rs"]
#[allow(unreachable_pub)]
mod disk;
#[path = "../shared/executable.rs"]
mod executable;
#[path = "../shared/nginx.rs"]
#[allow(unreachable_pub)]
mod nginx;
#[path = "../shared/outcome.rs"]
mod outcome;
#[path = "../trust/repository.rs"]
#[allow(dead_code, unreachable_pub)]
mod repository;
#[path = "../shared/site.rs"]
mod site;
#[path = "../shared/stopped.rs"]
#[allow(unreachable_pub)]
mod stopped;
#[path = "../shared/terminal.rs"]
#[allow(unreachable_pub)]
mod terminal;
#[path = "../shared/trees.rs"]
mod trees;
#[path = "../shared/versions.rs"]
mod versions;
