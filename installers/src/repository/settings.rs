//! `[repository]` of `release.toml`: who signs, for how long, and which root
//! is compiled into releases.

use std::path::PathBuf;

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

/// The production root: the environment variable that names it to a build,
/// its path and its digest, which is the pinned one. `None` where the project
/// has no update repository.
///
/// # Errors
/// [`RepositoryError`] where the project has one and its root is missing or
/// not the pinned one: a release without it could never be updated.
pub(crate) fn trusted_root(
    facts: &Facts,
) -> Result<Option<(String, PathBuf, String)>, RepositoryError> {
    if facts.release.repository.is_none() {
        return Ok(None);
    }
    let settings = Settings::of(facts)?;
    let (Some(root), Some(pinned)) = (&settings.root, &settings.root_sha256) else {
        return Err(RepositoryError::Settings(
            "`root` and `root-sha256` are not set: no production root to build releases with; \
             hold the key ceremony first"
                .into(),
        ));
    };
    let path = facts.root.join(root);
    let bytes = std::fs::read(&path).map_err(|error| RepositoryError::Read(path.clone(), error))?;
    let found = sha256_hex(&bytes);
    if found != *pinned {
        return Err(RepositoryError::Invalid {
            path,
            reason: format!("its sha256 is {found}, release.toml pins {pinned}"),
        });
    }
    Ok(Some((settings.root_variable, path, found)))
}
