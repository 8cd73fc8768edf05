//! A run before it is written: every byte it would add, and what the budget
//! says of it.

use std::any::Any;

use serde::Serialize;

use super::manifest::Mode;
use super::stat_cache::Unsealed;
use super::{Manifest, PackName, PackRef, RunId, file_names, index_record, intent};
use crate::budget::{Assessment, Verdict};
use crate::foundation::Sha256;
use crate::foundation::spill::Artifact;
use crate::graph::WorkspacePath;
use crate::source::Refusal;
use crate::workspace::{Layout, Lock, usage::Usage};

/// What planning came to.
#[derive(Debug)]
pub enum Planned {
    /// The current run already says all there is to say: nothing to write.
    Unchanged(Unchanged),
    /// A new run.
    Run(Box<RunPlan>),
}

/// The current run stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unchanged {
    /// The current run.
    pub run: RunId,
    /// Sources it ingested.
    pub sources: u64,
    /// Files that matched and could not be ingested.
    pub refused: Vec<RefusedSource>,
}

impl Unchanged {
    pub(super) fn of(manifest: &Manifest, refused: Vec<RefusedSource>) -> Self {
        Self {
            run: manifest.run.clone(),
            sources: manifest.counts.get("documents").copied().unwrap_or(0),
            refused,
        }
    }
}

/// A file that matched and could not be ingested.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RefusedSource {
    /// Where; parts that are not UTF-8 show U+FFFD.
    pub path: String,
    /// Why, as a name.
    pub reason: Refusal,
    /// Why, as a sentence.
    pub explanation: String,
}

impl RefusedSource {
    pub(super) fn new(path: impl Into<String>, refusal: Refusal) -> Self {
        Self {
            path: path.into(),
            reason: refusal,
            explanation: refusal.to_string(),
        }
    }
}

/// How the sources differ from those of the parent run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// Sources that are new.
    pub added: Vec<WorkspacePath>,
    /// Sources whose bytes differ.
    pub changed: Vec<WorkspacePath>,
    /// Sources that are gone.
    pub removed: Vec<WorkspacePath>,
    /// How many are as they were.
    pub unchanged: u64,
    /// Files that matched and could not be ingested.
    pub refused: Vec<RefusedSource>,
}

/// A file that publishing would write, with its exact length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedFile {
    /// Path relative to the profile's folder.
    pub path: String,
    /// Length in bytes; 0 for a second name of a file that is there.
    pub bytes: u64,
}

/// A plan as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The run that would be made.
    pub run: RunId,
    /// Its digest.
    pub digest: Sha256,
    /// The run that is current now.
    pub parent: Option<RunId>,
    /// The command.
    pub command: Mode,
    /// How the sources differ from the parent's.
    pub sources: Changes,
    /// Sources that were parsed; the others' documents are shared.
    pub extracted: u64,
    /// What would be written.
    pub files: Vec<PlannedFile>,
    /// What the budget says.
    pub budget: Assessment,
}

/// A run before it is written.
#[derive(Debug)]
pub struct RunPlan {
    pub(super) layout: Layout,
    /// The writer's lock, when its file existed at planning.
    pub(super) lock: Option<Lock>,
    pub(super) manifest: Manifest,
    pub(super) manifest_bytes: Vec<u8>,
    pub(super) current_bytes: Vec<u8>,
    pub(super) intent_bytes: Vec<u8>,
    pub(super) journal_line: String,
    pub(super) pack: Option<(PackName, Artifact)>,
    pub(super) index: PlannedIndex,
    /// Packs of earlier runs that it shares: whether they are what was written
    /// is found out while it is.
    pub(super) unchecked: Vec<PackRef>,
    pub(super) stat: Unsealed,
    /// The parent's cached index is dropped once this run is current.
    pub(super) drops_parent_index: bool,
    pub(super) usage: Usage,
    pub(super) changes: Changes,
    pub(super) extracted: u64,
    pub(super) assessment: Assessment,
    pub(super) spent: Spent,
}

/// What planning has no more use for: a large workspace has many names, and
/// they are freed when nobody waits for it.
pub(super) type Spent = Box<dyn Any + Send>;

/// The index of a planned run.
#[derive(Debug)]
pub(super) struct PlannedIndex {
    pub(super) artifact: Artifact,
    /// A run whose cached index is this file, byte for byte: it gets a second
    /// name instead of a second copy.
    pub(super) same_as: Option<RunId>,
}

/// The budget said no: nothing was written (FR-010).
#[derive(Clone, Debug, thiserror::Error)]
#[error("the footprint budget stops this: {} of {} bytes", .assessment.projected_bytes, .assessment.limit_bytes)]
pub struct OverBudget {
    /// The verdict with its numbers.
    pub assessment: Assessment,
    /// What is on disk now.
    pub usage: Usage,
}

/// A plan that the budget let pass; made by [`RunPlan::approve`] alone.
#[derive(Debug)]
pub struct ApprovedPlan(pub(super) RunPlan);

impl RunPlan {
    /// Whether the budget does not allow it.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.assessment.verdict == Verdict::Block
    }

    /// What the budget says of the plan.
    #[must_use]
    pub const fn assessment(&self) -> &Assessment {
        &self.assessment
    }

    /// What is on disk now.
    #[must_use]
    pub const fn usage(&self) -> &Usage {
        &self.usage
    }

    /// The plan as it is shown.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            run: self.manifest.run.clone(),
            digest: self.manifest.digest,
            parent: self.manifest.parent.clone(),
            command: self.manifest.command,
            sources: self.changes.clone(),
            extracted: self.extracted,
            files: self.files(),
            budget: self.assessment.clone(),
        }
    }

    /// Every file that publishing writes, with its exact length.
    pub(super) fn files(&self) -> Vec<PlannedFile> {
        let run = &self.manifest.run;
        let mut files = Vec::new();
        let mut file = |path: String, bytes: u64| files.push(PlannedFile { path, bytes });
        if let Some((name, pack)) = &self.pack {
            file(format!("packs/{}", name.as_str()), pack.bytes());
        }
        let index_bytes = match self.index.same_as {
            Some(_) => 0,
            None => self.index.artifact.bytes(),
        };
        file(
            format!("cache/{}", file_names::index_file(run)),
            index_bytes,
        );
        file(
            format!("cache/{}", file_names::index_digest_file(run)),
            index_record::bytes(run),
        );
        file(
            format!("cache/{}", file_names::stat_file(run)),
            self.stat.bytes(),
        );
        file(
            format!("runs/{}", file_names::manifest_file(run)),
            self.manifest_bytes.len() as u64,
        );
        file("current".to_owned(), self.current_bytes.len() as u64);
        file(
            format!("staging/{}", intent::Intent::FILE),
            self.intent_bytes.len() as u64,
        );
        file("journal.jsonl".to_owned(), self.journal_line.len() as u64);
        files
    }

    /// Asks the budget (FR-010).
    ///
    /// # Errors
    /// [`OverBudget`] when the plan reaches the block threshold.
    pub fn approve(self) -> Result<ApprovedPlan, Box<OverBudget>> {
        if self.is_blocked() {
            return Err(Box::new(OverBudget {
                assessment: self.assessment,
                usage: self.usage,
            }));
        }
        Ok(ApprovedPlan(self))
    }
}
