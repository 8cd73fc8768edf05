//! Putting a plan together: derive, pack, index.

use std::collections::BTreeMap;

use super::changes::changes;
use super::derive::{Derivation, Item};
use super::inherit::Inherited;
use super::packing::{PreviousTrees, fold, name_pack, pack_trees};
use super::record::{Parts, Request, RunFacts};
use super::survey::Survey;
use crate::foundation::progress::{Phase, Progress};
use crate::foundation::sqlite::Scratch;
use crate::graph::WorkspacePath;
use crate::index::{self, Builder, Built, Change, Editable, IndexError, Resolved};
use crate::run::link_files::LinkFiles;
use crate::run::pack::PackWriter;
use crate::run::plan::{Changes, Planned, Unchanged};
use crate::run::standing::next_ordinal;
use crate::run::stat_cache::{self, Prints};
use crate::run::tally::Tally;
use crate::run::tree::{self, Entry, Files};
use crate::run::{Manifest, Mode, Objects, RunError, RunId, remake};
use crate::source::Root;

/// What a plan may spend bytes on for the sake of something else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leeway {
    /// The time of this run: edit the index of the previous one, which may be
    /// larger than one that is built anew.
    pub(super) update: bool,
    /// The bytes of later runs: write what is needed of packs that are mostly
    /// waste once more.
    pub(super) take_over: bool,
}

impl Leeway {
    /// The smallest run.
    pub(super) const NONE: Self = Self {
        update: false,
        take_over: false,
    };
}

/// What a plan is put together from.
pub(super) struct Assembly<'a> {
    pub(super) request: Request<'a>,
    pub(super) root: Root,
    /// Files of the workspace that are no sources.
    pub(super) others: Vec<WorkspacePath>,
    pub(super) max_bytes: u64,
    pub(super) leeway: Leeway,
}

impl Assembly<'_> {
    pub(super) fn run(
        self,
        mut survey: Survey,
        inherited: Inherited,
        progress: &dyn Progress,
    ) -> Result<Planned, RunError> {
        let Inherited {
            objects: mut shared,
            manifest: stored,
            trees,
            links,
            index_crc,
            index,
        } = inherited;
        let known = stored.as_ref().zip(links);
        let update = self.update(&survey, known, index, index_crc)?;
        // Where an index is built anew, every object is counted as well.
        let thorough = update.is_none() && self.leeway.take_over;
        let gathered = self.gather(&mut survey, update, &mut shared, progress)?;
        let Gathered {
            work,
            tally,
            files,
            mut pack,
            prints,
            links,
            extracted,
        } = gathered;

        tree::check(&files)?;
        let parent = stored.filter(|_| self.request.mode == Mode::Ingest);
        let previous = parent.as_ref().map(|manifest| PreviousTrees {
            root: manifest.tree,
            trees,
            edits: survey.before.edits(|path| files.get(path)),
        });
        let trees = pack_trees(&files, previous, &mut shared, &mut pack)?;
        let tree = trees.root;
        let digest = Manifest::run_digest(tree, self.request.config, crate::schema::WRITES);
        let totals = tally.totals;
        let named = tally.refused.iter().map(|(path, refusal)| (path, *refusal));
        let changes = Changes {
            refused: survey.refused(named),
            ..survey.before.changes(&files, totals.sources)
        };
        if let Some(parent) = parent.filter(|parent| parent.digest == digest) {
            // Nothing changed after all: only the stat cache was of no use.
            return Ok(Planned::Unchanged(Unchanged::of(&parent, changes.refused)));
        }
        progress.begin(Phase::files("indexing", None));
        let run = RunId::new(
            next_ordinal(&self.request.layout, &self.request.gone)?,
            digest,
        );
        let facts = tally.facts(tree, digest);
        let work = work.resolve(&facts)?;
        let (built, (packed, stat)) = rayon::join(
            || work.finish(&facts),
            || {
                let packed = fold(&mut shared, &files, &trees, &mut pack, thorough)
                    .and_then(|packs| Ok((packs, name_pack(pack, &run)?)));
                (packed, stat_cache::encode(tree, prints, &links, &files))
            },
        );
        let (built, (shared_packs, pack)) = (built?, packed?);
        let facts = RunFacts {
            run: &run,
            tree,
            digest,
            totals,
        };
        let unchecked = match self.request.mode {
            Mode::Ingest => shared_packs.clone(),
            // A rebuild has checked what it shares before it read it.
            Mode::Rebuild => Vec::new(),
        };
        let manifest = self
            .request
            .manifest(&facts, &built, shared_packs, pack.as_ref());
        let parts = Parts {
            index: self.request.index(built.artifact)?,
            pack,
            unchecked,
            stat,
            changes,
            extracted,
            spent: Box::new((files, survey, shared)),
        };
        let plan = self.request.judge(manifest, parts)?;
        Ok(Planned::Run(Box::new(plan)))
    }

    /// The index of the previous run, of which manifest and links are `known`, if
    /// updating it is worth while; `index` where it was copied beforehand.
    fn update(
        &self,
        survey: &Survey,
        known: Option<(&Manifest, LinkFiles)>,
        index: Option<Editable>,
        index_crc: Option<u32>,
    ) -> Result<Option<Update>, RunError> {
        let Some((manifest, links)) = known else {
            return Ok(None);
        };
        if !self.leeway.update || !survey.is_small(manifest.source_bytes) {
            return Ok(None);
        }
        // Where many files were touched and few changed, it is only known now
        // that an update is worth while.
        let index = match index {
            None => remake::editable_index(&self.request.layout, manifest, index_crc)?,
            copied => copied,
        };
        Ok(index.map(|index| Update { index, links }))
    }

    /// Derives what is fresh, and looks for the files that links name.
    fn gather(
        &self,
        survey: &mut Survey,
        update: Option<Update>,
        shared: &mut Objects,
        progress: &dyn Progress,
    ) -> Result<Gathered, RunError> {
        let scratch = remake::scratch(survey.bytes());
        let mut derivation = Derivation {
            root: &self.root,
            max_bytes: self.max_bytes,
            shared,
            pack: PackWriter::create(&scratch)?,
            files: Files::new(),
            prints: std::mem::take(&mut survey.prints),
            links: LinkFiles::default(),
            extracted: 0,
            vanished: Vec::new(),
        };
        let (work, mut tally) = derive(survey, update, &mut derivation, &scratch, progress)?;
        let Derivation {
            pack,
            mut files,
            prints,
            links,
            extracted,
            vanished,
            ..
        } = derivation;
        survey.miss(&vanished);
        for path in links.existing(&self.root, &files, &self.others)? {
            survey.before.note(path.clone(), None);
            tally.enter(&mut files, path, Entry::File);
        }
        Ok(Gathered {
            work,
            tally,
            files,
            pack,
            prints,
            links,
            extracted,
        })
    }
}

/// All that a run is made of but trees and index.
struct Gathered {
    work: IndexWork<Builder>,
    tally: Tally,
    files: Files,
    pack: PackWriter,
    prints: Prints,
    links: LinkFiles,
    /// Sources that were parsed.
    extracted: u64,
}

/// The previous run's index and the paths its links name, to be updated.
struct Update {
    index: Editable,
    links: LinkFiles,
}

/// Derives what is fresh, into a new index or as changes to the old one, and
/// what the files come to.
fn derive(
    survey: &mut Survey,
    update: Option<Update>,
    derivation: &mut Derivation<'_>,
    scratch: &Scratch,
    progress: &dyn Progress,
) -> Result<(IndexWork<Builder>, Tally), RunError> {
    let fresh = std::mem::take(&mut survey.fresh);
    let total = fresh.len() as u64;
    let items = fresh.into_iter().map(Item::Fresh);
    if let Some(Update { mut index, links }) = update {
        progress.begin(Phase::files("extracting", Some(total)));
        derivation.links = links;
        let mut files = std::mem::take(&mut survey.kept);
        let items = items.collect();
        let (mut tally, changes) = rayon::join(
            || Tally::of(&files),
            || {
                let documents = derivation.derive_all(items, progress)?;
                let changes = changes(&survey.before, &files, derivation, documents)?;
                index.prepare(&changes)?;
                Ok::<_, RunError>(changes)
            },
        );
        for (path, entry) in std::mem::take(&mut derivation.files) {
            tally.enter(&mut files, path, entry);
        }
        derivation.files = files;
        let work = IndexWork::Update {
            index: Box::new(index),
            changes: changes?,
        };
        return Ok((work, tally));
    }
    let mut all: BTreeMap<WorkspacePath, Item> =
        items.map(|item| (item.path().clone(), item)).collect();
    for (path, entry) in &survey.kept {
        match *entry {
            Entry::Source { sha256, bytes } => {
                let source = index::Source {
                    path: path.clone(),
                    sha256,
                    bytes,
                };
                all.insert(path.clone(), Item::Kept(source));
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
    let tally = Tally::of(&derivation.files);
    Ok((IndexWork::Scratch(Box::new(documents)), tally))
}

/// How the run's index is made, and how far that is.
enum IndexWork<B> {
    /// All documents were added to it.
    Scratch(Box<B>),
    /// The previous run's index and what changed since.
    Update {
        index: Box<Editable>,
        changes: Vec<Change>,
    },
}

impl IndexWork<Builder> {
    /// Resolves the links of a new index.
    fn resolve(self, facts: &index::Facts) -> Result<IndexWork<Resolved>, IndexError> {
        Ok(match self {
            Self::Scratch(builder) => IndexWork::Scratch(Box::new(builder.resolve(facts)?)),
            Self::Update { index, changes } => IndexWork::Update { index, changes },
        })
    }
}

impl IndexWork<Resolved> {
    fn finish(self, facts: &index::Facts) -> Result<Built, IndexError> {
        match self {
            Self::Scratch(index) => index.finish(facts),
            Self::Update { index, changes } => index.update(&changes, facts),
        }
    }
}
