//! The walk: which files a workspace holds, and what `stat` says of each.
//!
//! One pass over the folders, breadth first, the folders of one depth in
//! parallel. Each folder is opened from the root's descriptor without
//! following symbolic links (see [`super::beneath`]), and its files are
//! `stat`ed relative to it. No file is opened here. The result depends on the
//! tree alone: not on the order in which a file system lists names, nor on
//! the number of threads.

use std::ffi::{CStr, OsStr};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use rayon::prelude::*;
use rustix::fs::{AtFlags, Dir, FileType, Stat};
use rustix::io::Errno;

use super::beneath::{CannotRead, Root};
use super::fingerprint::{self, Fingerprint};
use super::refusal::Refusal;
use super::selection::Selection;
use crate::foundation::durable::is_exhausted;
use crate::graph::{WorkspacePath, file_name_of};
use crate::workspace::DERIVED_FOLDER;

/// A regular file that is to be read as a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it lies.
    pub path: WorkspacePath,
    /// Its size in bytes.
    pub bytes: u64,
    /// What `stat` told.
    pub fingerprint: Fingerprint,
    /// For a symbolic link to a file of the workspace: that file's own path.
    pub real: Option<WorkspacePath>,
}

/// A file or folder that matched and cannot be a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// Where it lies; parts that are not UTF-8 show U+FFFD.
    pub path: String,
    /// Why.
    pub refusal: Refusal,
    /// Its size in bytes where that is known, else 0.
    pub bytes: u64,
}

/// What a walk found, each list sorted by the bytes of its paths (the files of
/// [`scan_unsorted`] are not).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Files to read.
    pub files: Vec<Found>,
    /// What matched and is refused.
    pub refused: Vec<Refused>,
    /// Regular files that are not selected, in any order: what links may name.
    /// None of them was looked at.
    pub others: Vec<WorkspacePath>,
}

/// Names per task when a large folder's files are `stat`ed in parallel.
const STAT_BATCH: usize = 512;

/// Walks the workspace.
///
/// # Errors
/// [`CannotRead`] when the root itself cannot be listed, or the machine is out
/// of what it takes. A folder below it that cannot be read is reported in
/// [`Scan::refused`].
pub fn scan(root: &Root, selection: &Selection) -> Result<Scan, CannotRead> {
    let mut scan = scan_unsorted(root, selection)?;
    sort_by_path(&mut scan.files);
    Ok(scan)
}

/// As [`scan`], the files in any order: where most are only looked up, to sort
/// 40,000 of them takes longer than what is done with them.
///
/// # Errors
/// As [`scan`].
pub fn scan_unsorted(root: &Root, selection: &Selection) -> Result<Scan, CannotRead> {
    let walk = Walk {
        root,
        selection,
        now: SystemTime::now(),
    };
    let mut scan = Scan::default();
    let unreadable = |errno| CannotRead::new(root, "", errno);
    let first = walk.folder("").map_err(unreadable)?;
    let mut level = scan.take(first);
    while !level.is_empty() {
        let visited: Result<Vec<Visit>, CannotRead> = if level.len() == 1 {
            level.iter().map(|path| walk.visit(path)).collect()
        } else {
            level.par_iter().map(|path| walk.visit(path)).collect()
        };
        level = visited?
            .into_iter()
            .flat_map(|visit| scan.take(visit))
            .collect();
    }
    scan.refused.sort_unstable();
    Ok(scan)
}

/// Sorts files by the bytes of their paths.
pub fn sort_by_path(files: &mut [Found]) {
    files.par_sort_unstable_by(|a, b| a.path.cmp(&b.path));
}

impl Scan {
    fn take(&mut self, visit: Visit) -> Vec<String> {
        if self.files.is_empty() {
            self.files = visit.files;
        } else {
            self.files.extend(visit.files);
        }
        self.refused.extend(visit.refused);
        self.others.extend(visit.others);
        visit.folders
    }
}

struct Walk<'a> {
    root: &'a Root,
    selection: &'a Selection,
    now: SystemTime,
}

/// What one folder holds.
#[derive(Default)]
struct Visit {
    files: Vec<Found>,
    refused: Vec<Refused>,
    others: Vec<WorkspacePath>,
    folders: Vec<String>,
}

impl Visit {
    fn absorb(&mut self, part: Self) {
        self.files.extend(part.files);
        self.refused.extend(part.refused);
        self.others.extend(part.others);
        self.folders.extend(part.folders);
    }

    fn refuse(&mut self, path: impl Into<String>, refusal: Refusal, bytes: u64) {
        self.refused.push(Refused {
            path: path.into(),
            refusal,
            bytes,
        });
    }
}

/// A name that may be a source, not yet `stat`ed.
struct Candidate {
    path: String,
    kind: FileType,
}

impl Walk<'_> {
    /// Visits the folder `path`; what is wrong with it is part of the result.
    fn visit(&self, path: &str) -> Result<Visit, CannotRead> {
        self.folder(path).or_else(|errno| {
            let mut visit = Visit::default();
            match errno {
                errno if is_exhausted(&errno.into()) => {
                    return Err(CannotRead::new(self.root, path, errno));
                }
                // It was removed or replaced since its name was read.
                Errno::NOENT | Errno::NOTDIR | Errno::LOOP => {}
                Errno::NAMETOOLONG => visit.refuse(path, Refusal::PathTooLong, 0),
                _ => visit.refuse(path, Refusal::Unreadable, 0),
            }
            Ok(visit)
        })
    }

    /// Visits a folder: the names of a large one are still read while its
    /// first files are `stat`ed.
    fn folder(&self, path: &str) -> rustix::io::Result<Visit> {
        let mut visit = Visit::default();
        let mut candidates = Vec::new();
        let folder = self.root.folder(path)?;
        let mut entries = Dir::read_from(&folder)?;
        let beside = Mutex::new(Visit::default());
        let gathered = || beside.lock().unwrap_or_else(PoisonError::into_inner);
        rayon::scope(|scope| {
            for entry in &mut entries {
                let entry = entry?;
                let name = entry.file_name();
                if !matches!(name.to_bytes(), b"." | b"..") {
                    self.sort_out(
                        &folder,
                        path,
                        name,
                        entry.file_type(),
                        &mut candidates,
                        &mut visit,
                    );
                }
                if candidates.len() == STAT_BATCH {
                    let batch = std::mem::replace(&mut candidates, Vec::with_capacity(STAT_BATCH));
                    let (folder, gathered) = (&folder, &gathered);
                    scope.spawn(move |_| {
                        let part = self.stat_all(folder, batch);
                        gathered().absorb(part);
                    });
                }
            }
            Ok::<_, Errno>(())
        })?;
        let last = self.stat_all(&folder, candidates);
        gathered().absorb(visit);
        gathered().absorb(last);
        Ok(beside.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Decides by name and kind what becomes of a folder's entry.
    fn sort_out(
        &self,
        folder: impl AsFd,
        parent: &str,
        name: &CStr,
        kind: FileType,
        candidates: &mut Vec<Candidate>,
        visit: &mut Visit,
    ) {
        let considered = self.selection.considers_name(name.to_bytes());
        let hidden = !self.selection.hidden() && name.to_bytes().starts_with(b".");
        let Ok(text) = name.to_str() else {
            if considered || (kind.is_dir() && !hidden) {
                let path = join(parent, &name.to_string_lossy());
                visit.refuse(path, Refusal::NameNotUtf8, 0);
            }
            return;
        };
        let path = join(parent, text);
        let kind = if kind == FileType::Unknown {
            match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                Err(_) => return,
            }
        } else {
            kind
        };
        if kind.is_dir() {
            if self.selection.enters(&path) {
                visit.folders.push(path);
            }
        } else if kind.is_symlink() {
            self.link(path, visit);
        } else if considered && self.selection.selects(&path) {
            candidates.push(Candidate { path, kind });
        } else if kind.is_file() && !hidden {
            visit.others.extend(WorkspacePath::of(path));
        }
    }

    fn stat_all(&self, folder: impl AsFd, candidates: Vec<Candidate>) -> Visit {
        let mut visit = Visit::default();
        visit.files.reserve(candidates.len());
        for Candidate { path, kind } in candidates {
            if !kind.is_file() {
                visit.refuse(path, Refusal::SpecialFile, 0);
                continue;
            }
            let name = file_name_of(&path);
            match rustix::fs::statat(folder.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => self.file(path, &stat, None, &mut visit),
                // It was removed since its name was read.
                Err(Errno::NOENT) => {}
                Err(_) => visit.refuse(path, Refusal::Unreadable, 0),
            }
        }
        visit
    }

    fn file(&self, path: String, stat: &Stat, real: Option<WorkspacePath>, visit: &mut Visit) {
        let bytes = fingerprint::size(stat);
        if !FileType::from_raw_mode(stat.st_mode).is_file() {
            visit.refuse(path, Refusal::SpecialFile, 0);
        } else if bytes > self.selection.max_file_bytes() {
            visit.refuse(path, Refusal::TooLarge, bytes);
        } else {
            match WorkspacePath::of(path) {
                Ok(path) => visit.files.push(Found {
                    path,
                    bytes,
                    fingerprint: Fingerprint::of(stat, self.now),
                    real,
                }),
                Err(path) => visit.refuse(path, Refusal::PathTooLong, bytes),
            }
        }
    }

    /// A symbolic link: a source when it leads to a regular file of the
    /// workspace; reported when it is selected, or is a folder that would be
    /// entered, and leads elsewhere.
    fn link(&self, path: String, visit: &mut Visit) {
        let selected = self.selection.selects(&path);
        if !selected && !self.selection.enters(&path) {
            return;
        }
        let full = self.root.path().join(&path);
        let target = match full.canonicalize() {
            Ok(target) => target,
            Err(error) => {
                // Without a target only the name says whether it was meant.
                if selected {
                    visit.refuse(path, unresolvable(&error), 0);
                }
                return;
            }
        };
        let inside = target.strip_prefix(self.root.path()).ok();
        let artifacts = OsStr::new(DERIVED_FOLDER);
        let inside = inside.filter(|inner| inner.iter().all(|part| part != artifacts));
        let stat = rustix::fs::stat(&target).ok();
        let folder = stat.is_some_and(|stat| FileType::from_raw_mode(stat.st_mode).is_dir());
        if !selected && !folder {
            return;
        }
        match (inside, stat) {
            (None, _) => visit.refuse(path, Refusal::SymlinkOutside, 0),
            (_, None) => visit.refuse(path, Refusal::SymlinkDangling, 0),
            (Some(_), _) if folder => {
                let above = full.parent().unwrap_or(Path::new("/")).canonicalize();
                let above = above.is_ok_and(|parent| parent.starts_with(&target));
                let refusal = if above {
                    Refusal::SymlinkLoop
                } else {
                    Refusal::SymlinkToFolder
                };
                visit.refuse(path, refusal, 0);
            }
            (Some(inner), Some(stat)) => match inner.to_str().and_then(|text| text.parse().ok()) {
                Some(real) => self.file(path, &stat, Some(real), visit),
                None => visit.refuse(path, Refusal::NameNotUtf8, 0),
            },
        }
    }
}

fn unresolvable(error: &std::io::Error) -> Refusal {
    match Errno::from_io_error(error) {
        Some(Errno::LOOP) => Refusal::SymlinkLoop,
        Some(Errno::NOENT | Errno::NOTDIR) => Refusal::SymlinkDangling,
        Some(Errno::NAMETOOLONG) => Refusal::PathTooLong,
        _ => Refusal::Unreadable,
    }
}

fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() {
        return name.to_owned();
    }
    let mut path = String::with_capacity(parent.len() + 1 + name.len());
    path.push_str(parent);
    path.push('/');
    path.push_str(name);
    path
}
