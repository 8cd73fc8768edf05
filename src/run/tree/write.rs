//! Writing the trees of a run from all of its files.

use std::collections::BTreeMap;

use super::node::{Name, Node, Nodes, Part, Tree};
use super::{Entry, Files, MAX_LEVELS, SPLIT_ABOVE};
use crate::foundation::Sha256;
use crate::graph::WorkspacePath;

/// Writes the trees of `files` through `emit` (id and bytes, children first,
/// in a fixed order) and returns the root's id.
pub(in crate::run) fn write(files: &Files, emit: &mut dyn FnMut(Sha256, Vec<u8>)) -> Sha256 {
    let mut files = files.iter().peekable();
    let nodes = folder("", &mut files, emit);
    store(nodes, 0, emit)
}

type Walk<'a> = std::iter::Peekable<std::collections::btree_map::Iter<'a, WorkspacePath, Entry>>;

/// The nodes of the folder with the path prefix `prefix` (empty, or ending
/// in `/`). Paths below one folder are neighbours in byte order.
fn folder<'a>(
    prefix: &str,
    files: &mut Walk<'a>,
    emit: &mut dyn FnMut(Sha256, Vec<u8>),
) -> Nodes<'a> {
    let mut nodes = Nodes::default();
    while let Some((path, entry)) = files.peek().copied() {
        let Some(rest) = path.as_str().strip_prefix(prefix) else {
            break;
        };
        match rest.split_once('/') {
            None => {
                nodes.insert(Name::from(rest), Node::from(entry));
                files.next();
            }
            Some((name, _)) => {
                let inner = folder(&format!("{prefix}{name}/"), files, emit);
                let object = store(inner, 0, emit);
                // A linked folder and a source below it share a name: the
                // tree says both.
                nodes.insert(Name::from(name), Node::tree(object));
            }
        }
    }
    nodes
}

/// Stores one folder's nodes, split by the `level`th byte of their names'
/// hashes while there are too many.
pub(super) fn store(
    nodes: Nodes<'_>,
    level: usize,
    emit: &mut dyn FnMut(Sha256, Vec<u8>),
) -> Sha256 {
    if nodes.len() <= SPLIT_ABOVE || level >= MAX_LEVELS {
        return emit_tree(Tree::Whole(nodes), emit);
    }
    let mut parts: BTreeMap<Part, Nodes<'_>> = BTreeMap::new();
    for (name, node) in nodes {
        let part = Part::of_name(name.as_str(), level);
        parts.entry(part).or_default().insert(name, node);
    }
    let split = parts
        .into_iter()
        .map(|(key, part)| (key, store(part, level + 1, emit)))
        .collect();
    emit_tree(Tree::Split(split), emit)
}

pub(super) fn emit_tree(tree: Tree<'_>, emit: &mut dyn FnMut(Sha256, Vec<u8>)) -> Sha256 {
    let bytes = tree.into_bytes();
    let id = Sha256::of(&bytes);
    emit(id, bytes);
    id
}
