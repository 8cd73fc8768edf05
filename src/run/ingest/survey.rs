//! What changed since the previous run: decided by fingerprint where that is
//! sure, by digest elsewhere.

use rayon::prelude::*;

use super::before::Before;
use super::inherit::Previous;
use crate::foundation::progress::{Phase, Progress};
use crate::graph::WorkspacePath;
use crate::run::link_files::LinkFiles;
use crate::run::plan::RefusedSource;
use crate::run::stat_cache::{Prints, StatCache};
use crate::run::tree::{Entry, Files};
use crate::source::{
    CannotRead, Fingerprint, Found, Refusal, Refused, Root, Scan, read, sort_by_path,
};

/// Documents up to this many source bytes are held to update an index.
const UPDATE_BYTES: u64 = 16 * 1024 * 1024;

/// What a look at every file's `stat` tells.
pub(super) struct Glance {
    /// Files as the previous run saw them.
    same: Vec<Found>,
    /// All others: changed, touched or new.
    doubtful: Vec<Found>,
    refused: Vec<Refused>,
}

impl Glance {
    pub(super) fn at(found: Scan, stat: &StatCache) -> Self {
        let known = |file: &Found| stat.is_unchanged(&file.path, file.fingerprint);
        let mut same = found.files;
        let known: Vec<bool> = same.par_iter().with_min_len(2_048).map(known).collect();
        let mut doubtful = Vec::new();
        for (at, _) in known.iter().enumerate().rev().filter(|(_, known)| !**known) {
            doubtful.push(same.swap_remove(at));
        }
        Self {
            same,
            doubtful,
            refused: found.refused,
        }
    }

    /// Whether it is enough to say that no source changed, came or went since
    /// the run `previous`: no file is opened.
    pub(super) fn says_the_same_as(&self, previous: &Previous) -> bool {
        let refused = previous.manifest.counts.get("refused");
        self.doubtful.is_empty()
            && self.refused.is_empty()
            && refused.copied().unwrap_or(0) == 0
            && self.same.len() == previous.stat.len()
    }

    /// Whether an update of the index, of a run with `before` bytes of sources,
    /// is sure to be cheaper than a new one.
    pub(super) fn is_small(&self, before: u64) -> bool {
        is_small(before, bytes(&self.doubtful), bytes(&self.same))
    }
}

/// Whether of `before` bytes of sources so many are `kept`, and so few `fresh`,
/// that updating an index is cheaper than building one. What goes costs as what
/// comes, and leaves its room in the index.
fn is_small(before: u64, fresh: u64, kept: u64) -> bool {
    let changed = fresh.max(before.saturating_sub(kept));
    changed <= UPDATE_BYTES && changed.saturating_mul(4) <= kept
}

fn bytes(files: &[Found]) -> u64 {
    files.iter().map(|file| file.bytes).sum()
}

/// The sources, sorted by what has to be done with them.
pub(super) struct Survey {
    /// Entries that stand as the previous run had them, and those of files
    /// that cannot be read at all.
    pub(super) kept: Files,
    /// Bytes of the files among `kept` that were seen again.
    kept_bytes: u64,
    /// Files to read and extract, by path.
    pub(super) fresh: Vec<Found>,
    /// What the previous run had at all paths that are not kept.
    pub(super) before: Before,
    /// What `stat` said of the kept files.
    pub(super) prints: Prints,
    /// Refused files that no tree names, only reports: those that vanished, and
    /// those whose names a tree cannot hold, or holds for another that is shown
    /// alike.
    unnamed: Vec<RefusedSource>,
}

impl Survey {
    /// Nothing of the previous run, which had the files `before`, is believed:
    /// everything is read.
    pub(super) fn of_all(mut found: Scan, before: Files) -> Self {
        sort_by_path(&mut found.files);
        let mut survey = Self::of(Files::new(), Prints::default());
        survey.before.note_all(before);
        for file in found.files {
            survey.take_out(&file.path);
            survey.fresh.push(file);
        }
        survey.refuse(found.refused);
        survey
    }

    /// Compares with the files `before` of the previous run, of which its stat
    /// cache says `prints`.
    pub(super) fn of_changes(
        root: &Root,
        glance: Glance,
        before: Files,
        prints: Prints,
        max_bytes: u64,
        progress: &dyn Progress,
    ) -> Result<Self, CannotRead> {
        let mut survey = Self::of(before, prints);
        for file in &glance.doubtful {
            survey.take_out(&file.path);
        }
        for refused in &glance.refused {
            if let Ok(path) = refused.path.parse() {
                survey.take_out_unseen(&path);
            }
        }
        // Which files links lead to is found out anew.
        let linked = survey
            .kept
            .iter()
            .filter(|(_, entry)| **entry == Entry::File);
        let linked: Vec<WorkspacePath> = linked.map(|(path, _)| path.clone()).collect();
        for path in linked {
            survey.take_out_unseen(&path);
        }
        survey.kept_bytes = bytes(&glance.same);
        // All of `same` are still among those kept: were it as many, but not
        // the same, a file that is gone would stay.
        if survey.kept.len() != glance.same.len() {
            survey.match_up(glance.same);
        }
        survey.compare_digests(root, glance.doubtful, max_bytes, progress)?;
        survey.refuse(glance.refused);
        Ok(survey)
    }

    fn of(kept: Files, prints: Prints) -> Self {
        Self {
            kept,
            kept_bytes: 0,
            fresh: Vec::new(),
            before: Before::default(),
            prints,
            unnamed: Vec::new(),
        }
    }

    /// The file at `path` may not be as it was.
    fn take_out(&mut self, path: &WorkspacePath) {
        self.before.note(path.clone(), self.kept.remove(path));
        self.prints.remove(path);
    }

    /// As [`take_out`](Self::take_out), of what the stat cache does not know: a
    /// name that is not UTF-8 may be shown as that of a file that is the same.
    fn take_out_unseen(&mut self, path: &WorkspacePath) {
        if !self.prints.has(path) {
            self.take_out(path);
        }
    }

    /// Enters files that cannot be read.
    fn refuse(&mut self, refused: Vec<Refused>) {
        for refused in refused {
            let entry = Entry::Refused {
                refusal: refused.refusal,
                sha256: None,
                bytes: refused.bytes,
            };
            let name = match WorkspacePath::of(refused.path) {
                Ok(path) if !self.has(&path) => {
                    self.before.note(path.clone(), None);
                    self.kept.insert(path, entry);
                    continue;
                }
                // A name that is not UTF-8 may be shown as another's.
                Ok(path) => path.as_str().to_owned(),
                Err(name) => name,
            };
            self.unnamed.push(RefusedSource::new(name, refused.refusal));
        }
    }

    /// Files that were there to be read, and are no more.
    pub(super) fn miss(&mut self, vanished: &[WorkspacePath]) {
        let refused = |path: &WorkspacePath| RefusedSource::new(path.as_str(), Refusal::Vanished);
        self.unnamed.extend(vanished.iter().map(refused));
    }

    fn has(&self, path: &WorkspacePath) -> bool {
        let fresh = self.fresh.binary_search_by(|file| file.path.cmp(path));
        fresh.is_ok() || self.kept.contains_key(path)
    }

    /// Keeps only `same`; some files are gone.
    fn match_up(&mut self, mut same: Vec<Found>) {
        sort_by_path(&mut same);
        // Gathered first: a map is filled fastest from one end to the other.
        let mut kept = Vec::with_capacity(same.len());
        self.prints = Prints::default();
        let mut before = std::mem::take(&mut self.kept).into_iter().peekable();
        for file in same {
            while let Some((path, entry)) = before.next_if(|(path, _)| *path < file.path) {
                self.before.note(path, Some(entry));
            }
            match before.next_if(|(path, _)| *path == file.path) {
                Some((path, entry @ (Entry::Source { .. } | Entry::Refused { .. }))) => {
                    self.prints.add(&path, file.fingerprint);
                    kept.push((path, entry));
                }
                other => {
                    let entry = other.map(|(_, entry)| entry);
                    self.before.note(file.path.clone(), entry);
                    self.kept_bytes -= file.bytes;
                    self.fresh.push(file);
                }
            }
        }
        self.before.note_all(before.collect());
        self.kept = kept.into_iter().collect();
    }

    /// Reads the doubtful files that the previous run had; those with the same
    /// bytes are kept.
    fn compare_digests(
        &mut self,
        root: &Root,
        doubtful: Vec<Found>,
        max_bytes: u64,
        progress: &dyn Progress,
    ) -> Result<(), CannotRead> {
        progress.begin(Phase::files("comparing", Some(doubtful.len() as u64)));
        let before = &self.before;
        let verdicts: Result<Vec<(Found, Option<Fingerprint>)>, CannotRead> = doubtful
            .into_par_iter()
            .map(|file| {
                let same = same_as_before(root, &file, before.get(&file.path), max_bytes)?;
                progress.advance(1);
                Ok((file, same))
            })
            .collect();
        for (file, same) in verdicts? {
            match (same, self.before.get(&file.path)) {
                (Some(print), Some(entry)) => {
                    self.kept_bytes += file.bytes;
                    self.prints.add(&file.path, print);
                    self.kept.insert(file.path, entry.clone());
                }
                _ => self.fresh.push(file),
            }
        }
        sort_by_path(&mut self.fresh);
        Ok(())
    }

    /// Source bytes that are to be read.
    fn fresh_bytes(&self) -> u64 {
        bytes(&self.fresh)
    }

    /// Bytes of all sources.
    pub(super) fn bytes(&self) -> u64 {
        self.kept_bytes + self.fresh_bytes()
    }

    /// Whether so little changed since a run with `before` bytes of sources that
    /// updating its index is cheaper than building one.
    pub(super) fn is_small(&self, before: u64) -> bool {
        is_small(before, self.fresh_bytes(), self.kept_bytes)
    }

    /// Whether the sources are, byte for byte, those of the previous run, whose
    /// links name `links`; `others` are the files that are no sources.
    pub(super) fn is_unchanged(
        &self,
        links: &LinkFiles,
        root: &Root,
        others: &[WorkspacePath],
    ) -> Result<bool, CannotRead> {
        if !self.fresh.is_empty() {
            return Ok(false);
        }
        let existing = links.existing(root, &self.kept, others)?;
        let now = |path: &WorkspacePath| {
            let linked = existing.contains(path);
            self.kept.get(path).or(linked.then_some(&Entry::File))
        };
        Ok(self.before.edits(now).is_empty()
            && (existing.iter()).all(|path| self.before.get(path).is_some()))
    }

    /// The refused files: those `named`, and those that no tree names.
    pub(super) fn refused<'a>(
        &self,
        named: impl Iterator<Item = (&'a WorkspacePath, Refusal)>,
    ) -> Vec<RefusedSource> {
        let named = named.map(|(path, refusal)| RefusedSource::new(path.as_str(), refusal));
        let mut refused: Vec<RefusedSource> = named.chain(self.unnamed.iter().cloned()).collect();
        refused.sort();
        refused
    }

    /// The refused files of a run that keeps everything.
    pub(super) fn refused_kept(&self) -> Vec<RefusedSource> {
        self.refused(self.kept.iter().filter_map(|(path, entry)| match entry {
            Entry::Refused { refusal, .. } => Some((path, *refusal)),
            Entry::Source { .. } | Entry::File => None,
        }))
    }
}

/// The file's fingerprint now, if its bytes are those of `entry`.
fn same_as_before(
    root: &Root,
    file: &Found,
    entry: Option<&Entry>,
    max_bytes: u64,
) -> Result<Option<Fingerprint>, CannotRead> {
    let Some(entry) = entry else {
        return Ok(None);
    };
    Ok(match (read(root, file, max_bytes)?, entry) {
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
    })
}
