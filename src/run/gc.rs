//! Collecting old runs: the only command that removes runs, and only those that
//! the user names, with the packs and cached files that no run needs any more.
//!
//! Manifests go first, then what no remaining run needs. So a kill in between
//! leaves packs and cached files of no run; the next `gc` removes those. The
//! current run is never removed; incompatible and foreign runs only by name.
//! Where it is not known what the current run needs, every pack stays. A run that
//! an interrupted writer did not get to make current is none: it is not counted
//! among those that are kept, and what there is of it goes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::recover::{self, recover};
use super::standing::{self, Standing};
use super::{Manifest, PackName, RunError, RunId, file_names, folders, manifest};
use crate::foundation::{durable, json};
use crate::workspace::{Layout, Lock, usage};

/// Which runs to remove.
#[derive(Clone, Debug)]
pub enum Choice {
    /// All readable runs but the newest so many (the current one included).
    Keep(usize),
    /// These, by id; what is foreign by its name.
    Runs(Vec<String>),
}

/// Why nothing was collected.
#[derive(Debug, thiserror::Error)]
pub enum GcError {
    /// The current run was named.
    #[error("{0} is the current run, which is never removed")]
    Current(RunId),
    /// The newest run was named, and `current` cannot be read.
    #[error(
        "{0} is the newest run, and nothing else remembers its number: `current` cannot be read"
    )]
    Newest(RunId),
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
    /// What the usage of the profile falls by: a file that keeps another name
    /// frees nothing.
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
    let standing = Standing::judge(layout)?;
    let is_ready = matches!(standing, Standing::Ready(_));
    // That of a writer who is at work will be one.
    let unfinished = match Lock::is_held(&layout.lock()) {
        Ok(false) => recover::unfinished(layout, &standing).map(|intent| intent.run),
        Ok(true) | Err(_) => None,
    };
    let current = current_run(standing, choice)?;
    let mut staying = Staying::all(layout, current)?;
    staying.let_go(&unfinished.iter().cloned().collect());
    let (chosen, foreign) = match choice {
        Choice::Keep(0) => return Err(GcError::KeepNone),
        Choice::Keep(count) => (staying.beyond(*count), Vec::new()),
        Choice::Runs(names) => named(layout, names, staying.current.as_ref())?,
    };
    staying.let_go(&chosen);
    let needs = match is_ready || staying.has_manifest_of_current() {
        true => Needs::of(layout, &staying.readable, &staying.incompatible),
        false => None,
    };
    let gone = chosen.iter().cloned().chain(unfinished).collect();
    let files = removals(layout, &gone, &foreign, &staying, needs.as_ref())?;
    let bytes_freed = freed(layout, &files)?;
    let runs = chosen.iter().map(RunId::to_string).chain(foreign);
    let Staying {
        readable,
        incompatible,
        current,
    } = staying;
    Ok(GcPlan {
        runs: runs.collect(),
        kept: readable.into_iter().map(|manifest| manifest.run).collect(),
        incompatible,
        bytes_freed,
        files,
        layout: layout.clone(),
        current,
    })
}

/// The current run, as far as it is known; what is merely old is not told from
/// what is not where it cannot be read.
fn current_run(standing: Standing, choice: &Choice) -> Result<Option<RunId>, RunError> {
    match (standing, choice) {
        (Standing::Ready(manifest), _) => Ok(Some(manifest.run)),
        (Standing::RebuildRequired { run, .. }, Choice::Runs(_)) => Ok(run),
        (Standing::RebuildRequired { run, reason }, Choice::Keep(_)) => {
            Err(RunError::RebuildRequired { run, reason })
        }
        (Standing::Empty, _) => Err(RunError::NoRun),
    }
}

/// The runs that stay.
struct Staying {
    /// Those that can be read, oldest first.
    readable: Vec<Manifest>,
    incompatible: Vec<RunId>,
    /// The current one, as far as it is known.
    current: Option<RunId>,
}

impl Staying {
    fn all(layout: &Layout, current: Option<RunId>) -> Result<Self, RunError> {
        let (mut readable, mut incompatible) = (Vec::new(), Vec::new());
        for run in standing::list_runs(layout)? {
            match standing::read_manifest(layout, &run) {
                Ok(manifest) => readable.push(manifest),
                Err(_) => incompatible.push(run),
            }
        }
        Ok(Self {
            readable,
            incompatible,
            current,
        })
    }

    /// The readable runs beyond the newest `count`, never the current one.
    fn beyond(&self, count: usize) -> BTreeSet<RunId> {
        let runs = self.readable.iter().rev().map(|manifest| &manifest.run);
        let others = runs.filter(|run| Some(*run) != self.current.as_ref());
        others.skip(count - 1).cloned().collect()
    }

    fn let_go(&mut self, gone: &BTreeSet<RunId>) {
        self.readable
            .retain(|manifest| !gone.contains(&manifest.run));
        self.incompatible.retain(|run| !gone.contains(run));
    }

    /// Whether the current run, which cannot be read, has at least a manifest to
    /// search.
    fn has_manifest_of_current(&self) -> bool {
        let current = self.current.as_ref();
        current.is_some_and(|run| self.incompatible.contains(run))
    }

    fn holds(&self, run: &RunId) -> bool {
        self.current.as_ref() == Some(run)
            || self.readable.iter().any(|manifest| manifest.run == *run)
            || self.incompatible.contains(run)
    }
}

/// What goes with the runs `gone` and `foreign`: packs only where it is known
/// what the others need.
fn removals(
    layout: &Layout,
    gone: &BTreeSet<RunId>,
    foreign: &[String],
    staying: &Staying,
    needs: Option<&Needs>,
) -> Result<Vec<Removal>, RunError> {
    let mut files = Vec::new();
    let mut remove = |folder: &str, name: &str| {
        let path = format!("{folder}/{name}");
        let full = layout.profile().join(&path);
        if let Ok(metadata) = fs::symlink_metadata(&full) {
            let bytes = match metadata.is_dir() {
                true => usage::measure(&full).map_or(0, |usage| usage.total.bytes),
                false => metadata.len(),
            };
            files.push(Removal { path, bytes });
        }
    };
    for run in gone {
        remove("runs", &file_names::manifest_file(run));
    }
    for name in foreign {
        remove("runs", name);
    }
    // Also those of runs whose manifest is gone.
    for name in standing::names(&layout.cache())? {
        if file_names::cached_run(&name).is_some_and(|run| !staying.holds(&run)) {
            remove("cache", &name);
        }
    }
    if let Some(needs) = needs {
        for name in standing::names(&layout.packs())? {
            if name.parse().is_ok_and(|pack| !needs.pack(&pack)) {
                remove("packs", &name);
            }
        }
    }
    Ok(files)
}

/// What the usage falls by when these are gone.
fn freed(layout: &Layout, files: &[Removal]) -> Result<u64, RunError> {
    let profile = layout.profile();
    let gone = files.iter().map(|file| profile.join(&file.path)).collect();
    let now = usage::measure(profile)?;
    let then = usage::measure_without(profile, &gone)?;
    Ok(now.total.bytes.saturating_sub(then.total.bytes))
}

/// The runs named: ours, and foreign ones.
fn named(
    layout: &Layout,
    names: &[String],
    current: Option<&RunId>,
) -> Result<(BTreeSet<RunId>, Vec<String>), GcError> {
    let (mut ours, mut foreign) = (BTreeSet::new(), Vec::new());
    let present = standing::names(&layout.runs())?;
    // Its number would be given once more.
    let newest = match current {
        Some(_) => None,
        None => standing::list_runs(layout)?.pop(),
    };
    for name in names {
        // By its manifest, too: that is no run of another program.
        let by_manifest = || file_names::run_of_manifest(name);
        let run: Option<RunId> = name.parse().ok().or_else(by_manifest);
        match run {
            Some(run) if current == Some(&run) => return Err(GcError::Current(run)),
            Some(run) if newest.as_ref() == Some(&run) => return Err(GcError::Newest(run)),
            Some(run) if present.contains(&file_names::manifest_file(&run)) => {
                ours.insert(run);
            }
            // A name that the folder itself lists is one component, and one that
            // is only shown like it stands for nothing.
            _ if present.contains(name) && layout.runs().join(name).symlink_metadata().is_ok() => {
                foreign.push(name.clone());
            }
            _ => return Err(GcError::Unknown(name.clone())),
        }
    }
    foreign.sort();
    foreign.dedup();
    Ok((ours, foreign))
}

/// What the runs that stay need.
struct Needs {
    packs: BTreeSet<PackName>,
    /// The manifests of incompatible runs: what they say cannot be understood,
    /// so whatever they may name is needed.
    texts: Vec<String>,
}

impl Needs {
    /// Of these runs; `None` when it cannot be told.
    fn of(layout: &Layout, readable: &[Manifest], incompatible: &[RunId]) -> Option<Self> {
        let packs = readable.iter().flat_map(|manifest| &manifest.packs);
        let whole = |run: &RunId| {
            let path = file_names::manifest_path(layout, run);
            let bytes = durable::read_bounded(&path, manifest::BOUNDS.bytes as u64).ok()?;
            // Half of a manifest names half of its packs.
            json::parse::<serde::de::IgnoredAny>(&bytes, manifest::BOUNDS).ok()?;
            String::from_utf8(bytes).ok()
        };
        Some(Self {
            packs: packs.map(|pack| pack.file.clone()).collect(),
            texts: incompatible.iter().map(whole).collect::<Option<_>>()?,
        })
    }

    fn pack(&self, pack: &PackName) -> bool {
        self.packs.contains(pack) || self.texts.iter().any(|text| text.contains(pack.as_str()))
    }
}

impl GcPlan {
    /// Removes what the plan names.
    ///
    /// # Errors
    /// [`RunError`]; what is left is removed by the next collection.
    pub fn execute(&self) -> Result<(), RunError> {
        let layout = &self.layout;
        let lock = Lock::take(&layout.lock())?;
        recover(layout)?;
        let now = standing::read_current(layout).ok().flatten().map(|c| c.run);
        if now != self.current {
            return Err(RunError::Superseded { current: now });
        }
        let (manifests, rest): (Vec<_>, Vec<_>) = self
            .files
            .iter()
            .partition(|file| file.path.starts_with("runs/"));
        for file in &manifests {
            remove_any(&layout.profile().join(&file.path))?;
        }
        if !manifests.is_empty() {
            folders::sync(&layout.runs())?;
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
    let gone = durable::if_there(outcome).map(drop);
    gone.map_err(|error| RunError::io(path, error))
}
