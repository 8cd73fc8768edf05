//! Changing a few files of a run: only the trees on the way to them are read
//! and written again, so that an edit costs what it changes. The result is,
//! byte for byte, what writing all files would give.

use std::collections::BTreeMap;

use super::node::{Name, Node, Nodes, Tree};
use super::write::{MAX_LEVELS, emit_tree, part_of, store};
use super::{Entry, SPLIT_ABOVE, TreeError};
use crate::foundation::Sha256;
use crate::graph::WorkspacePath;

/// What becomes of files: the new entry of each, or `None` when it is gone.
pub type Edits = BTreeMap<WorkspacePath, Option<Entry>>;

/// What became of the trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The root's id.
    pub root: Sha256,
    /// The trees that gave way to others: an id for each place it stood in.
    pub replaced: Vec<Sha256>,
}

/// Applies `edits` to the tree `root`, whose objects come from `get`, and
/// writes the trees that take the places of others through `emit` (id and
/// bytes, children first).
///
/// # Errors
/// [`TreeError`].
pub fn edit<E: std::error::Error>(
    root: Sha256,
    edits: &Edits,
    get: &mut dyn FnMut(Sha256) -> Result<Vec<u8>, E>,
    emit: &mut dyn FnMut(Sha256, Vec<u8>),
) -> Result<Edited, TreeError<E>> {
    let mut editor = Editor {
        get,
        made: Vec::new(),
        replaced: Vec::new(),
    };
    if edits.is_empty() {
        return Ok(Edited {
            root,
            replaced: Vec::new(),
        });
    }
    let edits = edits.iter().map(|(path, to)| (path.as_str(), to.as_ref()));
    let new = match editor.part(Some(root), 0, by_name(edits))? {
        Some(new) => new,
        None => editor.emit(&Tree::default()),
    };
    for (id, bytes) in editor.made {
        emit(id, bytes);
    }
    Ok(Edited {
        root: new,
        replaced: editor.replaced,
    })
}

struct Editor<'g, E> {
    get: &'g mut dyn FnMut(Sha256) -> Result<Vec<u8>, E>,
    /// The new trees, children first; one that is made twice is here twice.
    made: Vec<(Sha256, Vec<u8>)>,
    replaced: Vec<Sha256>,
}

/// What happens to one name of a folder.
#[derive(Default)]
struct Edit<'a> {
    /// To the file of this name.
    file: Option<Option<&'a Entry>>,
    /// To paths below it, as a folder.
    below: Vec<(&'a str, Option<&'a Entry>)>,
}

impl Edit<'_> {
    /// Whether something goes.
    fn removes(&self) -> bool {
        let below = self.below.iter().map(|(_, to)| to);
        self.file.iter().chain(below).any(Option::is_none)
    }
}

type ByName<'a> = BTreeMap<&'a str, Edit<'a>>;

/// Sorts edits by the first part of their paths.
fn by_name<'a>(edits: impl IntoIterator<Item = (&'a str, Option<&'a Entry>)>) -> ByName<'a> {
    let mut names = ByName::new();
    for (path, to) in edits {
        match path.split_once('/') {
            None => names.entry(path).or_default().file = Some(to),
            Some((name, rest)) => names.entry(name).or_default().below.push((rest, to)),
        }
    }
    names
}

impl<E: std::error::Error> Editor<'_, E> {
    /// A folder, or above level 0 a part of one, after `edits`; `None` when
    /// nothing is left of it.
    fn part(
        &mut self,
        id: Option<Sha256>,
        level: usize,
        edits: ByName<'_>,
    ) -> Result<Option<Sha256>, TreeError<E>> {
        let Some(id) = id else {
            return self.entries(Nodes::default(), level, edits);
        };
        let bytes = (self.get)(id).map_err(TreeError::Object)?;
        self.replaced.push(id);
        let tree = parse(id, &bytes)?;
        if tree.split.is_empty() {
            return self.entries(tree.entries, level, edits);
        }
        if level >= MAX_LEVELS {
            return Err(malformed(id, "split too often"));
        }
        self.split(tree.split, level, edits)
    }

    fn entries<'n>(
        &mut self,
        mut nodes: Nodes<'n>,
        level: usize,
        edits: ByName<'n>,
    ) -> Result<Option<Sha256>, TreeError<E>> {
        for (name, edit) in edits {
            let node = self.node(nodes.remove(name), edit)?;
            if let Some(node) = node {
                nodes.insert(Name::from(name), node);
            }
        }
        Ok(self.store(nodes, level))
    }

    /// What a name stands for after `edit`: a folder that something is left
    /// of comes before a file of the same name.
    fn node(&mut self, old: Option<Node>, edit: Edit<'_>) -> Result<Option<Node>, TreeError<E>> {
        let folder = old.as_ref().and_then(Node::folder);
        let below = match edit.below.is_empty() {
            true => folder,
            false => self.part(folder, 0, by_name(edit.below))?,
        };
        Ok(match (below, edit.file) {
            (Some(folder), _) => Some(Node::tree(folder)),
            (None, Some(file)) => file.map(Node::from),
            (None, None) => old.filter(|_| folder.is_none()),
        })
    }

    fn split(
        &mut self,
        mut parts: BTreeMap<String, Sha256>,
        level: usize,
        edits: ByName<'_>,
    ) -> Result<Option<Sha256>, TreeError<E>> {
        let may_shrink = edits.values().any(Edit::removes);
        let mut by_part: BTreeMap<String, ByName<'_>> = BTreeMap::new();
        for (name, edit) in edits {
            let part = part_of(name, level);
            by_part.entry(part).or_default().insert(name, edit);
        }
        for (key, edits) in by_part {
            let new = self.part(parts.remove(&key), level + 1, edits)?;
            parts.extend(new.map(|part| (key, part)));
        }
        if may_shrink && let Some(nodes) = self.few(&parts)? {
            self.forget(&parts);
            return Ok(self.store(nodes, level));
        }
        Ok(Some(self.emit(&Tree::of_parts(parts))))
    }

    /// The entries of all `parts`, if they are too few to be split.
    fn few(
        &mut self,
        parts: &BTreeMap<String, Sha256>,
    ) -> Result<Option<Nodes<'static>>, TreeError<E>> {
        let mut nodes = Nodes::default();
        for id in parts.values() {
            let bytes = self.bytes(*id)?;
            let tree = parse(*id, &bytes)?;
            // Parts of parts hold more than that by themselves.
            if !tree.split.is_empty() || nodes.len() + tree.entries.len() > SPLIT_ABOVE {
                return Ok(None);
            }
            for (name, node) in tree.entries {
                nodes.insert(name.into_owned(), node);
            }
        }
        Ok(Some(nodes))
    }

    /// Takes back the parts of a folder that is whole again.
    fn forget(&mut self, parts: &BTreeMap<String, Sha256>) {
        for id in parts.values() {
            match self.made.iter().rposition(|(made, _)| made == id) {
                Some(at) => {
                    self.made.remove(at);
                }
                None => self.replaced.push(*id),
            }
        }
    }

    fn bytes(&mut self, id: Sha256) -> Result<Vec<u8>, TreeError<E>> {
        match self.made.iter().find(|(made, _)| *made == id) {
            Some((_, bytes)) => Ok(bytes.clone()),
            None => (self.get)(id).map_err(TreeError::Object),
        }
    }

    fn store(&mut self, nodes: Nodes<'_>, level: usize) -> Option<Sha256> {
        let emit = &mut |id, bytes| self.made.push((id, bytes));
        (!nodes.is_empty()).then(|| store(nodes, level, emit))
    }

    fn emit(&mut self, tree: &Tree<'_>) -> Sha256 {
        emit_tree(tree, &mut |id, bytes| self.made.push((id, bytes)))
    }
}

fn parse<E: std::error::Error>(id: Sha256, bytes: &[u8]) -> Result<Tree<'_>, TreeError<E>> {
    Tree::parse(bytes).map_err(|error| malformed(id, &error.to_string()))
}

fn malformed<E: std::error::Error>(id: Sha256, detail: &str) -> TreeError<E> {
    TreeError::Malformed {
        id,
        detail: detail.to_owned(),
    }
}
