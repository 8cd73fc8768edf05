//! The Python door: wheel, source distribution and package index.
//!
//! Owns: everything named by a PEP. The executable inside a wheel is the one
//! in the archive, byte for byte, in `data/scripts`: the command on the path is
//! the binary, with no interpreter in between. Never compiles anything.
//! Called by `build` to write and by `check` to read.

mod version;

use crate::facts::Facts;

pub(crate) use version::pep440;

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
