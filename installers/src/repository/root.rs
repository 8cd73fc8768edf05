//! The first root, with the first file of every other role.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use tough::schema::{RoleKeys, RoleType, Root, Signed, Targets};

use super::RepositoryError;
use super::keys::Keyring;
use super::roles::{self, SPEC};
use super::sign::{Next, SignedFile};
use super::state::{FirstStep, Repository};

impl Repository {
    /// Makes a repository: keys, and the first version of every role's file.
    /// Root keys go to `offline` in turn, the targets key to the first of
    /// them, snapshot and timestamp keys to `online`. One that was interrupted
    /// is finished, with the keys that it made.
    ///
    /// # Errors
    /// [`RepositoryError::Exists`] and others.
    pub(crate) fn init(
        &self,
        offline: &[PathBuf],
        online: &Path,
    ) -> Result<Keyring, RepositoryError> {
        let _lock = self.site.lock()?;
        let (root, mut keys) = match self.first_step()? {
            FirstStep::ToTake => self.first_root(offline, online)?,
            FirstStep::Taken => {
                let mut keys = Keyring::default();
                let places = offline.iter().map(PathBuf::as_path).chain([online]);
                keys.read_if_there(&places.collect::<Vec<_>>())?;
                (self.chain()?.into_newest().0, keys)
            }
            FirstStep::Past => {
                return Err(RepositoryError::Exists(self.site.root().to_path_buf()));
            }
        };
        self.first_files(&root, &mut keys)?;
        Ok(keys)
    }

    fn first_root(
        &self,
        offline: &[PathBuf],
        online: &Path,
    ) -> Result<(Signed<Root>, Keyring), RepositoryError> {
        let first = offline
            .first()
            .ok_or_else(|| RepositoryError::Settings("no directory for the keys".into()))?;
        let wanted = usize::try_from(self.settings.root_keys).unwrap_or(usize::MAX);
        if offline.len() > wanted {
            return Err(RepositoryError::Settings(format!(
                "root-keys is {wanted}, and there are {} directories for them",
                offline.len()
            )));
        }
        for directory in offline.iter().map(PathBuf::as_path).chain([online]) {
            self.keeps_private(directory)?;
        }
        let mut keys = Keyring::default();
        let days = self.settings.days;
        let mut root = Root {
            spec_version: SPEC.into(),
            consistent_snapshot: true,
            version: NonZeroU64::MIN,
            expires: roles::expires(days.root)?,
            keys: HashMap::new(),
            roles: HashMap::new(),
            _extra: HashMap::new(),
        };
        let threshold = NonZeroU64::new(self.settings.root_threshold)
            .ok_or_else(|| RepositoryError::Settings("root-threshold is 0".into()))?;
        for directory in offline.iter().cycle().take(wanted) {
            add_key(&mut root, RoleType::Root, directory, threshold, &mut keys)?;
        }
        let one = NonZeroU64::MIN;
        add_key(&mut root, RoleType::Targets, first, one, &mut keys)?;
        add_key(&mut root, RoleType::Snapshot, online, one, &mut keys)?;
        add_key(&mut root, RoleType::Timestamp, online, one, &mut keys)?;

        let root = roles::sign(root.clone(), &root, &keys)?;
        Ok((root, keys))
    }

    /// Refuses a `directory` for keys that would be published.
    pub(super) fn keeps_private(&self, directory: &Path) -> Result<(), RepositoryError> {
        if is_inside(directory, self.site.root()) {
            return Err(RepositoryError::Unfit {
                what: directory.display().to_string(),
                reason: "it is on the site, which is published; keys must not be".into(),
            });
        }
        Ok(())
    }

    fn first_files(&self, root: &Signed<Root>, keys: &mut Keyring) -> Result<(), RepositoryError> {
        // Both are set when it is signed.
        let (version, expires) = (NonZeroU64::MIN, root.signed.expires);
        let mut targets = Targets::new(SPEC.into(), version, expires);
        targets.delegations = None;
        let mut files = self.targets_files(Next::first(&root.signed), targets, keys)?;
        let root = SignedFile {
            name: roles::root_name(1),
            bytes: roles::bytes(root)?,
        };
        let path = roles::path(&self.site, &root.name);
        files.insert(0, root);
        keys.save(&path, || self.write_all(&files))
    }
}

/// Whether `directory`, which need not exist, is `site` or lies in it.
fn is_inside(directory: &Path, site: &Path) -> bool {
    let real = |path: &Path| {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
        let there = path.ancestors().find_map(|above| {
            let real = above.canonicalize().ok()?;
            Some(real.join(path.strip_prefix(above).ok()?))
        });
        there.unwrap_or(path)
    };
    real(directory).starts_with(real(site))
}

/// Makes a key for `role`, to be saved in `directory`, and lets `root` name it.
pub(super) fn add_key(
    root: &mut Root,
    role: RoleType,
    directory: &Path,
    threshold: NonZeroU64,
    keys: &mut Keyring,
) -> Result<(), RepositoryError> {
    let (id, public) = keys.make(directory, &role.to_string())?;
    root.keys.insert(id.clone(), public);
    let entry = root.roles.entry(role).or_insert_with(|| RoleKeys {
        keyids: Vec::new(),
        threshold,
        _extra: HashMap::new(),
    });
    entry.keyids.push(id);
    Ok(())
}
