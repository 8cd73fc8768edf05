//! The update repository of a release site (The Update Framework, TUF 1.0).
//!
//! Owns: `metadata/` and `targets/` on the site, and everything that is signed
//! there. Never makes an archive, never uploads, never keeps a key: private
//! keys lie where the maintainers say and are read once per command.
//!
//! ```text
//! metadata/N.root.json        which keys may sign what; N is its version
//! metadata/N.targets.json     every archive: length, digest, description
//! metadata/N.snapshot.json    which targets.json is current
//! metadata/timestamp.json     which snapshot is current; short-lived
//! targets/SHA256.NAME         the archives
//! ```
//!
//! Files with a version in their name are never changed, so that mirrors and
//! caches cannot mix old and new (consistent snapshots, TUF 6.2).
//! `timestamp.json` is written last: until then, clients see the old state. A
//! command that was interrupted finishes when it is run again.
//!
//! Keys (TUF 2.1): root and targets keys stay offline with the maintainers,
//! and a root needs several of them; snapshot and timestamp keys may live
//! where a scheduled job signs. Called by the `repository` commands;
//! `build` and `check` ask it for the root.

mod add;
mod chain;
mod describe;
mod difference;
mod error;
mod found;
mod keys;
mod replace;
mod roles;
mod root;
mod rotate;
mod settings;
mod sign;
mod state;
mod status;
mod yank;

pub(crate) use add::{Addition, target_name};
pub(crate) use difference::Change;
pub(crate) use error::RepositoryError;
pub(crate) use keys::Keyring;
pub(crate) use replace::Replace;
pub(crate) use rotate::{Places, Rotation, Signatures};
pub(crate) use settings::{Settings, TrustedRoot, trusted_root};
pub(crate) use state::Repository;
pub(crate) use status::{RoleStatus, Status};

#[cfg(test)]
mod tests;
