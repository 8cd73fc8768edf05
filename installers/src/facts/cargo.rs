//! The shipped package, as `cargo metadata` describes it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::FactsError;
use crate::project::cargo_metadata;

/// What `Cargo.toml` says about the shipped package, inheritance resolved.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// Package name on crates.io, and the default name behind every door.
    pub(crate) name: String,
    /// Version, as semantic versioning writes it.
    pub(crate) version: String,
    /// One line.
    pub(crate) description: String,
    /// SPDX expression.
    pub(crate) license: String,
    /// `Name <mail>`, possibly empty.
    pub(crate) authors: Vec<String>,
    /// Where the source lives.
    pub(crate) repository: String,
    /// Where users read more.
    pub(crate) homepage: String,
    /// Search words.
    pub(crate) keywords: Vec<String>,
    /// Where its `Cargo.toml` is.
    pub(crate) folder: PathBuf,
    /// Text shown by package indexes.
    pub(crate) readme: PathBuf,
    /// Oldest Rust that compiles it.
    pub(crate) rust_version: String,
    /// Name of the one executable.
    pub(crate) binary: String,
    /// Cargo's target directory.
    pub(crate) target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Entry>,
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    description: Option<String>,
    license: Option<String>,
    authors: Vec<String>,
    repository: Option<String>,
    homepage: Option<String>,
    keywords: Vec<String>,
    readme: Option<PathBuf>,
    rust_version: Option<String>,
    manifest_path: PathBuf,
    targets: Vec<EntryTarget>,
}

#[derive(Deserialize)]
struct EntryTarget {
    name: String,
    kind: Vec<String>,
}

impl Package {
    /// Reads the package called `name`, or else the one at the workspace's root.
    pub(super) fn read(root: &Path, name: Option<&str>) -> Result<Self, FactsError> {
        let manifest = root.join("Cargo.toml");
        Self::choose(cargo_metadata(Some(&manifest))?, name)
    }

    fn choose(metadata: Metadata, name: Option<&str>) -> Result<Self, FactsError> {
        let workspace = metadata.workspace_root.join("Cargo.toml");
        let entry = metadata
            .packages
            .into_iter()
            .find(|entry| match name {
                Some(name) => entry.name == name,
                None => entry.manifest_path == workspace,
            })
            .ok_or_else(|| FactsError::Invalid {
                path: workspace,
                reason: "no package to ship here; name one as `package` in release.toml".into(),
            })?;
        let manifest = entry.manifest_path;
        let need = |value: Option<String>, field: &str| {
            value.ok_or_else(|| FactsError::Invalid {
                path: manifest.clone(),
                reason: format!("`package.{field}` is missing"),
            })
        };
        let is_binary = |target: &EntryTarget| target.kind.iter().any(|kind| kind == "bin");
        let mut binaries = entry.targets.into_iter().filter(is_binary);
        let (Some(binary), None) = (binaries.next(), binaries.next()) else {
            return Err(FactsError::Invalid {
                path: manifest,
                reason: "a release has exactly one binary".into(),
            });
        };
        let directory = manifest.parent().unwrap_or(Path::new("/")).to_path_buf();
        let readme = need(
            entry.readme.map(|path| path.to_string_lossy().into_owned()),
            "readme",
        )?;
        let repository = need(entry.repository, "repository")?;
        Ok(Self {
            description: need(entry.description, "description")?,
            license: need(entry.license, "license")?,
            rust_version: need(entry.rust_version, "rust-version")?,
            homepage: entry.homepage.unwrap_or_else(|| repository.clone()),
            readme: directory.join(readme),
            folder: directory,
            name: entry.name,
            version: entry.version,
            authors: entry.authors,
            keywords: entry.keywords,
            binary: binary.name,
            target_directory: metadata.target_directory,
            repository,
        })
    }
}
