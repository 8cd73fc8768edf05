//! From sources to documents, in groups: read, hash and parse on all cores,
//! then append to the pack and the index in path order. Memory follows the
//! group and the largest file, not the workspace.

use rayon::prelude::*;

use crate::foundation::in_order::InOrder;
use crate::foundation::progress::Progress;
use crate::graph::{Document, FileTarget, WorkspacePath};
use crate::index::{self, Batches, Builder, Prepared};
use crate::run::groups::groups;
use crate::run::link_files::{self, LinkFiles};
use crate::run::pack::{Block, PackWriter};
use crate::run::stat_cache::Prints;
use crate::run::tree::{Entry, Files};
use crate::run::{Objects, RunError, document};
use crate::source::{Fingerprint, Found, Refusal, Rejected, Root, extract, read};

/// One source on its way into a run.
pub(super) enum Item {
    /// To be read and extracted.
    Fresh(Found),
    /// Ingested before; its object is in a pack.
    Kept(index::Source),
}

impl Item {
    /// Where the source lies.
    pub(super) const fn path(&self) -> &WorkspacePath {
        match self {
            Self::Fresh(found) => &found.path,
            Self::Kept(source) => &source.path,
        }
    }

    /// Bytes of the source.
    const fn bytes(&self) -> u64 {
        match self {
            Self::Fresh(found) => found.bytes,
            Self::Kept(source) => source.bytes,
        }
    }
}

/// An item, and the object of one that was ingested before.
enum Fetched {
    Fresh(Found),
    Kept(index::Source, Vec<u8>),
}

/// What became of a source.
enum Outcome {
    Source(Derived),
    Refused {
        path: WorkspacePath,
        entry: Entry,
        print: Option<Fingerprint>,
    },
    Vanished(WorkspacePath),
}

/// What a run keeps of a source.
pub(super) struct Derived {
    pub(super) source: index::Source,
    /// Its text, unless it is in a pack already.
    fresh: Option<String>,
    pub(super) links: Vec<FileTarget>,
    print: Option<Fingerprint>,
}

/// An outcome and, of a source, what an index takes of it.
type Extracted = (Outcome, Option<Prepared>);

/// Everything derived so far.
pub(super) struct Derivation<'a> {
    pub(super) root: &'a Root,
    pub(super) max_bytes: u64,
    /// Objects that the run may share.
    pub(super) shared: &'a mut Objects,
    pub(super) pack: PackWriter,
    pub(super) files: Files,
    pub(super) prints: Prints,
    pub(super) links: LinkFiles,
    pub(super) extracted: u64,
    /// Files that were gone when they were to be read.
    pub(super) vanished: Vec<WorkspacePath>,
}

impl Derivation<'_> {
    /// Derives all `items` (in path order) into pack and `builder`. This
    /// thread fills both while the others read, parse and compress.
    pub(super) fn derive_into(
        &mut self,
        items: Vec<Item>,
        mut builder: Builder,
        progress: &dyn Progress,
    ) -> Result<Builder, RunError> {
        let (root, max_bytes) = (self.root, self.max_bytes);
        let batches = Batches::default();
        let extract = |group: Vec<Fetched>| {
            let all = group.into_iter().map(|fetched| {
                let extracted = extract_one(root, max_bytes, fetched);
                progress.advance(1);
                extracted
            });
            let (outcomes, prepared): (Vec<_>, Vec<_>) =
                all.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
            let prepared = prepared.into_iter().flatten().collect();
            Ok::<_, RunError>((outcomes, batches.batch(prepared)))
        };
        let compress = |block: Block| block.compress();
        let mut groups = groups(items, Item::bytes);
        rayon::in_place_scope_fifo(|scope| {
            let (mut extracting, mut compressing) =
                (InOrder::new(&extract), InOrder::new(&compress));
            loop {
                while extracting.has_room()
                    && let Some(group) = groups.next()
                {
                    extracting.give(scope, self.fetch(group)?);
                }
                let Some(group) = extracting.take() else {
                    break;
                };
                let (outcomes, batch) = group?;
                for outcome in outcomes {
                    if let Some(derived) = self.record(outcome)? {
                        self.links.add(derived.links);
                    }
                }
                for block in self.pack.take_full() {
                    compressing.give(scope, block);
                }
                while let Some(block) = compressing.take_ready() {
                    self.pack.store(&block?)?;
                }
                builder.add(&batch)?;
                // Freed on another core, where most of it was allocated.
                scope.spawn_fifo(move |_| drop(batch));
            }
            // The last block is compressed beside the end of the index.
            self.pack.end_block();
            while let Some(block) = compressing.take() {
                self.pack.store(&block?)?;
            }
            Ok(builder)
        })
    }

    /// Derives all `items` into the pack and returns the documents: for
    /// updating an index, when they are few.
    pub(super) fn derive_all(
        &mut self,
        items: Vec<Item>,
        progress: &dyn Progress,
    ) -> Result<Vec<(Derived, Prepared)>, RunError> {
        let (root, max_bytes) = (self.root, self.max_bytes);
        let mut documents = Vec::new();
        for group in groups(items, Item::bytes) {
            let all: Vec<Result<Extracted, RunError>> = self
                .fetch(group)?
                .into_par_iter()
                .map(|fetched| {
                    let extracted = extract_one(root, max_bytes, fetched);
                    progress.advance(1);
                    extracted
                })
                .collect();
            for extracted in all {
                let (outcome, prepared) = extracted?;
                documents.extend(self.record(outcome)?.zip(prepared));
            }
            self.pack.flush()?;
        }
        Ok(documents)
    }

    /// Adds to each kept item the bytes of its object. One connection
    /// serves the packs, so this is done in turn.
    fn fetch(&mut self, group: Vec<Item>) -> Result<Vec<Fetched>, RunError> {
        group
            .into_iter()
            .map(|item| match item {
                Item::Fresh(found) => Ok(Fetched::Fresh(found)),
                Item::Kept(source) => {
                    let object = self.shared.source(source.sha256, source.bytes)?;
                    Ok(Fetched::Kept(source, object))
                }
            })
            .collect()
    }

    /// Enters an outcome into the run's files and its object into the pack.
    fn record(&mut self, outcome: Outcome) -> Result<Option<Derived>, RunError> {
        match outcome {
            Outcome::Refused { path, entry, print } => {
                if let Some(print) = print {
                    self.prints.add(&path, print);
                }
                self.files.insert(path, entry);
                Ok(None)
            }
            Outcome::Vanished(path) => {
                self.vanished.push(path);
                Ok(None)
            }
            Outcome::Source(mut derived) => {
                let source = &derived.source;
                let (sha256, bytes) = (source.sha256, source.bytes);
                if let Some(print) = derived.print {
                    self.prints.add(&source.path, print);
                }
                self.files
                    .insert(source.path.clone(), Entry::Source { sha256, bytes });
                if let Some(text) = derived.fresh.take() {
                    self.extracted += 1;
                    if self.shared.find(sha256)?.is_none() {
                        self.pack.append(sha256, text.as_bytes());
                    }
                }
                Ok(Some(derived))
            }
        }
    }
}

/// Reads and parses one source.
fn extract_one(root: &Root, max_bytes: u64, fetched: Fetched) -> Result<Extracted, RunError> {
    match fetched {
        Fetched::Fresh(found) => fresh(root, &found, max_bytes),
        Fetched::Kept(source, object) => {
            let document = document::decode(&source.path, source.sha256, &object)?;
            Ok(derived(source, document, None))
        }
    }
}

fn fresh(root: &Root, found: &Found, max_bytes: u64) -> Result<Extracted, RunError> {
    let read = match read(root, found, max_bytes)? {
        Ok(read) => read,
        Err(rejected) => return Ok((refused(found, &rejected), None)),
    };
    let bytes = read.text.len() as u64;
    let source = index::Source {
        path: found.path.clone(),
        sha256: read.sha256,
        bytes,
    };
    let document = extract(document::format_of(&source.path), &read.text);
    let read = Some((read.text, read.fingerprint));
    Ok(derived(source, document, read))
}

fn refused(found: &Found, rejected: &Rejected) -> Outcome {
    let path = found.path.clone();
    match rejected.refusal {
        Refusal::Vanished => Outcome::Vanished(path),
        refusal => Outcome::Refused {
            path,
            entry: Entry::Refused {
                refusal,
                sha256: rejected.sha256,
                bytes: rejected.bytes,
            },
            print: rejected.fingerprint,
        },
    }
}

/// What becomes of a document, and of the text and fingerprint it was read
/// with.
fn derived(
    source: index::Source,
    document: Document,
    read: Option<(String, Fingerprint)>,
) -> Extracted {
    let (fresh, print) = read.unzip();
    let derived = Derived {
        source: source.clone(),
        fresh,
        links: link_files::of_document(&source.path, &document),
        print,
    };
    let prepared = index::prepare(source, document);
    (Outcome::Source(derived), Some(prepared))
}
