//! Putting a plan together: derive, index, name, measure, judge.

use std::collections::{BTreeMap, BTreeSet};

use super::derive::{Derivation, Derived, Item};
use super::link_files::{self, LinkFiles};
use super::survey::Survey;
use super::{Mode, Previous};
use crate::foundation::progress::{Phase, Progress};
use crate::foundation::spill::Artifact;
use crate::foundation::sqlite::Scratch;
use crate::foundation::{Sha256, json};
use crate::graph::WorkspacePath;
use crate::index::{self, Builder, Built, Closed, Prepared};
use crate::run::intent::Intent;
use crate::run::journal::JournalEntry;
use crate::run::manifest::{Command, IndexRef, Tool};
use crate::run::pack::PackWriter;
use crate::run::plan::{Planned, PlannedIndex, RunPlan};
use crate::run::standing::{Current, next_ordinal};
use crate::run::tree::{self, Entry, Files};
use crate::run::{
    Manifest, Objects, PackName, PackRef, RunError, RunId, remake, stat_cache, verify,
};
use crate::schema::SchemaBlock;
use crate::source::Root;
use crate::workspace::{Layout, Lock, Workspace, usage};

/// Documents up to this many source bytes are held to update an index.
const UPDATE_BYTES: u64 = 16 * 1024 * 1024;
/// A run that would need more packs than this takes the small ones' objects
/// into its own, so that a year of daily edits is not a thousand files.
const MOST_PACKS: usize = 48;

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
        let fresh: u64 = survey.fresh.iter().map(|file| file.bytes).sum();
        let scratch = remake::scratch(fresh + bytes_of(&survey.kept));
        let (mut shared, stored) = self.share(previous)?;
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
        let work = self.derive(
            &mut survey,
            stored.as_ref(),
            &mut derivation,
            &scratch,
            progress,
        )?;
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

        let (tree, reachable) = self.pack_trees(&files, &mut shared, &mut pack)?;
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
        let facts = remake::facts(&files, tree, digest);
        let run = RunId::new(next_ordinal(&self.layout)?, digest);
        let (built, packed) = rayon::join(
            || match work {
                IndexWork::Scratch(documents) => documents.finish(&facts),
                IndexWork::Update { index, changes } => {
                    index::update(&index, &scratch, &changes, &facts)
                }
            },
            || {
                let shared = fold(&mut shared, &reachable, &mut pack)?;
                Ok::<_, RunError>((shared, name_pack(pack, &run)?))
            },
        );
        let (built, (shared_packs, pack)) = (built?, packed?);
        let manifest = self.manifest(
            &run,
            tree,
            digest,
            &files,
            &built,
            shared_packs,
            pack.as_ref(),
        );
        let (index, stat) = rayon::join(
            || self.index(built.artifact),
            || stat_cache::encode(tree, prints.iter(), &links, &files),
        );
        let plan = self.judge(manifest, pack, index?, stat, changes, extracted)?;
        Ok(Planned::Run(Box::new(plan)))
    }

    /// The objects the run may share: those of the previous run, once the
    /// digests of its packs were checked. A rebuild goes without what fails.
    fn share(&self, previous: Option<Previous>) -> Result<(Objects, Option<Manifest>), RunError> {
        let Some(previous) = previous else {
            return Ok((Objects::none(&self.layout), None));
        };
        let mut objects = previous.objects;
        match self.mode {
            Mode::Ingest => objects.check_digests()?,
            Mode::Rebuild => objects.keep_sound(),
        }
        Ok((objects, Some(previous.manifest)))
    }

    /// Derives what is fresh, into a new index or as changes to the old one.
    fn derive(
        &self,
        survey: &mut Survey,
        previous: Option<&Manifest>,
        derivation: &mut Derivation<'_>,
        scratch: &Scratch,
        progress: &dyn Progress,
    ) -> Result<IndexWork, RunError> {
        let fresh = std::mem::take(&mut survey.fresh);
        let fresh_bytes: u64 = fresh.iter().map(|file| file.bytes).sum();
        let total = fresh.len() as u64;
        let few = fresh_bytes <= UPDATE_BYTES && fresh_bytes * 4 <= bytes_of(&survey.kept);
        let index = previous
            .filter(|_| self.may_update && few)
            .and_then(|manifest| remake::cached_index(&self.layout, manifest));
        let items = fresh.into_iter().map(Item::Fresh);
        if let (Some(index), Some(links)) = (index, survey.links.take()) {
            progress.begin(Phase::files("extracting", Some(total)));
            derivation.files = survey.kept.clone();
            derivation.links = links;
            let documents = derivation.derive_all(items.collect(), progress)?;
            let changes = changes(survey, derivation, documents)?;
            return Ok(IndexWork::Update { index, changes });
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

    /// Packs the trees that no shared pack holds; the root's id and every id
    /// the run needs.
    fn pack_trees(
        &self,
        files: &Files,
        shared: &mut Objects,
        pack: &mut PackWriter,
    ) -> Result<(Sha256, BTreeSet<Sha256>), RunError> {
        let mut trees = Vec::new();
        let root = tree::write(files, &mut |id, bytes| trees.push((id, bytes)));
        let mut reachable: BTreeSet<Sha256> = files
            .values()
            .filter_map(|entry| match entry {
                Entry::Source { sha256, .. } => Some(*sha256),
                Entry::Refused { .. } | Entry::File => None,
            })
            .collect();
        for (id, bytes) in trees {
            reachable.insert(id);
            if shared.find(id)?.is_none() {
                pack.append(id, &bytes);
            }
        }
        Ok((root, reachable))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a manifest names that many facts"
    )]
    fn manifest(
        &self,
        run: &RunId,
        tree: Sha256,
        digest: Sha256,
        files: &Files,
        built: &Built,
        mut packs: Vec<PackRef>,
        pack: Option<&(PackName, Artifact, Sha256)>,
    ) -> Manifest {
        packs.extend(pack.map(|(file, artifact, sha256)| PackRef {
            file: file.clone(),
            sha256: *sha256,
            bytes: artifact.bytes(),
            schema: SchemaBlock::current(),
        }));
        packs.sort_by(|a, b| a.file.cmp(&b.file));
        let mut counts = counts(built);
        let entries = |wanted: fn(&Entry) -> bool| files.values().filter(|e| wanted(e)).count();
        counts.insert("files".into(), entries(|e| *e == Entry::File) as u64);
        let refused = entries(|e| matches!(e, Entry::Refused { .. }));
        counts.insert("refused".into(), refused as u64);
        Manifest {
            format: 1,
            schema: SchemaBlock::current(),
            run: run.clone(),
            digest,
            parent: self.parent.as_ref().map(|parent| parent.run.clone()),
            command: match self.mode {
                Mode::Ingest => Command::Ingest,
                Mode::Rebuild => Command::Rebuild,
            },
            tool: Tool::this(),
            config: self.config,
            tree,
            counts,
            packs,
            index: IndexRef {
                logical: built.logical,
                schema: SchemaBlock::current(),
            },
            source_bytes: bytes_of(files),
            bytes_added: pack.map_or(0, |(_, artifact, _)| artifact.bytes()),
            budget: self.workspace.config().budget.clone(),
            checksum: None,
        }
    }

    /// The index, or the name of a cached one with the same bytes.
    fn index(&self, artifact: Artifact) -> Result<PlannedIndex, RunError> {
        let sha256 = artifact
            .sha256()
            .map_err(|error| RunError::Build(format!("the index: {error}")))?;
        // Only a rebuild may come to the very same bytes.
        let parent = self.parent.as_ref().filter(|_| self.mode == Mode::Rebuild);
        let same_as = parent.and_then(|parent| {
            let path = self
                .layout
                .cache()
                .join(super::super::index_file(&parent.run));
            let same = verify::file_digest(&path).ok()? == sha256;
            same.then(|| parent.run.clone())
        });
        Ok(PlannedIndex {
            artifact,
            sha256,
            same_as,
        })
    }

    fn judge(
        self,
        manifest: Manifest,
        pack: Option<(PackName, Artifact, Sha256)>,
        index: PlannedIndex,
        stat: Vec<u8>,
        changes: crate::run::Changes,
        extracted: u64,
    ) -> Result<RunPlan, RunError> {
        let policy = self.workspace.config().budget.clone();
        let usage = usage::measure(self.layout.profile())
            .map_err(|error| RunError::io(self.layout.profile(), error))?;
        let current = Current {
            format: 1,
            run: manifest.run.clone(),
            highest_ordinal: manifest.run.ordinal(),
        };
        let intent = Intent {
            format: 1,
            run: manifest.run.clone(),
            pack: pack.as_ref().map(|(name, ..)| name.clone()),
        };
        let drops_parent_index = self.mode == Mode::Ingest
            && self.parent.as_ref().is_some_and(|parent| {
                parent.index.schema == manifest.index.schema && parent.run != manifest.run
            });
        let mut plan = RunPlan {
            layout: self.layout,
            lock: self.lock,
            manifest_bytes: manifest.to_bytes(),
            current_bytes: json::pretty(&current),
            intent_bytes: json::pretty(&intent),
            journal_line: JournalEntry::now(manifest.run.clone(), manifest.command).line(),
            pack: pack.map(|(name, artifact, _)| (name, artifact)),
            index,
            stat,
            drops_parent_index,
            assessment: policy.assess(manifest.source_bytes, usage.total.bytes, 0),
            usage,
            changes,
            extracted,
            manifest,
        };
        let added = plan.files().iter().map(|file| file.bytes).sum();
        plan.assessment = policy.assess(plan.manifest.source_bytes, plan.usage.total.bytes, added);
        Ok(plan)
    }
}

/// How the run's index is made.
enum IndexWork {
    /// All documents were added to it.
    Scratch(Box<Closed>),
    /// The previous run's index and what changed since.
    Update {
        index: std::path::PathBuf,
        changes: Vec<index::Change>,
    },
}

/// What the fresh documents and the removed sources change in an index and in
/// the names that links give.
fn changes(
    survey: &Survey,
    derivation: &mut Derivation<'_>,
    documents: Vec<(Derived, Prepared)>,
) -> Result<Vec<index::Change>, RunError> {
    let mut changes = BTreeMap::new();
    let old = |derivation: &mut Derivation<'_>, path: &WorkspacePath| match survey.before.get(path)
    {
        Some(Entry::Source { sha256, .. }) => {
            let document = derivation.shared.document(path, *sha256)?;
            let links = link_files::of_document(path, &document);
            derivation.links.remove(&links);
            Ok::<_, RunError>(Some(document))
        }
        Some(Entry::Refused { .. } | Entry::File) | None => Ok(None),
    };
    for (derived, prepared) in documents {
        let path = derived.source.path;
        let before = old(derivation, &path)?;
        derivation.links.add(derived.links);
        changes.insert(
            path,
            index::Change::Put {
                old: before,
                new: prepared,
            },
        );
    }
    for path in survey.before.keys() {
        let still = matches!(derivation.files.get(path), Some(Entry::Source { .. }));
        if still {
            continue;
        }
        if let Some(before) = old(derivation, path)? {
            let path = path.clone();
            changes.insert(path.clone(), index::Change::Remove { path, old: before });
        }
    }
    Ok(changes.into_values().collect())
}

/// Bytes of the sources among `files`.
fn bytes_of(files: &Files) -> u64 {
    let bytes = |entry: &Entry| match entry {
        Entry::Source { bytes, .. } => *bytes,
        Entry::Refused { .. } | Entry::File => 0,
    };
    files.values().map(bytes).sum()
}

/// The packs the run shares. When they are too many, what it needs of all but
/// the largest goes into its own.
fn fold(
    shared: &mut Objects,
    reachable: &BTreeSet<Sha256>,
    pack: &mut PackWriter,
) -> Result<Vec<PackRef>, RunError> {
    let needed: BTreeSet<Sha256> = reachable
        .iter()
        .filter(|id| !pack.contains(**id))
        .copied()
        .collect();
    let packs = shared.needed(&needed)?;
    if packs.len() < MOST_PACKS {
        return Ok(packs);
    }
    let Some(largest) = packs.iter().max_by_key(|pack| pack.bytes).cloned() else {
        return Ok(packs);
    };
    for id in needed {
        let inside = shared
            .find(id)?
            .is_some_and(|pack| pack.file == largest.file);
        if !inside {
            pack.append(id, &shared.get(id)?);
        }
    }
    Ok(vec![largest])
}

/// Finishes the pack and names it by its digest.
fn name_pack(
    pack: PackWriter,
    run: &RunId,
) -> Result<Option<(PackName, Artifact, Sha256)>, RunError> {
    let Some(artifact) = pack.finish()? else {
        return Ok(None);
    };
    let sha256 = artifact
        .sha256()
        .map_err(|error| RunError::Build(format!("a pack: {error}")))?;
    Ok(Some((PackName::new(run, sha256), artifact, sha256)))
}

/// The index's counts, by name.
fn counts(built: &Built) -> BTreeMap<String, u64> {
    let counts = &built.counts;
    [
        ("documents", counts.documents),
        ("sections", counts.sections),
        ("chunks", counts.chunks),
        ("terms", counts.terms),
        ("tags", counts.tags),
        ("targets", counts.targets),
        ("mentions", counts.mentions),
        ("tagged", counts.tagged),
        ("links", counts.links),
        ("unresolved", counts.unresolved),
    ]
    .map(|(name, count)| (name.to_owned(), count))
    .into()
}
