//! Reading trees: all of them, or those on the way to one path.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::limits::{LIMITS, Size};
use super::node::{Meaning, Node, Nodes, Part, Tree};
use super::{Entry, Files, TreeError, Way};
use crate::foundation::Sha256;
use crate::graph::WorkspacePath;

/// Trees that are parsed at once, on all cores.
const BATCH: usize = 64;

/// A run's files, and the ids of the trees that name them.
#[derive(Debug, Default)]
pub(in crate::run) struct Listing {
    /// By path.
    pub files: Files,
    /// The trees read, and in how many places each stands.
    pub trees: BTreeMap<Sha256, usize>,
}

/// A tree that is yet to be read: a folder, or a part of one.
struct Pending {
    id: Sha256,
    /// The folder's path, ending in `/`; empty for the root.
    prefix: String,
    /// Of which part of the folder it is, of which part of that, and so on.
    parts: Vec<Part>,
    way: Way,
}

impl Pending {
    const fn is_root(&self) -> bool {
        self.way.above == 0
    }

    /// Whether a name may stand here, and so in no other part of the folder.
    fn may_hold(&self, name: &str) -> bool {
        if self.parts.is_empty() {
            return true;
        }
        let hash = Sha256::of(name.as_bytes());
        let mut levels = self.parts.iter().enumerate();
        levels.all(|(level, part)| Part::of(hash, level) == *part)
    }
}

/// What one tree says.
#[derive(Default)]
struct Told {
    files: Vec<(WorkspacePath, Entry)>,
    below: Vec<Pending>,
}

/// Reads the tree `root` and all below it through `get`. Trees are parsed
/// while the next are fetched.
///
/// # Errors
/// [`TreeError`].
pub(in crate::run) fn read<E: std::error::Error + Send>(
    root: Sha256,
    get: &mut (dyn FnMut(Sha256) -> Result<Vec<u8>, E> + Send),
) -> Result<Listing, TreeError<E>> {
    read_within(LIMITS, root, get)
}

pub(super) fn read_within<E: std::error::Error + Send>(
    limits: Size,
    root: Sha256,
    get: &mut (dyn FnMut(Sha256) -> Result<Vec<u8>, E> + Send),
) -> Result<Listing, TreeError<E>> {
    let mut trees = BTreeMap::new();
    let mut found = Vec::new();
    let mut size = Size::default();
    let mut pending = vec![Pending {
        id: root,
        prefix: String::new(),
        parts: Vec::new(),
        way: Way::default(),
    }];
    let mut fetched = Vec::new();
    // Bytes of the prefixes that are pending: each is shorter than the path of
    // some file below it, but a stranger's trees may be empty.
    let mut waiting = 0;
    let prefixes = |trees: &[Pending]| trees.iter().map(|tree| tree.prefix.len()).sum::<usize>();
    while !pending.is_empty() || !fetched.is_empty() {
        // The last ones first: depth before breadth, so that few are pending.
        let batch = pending.split_off(pending.len().saturating_sub(BATCH));
        waiting -= prefixes(&batch);
        let (told, next) = rayon::join(|| tell_all(&fetched), || fetch(batch, get));
        for (told, (tree, _)) in told?.into_iter().zip(&fetched) {
            size.files += told.files.len();
            if trees.get(&tree.id).is_some_and(|places| *places > 1) {
                size.repeated += 1 + told.files.len();
            }
            let paths = told.files.iter().map(|(path, _)| path.as_str().len());
            size.path_bytes += paths.sum::<usize>();
            found.push(told.files);
            waiting += prefixes(&told.below);
            pending.extend(told.below);
        }
        fetched = next?;
        for (tree, _) in &fetched {
            *trees.entry(tree.id).or_insert(0) += 1;
        }
        size.trees += fetched.len();
        let with_pending = Size {
            trees: size.trees + pending.len(),
            path_bytes: size.path_bytes + waiting,
            ..size
        };
        with_pending
            .check(limits)
            .map_err(|too_many| TreeError::Malformed {
                id: root,
                detail: too_many.to_string(),
            })?;
    }
    // Sorted first, so that the map is filled from one end to the other.
    let mut files = Vec::with_capacity(size.files);
    found.into_iter().for_each(|found| files.extend(found));
    files.par_sort_unstable_by(|a, b| a.0.cmp(&b.0));
    Ok(Listing {
        files: files.into_iter().collect(),
        trees,
    })
}

/// A tree to be parsed, and its bytes.
type Fetched = (Pending, Vec<u8>);

fn fetch<E: std::error::Error>(
    batch: Vec<Pending>,
    get: &mut dyn FnMut(Sha256) -> Result<Vec<u8>, E>,
) -> Result<Vec<Fetched>, TreeError<E>> {
    let fetched = batch.into_iter().map(|tree| {
        let bytes = get(tree.id).map_err(TreeError::Object)?;
        Ok((tree, bytes))
    });
    fetched.collect()
}

fn tell_all<E: std::error::Error + Send>(fetched: &[Fetched]) -> Result<Vec<Told>, TreeError<E>> {
    let told = fetched.par_iter().map(|(tree, bytes)| {
        tell(tree, bytes).map_err(|detail| TreeError::Malformed {
            id: tree.id,
            detail,
        })
    });
    told.collect()
}

/// What the tree with these bytes says; the sentence why it makes no sense.
fn tell(at: &Pending, bytes: &[u8]) -> Result<Told, String> {
    match Tree::parse(bytes)? {
        Tree::Whole(nodes) if nodes.is_empty() && !at.is_root() => Err("it is empty".to_owned()),
        Tree::Whole(nodes) => tell_nodes(at, nodes),
        Tree::Split(parts) => {
            let way = at.way.to_part();
            way.check()?;
            let below = parts.into_iter().map(|(part, id)| Pending {
                id,
                prefix: at.prefix.clone(),
                parts: [at.parts.as_slice(), &[part]].concat(),
                way,
            });
            Ok(Told {
                below: below.collect(),
                ..Told::default()
            })
        }
    }
}

fn tell_nodes(at: &Pending, nodes: Nodes<'_>) -> Result<Told, String> {
    let mut told = Told::default();
    told.files.reserve(nodes.len());
    for (name, node) in nodes {
        let name = name.as_str();
        if name.contains('/') {
            return Err(format!("not a file name: {name:?}"));
        }
        if !at.may_hold(name) {
            return Err(format!("{name:?} is not in the part of its name"));
        }
        let path = WorkspacePath::of([&at.prefix, name].concat())
            .map_err(|path| format!("not a path inside the workspace: {path:?}"))?;
        match node.meaning() {
            Some(Meaning::Entry(entry)) => told.files.push((path, entry)),
            Some(Meaning::Tree(id)) => {
                let way = at.way.to_folder();
                way.check()?;
                told.below.push(Pending {
                    id,
                    prefix: format!("{path}/"),
                    parts: Vec::new(),
                    way,
                });
            }
            None => return Err(format!("the entry {path} contradicts itself")),
        }
    }
    Ok(told)
}

/// The entry at `path` below the tree `root`, reading only the trees on the
/// way there.
///
/// # Errors
/// [`TreeError`].
pub(in crate::run) fn find<E: std::error::Error>(
    root: Sha256,
    path: &WorkspacePath,
    get: &mut dyn FnMut(Sha256) -> Result<Vec<u8>, E>,
) -> Result<Option<Entry>, TreeError<E>> {
    let mut names = path.as_str().split('/');
    let Some(mut name) = names.next() else {
        return Ok(None);
    };
    let (mut id, mut way) = (root, Way::default());
    loop {
        let malformed = |detail: String| TreeError::Malformed { id, detail };
        way.check().map_err(|why| malformed(why.to_owned()))?;
        let bytes = get(id).map_err(TreeError::Object)?;
        let mut nodes = match Tree::parse(&bytes).map_err(malformed)? {
            Tree::Whole(nodes) => nodes,
            Tree::Split(parts) => match parts.get(&Part::of_name(name, way.splits)) {
                Some(part) => {
                    (id, way) = (*part, way.to_part());
                    continue;
                }
                None => return Ok(None),
            },
        };
        match (nodes.remove(name).map(Node::meaning), names.next()) {
            (Some(Some(Meaning::Tree(folder))), Some(next)) => {
                (id, name, way) = (folder, next, way.to_folder());
            }
            (Some(Some(Meaning::Entry(entry))), None) => return Ok(Some(entry)),
            (Some(None), _) => {
                return Err(malformed(format!("the entry {name} contradicts itself")));
            }
            (_, Some(_) | None) => return Ok(None),
        }
    }
}
