//! The artifact schema: which version wrote an artifact, which readers may
//! read it, and the verdict (FR-004 to FR-007).
//!
//! Pure: no file is opened here. The version of the artifact schema that
//! this program writes stands in this module; `[binary.schema]` of
//! `installers/release.toml` promises the same of a release, and the release
//! tool compares the two. Called by everything that opens or writes an
//! artifact, and by the upgrade preflight.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::foundation::text::start_of;

/// The artifact schema version that this build writes.
pub const WRITES: u32 = 1;
/// The oldest artifact schema version that this build reads.
pub const READS_SINCE: u32 = 1;
/// The oldest reader version that reads what this build writes.
pub const READABLE_SINCE: u32 = 1;
/// The named features this build knows how to read.
pub const FEATURES: &[&str] = &[];
/// The named features that what this build writes asks of its reader.
pub const REQUIRES: &[&str] = &[];

/// What an artifact says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaBlock {
    /// The schema version that wrote it.
    pub written: u32,
    /// The oldest reader version that reads it correctly.
    pub readable_since: u32,
    /// Features a reader must know, by name.
    pub requires: BTreeSet<String>,
}

impl SchemaBlock {
    /// The block of everything this build writes.
    #[must_use]
    pub fn current() -> Self {
        Self {
            written: WRITES,
            readable_since: READABLE_SINCE,
            requires: REQUIRES.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What a reader (a build of this program) can read: its schema window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// The schema version it writes.
    pub writes: u32,
    /// The oldest artifact version it reads.
    pub reads_since: u32,
    /// The features it knows.
    pub features: BTreeSet<String>,
}

impl Reader {
    /// The window of this build.
    #[must_use]
    pub fn this_build() -> Self {
        Self {
            writes: WRITES,
            reads_since: READS_SINCE,
            features: FEATURES.iter().map(ToString::to_string).collect(),
        }
    }

    /// Judges an artifact by its block (FR-005): compatible iff every
    /// required feature is known and the version is inside the window, or
    /// newer than it while declaring that this reader's version suffices.
    #[must_use]
    pub fn judge(&self, block: &SchemaBlock) -> Verdict {
        let unknown: BTreeSet<String> =
            block.requires.difference(&self.features).cloned().collect();
        let reason = if block.written < self.reads_since {
            Reason::TooOld {
                written: block.written,
                reads_since: self.reads_since,
            }
        } else if block.written > self.writes && block.readable_since > self.writes {
            Reason::TooNew {
                written: block.written,
                readable_since: block.readable_since,
                reader: self.writes,
            }
        } else if !unknown.is_empty() {
            Reason::UnknownFeature {
                written: block.written,
                features: unknown,
            }
        } else {
            return Verdict::Compatible;
        };
        Verdict::RebuildRequired(reason)
    }
}

/// What a reader may do with an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Read it, in silence.
    Compatible,
    /// Leave it alone and ask for `auditgraph rebuild` (FR-006, FR-007).
    RebuildRequired(Reason),
}

/// Why an artifact cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// Written before the oldest version this reader knows.
    TooOld {
        /// Version of the artifact.
        written: u32,
        /// Oldest version read.
        reads_since: u32,
    },
    /// Written by a newer version that asks for a newer reader.
    TooNew {
        /// Version of the artifact.
        written: u32,
        /// Oldest reader it accepts.
        readable_since: u32,
        /// Version of this reader.
        reader: u32,
    },
    /// Asks for features this reader does not know.
    UnknownFeature {
        /// Version of the artifact.
        written: u32,
        /// Their names.
        features: BTreeSet<String>,
    },
    /// Names no schema version.
    MissingVersion {
        /// Where it was looked for.
        artifact: String,
    },
    /// Cannot be read or parsed.
    Unreadable {
        /// Which file.
        artifact: String,
        /// What went wrong.
        detail: String,
    },
    /// Left behind by another program.
    ForeignLayout {
        /// What was found.
        detail: String,
    },
}

impl Reason {
    /// The reason's name, as in JSON output.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TooOld { .. } => "too_old",
            Self::TooNew { .. } => "too_new",
            Self::UnknownFeature { .. } => "unknown_feature",
            Self::MissingVersion { .. } => "missing_version",
            Self::Unreadable { .. } => "unreadable",
            Self::ForeignLayout { .. } => "foreign_layout",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooOld {
                written,
                reads_since,
            } => write!(
                f,
                "artifact schema {written} is too old: this version reads {reads_since} and later"
            ),
            Self::TooNew {
                written,
                readable_since,
                reader,
            } => write!(
                f,
                "artifact schema {written} is too new: it needs a reader of schema {readable_since}, this version is {reader}"
            ),
            Self::UnknownFeature { features, .. } => {
                // A stranger may ask for any number of any length.
                const SHOWN: usize = 8;
                let shown = features.iter().take(SHOWN);
                let names: Vec<_> = shown.map(|name| start_of(name, 64)).collect();
                let names = names.join(", ");
                write!(
                    f,
                    "it requires features this version does not know: {names}"
                )?;
                match features.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
            Self::MissingVersion { artifact } => {
                write!(f, "{artifact} records no artifact schema version")
            }
            Self::Unreadable { artifact, detail } => {
                write!(f, "{artifact} is unreadable: {detail}")
            }
            Self::ForeignLayout { detail } => {
                write!(f, "the profile was written by another program: {detail}")
            }
        }
    }
}

#[cfg(test)]
mod tests;
