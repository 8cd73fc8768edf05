//! The Python door: wheel, source distribution and package index.
//!
//! Owns: everything named by a PEP. The executable inside a wheel is the one
//! in the archive, byte for byte, in `data/scripts`: the command on the path is
//! the binary, with no interpreter in between. Never compiles anything.
//! Called by `build` to write and by `check` to read.

mod index;
mod metadata;
mod module;
mod readme;
mod sdist;
mod version;
mod wheel;

use crate::facts::{Facts, Python, Target};

pub(crate) use version::{in_the_way, pep440};
pub(crate) use wheel::base64_url;

/// The Python door of a project that has one: nothing Python can be named or
/// made without it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Door<'a> {
    facts: &'a Facts,
    python: &'a Python,
}

/// Why a Python package could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PythonError {
    /// A file of the project could not be read.
    #[error("cannot read {}", .0.display())]
    Read(std::path::PathBuf, #[source] std::io::Error),
    /// The wheel could not be packed.
    #[error("cannot pack the wheel")]
    Wheel(#[from] zip::result::ZipError),
    /// A file could not be packed.
    #[error("cannot pack the Python package")]
    Pack(#[from] std::io::Error),
    /// The package index could not be written.
    #[error(transparent)]
    Site(#[from] crate::site::SiteError),
    /// `release.toml` says something that Python has no word for.
    #[error("release.toml: {0}")]
    Invalid(String),
}

impl<'a> Door<'a> {
    /// The door of the project that `facts` describe, if it has one.
    pub(crate) fn of(facts: &'a Facts) -> Option<Self> {
        let python = facts.release.python.as_ref()?;
        Some(Self { facts, python })
    }

    /// The module's name.
    pub(crate) fn module(&self) -> &'a str {
        &self.python.module
    }

    /// Name on the package index, as the project writes it.
    pub(crate) fn name(&self) -> &'a str {
        &self.python.name
    }

    /// The Pythons it is for, as metadata writes it.
    pub(crate) fn requires(&self) -> String {
        format!(">={}", self.python.oldest)
    }

    /// File name of the wheel with platform tag `tag`.
    pub(crate) fn wheel_name(&self, tag: &str) -> String {
        format!("{}-py3-none-{tag}.whl", self.file_stem())
    }

    /// Platform tag and file name of the wheel for `target`; none where the
    /// project does not state what the target runs on.
    pub(crate) fn wheel_for(&self, target: &Target) -> Option<(String, String)> {
        let tag = target.wheel_tag()?;
        let name = self.wheel_name(&tag);
        Some((tag, name))
    }

    /// File name of the source distribution (PEP 625).
    pub(crate) fn sdist_name(&self) -> String {
        format!("{}.tar.gz", self.file_stem())
    }

    /// `name-version` as file names write it.
    pub(crate) fn file_stem(&self) -> String {
        let name = normalised(&self.python.name).replace('-', "_");
        format!("{name}-{}", pep440(&self.facts.package.version))
    }
}

/// A project's name as indexes compare it (PEP 503).
pub(crate) fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !out.is_empty() {
            out.push('-');
        }
        out.push_str(&part.to_lowercase());
    }
    out
}
