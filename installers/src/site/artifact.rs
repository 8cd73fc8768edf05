//! One file of a release.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What a file of a release is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// `.tar.gz` with the executable and what belongs to it.
    Archive,
    /// Python wheel with the same executable.
    Wheel,
    /// Python source distribution.
    Sdist,
    /// CycloneDX bill of materials.
    Sbom,
    /// What dist is told about one platform's archive.
    TargetManifest,
    /// dist's description of the whole release.
    DistManifest,
    /// dist's generated shell script, unchanged.
    GeneratedInstaller,
    /// The front door around it.
    Installer,
    /// `sha256.sum`.
    Checksums,
    /// Homebrew formula.
    Formula,
}

/// A file of a release, with the facts everything else repeats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Artifact {
    /// What it is for.
    pub(crate) kind: Kind,
    /// Platform, by Rust target triple, of files for one platform.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) target: Option<String>,
    /// Place below the site, with `/`.
    pub(crate) path: String,
    /// Digest, lower-case hex.
    pub(crate) sha256: String,
    /// Length.
    pub(crate) bytes: u64,
}

impl Artifact {
    /// The file's name without its folders.
    pub(crate) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// SHA-256 as lower-case hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
