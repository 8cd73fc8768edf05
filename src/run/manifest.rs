//! The run manifest: what was derived from what, and who can read it
//! (FR-004). Small, whatever the size of the workspace.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::RunId;
use crate::budget::Policy;
use crate::foundation::text::start_of;
use crate::foundation::{Sha256, json};
use crate::schema::{Reader, Reason, SchemaBlock, Verdict};

/// The largest manifest that is read, in bytes, and its deepest nesting.
pub const BOUNDS: json::Bounds = json::Bounds {
    bytes: 4 * 1024 * 1024,
    depth: 16,
};

/// The version of a manifest's layout.
pub(super) const FORMAT: u32 = 1;

/// How a run is derived, by the command that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// From the current run and what changed since.
    Ingest,
    /// From the sources alone, beside whatever is there.
    Rebuild,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ingest => "ingest",
            Self::Rebuild => "rebuild",
        })
    }
}

/// The program that made a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This program.
    #[must_use]
    pub fn this() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// The file name of a pack: `<run-id>-<first 12 hex of its SHA-256>.db`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackName(String);

impl PackName {
    /// The name of the pack with this digest, first written by `run`.
    #[must_use]
    pub fn new(run: &RunId, sha256: Sha256) -> Self {
        Self(format!("{run}-{}.db", sha256.short()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it was first written by `run`.
    #[must_use]
    pub fn is_of(&self, run: &RunId) -> bool {
        Self::parts(&self.0).is_some_and(|(writer, _)| writer == *run)
    }

    /// The run that wrote it, and the digits of its digest.
    fn parts(text: &str) -> Option<(RunId, &str)> {
        let (run, digest) = text.strip_suffix(".db")?.rsplit_once('-')?;
        let run: RunId = run.parse().ok()?;
        Sha256::is_short(digest).then_some((run, digest))
    }
}

impl fmt::Display for PackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PackName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parts(text)
            .map(|_| Self(text.to_owned()))
            .ok_or_else(|| format!("not the name of a pack: {text:?}"))
    }
}

crate::foundation::text::serde_as_text!(PackName);

/// A pack that a run needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackRef {
    /// Its file under `packs/`.
    pub file: PackName,
    /// The digest of the file.
    pub sha256: Sha256,
    /// The length of the file.
    pub bytes: u64,
    /// Who can read it: judged before the file is opened.
    pub schema: SchemaBlock,
}

/// The index of a run: a projection that can be made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexRef {
    /// Order-independent digest over its rows.
    pub logical: Sha256,
    /// Who can read it.
    pub schema: SchemaBlock,
}

/// A run's manifest. No clock time, host, absolute path or measured usage:
/// the same inputs give the same bytes anywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this document's layout: 1.
    pub format: u32,
    /// Who wrote it and who can read it.
    pub schema: SchemaBlock,
    /// The run's id.
    pub run: RunId,
    /// SHA-256 over root tree, configuration digest and schema version: two
    /// runs with the same digest derived the same from the same.
    pub digest: Sha256,
    /// The run that was current before.
    pub parent: Option<RunId>,
    /// The command that made it.
    pub command: Mode,
    /// The program that made it.
    pub tool: Tool,
    /// Digest of the configuration that affects derivation.
    pub config: Sha256,
    /// The root tree object.
    pub tree: Sha256,
    /// How many of what.
    pub counts: BTreeMap<String, u64>,
    /// The packs that hold its objects, by name.
    pub packs: Vec<PackRef>,
    /// Its index.
    pub index: IndexRef,
    /// Bytes of the sources that were ingested.
    pub source_bytes: u64,
    /// Bytes of the pack this run added; 0 when every object was there.
    pub bytes_added: u64,
    /// The budget policy in force.
    pub budget: Policy,
    /// SHA-256 of the rest of this document (see docs/formats.md), so that
    /// `verify` notices a flipped bit.
    pub checksum: Option<Sha256>,
}

impl Manifest {
    /// The digest that identifies what is derived.
    #[must_use]
    pub fn run_digest(tree: Sha256, config: Sha256, schema_written: u32) -> Sha256 {
        Sha256::of(
            format!("auditgraph run\ntree {tree}\nconfig {config}\nschema {schema_written}\n")
                .as_bytes(),
        )
    }

    /// The file's bytes, with the checksum filled in.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut manifest = self.clone();
        manifest.checksum = None;
        let value = serde_json::to_value(&manifest).unwrap_or(Value::Null);
        manifest.checksum = Some(checksum(&value));
        json::pretty(&manifest)
    }

    /// Reads and judges a manifest (FR-005, FR-006): its own schema block
    /// first, then those of its packs.
    ///
    /// # Errors
    /// The [`Reason`] why it cannot be read.
    pub fn read(bytes: &[u8], artifact: &str) -> Result<Self, Reason> {
        let unreadable = |detail: String| unreadable(artifact, &detail);
        let value: Value = json::parse(bytes, BOUNDS).map_err(|e| unreadable(e.to_string()))?;
        let block = schema_block(&value, artifact)?;
        let reader = Reader::this_build();
        let judge = |block: &SchemaBlock| match reader.judge(block) {
            Verdict::Compatible => Ok(()),
            Verdict::RebuildRequired(reason) => Err(reason),
        };
        judge(&block)?;
        let manifest: Self =
            serde_json::from_value(value).map_err(|e| unreadable(e.to_string()))?;
        if manifest.format != FORMAT {
            let format = manifest.format;
            return Err(unreadable(format!(
                "it has format {format}, this version reads format {FORMAT}"
            )));
        }
        for pack in &manifest.packs {
            judge(&pack.schema)?;
            if !pack
                .file
                .as_str()
                .ends_with(&format!("-{}.db", pack.sha256.short()))
            {
                return Err(unreadable(format!(
                    "pack {} does not carry its digest {}",
                    pack.file.as_str(),
                    pack.sha256
                )));
            }
        }
        // Each once, so that none is opened more often than it is there.
        if !manifest.packs.is_sorted_by(|a, b| a.file < b.file) {
            return Err(unreadable("its packs are out of order".to_owned()));
        }
        Ok(manifest)
    }

    /// Whether `bytes` are a manifest whose checksum fits what it says: the
    /// expected and the actual checksum where they differ.
    ///
    /// # Errors
    /// `(expected, actual)`.
    pub fn check(bytes: &[u8]) -> Result<(), (String, String)> {
        let mismatch = |expected: &str, actual: String| Err((expected.to_owned(), actual));
        let Ok(mut value) = json::parse::<Value>(bytes, BOUNDS) else {
            let text = String::from_utf8_lossy(bytes);
            let recorded = text.rsplit_once("\"checksum\": \"");
            let recorded = recorded.and_then(|(_, rest)| rest.get(..64));
            return mismatch(recorded.unwrap_or("a manifest"), "no JSON".to_owned());
        };
        let recorded = value
            .as_object_mut()
            .and_then(|fields| fields.insert("checksum".to_owned(), Value::Null))
            .and_then(|recorded| recorded.as_str().map(str::to_owned))
            .unwrap_or_default();
        let actual = checksum(&value).to_string();
        if recorded == actual {
            Ok(())
        } else {
            mismatch(&recorded, actual)
        }
    }
}

/// The digest of a manifest's canonical JSON with sorted keys, its checksum
/// set to null.
fn checksum(value: &Value) -> Sha256 {
    // serde_json keeps an object's keys sorted.
    Sha256::of(&json::canonical(value))
}

fn schema_block(manifest: &Value, artifact: &str) -> Result<SchemaBlock, Reason> {
    let missing = || Reason::MissingVersion {
        artifact: artifact.to_owned(),
    };
    let block = manifest.get("schema").ok_or_else(missing)?;
    if block.is_null() || block.get("written").is_none_or(Value::is_null) {
        return Err(missing());
    }
    serde_json::from_value(block.clone())
        .map_err(|error| unreadable(artifact, &format!("its schema block: {error}")))
}

/// What is wrong may quote all that stands there.
fn unreadable(artifact: &str, detail: &str) -> Reason {
    Reason::Unreadable {
        artifact: artifact.to_owned(),
        detail: start_of(detail, 300).into_owned(),
    }
}

#[cfg(test)]
#[path = "manifest/tests.rs"]
pub(super) mod tests;
