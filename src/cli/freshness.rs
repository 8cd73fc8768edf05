//! Whether a source still is what a run was made from.

use std::collections::BTreeMap;
use std::fs;

use serde::{Serialize, Serializer};

use crate::foundation::Sha256;
use crate::graph::WorkspacePath;
use crate::source::{self, Fingerprint, Found, Refusal, Root, SourceText};
use crate::workspace::Workspace;

/// What became of a source since a run was made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// It is as it was.
    Unchanged,
    /// It has other bytes, or cannot be read.
    Changed,
    /// There is none.
    Gone,
}

impl Since {
    /// What people are told of it.
    pub(crate) const fn told(self) -> Option<&'static str> {
        match self {
            Self::Unchanged => None,
            Self::Changed => Some("changed since this run"),
            Self::Gone => Some("deleted since this run"),
        }
    }
}

/// As two fields: `changed` is true of what is `gone`, too.
impl Serialize for Since {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields {
            changed: bool,
            gone: bool,
        }
        let (changed, gone) = (*self != Self::Unchanged, *self == Self::Gone);
        Fields { changed, gone }.serialize(to)
    }
}

/// Compares sources with the digests a run recorded; each is read once.
pub(crate) struct Freshness {
    root: Option<Root>,
    max_bytes: u64,
    known: BTreeMap<WorkspacePath, Result<SourceText, Option<Refusal>>>,
}

impl Freshness {
    pub(crate) fn of(workspace: &Workspace) -> Self {
        Self {
            root: Root::open(workspace.root()).ok(),
            max_bytes: workspace.config().sources.max_file_bytes,
            known: BTreeMap::new(),
        }
    }

    /// What became of the source at `path`, which had the bytes `recorded`.
    pub(crate) fn since(&mut self, path: &WorkspacePath, recorded: Sha256) -> Since {
        if self.text(path, recorded).is_some() {
            return Since::Unchanged;
        }
        match self.known.get(path) {
            Some(Err(Some(Refusal::Vanished | Refusal::SpecialFile | Refusal::SymlinkOutside))) => {
                Since::Gone
            }
            _ => Since::Changed,
        }
    }

    /// The source's text, if it still has the bytes that were recorded: then
    /// it need not be fetched from a pack.
    pub(crate) fn text(&mut self, path: &WorkspacePath, recorded: Sha256) -> Option<&str> {
        if !self.known.contains_key(path) {
            let now = self.read(path);
            self.known.insert(path.clone(), now);
        }
        let source = self.known.get(path)?.as_ref().ok()?;
        (source.sha256 == recorded).then_some(source.text.as_str())
    }

    /// The source now, or why it is none, as far as that can be told.
    fn read(&self, path: &WorkspacePath) -> Result<SourceText, Option<Refusal>> {
        let root = self.root.as_ref().ok_or(None)?;
        let found = Found {
            path: path.clone(),
            bytes: 0,
            fingerprint: Fingerprint {
                value: 0,
                settled: false,
            },
            real: behind_link(root, path),
        };
        let read = source::read(root, &found, self.max_bytes).map_err(|_| None)?;
        read.map_err(|rejected| Some(rejected.refusal))
    }
}

/// The file of the workspace that a symbolic link at `path` leads to.
fn behind_link(root: &Root, path: &WorkspacePath) -> Option<WorkspacePath> {
    let link = root.path().join(path.as_str());
    if !fs::symlink_metadata(&link).ok()?.is_symlink() {
        return None;
    }
    let real = link.canonicalize().ok()?;
    real.strip_prefix(root.path()).ok()?.to_str()?.parse().ok()
}
