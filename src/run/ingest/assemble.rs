//! Putting a plan together: derive, pack, index.

use std::collections::BTreeMap;

use super::changes::changes;
use super::derive::{Derivation, Item};
use super::link_files::LinkFiles;
use super::packing::{fold, name_pack, pack_trees};
use super::record::Facts;
use super::survey::Survey;
use super::{Mode, Previous};
use crate::foundation::Sha256;
use crate::foundation::progress::{Phase, Progress};
use crate::foundation::sqlite::Scratch;
use crate::graph::WorkspacePath;
use crate::index::{self, Builder, Built, Change, Closed, Editable, IndexError};
use crate::run::pack::PackWriter;
use crate::run::plan::Planned;
use crate::run::standing::next_ordinal;
use crate::run::tree::{Entry, Files};
use crate::run::{Manifest, Objects, RunError, RunId, remake, stat_cache};
use crate::source::Root;
use crate::workspace::{Layout, Lock, Workspace};

/// What a plan is put together from.
pub(super) struct Assembly<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) layout: Layout,
    pub(super) lock: Option<Lock>,
    pub(super) mode: Mode,
    pub(super) parent: Option<Manifest>,
    pub(super) config: Sha256,
    pub(super) root: Root,
    pub(super) max_bytes: u64,
    /// Whether the previous run's index may be updated instead of a new one
    /// be built.
    pub(super) may_update: bool,
}

impl Assembly<'_> {
    pub(super) fn run(
        self,
        mut survey: Survey,
        previous: Option<Previous>,
        progress: &dyn Progress,
    ) -> Result<Planned, RunError> {
        let scratch = remake::scratch(bytes_of(&survey.kept) + survey.fresh_bytes());
        let Inherited {
            objects: mut shared,
            manifest: stored,
            index,
        } = self.inherit(previous, &survey)?;
        let mut derivation = Derivation {
            root: &self.root,
            max_bytes: self.max_bytes,
            shared: &mut shared,
            pack: PackWriter::create(&scratch)?,
            files: Files::new(),
            prints: std::mem::take(&mut survey.prints),
            links: LinkFiles::default(),
            extracted: 0,
        };
        let work = derive(&mut survey, index, &mut derivation, &scratch, progress)?;
        let Derivation {
            mut pack,
            mut files,
            prints,
            links,
            extracted,
            ..
        } = derivation;
        for path in links.existing(&self.root, &files) {
            files.insert(path, Entry::File);
        }

        let before = stored.as_ref().filter(|_| self.mode == Mode::Ingest);
        let before = before.map(|manifest| (manifest.tree, &survey.before));
        let trees = pack_trees(&files, before, &mut shared, &mut pack)?;
        let tree = trees.root;
        let digest = Manifest::run_digest(tree, self.config, crate::schema::WRITES);
        let changes = survey.changes(&files);
        if let Some(parent) = stored.filter(|parent| parent.digest == digest)
            && self.mode == Mode::Ingest
        {
            // Nothing changed after all: only the stat cache was of no use.
            return Ok(Planned::Unchanged(super::unchanged(
                &parent,
                changes.refused,
            )));
        }
        progress.begin(Phase::files("indexing", None));
        let run = RunId::new(next_ordinal(&self.layout)?, digest);
        let (built, (packed, stat)) = rayon::join(
            || work.finish(&remake::facts(&files, tree, digest)),
            || {
                let packed = fold(&mut shared, &trees.reachable, &mut pack)
                    .and_then(|packs| Ok((packs, name_pack(pack, &run)?)));
                (
                    packed,
                    stat_cache::encode(tree, prints.iter(), &links, &files),
                )
            },
        );
        let (built, (shared_packs, pack)) = (built?, packed?);
        let facts = Facts {
            run: &run,
            tree,
            digest,
            files: &files,
        };
        let manifest = self.manifest(&facts, &built, shared_packs, pack.as_ref());
        let index = self.index(built.artifact)?;
        let plan = self.judge(manifest, pack, index, stat, changes, extracted)?;
        Ok(Planned::Run(Box::new(plan)))
    }

    /// What the run takes over from the previous one. Digests of packs and
    /// index are checked at the same time.
    fn inherit(&self, previous: Option<Previous>, survey: &Survey) -> Result<Inherited, RunError> {
        let Some(Previous {
            mut objects,
            manifest,
            ..
        }) = previous
        else {
            return Ok(Inherited {
                objects: Objects::none(&self.layout),
                manifest: None,
                index: None,
            });
        };
        let (checked, index) = rayon::join(
            || match self.mode {
                Mode::Ingest => objects.check_digests(),
                // A rebuild goes without what fails.
                Mode::Rebuild => {
                    objects.keep_sound();
                    Ok(())
                }
            },
            || match self.may_update && survey.is_small() {
                true => remake::editable_index(&self.layout, &manifest),
                false => Ok(None),
            },
        );
        checked?;
        let index = index?;
        Ok(Inherited {
            objects,
            manifest: Some(manifest),
            index,
        })
    }
}

/// What a run starts from.
struct Inherited {
    /// The objects that it may share.
    objects: Objects,
    manifest: Option<Manifest>,
    /// The previous run's index, where updating it is worth while.
    index: Option<Editable>,
}

/// Derives what is fresh, into a new index or as changes to the old one.
fn derive(
    survey: &mut Survey,
    index: Option<Editable>,
    derivation: &mut Derivation<'_>,
    scratch: &Scratch,
    progress: &dyn Progress,
) -> Result<IndexWork, RunError> {
    let fresh = std::mem::take(&mut survey.fresh);
    let total = fresh.len() as u64;
    let items = fresh.into_iter().map(Item::Fresh);
    if let (Some(index), Some(links)) = (index, survey.links.take()) {
        progress.begin(Phase::files("extracting", Some(total)));
        derivation.files = std::mem::take(&mut survey.kept);
        derivation.links = links;
        let documents = derivation.derive_all(items.collect(), progress)?;
        let changes = changes(&survey.before.files, derivation, documents)?;
        return Ok(IndexWork::Update {
            index: Box::new(index),
            changes,
        });
    }
    let mut all: BTreeMap<WorkspacePath, Item> = items
        .map(|item| match &item {
            Item::Fresh(found) => (found.path.clone(), item),
            Item::Kept { path, .. } => (path.clone(), item),
        })
        .collect();
    for (path, entry) in &survey.kept {
        match *entry {
            Entry::Source { sha256, bytes } => {
                let path = path.clone();
                let item = Item::Kept {
                    path: path.clone(),
                    sha256,
                    bytes,
                };
                all.insert(path, item);
            }
            Entry::Refused { .. } => {
                derivation.files.insert(path.clone(), entry.clone());
            }
            Entry::File => {}
        }
    }
    progress.begin(Phase::files("extracting", Some(all.len() as u64)));
    let builder = Builder::new(scratch)?;
    let documents = derivation.derive_into(all.into_values().collect(), builder, progress)?;
    Ok(IndexWork::Scratch(Box::new(documents)))
}

/// How the run's index is made.
enum IndexWork {
    /// All documents were added to it.
    Scratch(Box<Closed>),
    /// The previous run's index and what changed since.
    Update {
        index: Box<Editable>,
        changes: Vec<Change>,
    },
}

impl IndexWork {
    fn finish(self, facts: &index::Facts) -> Result<Built, IndexError> {
        match self {
            Self::Scratch(documents) => documents.finish(facts),
            Self::Update { index, changes } => index.update(&changes, facts),
        }
    }
}

/// Bytes of the sources among `files`.
pub(super) fn bytes_of(files: &Files) -> u64 {
    let bytes = |entry: &Entry| match entry {
        Entry::Source { bytes, .. } => *bytes,
        Entry::Refused { .. } | Entry::File => 0,
    };
    files.values().map(bytes).sum()
}
