//! Signing: the next version of the files that a change touches.

use std::collections::HashMap;

use tough::schema::{Metafile, RoleType, Snapshot, Targets, Timestamp};

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

impl Repository {
    /// Signs snapshot and timestamp anew, so that they do not expire, and targets
    /// where their key is at hand.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub(crate) fn refresh(&self, keys: &Keyring) -> Result<(), RepositoryError> {
        let _lock = self.site.lock()?;
        let roles = self.roles()?;
        let files = match self.targets_files(&roles, roles.targets.signed.clone(), keys) {
            // The job that signs every week has no key for targets.
            Err(RepositoryError::Keys { role, .. }) if role == RoleType::Targets.to_string() => {
                let meta = roles.snapshot.signed.meta.clone();
                self.snapshot_files(&roles, meta, keys)?
            }
            files => files?,
        };
        self.write_all(&files)
    }

    /// The next version of the targets metadata, and what points at it.
    pub(super) fn targets_files(
        &self,
        roles: &Roles,
        mut targets: Targets,
        keys: &Keyring,
    ) -> Result<Vec<SignedFile>, RepositoryError> {
        targets.version = roles::next(roles.targets.signed.version);
        targets.expires = roles::expires(self.settings.days.targets)?;
        let version = targets.version;
        let bytes = roles::bytes(&roles::sign(targets, &roles.root.signed, keys)?)?;
        let meta = HashMap::from([("targets.json".to_owned(), roles::metafile(&bytes, version)?)]);
        let name = format!("{version}.targets.json");
        let mut files = vec![SignedFile { name, bytes }];
        files.extend(self.snapshot_files(roles, meta, keys)?);
        Ok(files)
    }

    /// A snapshot of `meta`, and the timestamp that points at it.
    pub(super) fn snapshot_files(
        &self,
        roles: &Roles,
        meta: HashMap<String, Metafile>,
        keys: &Keyring,
    ) -> Result<Vec<SignedFile>, RepositoryError> {
        let root = &roles.root.signed;
        let days = self.settings.days;
        let version = roles::next(roles.snapshot.signed.version);
        let mut snapshot = Snapshot::new(SPEC.into(), version, roles::expires(days.snapshot)?);
        snapshot.meta = meta;
        let snapshot = roles::bytes(&roles::sign(snapshot, root, keys)?)?;
        let timestamp_version = roles::next(roles.timestamp.signed.version);
        let mut timestamp = Timestamp::new(
            SPEC.into(),
            timestamp_version,
            roles::expires(days.timestamp)?,
        );
        timestamp.meta = HashMap::from([(
            "snapshot.json".to_owned(),
            roles::metafile(&snapshot, version)?,
        )]);
        let timestamp = roles::bytes(&roles::sign(timestamp, root, keys)?)?;
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
