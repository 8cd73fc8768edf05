//! Planning a run: from sources to the exact bytes of every file it would
//! write. Touches nothing under `.pkg` (except to clean up after a writer
//! that was killed); `publish` does the rest.

mod assemble;
mod before;
mod changes;
mod derive;
mod inherit;
mod link_files;
mod packing;
mod record;
mod survey;

use crate::foundation::progress::{Phase, Progress};
use crate::schema::WRITES;
use crate::source::{Root, Selection, scan_unsorted};
use crate::workspace::{Layout, Lock, LockError, ProfileName, Workspace};

use super::plan::{Planned, Unchanged};
use super::recover::recover;
use super::standing::Standing;
use super::stat_cache::StatCache;
use super::{Manifest, Objects, RunError};

use inherit::Inherited;
pub(super) use link_files::{LinkFiles, holds_sources};
use survey::{Glance, Survey};

/// How a run is derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// From the current run and what changed since.
    Ingest,
    /// From the sources alone, beside whatever is there.
    Rebuild,
}

/// The run that a plan starts from: current, readable, of this very schema.
struct Previous {
    manifest: Manifest,
    objects: Objects,
    stat: StatCache,
}

impl Previous {
    /// Of the run `parent`; `None` when another schema wrote it.
    fn of(layout: &Layout, parent: &Manifest) -> Option<Self> {
        (parent.schema.written == WRITES).then(|| Self {
            objects: Objects::of(layout, parent),
            stat: StatCache::read(layout, parent),
            manifest: parent.clone(),
        })
    }
}

/// Plans a run. With `dry_run` not even the lock is taken.
///
/// # Errors
/// [`RunError::RebuildRequired`] when the current run cannot be read and
/// `mode` is [`Mode::Ingest`]; [`RunError::Busy`] when another writer holds
/// the lock; [`RunError::Damaged`] when what it reads in a pack is not what was
/// written; others as they come. Nothing was changed then.
pub fn plan(
    workspace: &Workspace,
    profile: &ProfileName,
    mode: Mode,
    dry_run: bool,
    progress: &dyn Progress,
) -> Result<Planned, RunError> {
    let plan =
        |may_update: bool| plan_once(workspace, profile, mode, dry_run, may_update, progress);
    // All of it on threads of the pool: what begins there waits for no other
    // thread to wake.
    rayon::scope(|_| match plan(mode == Mode::Ingest) {
        // The cached index could not be updated after all: a new one will do.
        Err(RunError::Index(error)) if error.is_damage() => plan(false),
        planned => planned,
    })
}

fn plan_once(
    workspace: &Workspace,
    profile: &ProfileName,
    mode: Mode,
    dry_run: bool,
    may_update: bool,
    progress: &dyn Progress,
) -> Result<Planned, RunError> {
    let layout = workspace.layout(profile);
    layout.check()?;
    let lock = if dry_run { None } else { early_lock(&layout)? };
    if lock.is_some() {
        recover(&layout)?;
    }
    let parent = parent(mode, &layout)?;
    progress.begin(Phase::files("scanning", None));
    let root =
        Root::open(workspace.root()).map_err(|error| RunError::io(workspace.root(), error))?;
    let selection = Selection::new(&workspace.config().sources)?;
    let (found, previous) = rayon::join(
        || scan_unsorted(&root, &selection),
        || Previous::of(&layout, parent.as_ref()?),
    );
    let mut found = found?;
    let others = std::mem::take(&mut found.others);
    progress.advance(found.files.len() as u64);

    let config = workspace.config().derivation_digest();
    let max_bytes = workspace.config().sources.max_file_bytes;
    let same_config = previous
        .as_ref()
        .is_some_and(|p| p.manifest.config == config);
    let (survey, inherited) = match (previous, mode) {
        (None, _) => {
            // Of another schema: nothing of it is used, but what changed is told.
            let listing = parent
                .as_ref()
                .map(|manifest| Objects::of(&layout, manifest).listing(manifest.tree));
            let before = listing.and_then(Result::ok).unwrap_or_default().files;
            let survey = Survey::of_all(found, before);
            (survey, Inherited::nothing(&layout))
        }
        (Some(previous), Mode::Rebuild) => {
            let (inherited, before) = Inherited::by_rebuild(previous);
            (Survey::of_all(found, before), inherited)
        }
        (Some(previous), Mode::Ingest) => {
            let stat = &previous.stat;
            let (glance, same_targets) = rayon::join(
                || Glance::at(found, stat),
                || link_files::are_as_before(stat, &root, &others),
            );
            if same_config && same_targets? && glance.says_the_same_as(&previous) {
                progress.finish();
                return Ok(Planned::Unchanged(unchanged(
                    &previous.manifest,
                    Vec::new(),
                )));
            }
            let with_index = may_update && glance.is_small(previous.manifest.source_bytes);
            let (inherited, before, prints) = Inherited::by_ingest(previous, &layout, with_index)?;
            let survey = Survey::of_changes(&root, glance, before, prints, max_bytes, progress)?;
            (survey, inherited)
        }
    };
    if same_config
        && let (Some(manifest), Some(links)) = (&inherited.manifest, &inherited.links)
        && survey.is_unchanged(links, &root, &others)?
    {
        progress.finish();
        return Ok(Planned::Unchanged(unchanged(
            manifest,
            survey.refused_kept(),
        )));
    }
    let planned = assemble::Assembly {
        workspace,
        layout,
        lock,
        mode,
        parent,
        config,
        root,
        others,
        max_bytes,
        may_update,
    }
    .run(survey, inherited, progress);
    progress.finish();
    planned
}

/// The run that a new one comes after: the current one, if it can be read.
fn parent(mode: Mode, layout: &Layout) -> Result<Option<Manifest>, RunError> {
    match (mode, Standing::judge(layout)?) {
        (_, Standing::Empty) | (Mode::Rebuild, Standing::RebuildRequired { .. }) => Ok(None),
        (_, Standing::Ready(manifest)) => Ok(Some(*manifest)),
        (Mode::Ingest, Standing::RebuildRequired { run, reason }) => {
            Err(RunError::RebuildRequired { run, reason })
        }
    }
}

fn unchanged(manifest: &Manifest, refused: Vec<super::RefusedSource>) -> Unchanged {
    Unchanged {
        run: manifest.run.clone(),
        sources: manifest.counts.get("documents").copied().unwrap_or(0),
        refused,
    }
}

/// The lock, if its file exists and may be written: planning creates nothing,
/// and on a read-only `.pkg` there is no other writer to fear.
fn early_lock(layout: &Layout) -> Result<Option<Lock>, RunError> {
    match Lock::take_existing(&layout.lock()) {
        Ok(lock) => Ok(lock),
        Err(LockError::Io { source, .. })
            if matches!(
                source.kind(),
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
