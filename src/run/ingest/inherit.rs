//! What a run takes over from the previous one.

use std::collections::BTreeMap;

use crate::foundation::Sha256;
use crate::index::Editable;
use crate::run::link_files::LinkFiles;
use crate::run::stat_cache::{Prints, StatCache};
use crate::run::tree::Files;
use crate::run::{Manifest, Objects, RunError, remake};
use crate::schema::WRITES;
use crate::workspace::Layout;

/// The run that a plan starts from: current, readable, of this very schema.
pub(super) struct Previous {
    pub(super) manifest: Manifest,
    pub(super) objects: Objects,
    pub(super) stat: StatCache,
}

impl Previous {
    /// Of the run `parent`; `None` when another schema wrote it.
    pub(super) fn of(layout: &Layout, parent: &Manifest) -> Option<Self> {
        (parent.schema.written == WRITES).then(|| Self {
            objects: Objects::of(layout, parent),
            stat: StatCache::read(layout, parent),
            manifest: parent.clone(),
        })
    }
}

/// What a run starts from.
pub(super) struct Inherited {
    /// The objects that it may share.
    pub(super) objects: Objects,
    /// The previous run.
    pub(super) manifest: Option<Manifest>,
    /// Its trees, and in how many places each stands.
    pub(super) trees: BTreeMap<Sha256, usize>,
    /// The paths that its links name, where they are known.
    pub(super) links: Option<LinkFiles>,
    /// The CRC-32 of its index as it was written, where that is known.
    pub(super) index_crc: Option<u32>,
    /// A copy of its index, where updating it is worth while.
    pub(super) index: Option<Editable>,
}

impl Inherited {
    /// For a first run.
    pub(super) fn nothing(layout: &Layout) -> Self {
        Self {
            objects: Objects::none(layout),
            manifest: None,
            trees: BTreeMap::new(),
            links: None,
            index_crc: None,
            index: None,
        }
    }

    /// For an ingest, with what the previous run knew of its files. While the
    /// trees are read the index is copied, if `with_index`.
    pub(super) fn by_ingest(
        previous: Previous,
        layout: &Layout,
        with_index: bool,
    ) -> Result<(Self, Files, Prints), RunError> {
        let Previous {
            manifest,
            mut objects,
            stat,
        } = previous;
        let index_crc = stat.index_crc();
        let copy_index = || match with_index {
            true => remake::editable_index(layout, &manifest, index_crc),
            false => Ok(None),
        };
        let (index, listing) = rayon::join(copy_index, || objects.listing(manifest.tree));
        let (listing, index) = (listing?, index?);
        let (prints, links) = stat.into_parts();
        let inherited = Self {
            objects,
            manifest: Some(manifest),
            trees: listing.trees,
            links,
            index_crc,
            index,
        };
        Ok((inherited, listing.files, prints))
    }

    /// For a rebuild, which goes without whatever is not sound.
    pub(super) fn by_rebuild(previous: Previous) -> (Self, Files) {
        let Previous {
            manifest,
            mut objects,
            ..
        } = previous;
        let listing = objects.listing(manifest.tree).unwrap_or_default();
        objects.keep_sound();
        let inherited = Self {
            objects,
            manifest: Some(manifest),
            trees: listing.trees,
            links: None,
            index_crc: None,
            index: None,
        };
        (inherited, listing.files)
    }
}
