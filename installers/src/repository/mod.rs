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

mod chain;
mod change;
mod describe;
mod difference;
mod found;
mod keys;
mod replace;
mod roles;
mod root;
mod rotate;
mod settings;
mod status;

use std::path::PathBuf;

pub(crate) use change::{Addition, Repository, target_name};
pub(crate) use difference::Change;
pub(crate) use keys::Keyring;
pub(crate) use replace::Replace;
pub(crate) use rotate::{Places, Rotation, Signatures};
pub(crate) use settings::{Settings, TrustedRoot, trusted_root};
pub(crate) use status::{RoleStatus, Status};

#[cfg(test)]
mod tests;

/// Why the repository could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RepositoryError {
    /// The project's `release.toml` has no usable `[repository]`.
    #[error("release.toml, [repository]: {0}")]
    Settings(String),
    /// There is no repository on the site.
    #[error("{} holds no update repository; make one with `repository init`", .0.display())]
    Missing(PathBuf),
    /// There is one already.
    #[error(
        "{} already holds an update repository; a second root would cut off every client of \
         the first. Change keys with `repository rotate`",
        .0.display()
    )]
    Exists(PathBuf),
    /// A file cannot be read.
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// A file cannot be written.
    #[error("cannot write {}", .0.display())]
    Write(PathBuf, #[source] std::io::Error),
    /// The site itself.
    #[error(transparent)]
    Site(#[from] crate::site::SiteError),
    /// `init` was interrupted.
    #[error(
        "{} holds the root of an update repository, and not yet its other files: run the same \
         `repository init` again",
        .0.display()
    )]
    Begun(PathBuf),
    /// A rotation was interrupted.
    #[error(
        "root {version} is on the site, and not yet the files that its keys must sign: run the \
         same `repository rotate` again"
    )]
    Unfinished {
        /// Version of the root.
        version: u64,
    },
    /// A metadata file is not what its signers made, or not metadata.
    #[error("{}: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A key file is not a key.
    #[error("{}: not an Ed25519 key (DER, PKCS#8)", .0.display())]
    Key(PathBuf),
    /// Fewer keys at hand than the role needs.
    #[error(
        "the {role} role needs {needed} of its keys and {found} are in the key directories given; \
         its keys are {keys}"
    )]
    Keys {
        /// The role.
        role: String,
        /// Its threshold.
        needed: u64,
        /// Those at hand.
        found: u64,
        /// Ids of the role's keys, shortened.
        keys: String,
    },
    /// What is to be added does not fit.
    #[error("{what}: {reason}")]
    Unfit {
        /// The archive or version.
        what: String,
        /// Why.
        reason: String,
    },
}
