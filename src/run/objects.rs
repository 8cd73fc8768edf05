//! The objects of a run, wherever its packs hold them.

use std::io;
use std::path::Path;

use hashbrown::{HashMap, HashSet};

use super::pack::{KEPT_BYTES, MAX_OBJECT_BYTES, Pack, PackError};
use super::tree::{self, Edited, Edits, Entry, Listing, TreeError};
use super::{Manifest, PackRef, RunError, document};
use crate::foundation::pieces::in_pieces;
use crate::foundation::{Sha256, durable};
use crate::graph::{Document, WorkspacePath};
use crate::schema::SchemaBlock;
use crate::workspace::Layout;

/// The packs of one run, opened as they are needed.
pub(super) struct Objects {
    layout: Layout,
    packs: Vec<Slot>,
}

/// A pack, and its file once it was needed.
struct Slot {
    is: PackRef,
    open: Option<Pack>,
}

impl Slot {
    fn of(pack: &PackRef) -> Self {
        Self {
            is: pack.clone(),
            open: None,
        }
    }
}

impl Objects {
    /// The objects of the run with this manifest.
    #[must_use]
    pub(super) fn of(layout: &Layout, manifest: &Manifest) -> Self {
        Self {
            layout: layout.clone(),
            packs: manifest.packs.iter().map(Slot::of).collect(),
        }
    }

    /// No objects at all.
    #[must_use]
    pub(super) fn none(layout: &Layout) -> Self {
        Self {
            layout: layout.clone(),
            packs: Vec::new(),
        }
    }

    fn pack(&mut self, at: usize) -> Result<&mut Pack, PackError> {
        let Slot { is, open } = &mut self.packs[at];
        match open {
            Some(pack) => Ok(pack),
            None => {
                let path = self.layout.packs().join(is.file.as_str());
                Ok(open.insert(Pack::open(&path)?))
            }
        }
    }

    /// The pack that holds the object, newest first.
    ///
    /// # Errors
    /// [`PackError`] when a pack cannot be read.
    pub(super) fn find(&mut self, id: Sha256) -> Result<Option<&PackRef>, PackError> {
        for at in (0..self.packs.len()).rev() {
            if self.pack(at)?.contains(id)? {
                return Ok(Some(&self.packs[at].is));
            }
        }
        Ok(None)
    }

    /// The bytes of an object, checked against its id.
    ///
    /// # Errors
    /// [`PackError`]; an object in no pack damages the newest one.
    pub(super) fn get(&mut self, id: Sha256) -> Result<Vec<u8>, PackError> {
        self.get_within(id, MAX_OBJECT_BYTES)
    }

    /// The bytes of a source that its tree says has `bytes` of them. What is
    /// planned by that number, memory and budget, is planned by the truth.
    ///
    /// # Errors
    /// As [`get`](Self::get), and [`RunError::Damaged`] when it has another
    /// length.
    pub(super) fn source(&mut self, sha256: Sha256, bytes: u64) -> Result<Vec<u8>, RunError> {
        let most = usize::try_from(bytes).unwrap_or(usize::MAX);
        let object = self.get_within(sha256, most)?;
        if object.len() < most {
            let actual = object.len();
            return Err(RunError::Damaged(format!(
                "object {sha256} has {actual} bytes, its tree says {bytes}"
            )));
        }
        Ok(object)
    }

    /// As [`get`](Self::get), of a tree: many are held at once.
    fn tree(&mut self, id: Sha256) -> Result<Vec<u8>, PackError> {
        self.get_within(id, tree::MAX_BYTES)
    }

    /// As [`get`](Self::get), of an object that has at most `most` bytes.
    fn get_within(&mut self, id: Sha256, most: usize) -> Result<Vec<u8>, PackError> {
        for at in (0..self.packs.len()).rev() {
            if let Some(bytes) = self.pack(at)?.read(id, most)? {
                self.bound_memory(at);
                return Ok(bytes);
            }
        }
        Err(PackError::Damaged {
            pack: self.layout.packs(),
            detail: format!("no pack holds object {id}"),
        })
    }

    /// Lets packs other than that at `used` keep nothing, when all together
    /// keep more than one may.
    fn bound_memory(&mut self, used: usize) {
        let open = self.packs.iter().filter_map(|slot| slot.open.as_ref());
        let kept: usize = open.map(Pack::kept).sum();
        if kept > KEPT_BYTES {
            let others = self.packs.iter_mut().enumerate();
            others
                .filter(|(at, _)| *at != used)
                .filter_map(|(_, slot)| slot.open.as_mut())
                .for_each(Pack::forget);
        }
    }

    /// What the source at `path` said when it had the digest `sha256`.
    ///
    /// # Errors
    /// [`RunError::Damaged`].
    pub(super) fn document(
        &mut self,
        path: &WorkspacePath,
        sha256: Sha256,
    ) -> Result<Document, RunError> {
        let bytes = self.get(sha256)?;
        document::decode(path, sha256, &bytes)
    }

    /// The text of the source with this digest.
    ///
    /// # Errors
    /// [`RunError::Damaged`].
    pub(super) fn text(&mut self, sha256: Sha256) -> Result<String, RunError> {
        let bytes = self.get(sha256)?;
        document::text(sha256, &bytes).map(str::to_owned)
    }

    /// The files of the tree `root`.
    ///
    /// # Errors
    /// [`RunError::Damaged`].
    pub(super) fn listing(&mut self, root: Sha256) -> Result<Listing, RunError> {
        tree::read(root, &mut |id| self.tree(id)).map_err(from_tree_error)
    }

    /// Applies `edits` to the tree `root`: see [`tree::edit`].
    ///
    /// # Errors
    /// [`RunError::Damaged`].
    pub(super) fn edit(
        &mut self,
        root: Sha256,
        edits: &Edits,
        emit: &mut dyn FnMut(Sha256, Vec<u8>),
    ) -> Result<Edited, RunError> {
        tree::edit(root, edits, &mut |id| self.tree(id), emit).map_err(from_tree_error)
    }

    /// The entry of the tree `root` at `path`, reading only the trees on the
    /// way.
    ///
    /// # Errors
    /// [`RunError::Damaged`].
    pub(super) fn entry(
        &mut self,
        root: Sha256,
        path: &WorkspacePath,
    ) -> Result<Option<Entry>, RunError> {
        tree::find(root, path, &mut |id| self.tree(id)).map_err(from_tree_error)
    }

    /// Forgets the packs whose digests differ, those of which an object is not
    /// what its id says, and those of another schema block: a rebuild shares
    /// nothing of them, whoever wrote the manifest that they agree with.
    pub(super) fn keep_sound(&mut self) {
        let holds = |pack: &PackRef| {
            let opened = Pack::open(&self.layout.packs().join(pack.file.as_str()));
            opened.and_then(|mut pack| pack.check()).is_ok()
        };
        let current = SchemaBlock::current();
        self.packs.retain(|Slot { is, .. }| {
            is.schema == current && check_digest(&self.layout, is).is_ok() && holds(is)
        });
    }

    /// Whether there are none.
    #[must_use]
    pub(super) const fn is_none(&self) -> bool {
        self.packs.is_empty()
    }

    /// The packs that hold an object in use: one that `in_use` knows of, or one
    /// of `others`, which are only looked at where that is not enough.
    ///
    /// # Errors
    /// [`PackError`].
    pub(super) fn needed(
        &mut self,
        in_use: impl Fn(Sha256) -> bool,
        others: impl Iterator<Item = Sha256>,
    ) -> Result<Vec<PackRef>, PackError> {
        let mut needed = vec![false; self.packs.len()];
        let mut undecided = HashMap::new();
        for (at, needed) in needed.iter_mut().enumerate() {
            let pack = self.pack(at)?;
            *needed = pack.holds_any(&in_use)?;
            if !*needed {
                undecided.extend(pack.objects()?.into_iter().map(|(id, _)| (id, at)));
            }
        }
        if !undecided.is_empty() {
            let found = others.filter_map(|id| undecided.get(&id));
            found.for_each(|at| needed[*at] = true);
        }
        let packs = self.packs.iter().zip(needed);
        Ok(packs
            .filter(|(_, needed)| *needed)
            .map(|(pack, _)| pack.is.clone())
            .collect())
    }

    /// What a run that needs the objects `needed` would use of each pack. An
    /// object in several packs is used of the newest, where it is found.
    ///
    /// # Errors
    /// [`PackError`].
    pub(super) fn uses(&mut self, mut needed: HashSet<Sha256>) -> Result<Vec<Use>, PackError> {
        let mut uses = Vec::with_capacity(self.packs.len());
        for at in (0..self.packs.len()).rev() {
            let mut it = Use {
                pack: self.packs[at].is.clone(),
                needed: Vec::new(),
                needed_bytes: 0,
                other_bytes: 0,
            };
            for (id, bytes) in self.pack(at)?.objects()? {
                if needed.remove(&id) {
                    it.needed.push(id);
                    it.needed_bytes += u64::from(bytes);
                } else {
                    it.other_bytes += u64::from(bytes);
                }
            }
            uses.push(it);
        }
        Ok(uses)
    }
}

/// What a run would use of one pack; bytes before compression.
#[derive(Debug)]
pub(super) struct Use {
    /// The pack.
    pub pack: PackRef,
    /// The objects in it that the run needs.
    pub needed: Vec<Sha256>,
    /// Their bytes.
    pub needed_bytes: u64,
    /// Bytes of all its other objects.
    pub other_bytes: u64,
}

/// Checks the digests of packs whose objects are shared by another run.
///
/// # Errors
/// [`RunError::Damaged`] for the first that differs, [`RunError::Io`] for one
/// that cannot be read.
pub(super) fn check_digests(layout: &Layout, packs: &[PackRef]) -> Result<(), RunError> {
    let mut packs = packs.iter();
    packs.try_for_each(|pack| check_digest(layout, pack))
}

fn check_digest(layout: &Layout, pack: &PackRef) -> Result<(), RunError> {
    let path = layout.packs().join(pack.file.as_str());
    let (actual, bytes) =
        written_digest(&path, pack.bytes).map_err(|error| PackError::of_file(&path, error))?;
    let file = &pack.file;
    if actual != pack.sha256 {
        let expected = pack.sha256;
        return Err(RunError::Damaged(format!(
            "pack {file} has digest {actual}, not {expected}"
        )));
    }
    // Then it is the manifest that lies: no other may repeat that.
    if bytes != pack.bytes {
        let expected = pack.bytes;
        return Err(RunError::Damaged(format!(
            "pack {file} has {bytes} bytes, its manifest says {expected}"
        )));
    }
    Ok(())
}

/// The SHA-256 and the length of a file of which `bytes` bytes were written. A
/// longer one is not read, and none that is mostly holes.
///
/// # Errors
/// Any I/O error; [`io::ErrorKind::FileTooLarge`] for a longer file.
pub(super) fn written_digest(path: &Path, bytes: u64) -> io::Result<(Sha256, u64)> {
    let file = durable::open_regular(path)?;
    durable::check_dense(&file)?;
    let length = file.metadata()?.len();
    if length > bytes {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has {length} bytes, {bytes} were written"),
        ));
    }
    Ok((Sha256::of_all(&mut in_pieces(file))?, length))
}

fn from_tree_error(error: TreeError<PackError>) -> RunError {
    match error {
        TreeError::Object(error) => error.into(),
        malformed @ TreeError::Malformed { .. } => RunError::Damaged(malformed.to_string()),
    }
}
