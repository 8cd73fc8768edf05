//! Collecting old runs: the only command that removes anything under `runs/`
//! or `packs/`, and only what the user names.
//!
//! Manifests go first, then what no remaining run needs. So a kill in between
//! leaves packs that nobody names; the next `gc` removes those. The current
//! run is never removed; incompatible and foreign runs only by name.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;

use super::standing::{self, Standing};
use super::{PackName, RunError, RunId, intent, manifest, publish};
use crate::foundation::durable;
use crate::workspace::{Layout, Lock, usage};

/// Which runs to remove.
#[derive(Clone, Debug)]
pub enum Choice {
    /// All readable runs but the newest so many (the current one included).
    Keep(usize),
    /// These, by id; a foreign run by the name of its folder.
    Runs(Vec<String>),
}

/// Why nothing was collected.
#[derive(Debug, thiserror::Error)]
pub enum GcError {
    /// The current run was named.
    #[error("{0} is the current run, which is never removed")]
    Current(RunId),
    /// There is no such run.
    #[error("there is no run {0:?}")]
    Unknown(String),
    /// At least the current run is kept.
    #[error("--keep must be at least 1: the current run is never removed")]
    KeepNone,
    /// Anything else.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// What a collection removes.
#[derive(Debug, Serialize)]
pub struct GcPlan {
    /// Runs to remove, oldest first.
    pub runs: Vec<String>,
    /// Readable runs that stay.
    pub kept: Vec<RunId>,
    /// Runs that stay because this version cannot read them and nobody named
    /// them.
    pub incompatible: Vec<RunId>,
    /// Everything that goes, relative to the profile.
    pub files: Vec<Removal>,
    /// Bytes that become free.
    pub bytes_freed: u64,
    #[serde(skip)]
    layout: Layout,
    #[serde(skip)]
    current: Option<RunId>,
}

/// One file or foreign folder to remove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Removal {
    /// Path relative to the profile's folder.
    pub path: String,
    /// Bytes.
    pub bytes: u64,
}

/// Plans a collection; changes nothing.
///
/// # Errors
/// [`GcError`].
pub fn plan(layout: &Layout, choice: &Choice) -> Result<GcPlan, GcError> {
    let current = match (Standing::judge(layout)?, choice) {
        (Standing::Ready(manifest), _) => Some(manifest.run),
        (Standing::RebuildRequired { run, .. }, Choice::Runs(_)) => run,
        (Standing::RebuildRequired { run, reason }, Choice::Keep(_)) => {
            return Err(RunError::RebuildRequired { run, reason }.into());
        }
        (Standing::Empty, _) => return Err(RunError::NoRun.into()),
    };
    let (readable, incompatible): (Vec<RunId>, Vec<RunId>) = standing::list_runs(layout)?
        .into_iter()
        .partition(|run| standing::read_manifest(layout, run).is_ok());
    let (chosen, foreign) = match choice {
        Choice::Keep(0) => return Err(GcError::KeepNone),
        Choice::Keep(count) => (beyond(&readable, *count, current.as_ref()), Vec::new()),
        Choice::Runs(names) => named(layout, names, current.as_ref())?,
    };
    let stays = |run: &&RunId| !chosen.contains(*run);
    let kept: Vec<RunId> = readable.iter().filter(stays).cloned().collect();
    let incompatible: Vec<RunId> = incompatible.iter().filter(stays).cloned().collect();
    let mut files = Vec::new();
    let mut remove = |folder: &str, name: &str| {
        let path = format!("{folder}/{name}");
        if let Ok(metadata) = fs::symlink_metadata(layout.profile().join(&path)) {
            let bytes = match metadata.is_dir() {
                true => usage::measure(&layout.profile().join(&path)).map_or(0, |u| u.total.bytes),
                false => metadata.len(),
            };
            files.push(Removal { path, bytes });
        }
    };
    for run in &chosen {
        remove("runs", &format!("{run}.json"));
    }
    for name in &foreign {
        remove("runs", name);
    }
    for run in &chosen {
        remove("cache", &intent::index_file(run));
        remove("cache", &intent::index_digest_file(run));
        remove("cache", &intent::stat_file(run));
    }
    for pack in unneeded_packs(layout, &kept, &incompatible)? {
        remove("packs", pack.as_str());
    }
    let runs = chosen.iter().map(RunId::to_string).chain(foreign);
    Ok(GcPlan {
        runs: runs.collect(),
        kept,
        incompatible,
        bytes_freed: files.iter().map(|file| file.bytes).sum(),
        files,
        layout: layout.clone(),
        current,
    })
}

/// The readable runs beyond the newest `count`, never the current one.
fn beyond(readable: &[RunId], count: usize, current: Option<&RunId>) -> BTreeSet<RunId> {
    let others = readable.iter().rev().filter(|run| Some(*run) != current);
    others.skip(count - 1).cloned().collect()
}

/// The runs named: ours, and foreign ones.
fn named(
    layout: &Layout,
    names: &[String],
    current: Option<&RunId>,
) -> Result<(BTreeSet<RunId>, Vec<String>), GcError> {
    let (mut ours, mut foreign) = (BTreeSet::new(), Vec::new());
    let present = standing::names(&layout.runs())?;
    for name in names {
        let unknown = || GcError::Unknown(name.clone());
        if let Ok(run) = name.parse::<RunId>() {
            if current == Some(&run) {
                return Err(GcError::Current(run));
            }
            if !present.contains(&format!("{run}.json")) {
                return Err(unknown());
            }
            ours.insert(run);
        } else if present.contains(name) && layout.runs().join(name).is_dir() {
            // A name that the folder itself lists is one component.
            foreign.push(name.clone());
        } else {
            return Err(unknown());
        }
    }
    foreign.sort();
    foreign.dedup();
    Ok((ours, foreign))
}

/// The packs that no remaining run names. What an incompatible run's manifest
/// says cannot be understood, so whatever it may name stays.
fn unneeded_packs(
    layout: &Layout,
    kept: &[RunId],
    incompatible: &[RunId],
) -> Result<Vec<PackName>, RunError> {
    let mut needed = BTreeSet::new();
    for run in kept {
        if let Ok(manifest) = standing::read_manifest(layout, run) {
            needed.extend(manifest.packs.into_iter().map(|pack| pack.file));
        }
    }
    let mut texts = Vec::new();
    for run in incompatible {
        let path = layout.runs().join(format!("{run}.json"));
        match durable::read_bounded(&path, manifest::BOUNDS.bytes as u64) {
            Ok(bytes) => texts.push(String::from_utf8_lossy(&bytes).into_owned()),
            // Nobody knows what it needs: everything stays.
            Err(_) => return Ok(Vec::new()),
        }
    }
    let packs = standing::names(&layout.packs())?
        .into_iter()
        .filter_map(|name| name.parse::<PackName>().ok());
    Ok(packs
        .filter(|pack| {
            !needed.contains(pack) && !texts.iter().any(|text| text.contains(pack.as_str()))
        })
        .collect())
}

impl GcPlan {
    /// Removes what the plan names.
    ///
    /// # Errors
    /// [`RunError`]; what is left is removed by the next collection.
    pub fn execute(&self) -> Result<(), RunError> {
        let layout = &self.layout;
        let lock = Lock::take(&layout.lock())?;
        publish::recover(layout)?;
        let now = standing::read_current(layout).ok().flatten().map(|c| c.run);
        if now != self.current {
            return Err(RunError::Superseded {
                current: now.map_or("nothing".to_owned(), |run| run.to_string()),
            });
        }
        let (manifests, rest): (Vec<_>, Vec<_>) = self
            .files
            .iter()
            .partition(|file| file.path.starts_with("runs/"));
        for file in &manifests {
            remove_any(&layout.profile().join(&file.path))?;
        }
        if !manifests.is_empty() {
            publish::sync(&layout.runs())?;
        }
        for file in &rest {
            remove_any(&layout.profile().join(&file.path))?;
        }
        drop(lock);
        Ok(())
    }
}

/// Removes a file, or a folder with everything below it; follows no link.
fn remove_any(path: &Path) -> Result<(), RunError> {
    let outcome = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(RunError::io(path, error)),
        _ => Ok(()),
    }
}
