//! `dist-workspace.toml`: platforms, and what the shell installer is told.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::{FactsError, read_toml};

/// Name of the file, at the project's root.
pub(super) const FILE: &str = "dist-workspace.toml";

/// The part of dist's configuration that this tool reads as well.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Dist {
    /// Version of dist the project pins.
    #[serde(rename = "cargo-dist-version")]
    pub(crate) version: String,
    /// Platforms, by Rust target triple.
    pub(crate) targets: Vec<String>,
    /// Oldest glibc promised, by triple; `*` is the default.
    #[serde(default)]
    min_glibc_version: BTreeMap<String, String>,
    /// Form of the archives; `.tar.xz` where it is not stated.
    unix_archive: Option<String>,
    /// Installers that dist writes.
    #[serde(default)]
    installers: Vec<String>,
    /// Where files are downloaded from: `{tag}` stands for the release's tag.
    pub(crate) simple_download_url: Option<String>,
    /// The whole file, to hand on to dist.
    #[serde(skip)]
    pub(crate) document: toml::Table,
}

#[derive(Deserialize)]
struct Document {
    dist: Dist,
}

impl Dist {
    pub(super) fn read(path: &Path) -> Result<Self, FactsError> {
        let mut dist = read_toml::<Document>(path)?.dist;
        dist.document = read_toml(path)?;
        if dist.targets.is_empty() {
            return Err(FactsError::Invalid {
                path: path.to_path_buf(),
                reason: "`dist.targets` is empty: nothing to ship".into(),
            });
        }
        Ok(dist)
    }

    /// One sentence for each setting with which dist's part of a release would
    /// not fit the rest.
    pub(crate) fn in_the_way(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.unix_archive.as_deref() != Some(".tar.gz") {
            found.push(format!(
                "{FILE}: set `dist.unix-archive` to \".tar.gz\": archives are made as that"
            ));
        }
        if !self.installers.iter().any(|name| name == "shell") {
            found.push(format!(
                "{FILE}: `dist.installers` lacks \"shell\": install.sh is made around it"
            ));
        }
        found
    }

    /// Oldest glibc promised for `triple`, as `major.minor`.
    pub(super) fn glibc(&self, triple: &str) -> Option<String> {
        let stated = self.min_glibc_version.get(triple);
        stated.or_else(|| self.min_glibc_version.get("*")).cloned()
    }
}
