//! What is signed of an archive besides length and digest.
//!
//! The description is read from the archive itself: the executable inside is
//! hashed and, where a maintainer vouches for it and this machine can run it,
//! asked. A client compares what it unpacks and runs with what was signed here.
//!
//! Keys are at hand when this runs: a program that merely lies on the site is
//! never executed.

use std::io::Read as _;

use serde_json::{Value, json};

use super::RepositoryError;
use crate::facts::Facts;
use crate::identity;
use crate::site::{Artifact, Site, sha256_hex};

/// Layout of the description.
const FORMAT: u32 = 1;
/// Largest executable that is read.
const MAX_EXECUTABLE: u64 = 256 * 1024 * 1024;

/// One archive with the executable inside.
pub(super) struct Described {
    /// Platform, by Rust target triple.
    pub(super) target: String,
    /// The archive's bytes.
    pub(super) archive: Vec<u8>,
    /// The archive's digest.
    pub(super) sha256: String,
    executable: Vec<u8>,
    /// The executable's path inside.
    path: String,
    /// What it says of itself, where it could be asked.
    said: Option<Value>,
}

/// Reads `artifact` and asks its executable if `trusted` says that it may run:
/// it is for this machine, and somebody knows what it is.
pub(super) fn describe(
    facts: &Facts,
    site: &Site,
    artifact: &Artifact,
    version: &str,
    trusted: bool,
) -> Result<Described, RepositoryError> {
    let unfit = |reason: String| RepositoryError::Unfit {
        what: artifact.path.clone(),
        reason,
    };
    let archive = site.read(&artifact.path)?;
    let sha256 = sha256_hex(&archive);
    if sha256 != artifact.sha256 {
        return Err(unfit(format!(
            "its sha256 is {sha256}, site.json says {}",
            artifact.sha256
        )));
    }
    let target = artifact
        .target
        .clone()
        .ok_or_else(|| unfit("site.json names no platform for it".into()))?;
    let (path, executable) = executable(&archive, &facts.package.binary).map_err(unfit)?;
    let said = if trusted {
        let said = identity::ask(facts, &executable)
            .map_err(|reason| unfit(format!("its executable does not say what it is: {reason}")))?;
        for (field, expected) in [("version", version), ("target", target.as_str())] {
            let found = said[field].as_str().unwrap_or("(none)");
            if found != expected {
                return Err(unfit(format!(
                    "its executable says {field} {found}, expected {expected}"
                )));
            }
        }
        Some(said)
    } else {
        None
    };
    Ok(Described {
        target,
        archive,
        sha256,
        executable,
        path,
        said,
    })
}

/// What is signed beside a description.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Terms<'a> {
    pub(super) version: &'a str,
    pub(super) channel: &'a str,
    pub(super) minimum_safe_version: Option<&'a str>,
    /// Whether it is withdrawn, and why.
    pub(super) yanked: bool,
    pub(super) yanked_reason: Option<&'a str>,
}

impl Described {
    /// The schema window that the executable reports.
    pub(super) fn schema(&self) -> Option<&Value> {
        self.said.as_ref()?.get("schema")
    }

    /// Digest of the root that was compiled into the executable: `None` where
    /// it was not asked, `Some(None)` where it has none.
    pub(super) fn root_sha256(&self) -> Option<Option<&str>> {
        let said = self.said.as_ref()?;
        Some(said.get("update_root_sha256").and_then(Value::as_str))
    }

    /// The signed custom data.
    pub(super) fn custom(&self, terms: &Terms<'_>, schema: Option<&Value>) -> Value {
        let mut custom = json!({
            "format": FORMAT,
            "version": terms.version,
            "platform": self.target,
            "channel": terms.channel,
            "executable": {
                "path": self.path,
                "sha256": sha256_hex(&self.executable),
                "length": self.executable.len(),
            },
            "yanked": terms.yanked,
        });
        if let Some(schema) = schema {
            custom["schema"] = schema.clone();
        }
        for (key, text) in [
            ("minimum_safe_version", terms.minimum_safe_version),
            ("yanked_reason", terms.yanked_reason),
        ] {
            if let Some(text) = text {
                custom[key] = text.into();
            }
        }
        custom
    }
}

/// Path and bytes of the executable called `name` in the one folder of a
/// `.tar.gz`.
fn executable(archive: &[u8], name: &str) -> Result<(String, Vec<u8>), String> {
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    for entry in tar.entries().map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        let path = entry.path().map_err(|error| error.to_string())?;
        let here = path.components().count() == 2 && path.file_name() == Some(name.as_ref());
        if here && entry.header().entry_type().is_file() {
            let path = path.to_string_lossy().into_owned();
            let mut bytes = Vec::new();
            entry
                .take(MAX_EXECUTABLE + 1)
                .read_to_end(&mut bytes)
                .map_err(|error| error.to_string())?;
            if bytes.len() as u64 > MAX_EXECUTABLE {
                return Err(format!(
                    "`{name}` in it is larger than {MAX_EXECUTABLE} bytes"
                ));
            }
            return Ok((path, bytes));
        }
    }
    Err(format!("no executable called `{name}` in it"))
}
