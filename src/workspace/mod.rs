//! Floor 1: the workspace, its configuration and what lies under `.pkg`.
//!
//! Owns the folders under `.pkg` (`layout`), the configuration
//! file (`config`), the writer's lock (`lock`), the measure of what is on
//! disk (`usage`), the user's own directories (`user`) and the list of known
//! workspaces there (`known`). In a workspace it deletes nothing and writes
//! nothing but the lock file; on that list it adds and removes entries.

pub mod config;
pub(crate) mod decimal;
pub mod known;
mod layout;
mod lock;
mod table;
pub mod usage;
pub mod user;

use std::fs::Metadata;
use std::io;
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::path::{Path, PathBuf};

pub use config::{Config, ConfigError, MOST_FILE_BYTES, Sources};
pub use layout::{Layout, LayoutError, ProfileName};
pub use lock::{Busy, Lock, LockError};

/// Name of the configuration file at the root of a workspace.
pub const CONFIG_FILE: &str = "auditgraph.toml";
/// Name of the folder that holds everything derived.
pub const DERIVED_FOLDER: &str = ".pkg";

/// A folder of sources, found and with its configuration read.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
    config: Config,
}

/// Why there is no workspace to work on.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// No ancestor is a workspace.
    #[error("no workspace: neither {} nor any folder above it holds {CONFIG_FILE}", .from.display())]
    NotFound {
        /// Where the search began.
        from: PathBuf,
    },
    /// The folder named by `--root` is no workspace.
    #[error("{} is no workspace: it holds no {CONFIG_FILE}", .root.display())]
    NotAWorkspace {
        /// The folder named.
        root: PathBuf,
    },
    /// What `--root` names is no folder.
    #[error("{} is no folder", .root.display())]
    NotAFolder {
        /// What was named.
        root: PathBuf,
    },
    /// The folder cannot be used.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Which path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The configuration is not accepted.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Workspace {
    /// Opens the workspace `root`, or, without one, the nearest one at or
    /// above the current folder. A folder is a workspace when it holds
    /// `auditgraph.toml`, or (without configuration: all defaults) a `.pkg`
    /// with profiles; one of the first kind is preferred to a nearer one of
    /// the second.
    ///
    /// # Errors
    /// [`WorkspaceError`] when there is none or its configuration is refused.
    pub fn discover(root: Option<&Path>) -> Result<Self, WorkspaceError> {
        let root = match root {
            Some(root) => {
                if !is_folder(root)? {
                    let root = root.to_owned();
                    return Err(WorkspaceError::NotAFolder { root });
                }
                let root = canonical(root)?;
                if !is_configured(&root)? && !has_profiles(&root)? {
                    return Err(WorkspaceError::NotAWorkspace { root });
                }
                root
            }
            None => nearest(&canonical(Path::new("."))?)?,
        };
        let config = Config::load(&root.join(CONFIG_FILE))?;
        Ok(Self { root, config })
    }

    /// The absolute path of the workspace's folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The configuration in force.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The places of `profile` under `.pkg`.
    #[must_use]
    pub fn layout(&self, profile: &ProfileName) -> Layout {
        Layout::new(&self.root, profile)
    }
}

fn canonical(path: &Path) -> Result<PathBuf, WorkspaceError> {
    path.canonicalize().map_err(|source| WorkspaceError::Io {
        path: path.to_owned(),
        source,
    })
}

/// What is at a path; `None` where nothing is. That nobody may look is neither.
fn looked(path: &Path, found: io::Result<Metadata>) -> Result<Option<Metadata>, WorkspaceError> {
    match found {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        Err(source) => Err(WorkspaceError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

fn is_folder(path: &Path) -> Result<bool, WorkspaceError> {
    let found = looked(path, path.metadata())?;
    Ok(found.is_some_and(|metadata| metadata.is_dir()))
}

/// Whatever has the name counts: what is no file is refused when it is read,
/// rather than that its folder passes for no workspace.
fn is_configured(folder: &Path) -> Result<bool, WorkspaceError> {
    let path = folder.join(CONFIG_FILE);
    Ok(looked(&path, path.symlink_metadata())?.is_some())
}

fn has_profiles(folder: &Path) -> Result<bool, WorkspaceError> {
    is_folder(&layout::profiles_folder(folder))
}

fn nearest(from: &Path) -> Result<PathBuf, WorkspaceError> {
    for holds in [is_configured, has_profiles] {
        for folder in from.ancestors() {
            if holds(folder)? {
                return Ok(folder.to_owned());
            }
        }
    }
    Err(WorkspaceError::NotFound {
        from: from.to_owned(),
    })
}
