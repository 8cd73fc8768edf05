//! What the files of a run are called, and where they are.

use std::fs;
use std::path::PathBuf;

use super::RunId;
use crate::workspace::Layout;

/// The manifest of a run, under `runs/`.
#[must_use]
pub fn manifest_file(run: &RunId) -> String {
    format!("{run}.json")
}

/// The run whose manifest a name under `runs/` is; `None` for a name that this
/// program does not give.
#[must_use]
pub(super) fn run_of_manifest(name: &str) -> Option<RunId> {
    name.strip_suffix(".json")?.parse().ok()
}

/// Whether `run` has a manifest, whatever it says.
pub(super) fn has_manifest(layout: &Layout, run: &RunId) -> bool {
    fs::symlink_metadata(manifest_path(layout, run)).is_ok()
}

/// Where [`manifest_file`] is.
pub(super) fn manifest_path(layout: &Layout, run: &RunId) -> PathBuf {
    layout.runs().join(manifest_file(run))
}

/// Where [`index_file`] is.
pub(super) fn index_path(layout: &Layout, run: &RunId) -> PathBuf {
    layout.cache().join(index_file(run))
}

/// Where [`index_digest_file`] is.
pub(super) fn index_digest_path(layout: &Layout, run: &RunId) -> PathBuf {
    layout.cache().join(index_digest_file(run))
}

/// Where [`stat_file`] is.
pub(super) fn stat_path(layout: &Layout, run: &RunId) -> PathBuf {
    layout.cache().join(stat_file(run))
}

/// The index of a run, under `cache/`.
#[must_use]
pub fn index_file(run: &RunId) -> String {
    format!("index-{run}.db")
}

/// The digest of that file, under `cache/`, as `sha256sum` writes it.
#[must_use]
pub(super) fn index_digest_file(run: &RunId) -> String {
    format!("index-{run}.db.sha256")
}

/// What `stat` said of a run's sources, under `cache/`.
#[must_use]
pub(super) fn stat_file(run: &RunId) -> String {
    format!("stat-{run}.bin")
}

/// The run that a name under `cache/` belongs to; `None` for a name that this
/// program does not give.
#[must_use]
pub(super) fn cached_run(name: &str) -> Option<RunId> {
    let ours = [
        ("index-", ".db"),
        ("index-", ".db.sha256"),
        ("stat-", ".bin"),
    ];
    ours.iter().find_map(|(start, end)| {
        let run = name.strip_prefix(start)?.strip_suffix(end)?;
        run.parse().ok()
    })
}

/// The index of a run until it is whole, under `cache/`.
#[must_use]
pub(super) fn index_draft(run: &RunId) -> String {
    format!(".{}", index_file(run))
}

/// Whether a name under `cache/` is that of a file not yet whole (an
/// [`index_draft`], or the record of one), whose writer is gone if the caller
/// holds the lock.
#[must_use]
pub(super) fn is_draft(name: &str) -> bool {
    name.starts_with(".index-")
}
