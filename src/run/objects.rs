//! The objects of a run, wherever its packs hold them.

use super::pack::{Pack, PackError};
use super::tree::{self, Edited, Edits, Entry, Listing, TreeError};
use super::{Manifest, PackRef, RunError, document};
use crate::foundation::{Sha256, durable};
use crate::graph::{Document, WorkspacePath};
use crate::schema::WRITES;
use crate::workspace::Layout;

/// The packs of one run, opened as they are needed.
pub struct Objects {
    layout: Layout,
    refs: Vec<PackRef>,
    open: Vec<Option<Pack>>,
}

impl Objects {
    /// The objects of the run with this manifest.
    #[must_use]
    pub fn of(layout: &Layout, manifest: &Manifest) -> Self {
        Self {
            layout: layout.clone(),
            refs: manifest.packs.clone(),
            open: manifest.packs.iter().map(|_| None).collect(),
        }
    }

    /// No objects at all.
    #[must_use]
    pub fn none(layout: &Layout) -> Self {
        Self {
            layout: layout.clone(),
            refs: Vec::new(),
            open: Vec::new(),
        }
    }

    fn pack(&mut self, at: usize) -> Result<&mut Pack, PackError> {
        let slot = &mut self.open[at];
        match slot {
            Some(pack) => Ok(pack),
            None => {
                let path = self.layout.packs().join(self.refs[at].file.as_str());
                Ok(slot.insert(Pack::open(&path)?))
            }
        }
    }

    /// The pack that holds the object, newest first.
    ///
    /// # Errors
    /// [`PackError`] when a pack cannot be read.
    pub fn find(&mut self, id: Sha256) -> Result<Option<&PackRef>, PackError> {
        for at in (0..self.refs.len()).rev() {
            if self.pack(at)?.contains(id)? {
                return Ok(Some(&self.refs[at]));
            }
        }
        Ok(None)
    }

    /// The bytes of an object, checked against its id.
    ///
    /// # Errors
    /// [`PackError`]; an object in no pack damages the newest one.
    pub fn get(&mut self, id: Sha256) -> Result<Vec<u8>, PackError> {
        for at in (0..self.refs.len()).rev() {
            if let Some(bytes) = self.pack(at)?.read(id)? {
                return Ok(bytes);
            }
        }
        Err(PackError::Damaged {
            pack: self.layout.packs(),
            detail: format!("no pack holds object {id}"),
        })
    }

    /// What the source at `path` said when it had the digest `sha256`.
    ///
    /// # Errors
    /// [`RunError::Damaged`].
    pub fn document(&mut self, path: &WorkspacePath, sha256: Sha256) -> Result<Document, RunError> {
        let bytes = self.get(sha256)?;
        document::decode(path, sha256, &bytes)
    }

    /// The text of the source with this digest.
    ///
    /// # Errors
    /// [`RunError::Damaged`].
    pub fn text(&mut self, sha256: Sha256) -> Result<String, RunError> {
        let bytes = self.get(sha256)?;
        document::text(sha256, &bytes).map(str::to_owned)
    }

    /// The files of the tree `root`.
    ///
    /// # Errors
    /// [`RunError::Damaged`].
    pub fn listing(&mut self, root: Sha256) -> Result<Listing, RunError> {
        tree::read(root, &mut |id| self.get(id)).map_err(from_tree_error)
    }

    /// Applies `edits` to the tree `root`: see [`tree::edit`].
    ///
    /// # Errors
    /// [`RunError::Damaged`].
    pub fn edit(
        &mut self,
        root: Sha256,
        edits: &Edits,
        emit: &mut dyn FnMut(Sha256, Vec<u8>),
    ) -> Result<Edited, RunError> {
        tree::edit(root, edits, &mut |id| self.get(id), emit).map_err(from_tree_error)
    }

    /// The entry of the tree `root` at `path`, reading only the trees on the
    /// way.
    ///
    /// # Errors
    /// [`RunError::Damaged`].
    pub fn entry(&mut self, root: Sha256, path: &WorkspacePath) -> Result<Option<Entry>, RunError> {
        tree::find(root, path, &mut |id| self.get(id)).map_err(from_tree_error)
    }

    /// Checks the digest of every pack before its objects are shared by
    /// another run.
    ///
    /// # Errors
    /// [`RunError::Damaged`] for the first that differs.
    pub fn check_digests(&self) -> Result<(), RunError> {
        self.refs
            .iter()
            .try_for_each(|pack| self.check_digest(pack))
    }

    /// Forgets the packs whose digests differ, and those of another schema:
    /// a rebuild shares nothing of them.
    pub fn keep_sound(&mut self) {
        self.refs = std::mem::take(&mut self.refs)
            .into_iter()
            .filter(|pack| pack.schema.written == WRITES && self.check_digest(pack).is_ok())
            .collect();
        self.open = self.refs.iter().map(|_| None).collect();
    }

    fn check_digest(&self, pack: &PackRef) -> Result<(), RunError> {
        let file = pack.file.as_str();
        let damaged = |detail: String| RunError::Damaged(format!("pack {file} {detail}"));
        let path = self.layout.packs().join(file);
        let actual = durable::file_digest(&path)
            .map_err(|error| damaged(format!("cannot be read: {error}")))?;
        if actual == pack.sha256 {
            return Ok(());
        }
        Err(damaged(format!("has digest {actual}, not {}", pack.sha256)))
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.refs.is_empty()
    }

    /// The packs that hold at least one object that `wanted` accepts.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn needed(&mut self, wanted: impl Fn(Sha256) -> bool) -> Result<Vec<PackRef>, PackError> {
        let mut needed = Vec::new();
        for at in 0..self.refs.len() {
            // The first object of a pack in use is usually in use.
            if self.pack(at)?.holds_any(&wanted)? {
                needed.push(self.refs[at].clone());
            }
        }
        Ok(needed)
    }
}

fn from_tree_error(error: TreeError<PackError>) -> RunError {
    match error {
        TreeError::Object(error) => error.into(),
        malformed @ TreeError::Malformed { .. } => RunError::Damaged(malformed.to_string()),
    }
}
