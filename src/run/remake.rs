//! The cached index of a run: found, or made again from the packs. Losing it
//! is not an error.

use std::fs;

use rayon::prelude::*;

use super::tree::{Entry, Files};
use super::{Manifest, Objects, RunError, document, index_record, intent, publish};
use crate::budget::{Policy, Verdict};
use crate::foundation::Sha256;
use crate::foundation::durable::{self, Meter};
use crate::foundation::progress::{Phase, Progress};
use crate::graph::WorkspacePath;
use crate::index::{self, Builder, Built, Editable, Facts, Index, Scratch};
use crate::schema::WRITES;
use crate::workspace::{Layout, Lock, usage, user};

/// Sources up to this many bytes are derived in memory, larger ones in a
/// spill file.
const MEMORY_BYTES: u64 = 16 * 1024 * 1024;

/// An index up to this many bytes is edited in memory: there is no other
/// large thing there then.
const EDITABLE_BYTES: u64 = 32 * 1024 * 1024;

/// Where the artifacts of that many bytes of sources are built.
pub(super) fn scratch(source_bytes: u64) -> Scratch {
    scratch_for(source_bytes, MEMORY_BYTES)
}

fn scratch_for(bytes: u64, in_memory: u64) -> Scratch {
    if bytes <= in_memory {
        Scratch::Memory
    } else {
        Scratch::Spill(user::cache_dir().unwrap_or_else(std::env::temp_dir))
    }
}

/// A copy of the run's cached index to make the next one of; `None` when the
/// file is not there or not what the manifest says.
///
/// # Errors
/// As [`Editable::copy`].
pub(super) fn editable_index(
    layout: &Layout,
    manifest: &Manifest,
) -> Result<Option<Editable>, RunError> {
    if open_cached(layout, manifest).is_err() {
        return Ok(None);
    }
    let path = layout.cache().join(intent::index_file(&manifest.run));
    let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
    Ok(Some(Editable::copy(
        &path,
        &scratch_for(bytes, EDITABLE_BYTES),
    )?))
}

/// Opens the cached index of a run.
///
/// # Errors
/// The sentence why it is of no use.
pub(super) fn open_cached(layout: &Layout, manifest: &Manifest) -> Result<Index, String> {
    if manifest.index.schema.written != WRITES {
        return Err("it has another schema".to_owned());
    }
    let path = layout.cache().join(intent::index_file(&manifest.run));
    let index = match durable::open_regular(&path) {
        Ok(_) => Index::open(&path).map_err(|error| error.to_string())?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err("it was missing".to_owned());
        }
        Err(error) => return Err(error.to_string()),
    };
    if index.meta().logical != manifest.index.logical {
        return Err("it belongs to another run".to_owned());
    }
    match index_record::vouches_for(layout, &manifest.run) {
        Ok(true) => Ok(index),
        Ok(false) => Err("it was changed since it was written".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// An index made again, and what became of its file.
pub(super) struct Remade {
    pub(super) index: Index,
    /// Why it could not be put into the cache.
    pub(super) not_cached: Option<String>,
}

/// Makes the index of a run again from its packs and puts it into the cache,
/// under the writer's lock and budget; where either is not to be had, answers
/// from memory.
///
/// # Errors
/// [`RunError`] when the packs are damaged too, or give another index than
/// the manifest says.
pub(super) fn remake(
    layout: &Layout,
    manifest: &Manifest,
    policy: &Policy,
    progress: &dyn Progress,
) -> Result<Remade, RunError> {
    let built = build(layout, manifest, progress)?;
    if built.logical != manifest.index.logical && manifest.index.schema.written == WRITES {
        return Err(RunError::Damaged(format!(
            "the packs of {} give an index with digest {}, its manifest says {}",
            manifest.run, built.logical, manifest.index.logical
        )));
    }
    let not_cached = store(layout, manifest, policy, &built).err();
    Ok(Remade {
        index: Index::from_artifact(&built.artifact)?,
        not_cached,
    })
}

/// Builds the index of a run from its packs.
///
/// # Errors
/// [`RunError`].
pub(super) fn build(
    layout: &Layout,
    manifest: &Manifest,
    progress: &dyn Progress,
) -> Result<Built, RunError> {
    let mut objects = Objects::of(layout, manifest);
    let files = objects.listing(manifest.tree)?.files;
    progress.begin(Phase::files("indexing", Some(files.len() as u64)));
    let mut builder = Builder::new(&scratch(manifest.source_bytes))?;
    let sources: Vec<_> = files
        .iter()
        .filter_map(|(path, entry)| match entry {
            Entry::Source {
                sha256,
                bytes,
                document,
            } => {
                let source = index::Source {
                    path: path.clone(),
                    sha256: *sha256,
                    bytes: *bytes,
                };
                Some((source, *document))
            }
            Entry::Refused { .. } | Entry::File => None,
        })
        .collect();
    for batch in sources.chunks(1_024) {
        let stored = batch
            .iter()
            .map(|(source, id)| Ok((source.clone(), *id, objects.get(*id)?)))
            .collect::<Result<Vec<_>, RunError>>()?;
        let prepared = stored
            .into_par_iter()
            .map(|(source, id, bytes)| {
                let document = document::decode(id, &bytes)?;
                Ok(index::prepare(source, document))
            })
            .collect::<Result<Vec<_>, RunError>>()?;
        for prepared in &prepared {
            builder.add(prepared)?;
            progress.advance(1);
        }
    }
    let built = builder.finish(&facts(&files, manifest.tree, manifest.digest))?;
    progress.finish();
    Ok(built)
}

/// What an index has to know of a run beside its documents.
pub(super) fn facts(files: &Files, tree: Sha256, run_digest: Sha256) -> Facts {
    let mut facts = Facts {
        root_tree: tree.to_string(),
        run_digest: run_digest.to_string(),
        ..Facts::default()
    };
    let mut last = "";
    for (path, entry) in files {
        match entry {
            Entry::Source { .. } => {}
            Entry::File => {
                facts.files.insert(path.clone());
            }
            Entry::Refused { refusal, .. } => {
                facts.files.insert(path.clone());
                facts
                    .refused
                    .insert(path.clone(), refusal.name().to_owned());
            }
        }
        // Every folder above a file of the run exists.
        let mut folder = path.parent();
        if folder == std::mem::replace(&mut last, folder) {
            continue;
        }
        while let Ok(path) = folder.parse::<WorkspacePath>() {
            if !facts.files.insert(path) {
                break;
            }
            folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
    }
    facts
}

/// Puts an index into the cache; the sentence why not otherwise.
fn store(
    layout: &Layout,
    manifest: &Manifest,
    policy: &Policy,
    built: &Built,
) -> Result<(), String> {
    let lock = Lock::take(&layout.lock()).map_err(|error| error.to_string())?;
    publish::recover(layout).map_err(|error| error.to_string())?;
    let path = layout.cache().join(intent::index_file(&manifest.run));
    let damaged = fs::symlink_metadata(&path).map_or(0, |metadata| metadata.len());
    let io = |error: std::io::Error| error.to_string();
    let usage = usage::measure(layout.profile()).map_err(io)?;
    let digest = built.artifact.sha256().map_err(io)?;
    let line = index_record::line(digest, &manifest.run);
    let used = usage.total.bytes.saturating_sub(damaged);
    let added = built.artifact.bytes() + line.len() as u64;
    let assessment = policy.assess(manifest.source_bytes, used, added);
    if assessment.verdict == Verdict::Block {
        return Err("it does not fit into the footprint budget".to_owned());
    }
    match fs::create_dir(layout.cache()) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(io(error)),
        _ => {}
    }
    // The damaged file is worth nothing; without it the new one fits. No
    // moment has a new index beside the record of the old one.
    let record = layout
        .cache()
        .join(intent::index_digest_file(&manifest.run));
    for stale in [&path, &record] {
        publish::remove(stale).map_err(|error| error.to_string())?;
    }
    let staged = layout
        .cache()
        .join(format!(".{}", intent::index_file(&manifest.run)));
    publish::remove(&staged).map_err(|error| error.to_string())?;
    let meter = Meter::new(assessment.allowance());
    durable::stage(&staged, &mut built.artifact.reader(), &meter).map_err(io)?;
    fs::rename(&staged, &path).map_err(io)?;
    durable::replace(&record, line.as_bytes()).map_err(io)?;
    drop(lock);
    Ok(())
}
