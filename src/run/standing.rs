//! How a profile stands: what `current` names, and whether it can be read.
//!
//! Reads two small files and decides; changes nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::file_names::{manifest_file, manifest_path, run_of_manifest};
use super::intent::Intent;
use super::{Manifest, RunError, RunId, manifest};
use crate::foundation::{durable, json};
use crate::schema::{Reader, Reason};
use crate::workspace::Layout;

/// The content of `current`: replaced by rename, last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Current {
    /// Version of this document's layout: 1.
    pub format: u32,
    /// The current run.
    pub run: RunId,
    /// The highest ordinal ever used in the profile: never used again, also
    /// after `gc` or a lost manifest.
    pub highest_ordinal: u32,
}

impl Current {
    /// That names `run`, the newest.
    pub(super) fn of(run: &RunId) -> Self {
        Self {
            format: FORMAT,
            run: run.clone(),
            highest_ordinal: run.ordinal(),
        }
    }

    /// The highest ordinal that it tells of.
    #[must_use]
    pub(super) fn reached(&self) -> u32 {
        self.highest_ordinal.max(self.run.ordinal())
    }
}

/// How a profile stands.
#[derive(Clone, Debug)]
pub enum Standing {
    /// No run was ever published.
    Empty,
    /// The current run can be read.
    Ready(Box<Manifest>),
    /// It cannot (FR-006, FR-007): only `rebuild` goes on.
    RebuildRequired {
        /// The run that `current` names, if it names one.
        run: Option<RunId>,
        /// Why.
        reason: Reason,
    },
}

/// The layout of `current`.
const FORMAT: u32 = 1;

const CURRENT_BOUNDS: json::Bounds = json::Bounds {
    bytes: 64 * 1024,
    depth: 4,
};

impl Standing {
    /// Judges the profile at `layout`.
    ///
    /// # Errors
    /// [`RunError`] when a folder is not what it must be or cannot be read.
    pub fn judge(layout: &Layout) -> Result<Self, RunError> {
        layout.check()?;
        let current = match read_current(layout) {
            Ok(Some(current)) => current,
            Ok(None) => match (without_current(layout)?, read_current(layout)) {
                // A first run was published meanwhile.
                (Self::RebuildRequired { .. }, Ok(Some(current))) => current,
                (standing, _) => return Ok(standing),
            },
            Err(reason) => return Ok(Self::RebuildRequired { run: None, reason }),
        };
        Ok(match read_manifest(layout, &current.run) {
            Ok(manifest) => Self::Ready(Box::new(manifest)),
            Err(reason) => Self::RebuildRequired {
                run: Some(current.run),
                reason,
            },
        })
    }

    /// The bytes of sources that the budget counts by: those of the current run,
    /// whichever is read, or else of the newest that can be; `None` where none can.
    ///
    /// # Errors
    /// [`RunError`] when the runs cannot be listed.
    pub(super) fn counted_source_bytes(&self, layout: &Layout) -> Result<Option<u64>, RunError> {
        Ok(match self {
            Self::Ready(current) => Some(current.source_bytes),
            Self::Empty | Self::RebuildRequired { .. } => {
                newest_readable(layout)?.map(|run| run.source_bytes)
            }
        })
    }
}

/// Reads `current`; `None` when there is no such file.
///
/// # Errors
/// The [`Reason`] why it names no run.
pub fn read_current(layout: &Layout) -> Result<Option<Current>, Reason> {
    let unreadable = |detail: String| Reason::Unreadable {
        artifact: "current".to_owned(),
        detail,
    };
    let bytes = durable::read_bounded(&layout.current(), CURRENT_BOUNDS.bytes as u64);
    let bytes = durable::if_there(bytes).map_err(|error| unreadable(error.to_string()))?;
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    let current: Current = json::parse(&bytes, CURRENT_BOUNDS)
        .map_err(|error| unreadable(format!("it names no run: {error}")))?;
    if current.format != FORMAT {
        let format = current.format;
        return Err(unreadable(format!(
            "its layout is version {format}, not {FORMAT}"
        )));
    }
    if current.highest_ordinal > RunId::LAST_ORDINAL {
        let highest = current.highest_ordinal;
        return Err(unreadable(format!("no run has the ordinal {highest}")));
    }
    Ok(Some(current))
}

/// Reads and judges the manifest of `run`.
///
/// # Errors
/// The [`Reason`] why it cannot be read.
pub fn read_manifest(layout: &Layout, run: &RunId) -> Result<Manifest, Reason> {
    let path = manifest_path(layout, run);
    let bytes = durable::read_bounded(&path, manifest::BOUNDS.bytes as u64).map_err(|error| {
        let detail = match error.kind() {
            io::ErrorKind::NotFound => "the manifest is missing".to_owned(),
            _ => error.to_string(),
        };
        let artifact = format!("runs/{}", manifest_file(run));
        Reason::Unreadable { artifact, detail }
    })?;
    judge_manifest(&bytes, run)
}

/// Judges the bytes of the manifest of `run`.
///
/// # Errors
/// As [`read_manifest`].
pub(super) fn judge_manifest(bytes: &[u8], run: &RunId) -> Result<Manifest, Reason> {
    let artifact = format!("runs/{}", manifest_file(run));
    let manifest = Manifest::read(bytes, &artifact)?;
    if manifest.run != *run {
        let detail = format!("it is the manifest of {}", manifest.run);
        return Err(Reason::Unreadable { artifact, detail });
    }
    Ok(manifest)
}

/// The bytes of sources that the budget of the profile at `layout` counts by:
/// those of the current run or of the newest that can be read, else those of
/// `answering`.
///
/// # Errors
/// As [`Standing::judge`].
pub fn counted_source_bytes(layout: &Layout, answering: &Manifest) -> Result<u64, RunError> {
    let counted = Standing::judge(layout)?.counted_source_bytes(layout)?;
    Ok(counted.unwrap_or(answering.source_bytes))
}

/// The runs that have a manifest, by ordinal; names that are no run id are
/// not ours and are left out.
///
/// # Errors
/// Any I/O error but a missing folder.
pub(super) fn list_runs(layout: &Layout) -> Result<Vec<RunId>, RunError> {
    let mut runs: Vec<RunId> = names(&layout.runs())?
        .iter()
        .filter_map(|name| run_of_manifest(name))
        .collect();
    runs.sort();
    Ok(runs)
}

/// What stands among the manifests and is none of this program: the runs of
/// another one. Hidden files, such as those a file manager leaves, are no runs.
///
/// # Errors
/// Any I/O error but a missing folder.
pub(super) fn list_foreign(layout: &Layout) -> Result<Vec<String>, RunError> {
    let mut names = names(&layout.runs())?;
    names.retain(|name| run_of_manifest(name).is_none() && !name.starts_with('.'));
    Ok(names.into_iter().collect())
}

/// The newest run that this build reads, if the current one was written by a
/// newer schema: the way back after a downgrade. Other incompatible runs have
/// no such way: nobody knows what else is wrong.
pub(super) fn way_back(layout: &Layout, reason: &Reason) -> Result<Option<Manifest>, RunError> {
    let newer = match reason {
        Reason::TooNew { written, .. } | Reason::UnknownFeature { written, .. } => {
            *written > Reader::this_build().writes
        }
        _ => false,
    };
    if !newer {
        return Ok(None);
    }
    newest_readable(layout)
}

/// The newest run that this build reads.
pub(super) fn newest_readable(layout: &Layout) -> Result<Option<Manifest>, RunError> {
    let runs = list_runs(layout)?;
    Ok(runs
        .iter()
        .rev()
        .find_map(|run| read_manifest(layout, run).ok()))
}

/// The ordinal of the next run: one more than the highest ever used, by the
/// account of `current` and by every name that is still there. What is to be
/// `gone` by then has none.
pub(super) fn next_ordinal(layout: &Layout, gone: &BTreeSet<PathBuf>) -> Result<u32, RunError> {
    let recorded = match read_current(layout) {
        Ok(Some(current)) => current.reached(),
        Ok(None) | Err(_) => 0,
    };
    let mut highest = (recorded, layout.current());
    for folder in [layout.runs(), layout.packs(), layout.cache()] {
        let paths = names(&folder)?.into_iter().filter_map(|name| {
            let path = folder.join(&name);
            (!gone.contains(&path)).then_some((ordinal_in(&name)?, path))
        });
        highest = paths.fold(highest, Ord::max);
    }
    let (highest, path) = highest;
    if highest >= RunId::LAST_ORDINAL {
        return Err(RunError::LastOrdinal(path));
    }
    Ok(highest + 1)
}

/// The ordinal of the run id inside a file name such as
/// `index-r0001-….db`, also of a file that is not whole yet.
fn ordinal_in(name: &str) -> Option<u32> {
    let name = name.strip_prefix('.').unwrap_or(name);
    let kinds = ["index-", "stat-"];
    let of_kind = kinds.iter().find_map(|kind| name.strip_prefix(kind));
    let from = of_kind.unwrap_or(name);
    let (ordinal, rest) = from.split_once('-')?;
    let run: RunId = format!("{ordinal}-{}", rest.get(..12)?).parse().ok()?;
    Some(run.ordinal())
}

pub(super) fn names(folder: &Path) -> Result<BTreeSet<String>, RunError> {
    let io = |source| RunError::io(folder, source);
    let Some(entries) = durable::if_there(fs::read_dir(folder)).map_err(io)? else {
        return Ok(BTreeSet::new());
    };
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let names: io::Result<_> = entries.map(|entry| entry.map(name)).collect();
    names.map_err(io)
}

/// A profile without `current` is empty if it holds nothing but what an
/// interrupted first run left behind; anything else is a loss or foreign.
fn without_current(layout: &Layout) -> Result<Standing, RunError> {
    // Listed first: what a writer has just shown, its intent or `current` names.
    let foreign_run = list_foreign(layout)?.into_iter().next();
    let (runs, packs) = (list_runs(layout)?, names(&layout.packs())?);
    let intent = Intent::read(layout).ok().flatten();
    // Where its run can have been current, it is `current` that is lost.
    let intent = intent.filter(|intent| !intent.may_be_done(layout));
    let unfinished = |folder: &str, name: &str| {
        intent
            .as_ref()
            .is_some_and(|intent| intent.publishes(folder, name))
    };
    let mut lost = None;
    if let Some(name) = foreign_run {
        return Ok(foreign(&format!("runs/{name}")));
    }
    for run in runs {
        let name = manifest_file(&run);
        if !unfinished("runs", &name) {
            lost = Some(format!("it is missing, and runs/{name} exists"));
        }
    }
    for name in packs.into_iter().filter(|name| !name.starts_with('.')) {
        if !unfinished("packs", &name) {
            lost = Some(format!("it is missing, and packs/{name} exists"));
        }
    }
    let ours = ["cache", "journal.jsonl", "lock", "packs", "runs", "staging"];
    for name in names(layout.profile())? {
        if !ours.contains(&name.as_str()) && !name.starts_with('.') {
            return Ok(foreign(&name));
        }
    }
    Ok(
        lost.map_or(Standing::Empty, |detail| Standing::RebuildRequired {
            run: None,
            reason: Reason::Unreadable {
                artifact: "current".to_owned(),
                detail,
            },
        }),
    )
}

fn foreign(found: &str) -> Standing {
    Standing::RebuildRequired {
        run: None,
        reason: Reason::ForeignLayout {
            detail: format!("found {found}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_a_run_leaves_tells_its_ordinal() {
        let run = "r0009-3fa9c0d21b44";
        for name in [
            format!("{run}.json"),
            format!("{run}-3fa9c0d21b44.db"),
            format!("index-{run}.db"),
            format!("index-{run}.db.sha256"),
            format!(".index-{run}.db"),
            format!("stat-{run}.bin"),
        ] {
            assert_eq!(ordinal_in(&name), Some(9), "{name}");
        }
        for name in ["index-", "r0009", "notes-r0009-3fa9c0d21b44", "\u{fc}"] {
            assert_eq!(ordinal_in(name), None, "{name}");
        }
    }
}
