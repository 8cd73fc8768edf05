//! The cached index of a run: found, or made again from the packs. Losing it
//! is not an error.

use std::collections::BTreeSet;
use std::fs;

use super::groups::groups;
use super::index_record::{self, Record, Trust};
use super::recover::{self, recover};
use super::standing::{counted_source_bytes, read_current};
use super::tally::Tally;
use super::tree::Entry;
use super::{Manifest, Objects, RunError, document, file_names};
use crate::budget::{Policy, Verdict};
use crate::foundation::checksum::Checksum;
use crate::foundation::durable;
use crate::foundation::in_order::InOrder;
use crate::foundation::meter::Meter;
use crate::foundation::progress::{Phase, Progress};
use crate::foundation::spill::Lent;
use crate::foundation::threads::start_pool;
use crate::index::{self, Batches, Builder, Built, Editable, Index, IndexError, Scratch};
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
        Scratch::Spill(user::scratch_dir())
    }
}

/// A copy of the run's cached index to make the next one of; `None` when the
/// file is not there, is not what the manifest says, has not the schema that is
/// written now, or is worn by many edits. That it is as it was written is told by
/// its CRC-32 `crc`, or else by the record of its digest: an index that was made
/// again has another.
///
/// # Errors
/// As [`Editable::copy`].
pub(super) fn editable_index(
    layout: &Layout,
    manifest: &Manifest,
    crc: Option<u32>,
) -> Result<Option<Editable>, RunError> {
    let Ok(index) = open_cached(layout, manifest, Trust::Times) else {
        return Ok(None);
    };
    let meta = index.meta();
    if meta.schema.written != WRITES {
        return Ok(None);
    }
    let path = file_names::index_path(layout, &manifest.run);
    let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
    let scratch = scratch_for(bytes, EDITABLE_BYTES);
    let copy = |written| Editable::copy(&path, meta.clone(), written, &scratch);
    let copied = match crc.map(|crc| copy(Checksum::Crc32(crc))) {
        Some(Err(error)) if error.is_damage() => None,
        other => other,
    };
    let copied = match copied {
        Some(copied) => copied?,
        None => match index_record::read(layout, &manifest.run) {
            Ok(Record::Digest(digest)) => copy(Checksum::Sha256(digest))?,
            Ok(Record::None | Record::Damaged) | Err(_) => return Ok(None),
        },
    };
    Ok((!copied.is_worn(manifest.source_bytes)?).then_some(copied))
}

/// Why a cached index is of no use.
pub(super) enum Useless {
    /// Another version keeps it, for itself: its file stays.
    OtherSchema(String),
    /// It is missing, or not what was written: the file may be replaced.
    Lost(String),
}

impl Useless {
    /// The sentence.
    pub(super) fn why(&self) -> &str {
        match self {
            Self::OtherSchema(why) | Self::Lost(why) => why,
        }
    }
}

/// Opens the cached index of a run.
///
/// # Errors
/// [`Useless`].
pub(super) fn open_cached(
    layout: &Layout,
    manifest: &Manifest,
    trust: Trust,
) -> Result<Index, Useless> {
    let lost = |why: &str| Err(Useless::Lost(why.to_owned()));
    let path = file_names::index_path(layout, &manifest.run);
    match durable::open_regular(&path) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return lost("it was missing");
        }
        Err(error) => return lost(&error.to_string()),
    }
    let index = Index::open(&path).map_err(|error| match error {
        IndexError::OtherSchema(_) => Useless::OtherSchema(error.to_string()),
        error => Useless::Lost(error.to_string()),
    })?;
    if !belongs(&index, manifest) {
        return lost("it belongs to another run");
    }
    match index_record::vouches_for(layout, &manifest.run, trust) {
        Ok(true) => Ok(index),
        Ok(false) if trust == Trust::Nothing => lost("it was damaged"),
        Ok(false) => lost("it was changed since it was written"),
        Err(error) => lost(&error.to_string()),
    }
}

/// Whether `index` is that of the run. Made again by a version of another
/// schema it may hold other rows than those the manifest counted.
fn belongs(index: &Index, manifest: &Manifest) -> bool {
    let meta = index.meta();
    if meta.schema.written == manifest.index.schema.written {
        meta.logical == manifest.index.logical
    } else {
        meta.root_tree == manifest.tree.to_string()
            && meta.run_digest == manifest.digest.to_string()
    }
}

/// An index made again, and what became of its file.
pub(super) struct Remade {
    pub(super) index: Index,
    /// Why it could not be put into the cache.
    pub(super) not_cached: Option<String>,
}

/// Makes the index of a run again from its packs, since the cached one is
/// `useless`. With a budget to `keep` it under it is put into the cache, as a
/// writer does that holds the lock; else, or where lock, budget or place are not
/// to be had, it goes away with its reader.
///
/// # Errors
/// [`RunError`] when the packs are damaged too, or give another index than
/// the manifest says.
pub(super) fn remake(
    layout: &Layout,
    manifest: &Manifest,
    useless: &Useless,
    keep: Option<&Policy>,
    progress: &dyn Progress,
) -> Result<Remade, RunError> {
    let built = build(layout, manifest, progress)?;
    if built.logical != manifest.index.logical && manifest.index.schema.written == WRITES {
        return Err(RunError::Damaged(format!(
            "the packs of {} give an index with digest {}, its manifest says {}",
            manifest.run, built.logical, manifest.index.logical
        )));
    }
    let not_cached = match (useless, keep) {
        (Useless::Lost(_), Some(policy)) => store(layout, manifest, policy, &built).err(),
        (Useless::Lost(_), None) => None,
        (Useless::OtherSchema(_), _) => Some("the file of that version stays".to_owned()),
    };
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
    start_pool().map_err(RunError::Threads)?;
    let mut objects = Objects::of(layout, manifest);
    let files = objects.listing(manifest.tree)?.files;
    progress.begin(Phase::files("indexing", Some(files.len() as u64)));
    let mut builder = Builder::new(&scratch(manifest.source_bytes))?;
    let sources = files.iter().filter_map(|(path, entry)| match entry {
        Entry::Source { sha256, bytes } => Some(index::Source {
            path: path.clone(),
            sha256: *sha256,
            bytes: *bytes,
        }),
        Entry::Refused { .. } | Entry::File => None,
    });
    let mut groups = groups(sources, |source| source.bytes);
    let batches = Batches::default();
    let prepare = |group: Vec<(index::Source, Vec<u8>)>| {
        let prepared = group.into_iter().map(|(source, bytes)| {
            let document = document::decode(&source.path, source.sha256, &bytes)?;
            progress.advance(1);
            Ok(index::prepare(source, document))
        });
        Ok::<_, RunError>(batches.batch(prepared.collect::<Result<_, RunError>>()?))
    };
    rayon::in_place_scope_fifo(|scope| {
        let mut preparing = InOrder::new(&prepare);
        loop {
            while preparing.has_room()
                && let Some(group) = groups.next()
            {
                let stored = group.into_iter().map(|source| {
                    let object = objects.source(source.sha256, source.bytes)?;
                    Ok((source, object))
                });
                preparing.give(scope, stored.collect::<Result<_, RunError>>()?);
            }
            match preparing.take() {
                Some(batch) => builder.add(&batch?)?,
                None => return Ok::<_, RunError>(()),
            }
        }
    })?;
    let facts = Tally::of(&files).facts(manifest.tree, manifest.digest);
    let built = builder.resolve(&facts)?.finish(&facts)?;
    progress.finish();
    Ok(built)
}

/// Puts an index into the cache; the sentence why not otherwise.
fn store(
    layout: &Layout,
    manifest: &Manifest,
    policy: &Policy,
    built: &Built,
) -> Result<(), String> {
    let lock = Lock::take(&layout.lock()).map_err(|error| error.to_string())?;
    recover(layout).map_err(|error| error.to_string())?;
    // Whoever made another run current meanwhile has dropped this index.
    if !read_current(layout).is_ok_and(|now| now.is_some_and(|now| now.run == manifest.run)) {
        return Err("another run is current now".to_owned());
    }
    let path = file_names::index_path(layout, &manifest.run);
    let io = |error: std::io::Error| error.to_string();
    // The damaged one goes; its bytes stay where another run's index is the
    // same file.
    let gone = BTreeSet::from([path.clone()]);
    let usage = usage::measure_without(layout.profile(), &gone).map_err(|e| e.to_string())?;
    let digest = built.artifact.sha256().map_err(io)?;
    let line = index_record::line(digest, &manifest.run);
    let added = built.artifact.bytes() + line.len() as u64;
    let source_bytes = counted_source_bytes(layout, manifest).map_err(|e| e.to_string())?;
    let assessment = policy.assess(source_bytes, usage.total.bytes, added);
    if assessment.verdict == Verdict::Block {
        return Err("it does not fit into the footprint budget".to_owned());
    }
    fs::create_dir_all(layout.cache()).map_err(io)?;
    // The damaged file is worth nothing; without it the new one fits. No
    // moment has a new index beside the record of the old one.
    let record = file_names::index_digest_path(layout, &manifest.run);
    for stale in [&path, &record] {
        recover::remove(stale).map_err(|error| error.to_string())?;
    }
    let staged = layout.cache().join(file_names::index_draft(&manifest.run));
    recover::remove(&staged).map_err(|error| error.to_string())?;
    let meter = Meter::new(assessment.allowance());
    let stage = |index: Lent<'_>| durable::stage(&staged, &mut index.reader(), &meter);
    built
        .artifact
        .lend(stage)
        .and_then(|staged| staged)
        .map_err(io)?;
    fs::rename(&staged, &path).map_err(io)?;
    durable::replace(&record, line.as_bytes()).map_err(io)?;
    index_record::bind(layout, &manifest.run);
    drop(lock);
    Ok(())
}
