//! From sources to documents, in batches: read, hash, parse and encode on all
//! cores, then append to the pack and the index in path order. Memory follows
//! the batch and the largest file, not the workspace.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::link_files::{self, LinkFiles};
use crate::foundation::Sha256;
use crate::foundation::progress::Progress;
use crate::graph::{Format, WorkspacePath};
use crate::index::{self, Builder, Prepared};
use crate::run::pack::{MAX_OBJECT_BYTES, PackWriter};
use crate::run::tree::{Entry, Files};
use crate::run::{Objects, RunError, document};
use crate::source::{Fingerprint, Found, Refusal, Root, extract, read};

/// Source bytes of a batch: small enough that reading, indexing and
/// compressing overlap, large enough to keep all cores busy.
const BATCH_BYTES: u64 = 1024 * 1024;
/// Files of a batch.
const BATCH_FILES: usize = 1_024;

/// One source on its way into a run.
pub(super) enum Item {
    /// To be read and extracted.
    Fresh(Found),
    /// Extracted before; its document is in a pack.
    Kept {
        path: WorkspacePath,
        sha256: Sha256,
        bytes: u64,
        document: Sha256,
    },
}

/// What became of a source.
pub(super) enum Outcome {
    Source(Box<Derived>),
    Refused {
        path: WorkspacePath,
        entry: Entry,
        print: Option<Fingerprint>,
    },
}

/// A source with its document.
pub(super) struct Derived {
    pub(super) id: Sha256,
    /// The object's bytes, unless it is in a pack already.
    pub(super) object: Option<Vec<u8>>,
    pub(super) prepared: Prepared,
    pub(super) links: Vec<WorkspacePath>,
    pub(super) print: Option<Fingerprint>,
}

/// Everything derived so far.
pub(super) struct Derivation<'a> {
    pub(super) root: &'a Root,
    pub(super) max_bytes: u64,
    /// Objects that the run may share.
    pub(super) shared: &'a mut Objects,
    pub(super) pack: PackWriter,
    pub(super) files: Files,
    pub(super) prints: BTreeMap<WorkspacePath, Fingerprint>,
    pub(super) links: LinkFiles,
    pub(super) extracted: u64,
}

impl Derivation<'_> {
    /// Derives all `items` (in path order) into pack and `builder`.
    pub(super) fn derive_into(
        &mut self,
        items: Vec<Item>,
        builder: &mut Builder,
        progress: &dyn Progress,
    ) -> Result<(), RunError> {
        let mut batches = batches(items);
        let mut ready: Vec<Prepared> = Vec::new();
        loop {
            let batch = match batches.next() {
                Some(batch) => self.fetch(batch)?,
                None if ready.is_empty() => return Ok(()),
                None => Vec::new(),
            };
            // One core fills the index with the batch before, while the
            // others compress it and read this one.
            let (root, max_bytes, pack) = (self.root, self.max_bytes, &mut self.pack);
            let (indexed, (packed, outcomes)) = rayon::join(
                || ready.iter().try_for_each(|prepared| builder.add(prepared)),
                || {
                    rayon::join(
                        || pack.flush(),
                        || extract_all(root, max_bytes, batch, progress),
                    )
                },
            );
            // Freed on all cores: most of it was allocated on another.
            std::mem::take(&mut ready).into_par_iter().for_each(drop);
            indexed?;
            packed?;
            for outcome in outcomes? {
                if let Some(derived) = self.record(outcome)? {
                    self.links.add(derived.links);
                    ready.push(derived.prepared);
                }
            }
        }
    }

    /// Derives all `items` into the pack and returns the documents: for
    /// updating an index, when they are few.
    pub(super) fn derive_all(
        &mut self,
        items: Vec<Item>,
        progress: &dyn Progress,
    ) -> Result<Vec<Derived>, RunError> {
        let mut documents = Vec::new();
        for batch in batches(items) {
            let batch = self.fetch(batch)?;
            for outcome in extract_all(self.root, self.max_bytes, batch, progress)? {
                documents.extend(self.record(outcome)?);
            }
            self.pack.flush()?;
        }
        Ok(documents)
    }

    /// Adds to each stored item the bytes of its object. One connection
    /// serves the packs, so this is done in turn.
    fn fetch(&mut self, batch: Vec<Item>) -> Result<Vec<Fetched>, RunError> {
        batch
            .into_iter()
            .map(|item| match &item {
                Item::Fresh(_) => Ok((item, None)),
                Item::Kept { document, .. } => {
                    let bytes = self.shared.get(*document)?;
                    Ok((item, Some(bytes)))
                }
            })
            .collect()
    }

    /// Enters an outcome into the run's files and its object into the pack.
    fn record(&mut self, outcome: Outcome) -> Result<Option<Derived>, RunError> {
        match outcome {
            Outcome::Refused { path, entry, print } => {
                self.prints.extend(print.map(|print| (path.clone(), print)));
                if !matches!(
                    entry,
                    Entry::Refused {
                        refusal: Refusal::Vanished,
                        ..
                    }
                ) {
                    self.files.insert(path, entry);
                }
                Ok(None)
            }
            Outcome::Source(mut derived) => {
                let source = derived.prepared.source();
                let entry = Entry::Source {
                    sha256: source.sha256,
                    bytes: source.bytes,
                    document: derived.id,
                };
                self.files.insert(source.path.clone(), entry);
                let print = derived.print.map(|print| (source.path.clone(), print));
                self.prints.extend(print);
                if let Some(object) = derived.object.take() {
                    self.extracted += 1;
                    if self.shared.find(derived.id)?.is_none() {
                        self.pack.append(derived.id, &object);
                    }
                }
                Ok(Some(*derived))
            }
        }
    }
}

/// An item with the object that stands for it, if it was extracted before.
type Fetched = (Item, Option<Vec<u8>>);

/// Reads and parses one batch on all cores, in its order.
fn extract_all(
    root: &Root,
    max_bytes: u64,
    batch: Vec<Fetched>,
    progress: &dyn Progress,
) -> Result<Vec<Outcome>, RunError> {
    batch
        .into_par_iter()
        .map(|(item, stored)| {
            let outcome = match item {
                Item::Fresh(found) => Ok(fresh(root, &found, max_bytes)),
                Item::Kept {
                    path,
                    sha256,
                    bytes,
                    document,
                } => kept(path, sha256, bytes, document, &stored.unwrap_or_default()),
            };
            progress.advance(1);
            outcome
        })
        .collect()
}

fn fresh(root: &Root, found: &Found, max_bytes: u64) -> Outcome {
    let refused = |refusal, sha256, bytes, print| Outcome::Refused {
        path: found.path.clone(),
        entry: Entry::Refused {
            refusal,
            sha256,
            bytes,
        },
        print,
    };
    let source = match read(root, found, max_bytes) {
        Ok(source) => source,
        Err(no) => return refused(no.refusal, no.sha256, no.bytes, no.fingerprint),
    };
    let bytes = source.text.len() as u64;
    let format = Format::of_extension(found.path.extension());
    let object = document::encode(format, &source.text);
    if object.len() > MAX_OBJECT_BYTES {
        let print = Some(source.fingerprint);
        return refused(Refusal::TooLarge, Some(source.sha256), bytes, print);
    }
    let document = extract(format, &source.text);
    Outcome::Source(Box::new(Derived {
        id: Sha256::of(&object),
        object: Some(object),
        links: link_files::of_document(&found.path, &document),
        prepared: index::prepare(
            index::Source {
                path: found.path.clone(),
                sha256: source.sha256,
                bytes,
            },
            document,
        ),
        print: Some(source.fingerprint),
    }))
}

fn kept(
    path: WorkspacePath,
    sha256: Sha256,
    bytes: u64,
    id: Sha256,
    object: &[u8],
) -> Result<Outcome, RunError> {
    let document = document::decode(id, object)?;
    Ok(Outcome::Source(Box::new(Derived {
        id,
        object: None,
        links: link_files::of_document(&path, &document),
        prepared: index::prepare(
            index::Source {
                path,
                sha256,
                bytes,
            },
            document,
        ),
        print: None,
    })))
}

/// Cuts `items` into batches of bounded size.
fn batches(items: Vec<Item>) -> impl Iterator<Item = Vec<Item>> {
    let mut items = items.into_iter().peekable();
    std::iter::from_fn(move || {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < BATCH_FILES && bytes < BATCH_BYTES {
            let Some(item) = items.next() else { break };
            bytes += match &item {
                Item::Fresh(found) => found.bytes,
                Item::Kept { bytes, .. } => *bytes,
            };
            batch.push(item);
        }
        (!batch.is_empty()).then_some(batch)
    })
}
