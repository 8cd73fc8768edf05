//! Publishing a run: the only place that writes one.
//!
//! Order is everything. The intent is durable before the first rename; every
//! file is durable before the rename that shows it; `current` is renamed last.
//! So after a kill or a power cut at any instant either `current` names the
//! new run and all its files are there, or it names the old one and the
//! intent says what to remove.

use std::convert::Infallible;
use std::fs;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::folders::{Folders, sync};
use super::intent::{Intent, staged};
use super::plan::{ApprovedPlan, Changes, PlannedIndex, RunPlan};
use super::recover::{self, recover};
use super::standing::read_current;
use super::{Manifest, RunError, RunId, file_names, index_record, journal, objects};
use crate::budget::Assessment;
use crate::foundation::Sha256;
use crate::foundation::checksum::crc32_of_all;
use crate::foundation::durable::{self, Written};
use crate::foundation::meter::Meter;
use crate::foundation::pieces::in_pieces;
use crate::foundation::progress::{Phase, Progress};
use crate::foundation::threads::at_once;
use crate::workspace::Layout;

/// A run that is current now.
#[derive(Clone, Debug, Serialize)]
pub struct Published {
    /// The run.
    pub run: RunId,
    /// The run that was current before.
    pub parent: Option<RunId>,
    /// How the sources differ from the parent's.
    pub sources: Changes,
    /// Sources that were parsed.
    pub extracted: u64,
    /// Bytes written, but for the journal's line, which comes after.
    pub bytes_written: u64,
    /// What the budget said.
    pub budget: Assessment,
}

impl ApprovedPlan {
    /// Writes the run and makes it current.
    ///
    /// # Errors
    /// [`RunError`]; the previous run is then current, and what was written
    /// of this one is removed again; but [`RunError::Unsynced`] where it is
    /// current, as far as can be told.
    pub fn publish(self, progress: &dyn Progress) -> Result<Published, RunError> {
        let mut plan = self.0;
        let mut made = Folders::default();
        let lock = match plan.lock.take() {
            Some(lock) => lock,
            None => made.lock(&plan.layout)?,
        };
        let inside = made.inside(&plan.layout);
        let outcome = inside.and_then(|()| publish_locked(&plan, progress));
        if outcome.is_err() {
            made.unmake(&plan.layout, &lock);
        }
        drop(lock);
        progress.finish();
        let bytes_written = outcome?;
        // Freed beside what comes next.
        rayon::spawn(move || drop((plan.index, plan.pack, plan.stat, plan.spent)));
        Ok(Published {
            run: plan.manifest.run,
            parent: plan.manifest.parent,
            sources: plan.changes,
            extracted: plan.extracted,
            bytes_written,
            budget: plan.assessment,
        })
    }
}

fn publish_locked(plan: &RunPlan, progress: &dyn Progress) -> Result<u64, RunError> {
    recover(&plan.layout)?;
    check_not_superseded(plan)?;
    recover::clear_staging(&plan.layout)?;
    let meter = Meter::new(plan.assessment.allowance());
    let total = plan.files().iter().map(|file| file.bytes).sum();
    progress.begin(Phase::bytes("writing", Some(total)));
    let written = stage_all(plan, &meter, progress).and_then(|()| show(plan, &meter));
    let run = &plan.manifest.run;
    written.map_err(|error| give_up(&plan.layout, run, error))?;
    // From the rename on the run is current, whatever the disk says to this.
    sync(plan.layout.profile()).map_err(|error| unsynced(run, &error))?;
    tidy(plan);
    Ok(meter.written())
}

/// Takes back what was written of `run`, unless it may be current: a file system
/// across a network can tell of a rename that failed, and have done it.
pub(super) fn give_up(layout: &Layout, run: &RunId, error: RunError) -> RunError {
    let intent = Intent::read(layout).ok().flatten();
    if intent.is_some_and(|intent| intent.may_be_done(layout)) {
        // Whatever is not current after all, the next writer removes.
        return match read_current(layout) {
            Ok(now) if now.as_ref().is_none_or(|now| now.run != *run) => error,
            Ok(_) | Err(_) => unsynced(run, &error),
        };
    }
    // Best effort: whatever stays is named by the intent.
    let _ = recover::withdraw(layout);
    error
}

fn unsynced(run: &RunId, error: &RunError) -> RunError {
    RunError::Unsynced {
        run: run.clone(),
        reason: error.to_string(),
    }
}

/// Another writer may have published between planning and locking.
fn check_not_superseded(plan: &RunPlan) -> Result<(), RunError> {
    let now = read_current(&plan.layout);
    let same = match (&now, &plan.manifest.parent) {
        (Ok(Some(current)), Some(parent)) => current.run == *parent,
        (Ok(None) | Err(_), None) => true,
        // A rebuild whose `current` names a run that cannot be read.
        (Ok(Some(current)), None) => current.run.ordinal() < plan.manifest.run.ordinal(),
        (Ok(None) | Err(_), Some(_)) => false,
    };
    if same {
        return Ok(());
    }
    let current = now.ok().flatten().map(|current| current.run);
    Err(RunError::Superseded { current })
}

/// Writes every file into the staging folder, durably and in no order, and
/// checks the packs that the run shares: nothing is shown before all is done. So
/// the disk is given the index, by far the largest, while the small ones are
/// written beside it.
fn stage_all(plan: &RunPlan, meter: &Meter, progress: &dyn Progress) -> Result<(), RunError> {
    let staging = plan.layout.staging();
    fs::create_dir_all(&staging).map_err(|error| RunError::io(&staging, error))?;
    let write = |name: &str, content: &mut dyn BufRead| {
        let path = staging.join(name);
        let written = durable::write(&path, content, meter);
        let written = written.inspect(|it| progress.advance(it.bytes()));
        written.map_err(|error| RunError::io(&path, error))
    };
    let sync_file = |name: &str, written: &Written| {
        let synced = written.sync();
        synced.map_err(|error| RunError::io(&staging.join(name), error))
    };
    let stage = |name: &str, content: &mut dyn BufRead| {
        let written = write(name, content)?;
        sync_file(name, &written)
    };
    // By themselves: not all of a plan may be seen by several threads.
    let RunPlan {
        layout,
        manifest: Manifest { run, .. },
        index: PlannedIndex { artifact, same_as },
        unchecked,
        ..
    } = plan;
    let lent = artifact.lend(|index| {
        let others = || {
            stage(staged::INTENT_DRAFT, &mut &plan.intent_bytes[..])?;
            rename(
                &staging.join(staged::INTENT_DRAFT),
                &staging.join(Intent::FILE),
            )?;
            sync(&staging)?;
            sync(plan.layout.profile())?;
            if let Some((_, pack)) = &plan.pack {
                let lent = pack.lend(|pack| stage(staged::PACK, &mut pack.reader()));
                lent.map_err(unreadable("pack"))??;
            }
            let crc = crc32_of_all(&mut index.reader()).map_err(unreadable("index"))?;
            stage(staged::STAT, &mut &plan.stat.seal(crc)[..])?;
            stage(staged::MANIFEST, &mut &plan.manifest_bytes[..])?;
            stage(staged::CURRENT, &mut &plan.current_bytes[..])
        };
        // The index is hashed while it is written.
        let record = || {
            let digest = Sha256::of_all(&mut index.reader()).map_err(unreadable("index"))?;
            let line = index_record::line(digest, run);
            stage(staged::INDEX_DIGEST, &mut line.as_bytes())
        };
        let shared = || objects::check_digests(layout, unchecked);
        let index = || match same_as {
            None => {
                let written = write(staged::INDEX, &mut index.reader())?;
                // There is time to look at the packs until the disk has it.
                at_once([&shared], || sync_file(staged::INDEX, &written))
            }
            Some(_) => shared(),
        };
        at_once([&index, &record], others)
    });
    lent.map_err(unreadable("index"))?
}

/// Why an artifact that was made cannot be written.
fn unreadable(what: &str) -> impl Fn(io::Error) -> RunError {
    move |error| RunError::Build(format!("the {what} cannot be read back: {error}"))
}

/// Renames the staged files into place, `current` last.
fn show(plan: &RunPlan, meter: &Meter) -> Result<(), RunError> {
    let layout = &plan.layout;
    let run = &plan.manifest.run;
    let packs = layout.packs();
    let place = |staged: &str, to: PathBuf| rename(&layout.staging().join(staged), &to);
    // That `current` waits here tells the next writer that the run never was.
    sync(&layout.staging())?;
    if let Some((name, _)) = &plan.pack {
        place(staged::PACK, packs.join(name.as_str()))?;
    }
    let index = file_names::index_path(layout, run);
    match &plan.index.same_as {
        Some(twin) => second_name(&file_names::index_path(layout, twin), &index, meter)?,
        None => place(staged::INDEX, index)?,
    }
    let record = file_names::index_digest_path(layout, run);
    place(staged::INDEX_DIGEST, record)?;
    index_record::bind(layout, run);
    place(staged::STAT, file_names::stat_path(layout, run))?;
    at_once([&|| sync(&packs)], || sync(&layout.cache()))?;
    place(staged::MANIFEST, file_names::manifest_path(layout, run))?;
    sync(&layout.runs())?;
    place(staged::CURRENT, layout.current())
}

/// A hard link, or a copy where the file system has none.
fn second_name(existing: &Path, name: &Path, meter: &Meter) -> Result<(), RunError> {
    if fs::hard_link(existing, name).is_ok() {
        return Ok(());
    }
    let file = durable::open_regular(existing).map_err(|error| RunError::io(existing, error))?;
    durable::stage(name, &mut in_pieces(file), meter).map_err(|error| RunError::io(name, error))
}

/// What comes after the run is current. None of it matters to the run, so
/// none of it can fail the command.
fn tidy(plan: &RunPlan) {
    let layout = &plan.layout;
    let parent = plan.manifest.parent.as_ref();
    let stale = parent.filter(|_| plan.drops_parent_index).map(|parent| {
        [
            file_names::index_path(layout, parent),
            file_names::index_digest_path(layout, parent),
            file_names::stat_path(layout, parent),
        ]
    });
    let drop_stale = || {
        for file in stale.iter().flatten() {
            let _ = fs::remove_file(file);
        }
        Ok(())
    };
    // A file system takes its time to let go of a large file.
    let _: Result<(), Infallible> = at_once([&drop_stale], || {
        let _ = recover::clear_staging(layout);
        let _ = journal::append(layout, &plan.journal_line);
        Ok(())
    });
}

fn rename(from: &Path, to: &Path) -> Result<(), RunError> {
    fs::rename(from, to).map_err(|error| RunError::io(to, error))
}
