//! The Python door: wheel, source distribution and package index.
//!
//! Owns: everything named by a PEP. The executable inside a wheel is the one
//! in the archive, byte for byte, in `data/scripts`: the command on the path is
//! the binary, with no interpreter in between. Never compiles anything.
//! Called by `build` to write and by `check` to read.

mod index;
mod metadata;
mod module;
mod sdist;
mod version;
mod wheel;

use crate::facts::Facts;

pub(crate) use index::index;
pub(crate) use metadata::metadata;
pub(crate) use sdist::sdist;
pub(crate) use version::pep440;
pub(crate) use wheel::{base64_url, data_script, dist_info, wheel};

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

/// File name of the wheel with platform tag `tag`.
pub(crate) fn wheel_name(facts: &Facts, tag: &str) -> String {
    format!("{}-py3-none-{tag}.whl", file_stem(facts))
}

/// File name of the source distribution (PEP 625).
pub(crate) fn sdist_name(facts: &Facts) -> String {
    format!("{}.tar.gz", file_stem(facts))
}

/// `name-version` as file names write it.
pub(crate) fn file_stem(facts: &Facts) -> String {
    let name = normalised(&facts.release.python.name).replace('-', "_");
    format!("{name}-{}", pep440(&facts.package.version))
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
