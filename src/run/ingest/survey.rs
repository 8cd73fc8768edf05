//! What changed since the previous run: decided by fingerprint where that is
//! sure, by digest elsewhere.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::assemble::bytes_of;
use super::{LinkFiles, Previous};
use crate::foundation::progress::{Phase, Progress};
use crate::graph::WorkspacePath;
use crate::run::RunError;
use crate::run::plan::{Changes, RefusedSource};
use crate::run::stat_cache::StatCache;
use crate::run::tree::{Entry, Files, Listing, compare};
use crate::source::{Fingerprint, Found, Root, Scan, read};

/// Documents up to this many source bytes are held to update an index.
const UPDATE_BYTES: u64 = 16 * 1024 * 1024;

/// The sources, sorted by what has to be done with them.
pub(super) struct Survey {
    /// Entries that stand as the previous run had them, and those of files
    /// that cannot be read at all.
    pub(super) kept: Files,
    /// Files to read and extract, by path.
    pub(super) fresh: Vec<Found>,
    /// The previous run's files and trees; empty when there is none to
    /// compare with.
    pub(super) before: Listing,
    /// What `stat` said of the kept files.
    pub(super) prints: BTreeMap<WorkspacePath, Fingerprint>,
    /// Refused files whose names a tree cannot hold: reported only.
    unnamed: Vec<RefusedSource>,
    /// The paths that links of the previous run name.
    pub(super) links: Option<LinkFiles>,
}

/// Whether a look at every file's `stat` is enough to say that nothing
/// changed: no file is opened.
pub(super) fn nothing_changed(found: &Scan, previous: &Previous, root: &Root) -> bool {
    let count = |name: &str| previous.manifest.counts.get(name).copied().unwrap_or(0);
    let stat = &previous.stat;
    let Some(existing) = stat.existing() else {
        return false;
    };
    let same_files =
        || (found.files.iter()).all(|file| stat.is_unchanged(&file.path, file.fingerprint));
    let same_targets = || {
        let mut look = root.look();
        (existing.iter()).all(|(path, exists)| look.exists(path) == *exists)
    };
    found.refused.is_empty()
        && count("refused") == 0
        && found.files.len() == stat.len()
        && rayon::join(same_files, same_targets) == (true, true)
}

impl Survey {
    /// Compares what was found with the previous run. With `keep` unset
    /// (a rebuild) nothing of it is believed and everything is read.
    pub(super) fn take(
        root: &Root,
        found: Scan,
        previous: Option<&mut Previous>,
        keep: bool,
        max_bytes: u64,
        progress: &dyn Progress,
    ) -> Result<Self, RunError> {
        let mut survey = Self {
            kept: Files::new(),
            fresh: Vec::new(),
            before: Listing::default(),
            prints: BTreeMap::new(),
            unnamed: Vec::new(),
            links: None,
        };
        for refused in found.refused {
            let entry = Entry::Refused {
                refusal: refused.refusal,
                sha256: None,
                bytes: refused.bytes,
            };
            match refused.path.parse() {
                Ok(path) => {
                    survey.kept.entry(path).or_insert(entry);
                }
                Err(_) => survey
                    .unnamed
                    .push(RefusedSource::new(refused.path, refused.refusal)),
            }
        }
        let Some(previous) = previous else {
            survey.fresh = found.files;
            return Ok(survey);
        };
        survey.before = match previous.objects.listing(previous.manifest.tree) {
            Ok(listing) => listing,
            // A rebuild needs nothing of the previous run.
            Err(_) if !keep => Listing::default(),
            Err(error) => return Err(error),
        };
        if !keep {
            survey.fresh = found.files;
            return Ok(survey);
        }
        survey.links = previous.stat.links();
        let doubtful = survey.believe(found.files, &previous.stat);
        survey.compare_digests(root, doubtful, max_bytes, progress);
        Ok(survey)
    }

    /// Sorts out `files`, which are in order: those whose fingerprints stand
    /// are kept, those the previous run did not have are fresh. The others
    /// come back.
    fn believe(&mut self, files: Vec<Found>, stat: &StatCache) -> Vec<Found> {
        let mut doubtful = Vec::new();
        // Gathered first: a map is filled fastest from one end to the other.
        let (mut kept, mut prints) = (Vec::new(), Vec::new());
        let mut before = self.before.files.iter().peekable();
        for file in files {
            while before.next_if(|(path, _)| **path < file.path).is_some() {}
            match before.next_if(|(path, _)| **path == file.path) {
                Some((_, entry @ (Entry::Source { .. } | Entry::Refused { .. }))) => {
                    if stat.is_unchanged(&file.path, file.fingerprint) {
                        prints.push((file.path.clone(), file.fingerprint));
                        kept.push((file.path, entry.clone()));
                    } else {
                        doubtful.push(file);
                    }
                }
                Some((_, Entry::File)) | None => self.fresh.push(file),
            }
        }
        self.kept.append(&mut kept.into_iter().collect());
        self.prints = prints.into_iter().collect();
        doubtful
    }

    /// Reads the doubtful files; those with the same bytes are kept.
    fn compare_digests(
        &mut self,
        root: &Root,
        doubtful: Vec<Found>,
        max_bytes: u64,
        progress: &dyn Progress,
    ) {
        progress.begin(Phase::files("comparing", Some(doubtful.len() as u64)));
        let before = &self.before.files;
        let verdicts: Vec<(Found, Option<Fingerprint>)> = doubtful
            .into_par_iter()
            .map(|file| {
                let same = same_as_before(root, &file, before.get(&file.path), max_bytes);
                progress.advance(1);
                (file, same)
            })
            .collect();
        for (file, same) in verdicts {
            match (same, self.before.files.get(&file.path)) {
                (Some(print), Some(entry)) => {
                    self.kept.insert(file.path.clone(), entry.clone());
                    self.prints.insert(file.path, print);
                }
                _ => self.fresh.push(file),
            }
        }
        self.fresh.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// Source bytes that are to be read.
    pub(super) fn fresh_bytes(&self) -> u64 {
        self.fresh.iter().map(|file| file.bytes).sum()
    }

    /// Whether so little changed that updating an index is cheaper than
    /// building one.
    pub(super) fn is_small(&self) -> bool {
        let fresh = self.fresh_bytes();
        self.links.is_some() && fresh <= UPDATE_BYTES && fresh * 4 <= bytes_of(&self.kept)
    }

    /// Whether the sources are, byte for byte, those of the previous run.
    pub(super) fn is_unchanged(&self, root: &Root) -> bool {
        let Some(links) = &self.links else {
            return false;
        };
        if !self.fresh.is_empty() {
            return false;
        }
        let mut existing = links.existing(root, &self.kept).into_iter();
        let same = compare(&self.before.files, &self.kept).all(|(path, before, now)| {
            match (before, now) {
                (Some(Entry::File), None) => existing.next().as_ref() == Some(path),
                (before, now) => before == now,
            }
        });
        same && existing.next().is_none()
    }

    /// The refused files among those kept.
    pub(super) fn refused(&self) -> Vec<RefusedSource> {
        self.refused_in(&self.kept)
    }

    fn refused_in(&self, files: &Files) -> Vec<RefusedSource> {
        let named = files.iter().filter_map(|(path, entry)| match entry {
            Entry::Refused { refusal, .. } => Some(RefusedSource::new(path.as_str(), *refusal)),
            Entry::Source { .. } | Entry::File => None,
        });
        let mut refused: Vec<RefusedSource> = named.chain(self.unnamed.iter().cloned()).collect();
        refused.sort();
        refused
    }

    /// How `files` differ from those of the previous run.
    pub(super) fn changes(&self, files: &Files) -> Changes {
        let source = |entry: Option<&Entry>| match entry {
            Some(Entry::Source { sha256, .. }) => Some(*sha256),
            Some(Entry::Refused { .. } | Entry::File) | None => None,
        };
        let mut changes = Changes {
            refused: self.refused_in(files),
            ..Changes::default()
        };
        for (path, before, now) in compare(&self.before.files, files) {
            match (source(before), source(now)) {
                (None, None) => {}
                (None, Some(_)) => changes.added.push(path.clone()),
                (Some(_), None) => changes.removed.push(path.clone()),
                (Some(before), Some(now)) if before == now => changes.unchanged += 1,
                (Some(_), Some(_)) => changes.changed.push(path.clone()),
            }
        }
        changes
    }
}

/// The file's fingerprint now, if its bytes are those of `entry`.
fn same_as_before(
    root: &Root,
    file: &Found,
    entry: Option<&Entry>,
    max_bytes: u64,
) -> Option<Fingerprint> {
    match (read(root, file, max_bytes), entry?) {
        (Ok(text), Entry::Source { sha256, .. }) if text.sha256 == *sha256 => {
            Some(text.fingerprint)
        }
        (
            Err(rejected),
            Entry::Refused {
                refusal, sha256, ..
            },
        ) if rejected.refusal == *refusal && rejected.sha256 == *sha256 => rejected.fingerprint,
        _ => None,
    }
}
