//! The whole upgrade with real parts: three versions of this program built
//! from this source tree, a release site served over TLS by nginx with a
//! private certificate authority, an installation in a throwaway home, and
//! workspaces of every kind.
//!
//! Needs nginx and strace, so `cargo verify` runs it, not a plain
//! `cargo test`: `cargo test --test upgrade`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![cfg(feature = "self-update")]

mod home;
mod killed;
mod places;
mod site;
mod story;
mod versions;

#[path = "../trust/repository.rs"]
#[allow(dead_code, unreachable_pub)]
mod repository;
