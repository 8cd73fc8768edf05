//! Signing: the version of targets, snapshot and timestamp that comes next.

use std::collections::HashMap;
use std::num::NonZeroU64;

use tough::schema::{Metafile, RoleType, Root, Snapshot, Targets, Timestamp};

use super::RepositoryError;
use super::keys::Keyring;
use super::roles::{self, Roles, SPEC};
use super::state::Repository;

/// A metadata file that is signed and not written yet: everything is signed
/// before the first one is written. Lists of them are in the order in which
/// they are written, `timestamp.json` last: until then, nobody sees the others.
#[derive(Debug)]
pub(super) struct SignedFile {
    /// Its name below `metadata/`.
    pub(super) name: String,
    /// What is in it.
    pub(super) bytes: Vec<u8>,
}

/// What is signed next: the version of each role's file, and the root that says
/// whose keys sign it.
#[derive(Clone, Copy)]
pub(super) struct Next<'a> {
    root: &'a Root,
    targets: NonZeroU64,
    snapshot: NonZeroU64,
    timestamp: NonZeroU64,
}

impl<'a> Next<'a> {
    /// The first files of a repository.
    pub(super) const fn first(root: &'a Root) -> Self {
        let one = NonZeroU64::MIN;
        Self {
            root,
            targets: one,
            snapshot: one,
            timestamp: one,
        }
    }

    /// Those that follow the files of `roles`.
    pub(super) fn after(roles: &'a Roles) -> Self {
        Self {
            root: &roles.root.signed,
            targets: roles::next(roles.targets.signed.version),
            snapshot: roles::next(roles.snapshot.signed.version),
            timestamp: roles::next(roles.timestamp.signed.version),
        }
    }
}

impl Repository {
    /// Signs snapshot and timestamp anew, so that they do not expire, and targets
    /// where their key is at hand.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub(crate) fn refresh(&self, keys: &Keyring) -> Result<(), RepositoryError> {
        let _lock = self.site.lock()?;
        let roles = self.roles()?;
        let next = Next::after(&roles);
        let files = match self.targets_files(next, roles.targets.signed.clone(), keys) {
            // The job that signs every week has no key for targets.
            Err(RepositoryError::Keys { role, .. }) if role == RoleType::Targets.to_string() => {
                let meta = roles.snapshot.signed.meta.clone();
                self.snapshot_files(next, meta, keys)?
            }
            files => files?,
        };
        self.write_all(&files)
    }

    /// The targets metadata `targets` in its next version, and what points at it.
    pub(super) fn targets_files(
        &self,
        next: Next<'_>,
        mut targets: Targets,
        keys: &Keyring,
    ) -> Result<Vec<SignedFile>, RepositoryError> {
        let version = next.targets;
        targets.version = version;
        targets.expires = roles::expires(self.settings.days.targets)?;
        let bytes = roles::bytes(&roles::sign(targets, next.root, keys)?)?;
        let meta = HashMap::from([("targets.json".to_owned(), roles::metafile(&bytes, version)?)]);
        let name = format!("{version}.targets.json");
        let mut files = vec![SignedFile { name, bytes }];
        files.extend(self.snapshot_files(next, meta, keys)?);
        Ok(files)
    }

    /// A snapshot of `meta`, and the timestamp that points at it.
    pub(super) fn snapshot_files(
        &self,
        next: Next<'_>,
        meta: HashMap<String, Metafile>,
        keys: &Keyring,
    ) -> Result<Vec<SignedFile>, RepositoryError> {
        let (version, days) = (next.snapshot, self.settings.days);
        let mut snapshot = Snapshot::new(SPEC.into(), version, roles::expires(days.snapshot)?);
        snapshot.meta = meta;
        let snapshot = roles::bytes(&roles::sign(snapshot, next.root, keys)?)?;
        let expires = roles::expires(days.timestamp)?;
        let mut timestamp = Timestamp::new(SPEC.into(), next.timestamp, expires);
        timestamp.meta = HashMap::from([(
            "snapshot.json".to_owned(),
            roles::metafile(&snapshot, version)?,
        )]);
        let timestamp = roles::bytes(&roles::sign(timestamp, next.root, keys)?)?;
        Ok(vec![
            SignedFile {
                name: format!("{version}.snapshot.json"),
                bytes: snapshot,
            },
            SignedFile {
                name: "timestamp.json".into(),
                bytes: timestamp,
            },
        ])
    }

    /// Writes `files` in their order.
    pub(super) fn write_all(&self, files: &[SignedFile]) -> Result<(), RepositoryError> {
        files
            .iter()
            .try_for_each(|file| roles::write(&self.site, &file.name, &file.bytes))
    }
}
