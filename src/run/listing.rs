//! The runs of a profile, as `auditgraph runs` lists them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::manifest::Mode;
use super::{RunError, RunId, journal, standing};
use crate::foundation::Sha256;
use crate::schema::Reason;
use crate::workspace::Layout;

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct RunSummary {
    /// Its id.
    pub run: RunId,
    /// Whether it is current.
    pub current: bool,
    /// When it was made, by the journal: seconds since 1970; unknown when the
    /// journal does not say.
    pub unix_time: Option<u64>,
    /// What can be said of it.
    #[serde(flatten)]
    pub state: RunState,
}

/// What can be said of a run.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RunState {
    /// It can be read.
    Readable {
        /// Its digest.
        digest: Sha256,
        /// The run before it.
        parent: Option<RunId>,
        /// What made it.
        command: Mode,
        /// Version of the program that made it.
        version: String,
        /// Schema version it was written with.
        schema: u32,
        /// How many of what.
        counts: BTreeMap<String, u64>,
        /// Bytes of its sources.
        source_bytes: u64,
        /// Bytes of the pack it added.
        bytes_added: u64,
    },
    /// It cannot be read by this version.
    Incompatible {
        /// Why.
        #[serde(flatten)]
        reason: Reason,
    },
}

/// The names of the runs that another program left among ours: never read,
/// removed only by `gc --run NAME`.
///
/// # Errors
/// [`RunError`] when the folder cannot be read.
pub fn foreign(layout: &Layout) -> Result<Vec<String>, RunError> {
    layout.check()?;
    standing::list_foreign(layout)
}

/// Every run that has a manifest, oldest first; incompatible ones are listed
/// as such and stop nobody.
///
/// # Errors
/// [`RunError`] when the folder cannot be read.
pub fn list(layout: &Layout) -> Result<Vec<RunSummary>, RunError> {
    layout.check()?;
    let current = standing::read_current(layout).ok().flatten();
    let times: BTreeMap<RunId, u64> = journal::read(layout)
        .into_iter()
        .map(|entry| (entry.run, entry.unix_time))
        .collect();
    let summary = |run: RunId| RunSummary {
        current: current.as_ref().is_some_and(|current| current.run == run),
        unix_time: times.get(&run).copied(),
        state: match standing::read_manifest(layout, &run) {
            Ok(manifest) => RunState::Readable {
                digest: manifest.digest,
                parent: manifest.parent,
                command: manifest.command,
                version: manifest.tool.version,
                schema: manifest.schema.written,
                counts: manifest.counts,
                source_bytes: manifest.source_bytes,
                bytes_added: manifest.bytes_added,
            },
            Err(reason) => RunState::Incompatible { reason },
        },
        run,
    };
    Ok(standing::list_runs(layout)?
        .into_iter()
        .map(summary)
        .collect())
}
