//! Changing a few files of a run: only the trees on the way to them are read
//! and written again, so that an edit costs what it changes. The result is,
//! byte for byte, what writing all files would give.

use std::collections::{BTreeMap, btree_map};
use std::mem;

use super::node::{Node, Nodes, Part, Parts, Tree};
use super::write::{emit_tree, store};
use super::{Entry, SPLIT_ABOVE, TreeError, Way};
use crate::foundation::Sha256;
use crate::graph::WorkspacePath;

/// What becomes of files: the new entry of each, or `None` when it is gone.
pub(in crate::run) type Edits = BTreeMap<WorkspacePath, Option<Entry>>;

/// What became of the trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::run) struct Edited {
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
pub(in crate::run) fn edit<E: std::error::Error>(
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
    let new = match editor.run(root, by_name(edits))? {
        Some(new) => new,
        None => editor.emit(Tree::Whole(Nodes::default())),
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

/// What becomes of a tree: `None` when nothing is left of it.
type Outcome = Option<Sha256>;

/// A tree that is edited: those below it that change come first, one at a time.
struct Open<'a> {
    way: Way,
    rest: Rest<'a>,
}

/// What is there, what is yet to be done to it, and what waits for the tree below.
enum Rest<'a> {
    Folder {
        nodes: Nodes<'a>,
        edits: btree_map::IntoIter<&'a str, Edit<'a>>,
        waits: Option<Waiting<'a>>,
    },
    Split {
        parts: Parts,
        may_shrink: bool,
        edits: btree_map::IntoIter<Part, ByName<'a>>,
        waits: Option<Part>,
    },
}

/// A name of a folder: what it stood for, and what happens to the file of it.
struct Waiting<'a> {
    name: &'a str,
    old: Option<Node>,
    file: Option<Option<&'a Entry>>,
}

/// A tree that is to be edited next.
type Below<'a> = (Option<Sha256>, Way, ByName<'a>);

impl<'a> Open<'a> {
    fn folder(nodes: Nodes<'a>, way: Way, edits: ByName<'a>) -> Self {
        let edits = edits.into_iter();
        let waits = None;
        let rest = Rest::Folder {
            nodes,
            edits,
            waits,
        };
        Self { way, rest }
    }

    fn split(parts: Parts, way: Way, edits: ByName<'a>) -> Self {
        let may_shrink = edits.values().any(Edit::removes);
        let mut by_part: BTreeMap<Part, ByName<'a>> = BTreeMap::new();
        for (name, edit) in edits {
            let part = Part::of_name(name, way.splits);
            by_part.entry(part).or_default().insert(name, edit);
        }
        let rest = Rest::Split {
            parts,
            may_shrink,
            edits: by_part.into_iter(),
            waits: None,
        };
        Self { way, rest }
    }

    /// The next tree below that changes; it is to be [`put`](Self::put) before
    /// the one after it is asked for.
    fn next(&mut self) -> Option<Below<'a>> {
        match &mut self.rest {
            Rest::Folder {
                nodes,
                edits,
                waits,
            } => {
                for (name, Edit { file, below }) in edits {
                    let old = nodes.remove(name);
                    let folder = old.as_ref().and_then(Node::folder);
                    if !below.is_empty() {
                        *waits = Some(Waiting { name, old, file });
                        return Some((folder, self.way.to_folder(), by_name(below)));
                    }
                    nodes.put(name, node(folder, old, file));
                }
                None
            }
            Rest::Split {
                parts,
                edits,
                waits,
                ..
            } => {
                let (key, edits) = edits.next()?;
                let part = parts.remove(&key);
                *waits = Some(key);
                Some((part, self.way.to_part(), edits))
            }
        }
    }

    /// Takes what became of the tree that was the next.
    fn put(&mut self, below: Outcome) {
        match &mut self.rest {
            Rest::Folder { nodes, waits, .. } => {
                if let Some(Waiting { name, old, file }) = waits.take() {
                    nodes.put(name, node(below, old, file));
                }
            }
            Rest::Split { parts, waits, .. } => parts.extend(waits.take().zip(below)),
        }
    }
}

/// What a name stands for that stood for `old`, after what became of the folder
/// and of the file of that name: a folder that something is left of comes before
/// a file.
fn node(folder: Outcome, old: Option<Node>, file: Option<Option<&Entry>>) -> Option<Node> {
    match (folder, file) {
        (Some(folder), _) => Some(Node::tree(folder)),
        (None, Some(file)) => file.map(Node::from),
        (None, None) => old.filter(|old| old.folder().is_none()),
    }
}

impl<E: std::error::Error> Editor<'_, E> {
    /// Edits the tree `root` and those below: on the heap, for a stranger may
    /// have put many of them one below the other.
    fn run(&mut self, root: Sha256, edits: ByName<'_>) -> Result<Outcome, TreeError<E>> {
        let mut above = Vec::new();
        let mut tree = self.open((Some(root), Way::default(), edits))?;
        loop {
            if let Some(below) = tree.next() {
                let below = self.open(below)?;
                above.push(mem::replace(&mut tree, below));
                continue;
            }
            let outcome = self.close(tree)?;
            tree = match above.pop() {
                Some(tree) => tree,
                None => return Ok(outcome),
            };
            tree.put(outcome);
        }
    }

    fn open<'a>(&mut self, (id, way, edits): Below<'a>) -> Result<Open<'a>, TreeError<E>> {
        let Some(id) = id else {
            return Ok(Open::folder(Nodes::default(), way, edits));
        };
        way.check().map_err(|why| malformed(id, why))?;
        let bytes = (self.get)(id).map_err(TreeError::Object)?;
        self.replaced.push(id);
        Ok(match parse(id, &bytes)? {
            Tree::Whole(nodes) => Open::folder(nodes.into_owned(), way, edits),
            Tree::Split(parts) => Open::split(parts, way, edits),
        })
    }

    fn close(&mut self, tree: Open<'_>) -> Result<Outcome, TreeError<E>> {
        let (parts, may_shrink) = match tree.rest {
            Rest::Folder { nodes, .. } => return Ok(self.store(nodes, tree.way)),
            Rest::Split {
                parts, may_shrink, ..
            } => (parts, may_shrink),
        };
        if may_shrink && let Some(nodes) = self.few(&parts)? {
            self.forget(&parts);
            return Ok(self.store(nodes, tree.way));
        }
        Ok(Some(self.emit(Tree::Split(parts))))
    }

    /// The entries of all `parts`, if they are too few to be split.
    fn few(&mut self, parts: &Parts) -> Result<Option<Nodes<'static>>, TreeError<E>> {
        let mut nodes = Nodes::default();
        for id in parts.values() {
            let bytes = self.bytes(*id)?;
            match parse(*id, &bytes)? {
                Tree::Whole(part) if nodes.len() + part.len() <= SPLIT_ABOVE => {
                    for (name, node) in part.into_owned() {
                        nodes.insert(name, node);
                    }
                }
                // Parts of parts hold more than that by themselves.
                Tree::Whole(_) | Tree::Split(_) => return Ok(None),
            }
        }
        Ok(Some(nodes))
    }

    /// Takes back the parts of a folder that is whole again.
    fn forget(&mut self, parts: &Parts) {
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

    fn store(&mut self, nodes: Nodes<'_>, way: Way) -> Outcome {
        let emit = &mut |id, bytes| self.made.push((id, bytes));
        (!nodes.is_empty()).then(|| store(nodes, way.splits, emit))
    }

    fn emit(&mut self, tree: Tree<'_>) -> Sha256 {
        emit_tree(tree, &mut |id, bytes| self.made.push((id, bytes)))
    }
}

fn parse<E: std::error::Error>(id: Sha256, bytes: &[u8]) -> Result<Tree<'_>, TreeError<E>> {
    Tree::parse(bytes).map_err(|detail| malformed(id, &detail))
}

fn malformed<E: std::error::Error>(id: Sha256, detail: &str) -> TreeError<E> {
    TreeError::Malformed {
        id,
        detail: detail.to_owned(),
    }
}
