//! Whether a source still is what a run was made from.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind::{NotADirectory, NotFound};

use serde::{Serialize, Serializer};

use crate::foundation::Sha256;
use crate::graph::WorkspacePath;
use crate::source::{self, Fingerprint, Found, Root, SourceText};
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
    known: BTreeMap<WorkspacePath, Option<SourceText>>,
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
        let place = self
            .root
            .as_ref()
            .map(|root| root.path().join(path.as_str()));
        match place.map(|place| place.symlink_metadata()) {
            Some(Err(error)) if matches!(error.kind(), NotFound | NotADirectory) => Since::Gone,
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
        let source = self.known.get(path)?.as_ref()?;
        (source.sha256 == recorded).then_some(source.text.as_str())
    }

    fn read(&self, path: &WorkspacePath) -> Option<SourceText> {
        let root = self.root.as_ref()?;
        let found = Found {
            path: path.clone(),
            bytes: 0,
            fingerprint: Fingerprint {
                value: 0,
                settled: false,
            },
            real: behind_link(root, path),
        };
        source::read(root, &found, self.max_bytes).ok()?.ok()
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
