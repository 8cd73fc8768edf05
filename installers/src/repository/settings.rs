//! `[repository]` of `release.toml`: who signs, for how long, and which root
//! is compiled into releases.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::RepositoryError;
use crate::facts::Facts;
use crate::site::sha256_hex;

/// The section. Unknown fields are errors: a typing mistake must not ship.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Settings {
    /// Root keys made by `init`.
    pub(crate) root_keys: u64,
    /// How many of them must sign a root.
    pub(crate) root_threshold: u64,
    /// Channel of a release unless another is named.
    pub(crate) channel: String,
    /// Lifetime of each role's metadata.
    pub(crate) days: Days,
    /// Environment variable that names the root to a release build.
    pub(crate) root_variable: String,
    /// The production root's metadata, below the project's root. Releases are
    /// built with it.
    #[serde(default)]
    pub(crate) root: Option<PathBuf>,
    /// Its digest, reviewed like code.
    #[serde(default)]
    pub(crate) root_sha256: Option<String>,
}

/// Days until metadata expires, by role.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Days {
    pub(crate) root: u32,
    pub(crate) targets: u32,
    pub(crate) snapshot: u32,
    pub(crate) timestamp: u32,
}

impl Settings {
    /// Reads the section.
    ///
    /// # Errors
    /// [`RepositoryError::Settings`].
    pub(crate) fn of(facts: &Facts) -> Result<Self, RepositoryError> {
        let table = facts.release.repository.clone().ok_or_else(|| {
            RepositoryError::Settings("missing: this project has no update repository".into())
        })?;
        let settings: Self = toml::Value::Table(table)
            .try_into()
            .map_err(|error| RepositoryError::Settings(error.to_string()))?;
        if settings.root_threshold == 0 || settings.root_threshold > settings.root_keys {
            return Err(RepositoryError::Settings(format!(
                "root-threshold is {}, of {} root-keys",
                settings.root_threshold, settings.root_keys
            )));
        }
        Ok(settings)
    }
}

/// The root that is compiled into executables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrustedRoot {
    /// Environment variable that names its file to the build.
    pub(crate) variable: String,
    /// The file; `None` where executables are built without a root and so
    /// cannot update themselves.
    pub(crate) path: Option<PathBuf>,
}

/// Decides which root a build compiles in: the one `given`, the production
/// root that `release.toml` pins, or while none is pinned the one that the
/// environment names, for a trial. `None` where the project has no update
/// repository.
///
/// # Errors
/// [`RepositoryError`] for a root that is not the pinned one, and where the
/// commit is tagged as a release and there is no production root: its users
/// could never be updated.
pub(crate) fn trusted_root(
    facts: &Facts,
    given: Option<&Path>,
) -> Result<Option<TrustedRoot>, RepositoryError> {
    if facts.release.repository.is_none() {
        return match given {
            None => Ok(None),
            Some(_) => Err(RepositoryError::Settings(
                "missing, and a root is given".into(),
            )),
        };
    }
    let settings = Settings::of(facts)?;
    let is_release = facts.commit.tags.contains(&facts.tag());
    let pinned = match (&settings.root, &settings.root_sha256) {
        (Some(root), Some(sha256)) => Some((facts.root.join(root), sha256.clone())),
        (None, None) => None,
        _ => {
            let reason = "`root` and `root-sha256` belong together";
            return Err(RepositoryError::Settings(reason.into()));
        }
    };
    let trial = std::env::var_os(&settings.root_variable)
        .filter(|path| pinned.is_none() && !path.is_empty())
        .map(PathBuf::from);
    let given = given.or(trial.as_deref());
    let (path, expected) = match (given, pinned) {
        (Some(_), _) if is_release => {
            return Err(RepositoryError::Settings(format!(
                "this commit is tagged {}: a release is built with the production root alone",
                facts.tag()
            )));
        }
        (Some(given), _) => {
            let read = |error| RepositoryError::Read(given.into(), error);
            (given.canonicalize().map_err(read)?, None)
        }
        (None, Some((path, sha256))) => (path, Some(sha256)),
        (None, None) if is_release => {
            return Err(RepositoryError::Settings(format!(
                "`root` and `root-sha256` are not set, and this commit is tagged {}: hold the \
                 key ceremony before the first release",
                facts.tag()
            )));
        }
        (None, None) => {
            return Ok(Some(TrustedRoot {
                variable: settings.root_variable,
                path: None,
            }));
        }
    };
    let bytes = std::fs::read(&path).map_err(|error| RepositoryError::Read(path.clone(), error))?;
    let found = sha256_hex(&bytes);
    if let Some(expected) = expected.filter(|expected| *expected != found) {
        return Err(RepositoryError::Invalid {
            path,
            reason: format!("its sha256 is {found}, release.toml pins {expected}"),
        });
    }
    Ok(Some(TrustedRoot {
        variable: settings.root_variable,
        path: Some(path),
    }))
}
