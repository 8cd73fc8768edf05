//! A run put on record: its manifest, and the plan that the budget judges.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::foundation::spill::Artifact;
use crate::foundation::{Sha256, durable, json};
use crate::index::Built;
use crate::run::intent::Intent;
use crate::run::journal::JournalEntry;
use crate::run::manifest::{FORMAT, IndexRef, Tool};
use crate::run::plan::{PlannedIndex, RunPlan, Spent};
use crate::run::standing::Current;
use crate::run::stat_cache::Unsealed;
use crate::run::tally::Totals;
use crate::run::{Changes, Manifest, Mode, PackName, PackRef, RunError, RunId, file_names};
use crate::schema::SchemaBlock;
use crate::workspace::{Layout, Lock, Workspace, usage};

/// What is asked for, and what it finds: where, how, after which run.
pub(super) struct Request<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) layout: Layout,
    /// What is there, and goes before anything is written.
    pub(super) gone: BTreeSet<PathBuf>,
    pub(super) lock: Option<Lock>,
    pub(super) mode: Mode,
    pub(super) parent: Option<Manifest>,
    /// The digest of the configuration.
    pub(super) config: Sha256,
}

/// The pack a run adds: its name, bytes and digest.
pub(super) type OwnPack = (PackName, Artifact, Sha256);

/// What a run came to, apart from its artifacts.
pub(super) struct RunFacts<'a> {
    pub(super) run: &'a RunId,
    pub(super) tree: Sha256,
    pub(super) digest: Sha256,
    pub(super) totals: Totals,
}

/// What a plan holds beside the manifest.
pub(super) struct Parts {
    pub(super) pack: Option<OwnPack>,
    /// Packs of earlier runs that nobody has checked.
    pub(super) unchecked: Vec<PackRef>,
    pub(super) index: PlannedIndex,
    pub(super) stat: Unsealed,
    pub(super) changes: Changes,
    pub(super) extracted: u64,
    pub(super) spent: Spent,
}

impl Request<'_> {
    pub(super) fn manifest(
        &self,
        facts: &RunFacts<'_>,
        built: &Built,
        mut packs: Vec<PackRef>,
        pack: Option<&OwnPack>,
    ) -> Manifest {
        packs.extend(pack.map(|(file, artifact, sha256)| PackRef {
            file: file.clone(),
            sha256: *sha256,
            bytes: artifact.bytes(),
            schema: SchemaBlock::current(),
        }));
        packs.sort_by(|a, b| a.file.cmp(&b.file));
        let mut counts = counts(built);
        counts.insert("files".into(), facts.totals.linked);
        counts.insert("refused".into(), facts.totals.refused);
        Manifest {
            format: FORMAT,
            schema: SchemaBlock::current(),
            run: facts.run.clone(),
            digest: facts.digest,
            parent: self.parent.as_ref().map(|parent| parent.run.clone()),
            command: self.mode,
            tool: Tool::this(),
            config: self.config,
            tree: facts.tree,
            counts,
            packs,
            index: IndexRef {
                logical: built.logical,
                schema: SchemaBlock::current(),
            },
            source_bytes: facts.totals.source_bytes,
            bytes_added: pack.map_or(0, |(_, artifact, _)| artifact.bytes()),
            budget: self.workspace.config().budget.clone(),
            checksum: None,
        }
    }

    /// The index, or the name of a cached one with the same bytes.
    pub(super) fn index(&self, artifact: Artifact) -> Result<PlannedIndex, RunError> {
        let mut same_as = None;
        // Only a rebuild may come to the very same bytes.
        if let Some(parent) = self.parent.as_ref().filter(|_| self.mode == Mode::Rebuild) {
            let sha256 = artifact
                .sha256()
                .map_err(|error| RunError::Build(format!("the index: {error}")))?;
            let cached = file_names::index_path(&self.layout, &parent.run);
            let same = durable::file_digest(&cached).is_ok_and(|cached| cached == sha256);
            same_as = same.then(|| parent.run.clone());
        }
        Ok(PlannedIndex { artifact, same_as })
    }

    pub(super) fn judge(self, manifest: Manifest, parts: Parts) -> Result<RunPlan, RunError> {
        let Parts {
            pack,
            unchecked,
            index,
            stat,
            changes,
            extracted,
            spent,
        } = parts;
        let policy = self.workspace.config().budget.clone();
        let usage = usage::measure_without(self.layout.profile(), &self.gone)?;
        let current = Current::of(&manifest.run);
        let intent = Intent::of(&manifest.run, pack.as_ref().map(|(name, ..)| name));
        let of_this_schema = |parent: &Manifest| parent.index.schema == manifest.index.schema;
        let drops_parent_index =
            self.mode == Mode::Ingest && self.parent.as_ref().is_some_and(of_this_schema);
        let mut plan = RunPlan {
            unchecked,
            spent,
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
