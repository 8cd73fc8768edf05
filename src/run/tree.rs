//! Trees: which sources a run is made of, as content-addressed objects.
//!
//! A folder is a tree object from name to file or tree. One of more than
//! [`SPLIT_ABOVE`] entries is a tree of trees, split by a hash of the name, so
//! that an edit in a flat folder of 40,000 notes adds two small trees, and
//! two runs are compared by skipping equal trees.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::foundation::{Sha256, json};
use crate::graph::WorkspacePath;
use crate::source::Refusal;

/// Entries from which a tree is split.
pub const SPLIT_ABOVE: usize = 256;
/// Files a run may have: what a hostile tree may make a reader hold.
const MAX_FILES: usize = 4_000_000;
/// Nesting of folders and splits together.
const MAX_DEPTH: usize = 1_024;

const BOUNDS: json::Bounds = json::Bounds {
    bytes: super::pack::MAX_OBJECT_BYTES,
    depth: 4,
};

/// What a run knows of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A source that was ingested.
    Source {
        /// SHA-256 of its bytes: the id of the object that holds them.
        sha256: Sha256,
        /// Its length.
        bytes: u64,
    },
    /// A file that matched and could not be ingested.
    Refused {
        /// Why.
        refusal: Refusal,
        /// SHA-256 of its bytes, where they could be read.
        sha256: Option<Sha256>,
        /// Its length, where known.
        bytes: u64,
    },
    /// A file or folder that is no source, exists, and is linked to.
    File,
}

/// The files of a run, by path.
pub type Files = BTreeMap<WorkspacePath, Entry>;

/// A tree object's content.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tree {
    kind: TreeTag,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    entries: BTreeMap<String, Node>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    split: BTreeMap<String, Sha256>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TreeTag {
    #[default]
    Tree,
}

/// One entry of a tree object. Flat, because 40,000 of them are read for one
/// edit; which fields go with which status is checked in [`Node::meaning`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Refusal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<Sha256>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<Sha256>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Tree,
    Source,
    Refused,
    File,
}

impl From<&Entry> for Node {
    fn from(entry: &Entry) -> Self {
        let node = |status| Self {
            status,
            reason: None,
            sha256: None,
            bytes: None,
            object: None,
        };
        match *entry {
            Entry::Source { sha256, bytes } => Self {
                sha256: Some(sha256),
                bytes: Some(bytes),
                ..node(Status::Source)
            },
            Entry::Refused {
                refusal,
                sha256,
                bytes,
            } => Self {
                reason: Some(refusal),
                sha256,
                bytes: Some(bytes),
                ..node(Status::Refused)
            },
            Entry::File => node(Status::File),
        }
    }
}

/// What a node stands for.
enum Meaning {
    Entry(Entry),
    Tree(Sha256),
}

impl Node {
    fn tree(object: Sha256) -> Self {
        Self {
            status: Status::Tree,
            reason: None,
            sha256: None,
            bytes: None,
            object: Some(object),
        }
    }

    /// What it stands for; `None` when fields are missing or too many.
    fn meaning(self) -> Option<Meaning> {
        let entry = match (
            self.status,
            self.reason,
            self.sha256,
            self.bytes,
            self.object,
        ) {
            (Status::Tree, None, None, None, Some(object)) => return Some(Meaning::Tree(object)),
            (Status::Source, None, Some(sha256), Some(bytes), None) => {
                Entry::Source { sha256, bytes }
            }
            (Status::Refused, Some(refusal), sha256, Some(bytes), None) => Entry::Refused {
                refusal,
                sha256,
                bytes,
            },
            (Status::File, None, None, None, None) => Entry::File,
            _ => return None,
        };
        Some(Meaning::Entry(entry))
    }
}

/// Writes the trees of `files` through `emit` (id and bytes, children first,
/// in a fixed order) and returns the root's id.
pub fn write(files: &Files, emit: &mut dyn FnMut(Sha256, Vec<u8>)) -> Sha256 {
    let mut files = files.iter().peekable();
    let nodes = folder("", &mut files, emit);
    store(nodes, 0, emit)
}

type Walk<'a> = std::iter::Peekable<std::collections::btree_map::Iter<'a, WorkspacePath, Entry>>;

/// The nodes of the folder with the path prefix `prefix` (empty, or ending
/// in `/`). Paths below one folder are neighbours in byte order.
fn folder(
    prefix: &str,
    files: &mut Walk<'_>,
    emit: &mut dyn FnMut(Sha256, Vec<u8>),
) -> BTreeMap<String, Node> {
    let mut nodes = BTreeMap::new();
    while let Some((path, entry)) = files.peek().copied() {
        let Some(rest) = path.as_str().strip_prefix(prefix) else {
            break;
        };
        match rest.split_once('/') {
            None => {
                nodes.insert(rest.to_owned(), Node::from(entry));
                files.next();
            }
            Some((name, _)) => {
                let inner = folder(&format!("{prefix}{name}/"), files, emit);
                let object = store(inner, 0, emit);
                // A linked folder and a source below it share a name: the
                // tree says both.
                nodes.insert(name.to_owned(), Node::tree(object));
            }
        }
    }
    nodes
}

/// Stores one folder's nodes, split by the `level`th byte of their names'
/// hashes while there are too many.
fn store(
    nodes: BTreeMap<String, Node>,
    level: usize,
    emit: &mut dyn FnMut(Sha256, Vec<u8>),
) -> Sha256 {
    let tree = if nodes.len() <= SPLIT_ABOVE || level >= 32 {
        Tree {
            entries: nodes,
            ..Tree::default()
        }
    } else {
        let mut parts: BTreeMap<String, BTreeMap<String, Node>> = BTreeMap::new();
        for (name, node) in nodes {
            let byte = Sha256::of(name.as_bytes()).as_bytes()[level];
            parts
                .entry(format!("{byte:02x}"))
                .or_default()
                .insert(name, node);
        }
        let split = parts
            .into_iter()
            .map(|(key, part)| (key, store(part, level + 1, emit)))
            .collect();
        Tree {
            split,
            ..Tree::default()
        }
    };
    let bytes = json::canonical(&tree);
    let id = Sha256::of(&bytes);
    emit(id, bytes);
    id
}

/// Why trees cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError<E: std::error::Error> {
    /// An object cannot be had.
    #[error(transparent)]
    Object(E),
    /// An object is no tree, or one that leads nowhere good.
    #[error("tree {id}: {detail}")]
    Malformed {
        /// Which.
        id: Sha256,
        /// What was found.
        detail: String,
    },
}

/// A run's files, and the ids of the trees that name them.
#[derive(Debug, Default)]
pub struct Listing {
    /// By path.
    pub files: Files,
    /// The trees read.
    pub trees: BTreeSet<Sha256>,
}

/// Reads the tree `root` and all below it through `get`.
///
/// # Errors
/// [`TreeError`].
pub fn read<E: std::error::Error>(
    root: Sha256,
    get: &mut dyn FnMut(Sha256) -> Result<Vec<u8>, E>,
) -> Result<Listing, TreeError<E>> {
    let mut listing = Listing::default();
    let mut pending = vec![(root, String::new(), 0usize)];
    while let Some((id, prefix, depth)) = pending.pop() {
        let malformed = |detail: String| TreeError::Malformed { id, detail };
        if depth > MAX_DEPTH {
            return Err(malformed("nested too deep".to_owned()));
        }
        let bytes = get(id).map_err(TreeError::Object)?;
        let tree: Tree = json::parse(&bytes, BOUNDS).map_err(|e| malformed(e.to_string()))?;
        listing.trees.insert(id);
        for part in tree.split.into_values() {
            pending.push((part, prefix.clone(), depth + 1));
        }
        for (name, node) in tree.entries {
            if name.contains('/') {
                return Err(malformed(format!("not a file name: {name:?}")));
            }
            let path: WorkspacePath = format!("{prefix}{name}")
                .parse()
                .map_err(|error| malformed(format!("{error}")))?;
            match node.meaning() {
                Some(Meaning::Entry(entry)) => {
                    listing.files.insert(path, entry);
                }
                Some(Meaning::Tree(object)) => {
                    pending.push((object, format!("{path}/"), depth + 1));
                }
                None => return Err(malformed(format!("the entry {path} contradicts itself"))),
            }
        }
        if listing.files.len() + pending.len() > MAX_FILES {
            return Err(malformed(format!("more than {MAX_FILES} files")));
        }
    }
    Ok(listing)
}

/// The entry at `path` below the tree `root`, reading only the trees on the
/// way there.
///
/// # Errors
/// [`TreeError`].
pub fn find<E: std::error::Error>(
    root: Sha256,
    path: &WorkspacePath,
    get: &mut dyn FnMut(Sha256) -> Result<Vec<u8>, E>,
) -> Result<Option<Entry>, TreeError<E>> {
    let mut names = path.as_str().split('/');
    let Some(mut name) = names.next() else {
        return Ok(None);
    };
    let (mut id, mut level) = (root, 0usize);
    loop {
        let malformed = |detail: String| TreeError::Malformed { id, detail };
        let bytes = get(id).map_err(TreeError::Object)?;
        let mut tree: Tree = json::parse(&bytes, BOUNDS).map_err(|e| malformed(e.to_string()))?;
        if !tree.split.is_empty() {
            let Some(byte) = Sha256::of(name.as_bytes()).as_bytes().get(level).copied() else {
                return Err(malformed("split too often".to_owned()));
            };
            match tree.split.get(&format!("{byte:02x}")) {
                Some(part) => (id, level) = (*part, level + 1),
                None => return Ok(None),
            }
            continue;
        }
        match (tree.entries.remove(name).map(Node::meaning), names.next()) {
            (Some(Some(Meaning::Tree(folder))), Some(next)) => {
                (id, name, level) = (folder, next, 0);
            }
            (Some(Some(Meaning::Entry(entry))), None) => return Ok(Some(entry)),
            (Some(None), _) => {
                return Err(malformed(format!("the entry {name} contradicts itself")));
            }
            (_, Some(_) | None) => return Ok(None),
        }
    }
}

#[cfg(test)]
#[path = "tree/tests.rs"]
mod tests;
