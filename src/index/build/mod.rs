//! Making an index from scratch: documents stream in by ascending path,
//! links are resolved when all are known.
//!
//! Byte-identical for identical inputs, whether built in memory or in a
//! spill file, on every machine: rows are inserted in one order, one
//! transaction, with page layout that depends on nothing else. Memory grows
//! with the names of things (paths, anchors, terms, targets), not with text.

mod artifact;
mod batch;
mod links;
mod rows;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use hashbrown::HashMap;

use serde::{Deserialize, Serialize};

use super::digest;
use super::error::IndexError;
use super::fulltext::{Loaded, Loader};
use super::layout;
use super::prepare::Prepared;
use super::stems::Stems;
use crate::foundation::digest::MultisetDigest;
use crate::foundation::spill::Artifact;
use crate::foundation::sqlite::Scratch;
use crate::foundation::{Sha256, json};
use crate::graph::nearness;
use crate::graph::{FileNames, WorkspacePath};
use links::Spool;

pub use batch::{Batch, Batches};

pub(super) use artifact::{Origin, Workshop, files_digest};
pub(super) use links::{End, Lookup, Resolution, written};
use rows::Names;
pub(super) use rows::{Inserts, LinkRow, NameIds, write_refused};

/// What an index says of its run, apart from the documents.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Id of the run's root tree.
    pub root_tree: String,
    /// The run digest.
    pub run_digest: String,
    /// Bytes of its sources.
    pub source_bytes: u64,
    /// Sources that were refused, with the name of the reason.
    pub refused: BTreeMap<WorkspacePath, String>,
    /// Files and folders of the workspace that are no sources: what a link
    /// may point at beside documents.
    pub files: BTreeSet<WorkspacePath>,
    /// Those of `files` that only links make part of the run: what a wikilink
    /// may name by the end of its path.
    pub linked: BTreeSet<WorkspacePath>,
}

/// How many rows of each kind an index holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Documents.
    pub documents: u64,
    /// Sections.
    pub sections: u64,
    /// Chunks.
    pub chunks: u64,
    /// Distinct terms.
    pub terms: u64,
    /// Distinct tags.
    pub tags: u64,
    /// Distinct external, file and unresolved targets.
    pub targets: u64,
    /// Links from a chunk to a term.
    pub mentions: u64,
    /// Links from a document to a tag.
    pub tagged: u64,
    /// Links written in the text.
    pub links: u64,
    /// Of these, the ones that name nothing that exists.
    pub unresolved: u64,
    /// Refused sources.
    pub refused: u64,
}

/// A finished index.
#[derive(Debug)]
pub struct Built {
    /// Its bytes.
    pub artifact: Artifact,
    /// Its logical digest: equal for equal content, however it was built.
    pub logical: Sha256,
    /// What it holds.
    pub counts: Counts,
}

/// Source bytes after which a segment of words is written: what bounds memory.
/// Counted document by document, so that the index does not depend on how
/// they were cut into batches.
const SEGMENT_SOURCE_BYTES: u64 = 32 << 20;

/// An index under construction.
pub struct Builder {
    workshop: Workshop,
    names: Names,
    fulltext: Loader,
    /// Source bytes since the last segment.
    unwritten: u64,
    anchors: Anchors,
    documents: Vec<WorkspacePath>,
    next_chunk: i64,
    spool: Spool,
    digest: MultisetDigest,
    counts: Counts,
}

impl Builder {
    /// An empty index.
    ///
    /// # Errors
    /// [`IndexError::Io`] when there is no room for it.
    pub fn new(scratch: &Scratch) -> Result<Self, IndexError> {
        Ok(Self {
            spool: Spool::new(scratch)?,
            workshop: Workshop::empty(scratch)?,
            names: Names::default(),
            fulltext: Loader::default(),
            unwritten: 0,
            anchors: Anchors::default(),
            documents: Vec::new(),
            next_chunk: 1,
            digest: MultisetDigest::default(),
            counts: Counts::default(),
        })
    }

    /// Adds the next documents; paths must ascend.
    ///
    /// # Errors
    /// [`IndexError::Order`], [`IndexError::TooManyRows`], or I/O.
    pub fn add(&mut self, batch: &Batch) -> Result<(), IndexError> {
        let mut first = self.next_chunk;
        let mut rest = Cow::Borrowed(&batch.postings);
        for prepared in &batch.documents {
            self.document(prepared)?;
            self.unwritten += prepared.source.bytes;
            if self.unwritten >= SEGMENT_SOURCE_BYTES {
                let (these, later) = rest.split_at((self.next_chunk - first) as u32);
                let connection = self.workshop.connection();
                self.fulltext.add(connection, first, &these)?;
                self.fulltext.end_segment(connection)?;
                (first, rest) = (self.next_chunk, Cow::Owned(later));
                self.unwritten = 0;
            }
        }
        self.fulltext
            .add(self.workshop.connection(), first, &rest)?;
        Ok(())
    }

    /// Adds all that a document says but its words.
    fn document(&mut self, prepared: &Prepared) -> Result<(), IndexError> {
        let path = &prepared.source.path;
        if self.documents.last().is_some_and(|last| last >= path) {
            return Err(IndexError::Order(path.clone()));
        }
        self.documents.push(path.clone());
        let id = self.documents.len() as i64;
        let connection = self.workshop.connection();
        Inserts::new(connection).document(id, prepared, self.next_chunk, &mut self.names)?;
        self.next_chunk += prepared.document.chunks.len() as i64;
        self.anchors.add(id, prepared);
        self.spool.add(id, prepared)?;
        self.digest.add(prepared.digest);
        self.counts.add(prepared);
        Ok(())
    }

    /// Resolves the links, now that no document is to come, and sorts the words
    /// beside.
    ///
    /// # Errors
    /// [`IndexError::Io`].
    pub fn resolve(mut self, facts: &Facts) -> Result<Resolved, IndexError> {
        let fulltext = std::mem::take(&mut self.fulltext);
        let (builder, words) = rayon::join(
            move || self.resolve_links(facts).map(|()| self),
            move || fulltext.finish(),
        );
        let builder = builder?;
        Ok(Resolved { builder, words })
    }

    fn resolve_links(&mut self, facts: &Facts) -> Result<(), IndexError> {
        let mut ids: HashMap<&str, i64> = HashMap::with_capacity(self.documents.len());
        for (place, path) in self.documents.iter().enumerate() {
            ids.insert(path.as_str(), place as i64 + 1);
        }
        let documents = self.documents.iter().enumerate();
        let stems = Stems::of(documents.map(|(place, path)| (place as i64 + 1, path.as_str())));
        let known = links::Known {
            ids,
            stems,
            documents: &self.documents,
            anchors: &self.anchors,
            files: &facts.files,
            file_names: FileNames::of(facts.linked.iter()),
        };
        self.spool.resolve(
            &self.documents,
            &known,
            &Inserts::new(self.workshop.connection()),
            &mut self.names,
            &mut self.digest,
            &mut self.counts,
        )
    }
}

/// An index that holds all documents and where their links lead.
pub struct Resolved {
    builder: Builder,
    words: Loaded,
}

impl Resolved {
    /// Completes the index.
    ///
    /// # Errors
    /// [`IndexError::Io`].
    pub fn finish(self, facts: &Facts) -> Result<Built, IndexError> {
        let Builder {
            workshop,
            names,
            mut digest,
            mut counts,
            ..
        } = self.builder;
        let connection = workshop.connection();
        self.words.write(connection)?;
        names.write(connection)?;
        names.count(&mut counts);
        rows::write_refused(connection, facts, &mut digest)?;
        counts.refused = facts.refused.len() as u64;
        layout::create_indexes_and_views(connection)?;
        workshop.complete(facts, digest, counts)
    }
}

// Anybody may have written the counts of the index that an update begins with:
// what is added and taken out wraps.
impl Counts {
    /// Adds what one document holds.
    pub(super) const fn absorb(&mut self, document: &Self) {
        self.documents = self.documents.wrapping_add(document.documents);
        self.sections = self.sections.wrapping_add(document.sections);
        self.chunks = self.chunks.wrapping_add(document.chunks);
        self.mentions = self.mentions.wrapping_add(document.mentions);
        self.tagged = self.tagged.wrapping_add(document.tagged);
        self.links = self.links.wrapping_add(document.links);
        self.unresolved = self.unresolved.wrapping_add(document.unresolved);
    }

    /// Takes out what one document held.
    pub(super) const fn release(&mut self, document: &Self) {
        self.documents = self.documents.wrapping_sub(document.documents);
        self.sections = self.sections.wrapping_sub(document.sections);
        self.chunks = self.chunks.wrapping_sub(document.chunks);
        self.mentions = self.mentions.wrapping_sub(document.mentions);
        self.tagged = self.tagged.wrapping_sub(document.tagged);
        self.links = self.links.wrapping_sub(document.links);
        self.unresolved = self.unresolved.wrapping_sub(document.unresolved);
    }

    pub(super) fn add(&mut self, prepared: &Prepared) {
        let document = &prepared.document;
        self.absorb(&Self {
            documents: 1,
            sections: document.sections.len() as u64,
            chunks: document.chunks.len() as u64,
            mentions: prepared.mentions.len() as u64,
            tagged: document.tags.len() as u64,
            links: document.links.len() as u64,
            ..Self::default()
        });
    }
}

/// Which fragments exist, by document, and the section each leads to. Keyed
/// by a hash: memory does not grow with the length of headings.
#[derive(Default)]
pub(super) struct Fragments(HashMap<(i64, u64), Option<u32>>);

impl Fragments {
    /// Adds one that leads to `section`, or to the document itself. Of several
    /// with one name the first counts; sections come before anchors.
    pub(super) fn add(&mut self, document: i64, name: &str, section: Option<u32>) {
        self.0.entry((document, hash(name))).or_insert(section);
    }

    /// The section that `name` leads to, `Some(None)` for the document itself.
    pub(super) fn find(&self, document: i64, name: &str) -> Option<Option<u32>> {
        self.0.get(&(document, hash(name))).copied()
    }
}

/// What links can lead to inside the documents.
#[derive(Default)]
struct Anchors {
    fragments: Fragments,
    /// By the hash of a label, of the documents that define it the nearest:
    /// its depth and its id, which ascends with the path.
    labels: HashMap<u64, (usize, i64)>,
}

impl Anchors {
    fn add(&mut self, document: i64, prepared: &Prepared) {
        let of = &prepared.document;
        for (number, section) in of.sections.iter().enumerate() {
            let number = Some(number as u32);
            self.fragments.add(document, &section.anchor, number);
        }
        for anchor in &of.anchors {
            self.fragments.add(document, &anchor.name, anchor.section);
        }
        let this = (nearness(prepared.source.path.as_str()).0, document);
        for label in of.labels() {
            let nearest = self.labels.entry(hash(label)).or_insert(this);
            *nearest = this.min(*nearest);
        }
    }

    /// The document that the label `label` leads to.
    fn labelled(&self, label: &str) -> Option<i64> {
        self.labels.get(&hash(label)).map(|(_, document)| *document)
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The logical digest of rows whose texts sum to `rows`.
pub(super) fn logical(rows: MultisetDigest, counts: Counts) -> Sha256 {
    let mut row = digest::RowHasher::new("index");
    row.text(&rows.finish().to_string());
    row.text(&json::canonical_text(&counts));
    row.finish()
}
