//! What can go wrong with a repository.

use std::path::PathBuf;

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
