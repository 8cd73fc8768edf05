//! Planning a run: from sources to the exact bytes of every file it would
//! write. Touches nothing under `.pkg` (except to clean up after a writer
//! that was killed); `publish` does the rest.

mod assemble;
mod before;
mod changes;
mod derive;
mod inherit;
mod packing;
mod record;
mod survey;

use std::collections::BTreeSet;
use std::ops::ControlFlow::{self, Break, Continue};

use crate::foundation::Sha256;
use crate::foundation::progress::{Phase, Progress};
use crate::foundation::threads::start_pool;
use crate::graph::WorkspacePath;
use crate::source::{Root, Scan, Selection, scan_unsorted};
use crate::workspace::{Layout, Lock, LockError, ProfileName, Workspace};

use super::plan::{Planned, Unchanged};
use super::recover::{self, recover};
use super::standing::Standing;
use super::{Manifest, Mode, Objects, RunError, link_files};

use assemble::{Assembly, Leeway};
use inherit::{Inherited, Previous};
use record::Request;
use survey::{Glance, Survey};

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
    start_pool().map_err(RunError::Threads)?;
    let plan = |leeway| plan_once(workspace, profile, mode, dry_run, leeway, progress);
    let usual = Leeway {
        update: mode == Mode::Ingest,
        take_over: true,
    };
    // All of it on threads of the pool: what begins there waits for no other
    // thread to wake.
    rayon::scope(|_| {
        let planned = match plan(usual) {
            // The cached index could not be updated after all: a new one will do.
            Err(RunError::Index(error)) if error.is_damage() => plan(Leeway {
                update: false,
                ..usual
            }),
            planned => planned,
        };
        match planned {
            Ok(Planned::Run(too_large)) if too_large.is_blocked() => {
                // With it goes its lock.
                drop(too_large);
                plan(Leeway::NONE)
            }
            planned => planned,
        }
    })
}

fn plan_once(
    workspace: &Workspace,
    profile: &ProfileName,
    mode: Mode,
    dry_run: bool,
    leeway: Leeway,
    progress: &dyn Progress,
) -> Result<Planned, RunError> {
    let layout = workspace.layout(profile);
    layout.check()?;
    let lock = if dry_run { None } else { early_lock(&layout)? };
    if lock.is_some() {
        recover(&layout)?;
    }
    // What a writer would clean up first.
    let gone = match dry_run && matches!(Lock::is_held(&layout.lock()), Ok(false)) {
        true => recover::leftovers(&layout)?.into_iter().collect(),
        false => BTreeSet::new(),
    };
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
    let look = Look {
        layout: &layout,
        root: &root,
        others: &others,
        config,
        max_bytes,
        may_update: leeway.update,
        progress,
    };
    let looked = match (previous, mode) {
        (None, _) => Continue(look.first(found, parent.as_ref())),
        (Some(previous), Mode::Rebuild) => {
            let (inherited, before) = Inherited::by_rebuild(previous);
            Continue((Survey::of_all(found, before), inherited))
        }
        (Some(previous), Mode::Ingest) => look.again(found, previous)?,
    };
    let (survey, inherited) = match looked {
        Continue(sources) => sources,
        Break(unchanged) => {
            progress.finish();
            return Ok(Planned::Unchanged(unchanged));
        }
    };
    let planned = Assembly {
        request: Request {
            workspace,
            layout,
            gone,
            lock,
            mode,
            parent,
            config,
        },
        root,
        others,
        max_bytes,
        leeway,
    }
    .run(survey, inherited, progress);
    progress.finish();
    planned
}

/// What a look at the sources came to: they are those of the previous run, or
/// may not be.
type Looked = ControlFlow<Unchanged, (Survey, Inherited)>;

/// A look at the sources.
struct Look<'a> {
    layout: &'a Layout,
    root: &'a Root,
    /// Files of the workspace that are no sources.
    others: &'a [WorkspacePath],
    /// The digest of the configuration.
    config: Sha256,
    max_bytes: u64,
    may_update: bool,
    progress: &'a dyn Progress,
}

impl Look<'_> {
    /// Where nothing of a previous run is used: there is none, or another schema
    /// wrote the run `parent`. What changed since is told all the same.
    fn first(&self, found: Scan, parent: Option<&Manifest>) -> (Survey, Inherited) {
        let listing =
            parent.map(|manifest| Objects::of(self.layout, manifest).listing(manifest.tree));
        let before = listing.and_then(Result::ok).unwrap_or_default().files;
        let survey = Survey::of_all(found, before);
        (survey, Inherited::nothing(self.layout))
    }

    /// Compares with the run `previous`.
    fn again(&self, found: Scan, previous: Previous) -> Result<Looked, RunError> {
        let same_config = previous.manifest.config == self.config;
        let stat = &previous.stat;
        let (glance, same_targets) = rayon::join(
            || Glance::at(found, stat),
            || match stat.watched() {
                Some(watched) => link_files::are_as_before(&watched, self.root, self.others),
                None => Ok(false),
            },
        );
        if same_config && same_targets? && glance.says_the_same_as(&previous) {
            return Ok(Break(Unchanged::of(&previous.manifest, Vec::new())));
        }
        let with_index = self.may_update && glance.is_small(previous.manifest.source_bytes);
        let (inherited, before, prints) = Inherited::by_ingest(previous, self.layout, with_index)?;
        let (max_bytes, progress) = (self.max_bytes, self.progress);
        let survey = Survey::of_changes(self.root, glance, before, prints, max_bytes, progress)?;
        if same_config
            && let (Some(manifest), Some(links)) = (&inherited.manifest, &inherited.links)
            && survey.is_unchanged(links, self.root, self.others)?
        {
            return Ok(Break(Unchanged::of(manifest, survey.refused_kept())));
        }
        Ok(Continue((survey, inherited)))
    }
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
