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
        /// SHA-256 of its bytes.
        sha256: Sha256,
        /// Its length.
        bytes: u64,
        /// The document object extracted from it.
        document: Sha256,
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

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case", deny_unknown_fields)]
enum Node {
    Tree {
        object: Sha256,
    },
    Source {
        sha256: Sha256,
        bytes: u64,
        object: Sha256,
    },
    Refused {
        reason: Refusal,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<Sha256>,
        bytes: u64,
    },
    File,
}

impl From<&Entry> for Node {
    fn from(entry: &Entry) -> Self {
        match *entry {
            Entry::Source {
                sha256,
                bytes,
                document,
            } => Self::Source {
                sha256,
                bytes,
                object: document,
            },
            Entry::Refused {
                refusal,
                sha256,
                bytes,
            } => Self::Refused {
                reason: refusal,
                sha256,
                bytes,
            },
            Entry::File => Self::File,
        }
    }
}

impl Node {
    /// The entry it is, or the tree it names.
    fn into_entry(self) -> Result<Entry, Sha256> {
        match self {
            Self::Tree { object } => Err(object),
            Self::Source {
                sha256,
                bytes,
                object,
            } => Ok(Entry::Source {
                sha256,
                bytes,
                document: object,
            }),
            Self::Refused {
                reason,
                sha256,
                bytes,
            } => Ok(Entry::Refused {
                refusal: reason,
                sha256,
                bytes,
            }),
            Self::File => Ok(Entry::File),
        }
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
                nodes.insert(name.to_owned(), Node::Tree { object });
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
            match node.into_entry() {
                Ok(entry) => {
                    listing.files.insert(path, entry);
                }
                Err(object) => pending.push((object, format!("{path}/"), depth + 1)),
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
        match (
            tree.entries.remove(name).map(Node::into_entry),
            names.next(),
        ) {
            (Some(Err(folder)), Some(next)) => (id, name, level) = (folder, next, 0),
            (Some(Ok(entry)), None) => return Ok(Some(entry)),
            (_, Some(_) | None) => return Ok(None),
        }
    }
}

#[cfg(test)]
#[path = "tree/tests.rs"]
mod tests;
