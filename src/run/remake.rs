//! The cached index of a run: found, or made again from the packs. Losing it
//! is not an error.

use std::fs;
use std::path::PathBuf;

use rayon::prelude::*;

use super::tree::{Entry, Files};
use super::{Manifest, Objects, RunError, document, intent, publish};
use crate::budget::{Policy, Verdict};
use crate::foundation::durable::{self, Meter};
use crate::foundation::progress::{Phase, Progress};
use crate::graph::WorkspacePath;
use crate::index::{self, Builder, Built, Facts, Index, Scratch};
use crate::schema::WRITES;
use crate::workspace::{Layout, Lock, usage, user};

/// Where artifacts too large for memory are built.
pub(super) fn spill_folder() -> PathBuf {
    user::cache_dir().unwrap_or_else(std::env::temp_dir)
}

/// The file of the run's cached index, if it is there and is what the
/// manifest says.
pub(super) fn cached_index(layout: &Layout, manifest: &Manifest) -> Option<PathBuf> {
    if manifest.index.schema.written != WRITES {
        return None;
    }
    let path = layout.cache().join(intent::index_file(&manifest.run));
    durable::open_regular(&path).ok()?;
    let index = Index::open(&path).ok()?;
    (index.meta().logical == manifest.index.logical).then_some(path)
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
    let scratch = if manifest.source_bytes <= 16 * 1024 * 1024 {
        Scratch::Memory
    } else {
        Scratch::Spill(spill_folder())
    };
    let mut objects = Objects::of(layout, manifest);
    let files = objects.listing(manifest.tree)?.files;
    progress.begin(Phase::files("indexing", Some(files.len() as u64)));
    let mut builder = Builder::new(&scratch)?;
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
    let built = builder.finish(&facts(&files, manifest))?;
    progress.finish();
    Ok(built)
}

/// What an index has to know of a run beside its documents.
pub(super) fn facts(files: &Files, manifest: &Manifest) -> Facts {
    facts_of(
        files,
        manifest.tree.to_string(),
        manifest.digest.to_string(),
    )
}

/// As [`facts`], for a run whose manifest is still to be written.
pub(super) fn facts_of(files: &Files, root_tree: String, run_digest: String) -> Facts {
    let mut facts = Facts {
        root_tree,
        run_digest,
        ..Facts::default()
    };
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
    let line = format!("{digest}  {}\n", intent::index_file(&manifest.run));
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
    // The damaged file is worth nothing; without it the new one fits.
    publish::remove(&path).map_err(|error| error.to_string())?;
    let staged = layout
        .cache()
        .join(format!(".{}", intent::index_file(&manifest.run)));
    publish::remove(&staged).map_err(|error| error.to_string())?;
    let mut meter = Meter::new(assessment.allowance());
    let mut content = built.artifact.reader().map_err(io)?;
    durable::stage(&staged, &mut content, &mut meter).map_err(io)?;
    fs::rename(&staged, &path).map_err(io)?;
    let digest_path = layout
        .cache()
        .join(intent::index_digest_file(&manifest.run));
    durable::replace(&digest_path, line.as_bytes()).map_err(io)?;
    drop(lock);
    Ok(())
}
