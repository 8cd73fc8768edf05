//! Reading a run: its manifest, its index and the text of its chunks.

use std::fmt;

use super::index_record::Trust;
use super::standing::{self, Standing};
use super::{Manifest, Objects, RunError, RunId, file_names, remake};
use crate::foundation::Sha256;
use crate::foundation::progress::Progress;
use crate::graph::{Document, WorkspacePath};
use crate::index::Index;
use crate::workspace::{Layout, ProfileName, Workspace};

/// A run opened for reading. Takes no lock and blocks nobody, but for the time
/// in which an index of the current run that had to be made again is put into
/// the cache.
pub struct Session {
    manifest: Manifest,
    index: Index,
    objects: Objects,
    notes: Vec<Note>,
}

/// Something the reader of an answer should know, one line on standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The current run needs a newer version; an older one answers.
    WayBack {
        /// The run that cannot be read.
        current: Option<RunId>,
        /// The run that answers.
        answering: RunId,
        /// Why the current one cannot be read.
        reason: String,
    },
    /// The index was missing or damaged and was made again.
    IndexMadeAgain {
        /// The run.
        run: RunId,
        /// What was wrong.
        why: String,
        /// Why it could not be kept, if it could not.
        not_cached: Option<String>,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WayBack {
                current,
                answering,
                reason,
            } => {
                let current = current.as_ref().map_or("?".to_owned(), RunId::to_string);
                write!(
                    f,
                    "answering from {answering}: the current run {current} cannot be read ({reason})"
                )
            }
            Self::IndexMadeAgain {
                run,
                why,
                not_cached,
            } => {
                write!(f, "the index of {run} was made again from its packs: {why}")?;
                match not_cached {
                    Some(why) => write!(f, "; it is held in memory only: {why}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Session {
    /// Opens the current run, or the run `wanted`; its cached index as far as
    /// `trust` goes.
    ///
    /// # Errors
    /// [`RunError::RebuildRequired`] when it cannot be read,
    /// [`RunError::NoRun`] or [`RunError::UnknownRun`] when there is none.
    pub fn open(
        workspace: &Workspace,
        profile: &ProfileName,
        wanted: Option<&RunId>,
        trust: Trust,
        progress: &dyn Progress,
    ) -> Result<Self, RunError> {
        let layout = workspace.layout(profile);
        let mut notes = Vec::new();
        let mut manifest = choose(&layout, wanted, &mut notes)?;
        for _ in 0..3 {
            if let Ok(index) = remake::open_cached(&layout, &manifest, trust) {
                return Ok(Self::with(&layout, manifest, index, notes));
            }
            // A writer may have published a newer run and dropped this index
            // since `current` was read.
            let mut fresh_notes = Vec::new();
            let again = choose(&layout, wanted, &mut fresh_notes)?;
            if again.run == manifest.run {
                break;
            }
            (manifest, notes) = (again, fresh_notes);
        }
        let useless = match remake::open_cached(&layout, &manifest, trust) {
            Ok(index) => return Ok(Self::with(&layout, manifest, index, notes)),
            Err(useless) => useless,
        };
        let is_current =
            matches!(standing::read_current(&layout), Ok(Some(c)) if c.run == manifest.run);
        // An older run's index was dropped on purpose: to look back must not
        // take room that the next run needs, and there is nothing to report.
        let keep = is_current.then_some(&workspace.config().budget);
        let remade = remake::remake(&layout, &manifest, &useless, keep, progress)?;
        if is_current {
            notes.push(Note::IndexMadeAgain {
                run: manifest.run.clone(),
                why: useless.why().to_owned(),
                not_cached: remade.not_cached,
            });
        }
        Ok(Self::with(&layout, manifest, remade.index, notes))
    }

    fn with(layout: &Layout, manifest: Manifest, index: Index, notes: Vec<Note>) -> Self {
        Self {
            objects: Objects::of(layout, &manifest),
            manifest,
            index,
            notes,
        }
    }

    /// The run's manifest.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The run's index.
    #[must_use]
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// What the reader of an answer should know.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The document at `path`, from the packs; `None` when the run has none.
    ///
    /// # Errors
    /// [`RunError::Damaged`].
    pub fn document_at(&mut self, path: &WorkspacePath) -> Result<Option<Document>, RunError> {
        let sha256 = self.sha256_at(path)?;
        sha256
            .map(|sha256| self.objects.document(path, sha256))
            .transpose()
    }

    /// The text of the source at `path` as it was when the run was made, from
    /// the packs; `None` when the run has none.
    ///
    /// # Errors
    /// [`RunError::Damaged`].
    pub fn text_at(&mut self, path: &WorkspacePath) -> Result<Option<String>, RunError> {
        let sha256 = self.sha256_at(path)?;
        sha256.map(|sha256| self.objects.text(sha256)).transpose()
    }

    fn sha256_at(&mut self, path: &WorkspacePath) -> Result<Option<Sha256>, RunError> {
        Ok(match self.objects.entry(self.manifest.tree, path)? {
            Some(super::tree::Entry::Source { sha256, .. }) => Some(sha256),
            Some(_) | None => None,
        })
    }
}

/// The run to read.
fn choose(
    layout: &Layout,
    wanted: Option<&RunId>,
    notes: &mut Vec<Note>,
) -> Result<Manifest, RunError> {
    if let Some(run) = wanted {
        layout.check()?;
        if !file_names::has_manifest(layout, run) {
            return Err(RunError::UnknownRun(run.clone()));
        }
        return standing::read_manifest(layout, run).map_err(|reason| RunError::RebuildRequired {
            run: Some(run.clone()),
            reason,
        });
    }
    match Standing::judge(layout)? {
        Standing::Empty => Err(RunError::NoRun),
        Standing::Ready(manifest) => Ok(*manifest),
        Standing::RebuildRequired { run, reason } => match standing::way_back(layout, &reason)? {
            Some(manifest) => {
                notes.push(Note::WayBack {
                    current: run,
                    answering: manifest.run.clone(),
                    reason: reason.to_string(),
                });
                Ok(manifest)
            }
            None => Err(RunError::RebuildRequired { run, reason }),
        },
    }
}
