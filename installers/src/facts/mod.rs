//! Everything this tool is told about the project it ships.
//!
//! Owns: reading `Cargo.toml` (through `cargo metadata`), `dist-workspace.toml`,
//! `release.toml` and the commit at hand into one value, [`Facts`]. Never
//! writes, never guesses: what is missing is an error that names file and field.
//! Called first by every release command but `serve`, to which the site says
//! enough; everything below takes `&Facts` and so stays free of any project's
//! name, version, platform or URL.

mod cargo;
mod commit;
mod dist;
mod release;
mod target;

use std::path::{Path, PathBuf};

pub(crate) use cargo::Package;
pub(crate) use commit::Commit;
pub(crate) use dist::Dist;
pub(crate) use release::{Homebrew, Python, Release, find as find_release_file};
pub(crate) use target::{System, Target};

use crate::project::ProjectError;

/// Why the facts of a release could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FactsError {
    /// No `dist-workspace.toml` here or above.
    #[error(
        "no dist-workspace.toml in {} or above it; run this inside a project that ships with dist",
        .0.display()
    )]
    NoProject(PathBuf),
    /// A file that must exist is missing or unreadable.
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// A file says something this tool does not understand.
    #[error("{}: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The field, and what is wrong with it.
        reason: String,
    },
    /// Cargo could not say what there is.
    #[error(transparent)]
    Cargo(#[from] ProjectError),
    /// A program this needs could not be run, or failed.
    #[error("`{command}` failed: {reason}")]
    Command {
        /// What was run.
        command: String,
        /// What it said.
        reason: String,
    },
}

/// One project, as described by its own files.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// Directory of `dist-workspace.toml`.
    pub(crate) root: PathBuf,
    /// The package that is shipped, from its `Cargo.toml`.
    pub(crate) package: Package,
    /// `dist-workspace.toml`: platforms and the shell installer.
    pub(crate) dist: Dist,
    /// Where `release.toml` is.
    pub(crate) release_file: PathBuf,
    /// `release.toml`: what neither of the others has a field for.
    pub(crate) release: Release,
    /// The commit that is built.
    pub(crate) commit: Commit,
}

impl Facts {
    /// Reads the project around `directory`.
    ///
    /// # Errors
    /// See [`FactsError`].
    pub(crate) fn read(directory: &Path) -> Result<Self, FactsError> {
        let root = directory
            .ancestors()
            .find(|folder| folder.join(dist::FILE).is_file())
            .ok_or_else(|| FactsError::NoProject(directory.to_path_buf()))?
            .to_path_buf();
        let dist = Dist::read(&root.join(dist::FILE))?;
        let release_file = release::find(&root)?;
        let release = Release::read(&release_file)?;
        let package = Package::read(&root, release.package.as_deref())?;
        let commit = Commit::read(&root)?;
        Ok(Self {
            root,
            package,
            dist,
            release_file,
            release,
            commit,
        })
    }

    /// Name under which the release is tagged and its files are hosted.
    /// dist tags the release of one package so.
    pub(crate) fn tag(&self) -> String {
        format!("v{}", self.package.version)
    }

    /// The platforms of this release, in the order of `dist-workspace.toml`.
    pub(crate) fn targets(&self) -> Vec<Target> {
        let oldest_glibc = |triple: &str| self.dist.glibc(triple);
        let deployment = |triple: &str| self.release.deployment_target(triple);
        self.dist
            .targets
            .iter()
            .map(|triple| Target::new(triple, oldest_glibc(triple), deployment(triple)))
            .collect()
    }

    /// The schema window the release promises, where the project has one.
    pub(crate) fn schema(&self) -> Option<serde_json::Value> {
        let table = self.release.binary.schema.as_ref()?;
        serde_json::to_value(table).ok()
    }

    /// File name of the archive for `target`; the name dist's installer asks for.
    pub(crate) fn archive_name(&self, target: &Target) -> String {
        format!("{}.tar.gz", self.archive_stem(target))
    }

    /// Name of the one folder inside the archive for `target`.
    pub(crate) fn archive_stem(&self, target: &Target) -> String {
        format!("{}-{}", self.package.name, target.triple)
    }
}

/// Reads a text file; the error names it.
fn read_text(path: &Path) -> Result<String, FactsError> {
    std::fs::read_to_string(path).map_err(|error| FactsError::Read(path.to_path_buf(), error))
}

/// Parses a TOML file; the error names it.
fn read_toml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, FactsError> {
    toml::from_str(&read_text(path)?).map_err(|error| FactsError::Invalid {
        path: path.to_path_buf(),
        reason: error.to_string(),
    })
}
