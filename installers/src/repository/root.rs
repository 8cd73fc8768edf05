//! The root: making the first one, and every later one.
//!
//! A root names the keys of all roles. Its successor is signed by a threshold
//! of the old root keys and of its own, so that a client that knows any old
//! root follows the chain to the newest. Maintainers who are not in one place
//! pass a draft around: each adds signatures, and the command that completes
//! it publishes.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use tough::schema::{RoleKeys, RoleType, Root, Signed, Snapshot, Targets, Timestamp};

use super::RepositoryError;
use super::change::Repository;
use super::keys::{KeyId, Keyring, PrivateKey, short};
use super::roles::{self, Roles, SPEC};

/// A key, or all keys of a role, to be replaced by new ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Replace {
    /// All keys of the role: `timestamp`.
    Role(RoleType),
    /// One key, by the beginning of its id.
    Key(String),
}

impl std::str::FromStr for Replace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "root" => Ok(Self::Role(RoleType::Root)),
            "targets" => Ok(Self::Role(RoleType::Targets)),
            "snapshot" => Ok(Self::Role(RoleType::Snapshot)),
            "timestamp" => Ok(Self::Role(RoleType::Timestamp)),
            id if id.len() >= 8 && id.bytes().all(|b| b.is_ascii_hexdigit()) => {
                Ok(Self::Key(id.to_ascii_lowercase()))
            }
            _ => Err(
                "name a role (root, targets, snapshot, timestamp) or a key by at least 8 \
                      digits of its id"
                    .into(),
            ),
        }
    }
}

/// What became of a `rotate`.
#[derive(Debug)]
pub(crate) enum Rotation {
    /// The new root is on the site.
    Published,
    /// The draft lacks signatures.
    Draft {
        /// Version of the root that is being made.
        version: u64,
        /// Signatures by keys of the root before: had and needed.
        old: (u64, u64),
        /// Signatures by its own keys: had and needed.
        new: (u64, u64),
    },
}

impl Repository {
    /// Makes a repository: keys, and the first version of every role's file.
    /// Root keys go to `offline` in turn, the targets key to the first of
    /// them, snapshot and timestamp keys to `online`.
    ///
    /// # Errors
    /// [`RepositoryError::Exists`] and others; no file is changed then.
    pub(crate) fn init(
        &self,
        offline: &[PathBuf],
        online: &Path,
    ) -> Result<Keyring, RepositoryError> {
        if self.site.path(roles::METADATA).exists() {
            return Err(RepositoryError::Exists(self.site.root().to_path_buf()));
        }
        let first = offline
            .first()
            .ok_or_else(|| RepositoryError::Settings("no directory for the keys".into()))?;
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
        for directory in offline
            .iter()
            .cycle()
            .take(usize::try_from(self.settings.root_keys).unwrap_or(usize::MAX))
        {
            add_key(&mut root, RoleType::Root, directory, threshold, &mut keys)?;
        }
        let one = NonZeroU64::MIN;
        add_key(&mut root, RoleType::Targets, first, one, &mut keys)?;
        add_key(&mut root, RoleType::Snapshot, online, one, &mut keys)?;
        add_key(&mut root, RoleType::Timestamp, online, one, &mut keys)?;

        let root = roles::sign(root.clone(), &root, &keys)?;
        self.first_files(&root, &keys)?;
        Ok(keys)
    }

    fn first_files(&self, root: &Signed<Root>, keys: &Keyring) -> Result<(), RepositoryError> {
        let days = self.settings.days;
        let one = NonZeroU64::MIN;
        let mut targets = Targets::new(SPEC.into(), one, roles::expires(days.targets)?);
        targets.delegations = None;
        let targets = roles::bytes(&roles::sign(targets, &root.signed, keys)?)?;
        let mut snapshot = Snapshot::new(SPEC.into(), one, roles::expires(days.snapshot)?);
        snapshot
            .meta
            .insert("targets.json".into(), roles::metafile(&targets, one)?);
        let snapshot = roles::bytes(&roles::sign(snapshot, &root.signed, keys)?)?;
        let mut timestamp = Timestamp::new(SPEC.into(), one, roles::expires(days.timestamp)?);
        timestamp
            .meta
            .insert("snapshot.json".into(), roles::metafile(&snapshot, one)?);
        let timestamp = roles::bytes(&roles::sign(timestamp, &root.signed, keys)?)?;
        roles::write(&self.site, "1.root.json", &roles::bytes(root)?)?;
        roles::write(&self.site, "1.targets.json", &targets)?;
        roles::write(&self.site, "1.snapshot.json", &snapshot)?;
        roles::write(&self.site, "timestamp.json", &timestamp)
    }
}

/// Where `rotate` finds and puts keys.
#[derive(Debug)]
pub(crate) struct Places<'a> {
    /// New root and targets keys.
    pub(crate) offline: &'a Path,
    /// New snapshot and timestamp keys.
    pub(crate) online: &'a Path,
    /// The unfinished root that maintainers pass around.
    pub(crate) draft: Option<&'a Path>,
}

impl Repository {
    /// Makes the next root: with a new expiry, and new keys for `replace`.
    /// Files of roles whose keys changed are signed anew.
    ///
    /// # Errors
    /// [`RepositoryError`]; the site is unchanged then.
    pub(crate) fn rotate(
        &self,
        replace: &[Replace],
        places: &Places<'_>,
        mut keys: Keyring,
    ) -> Result<Rotation, RepositoryError> {
        let roles = Roles::read(&self.site)?;
        let old = &roles.root;
        let mut next = match places.draft.filter(|draft| draft.exists()) {
            Some(draft) => self.read_draft(draft, old, replace)?,
            None => self.next_root(&old.signed, replace, places, &mut keys)?,
        };
        let ids: BTreeSet<KeyId> = root_ids(&old.signed)
            .union(&root_ids(&next.signed))
            .cloned()
            .collect();
        let ids: Vec<KeyId> = ids.into_iter().collect();
        for signature in roles::signatures(&next.signed, &keys, &ids)? {
            if next
                .signatures
                .iter()
                .all(|old| old.keyid != signature.keyid)
            {
                next.signatures.push(signature);
            }
        }
        let version = next.signed.version.get();
        let complete =
            old.signed.verify_role(&next).is_ok() && next.signed.verify_role(&next).is_ok();
        if !complete {
            let (had_old, had_new) = (count(&old.signed, &next), count(&next.signed, &next));
            let Some(draft) = places.draft else {
                return Err(RepositoryError::Keys {
                    role: "root".into(),
                    needed: had_old.1.max(had_new.1),
                    found: had_old.0.min(had_new.0),
                    keys: ids.iter().map(short).collect::<Vec<_>>().join(", "),
                });
            };
            std::fs::write(draft, roles::bytes(&next)?)
                .map_err(|error| RepositoryError::Write(draft.into(), error))?;
            return Ok(Rotation::Draft {
                version,
                old: had_old,
                new: had_new,
            });
        }
        self.publish_root(roles, next, &keys)?;
        if let Some(draft) = places.draft.filter(|draft| draft.exists()) {
            std::fs::remove_file(draft)
                .map_err(|error| RepositoryError::Write(draft.into(), error))?;
        }
        Ok(Rotation::Published)
    }

    fn read_draft(
        &self,
        draft: &Path,
        old: &Signed<Root>,
        replace: &[Replace],
    ) -> Result<Signed<Root>, RepositoryError> {
        let invalid = |reason: String| RepositoryError::Invalid {
            path: draft.into(),
            reason,
        };
        if !replace.is_empty() {
            return Err(invalid("it says already which keys are replaced".into()));
        }
        let bytes =
            std::fs::read(draft).map_err(|error| RepositoryError::Read(draft.into(), error))?;
        let next: Signed<Root> =
            serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
        let expected = roles::next(old.signed.version);
        if next.signed.version != expected {
            return Err(invalid(format!(
                "it is root {}, the next one is {expected}",
                next.signed.version
            )));
        }
        Ok(next)
    }

    fn next_root(
        &self,
        old: &Root,
        replace: &[Replace],
        places: &Places<'_>,
        keys: &mut Keyring,
    ) -> Result<Signed<Root>, RepositoryError> {
        let mut root = old.clone();
        root.version = roles::next(old.version);
        root.expires = roles::expires(self.settings.days.root)?;
        for wanted in replace {
            let mut found = false;
            for (role, role_keys) in &old.roles {
                for id in &role_keys.keyids {
                    let hit = match wanted {
                        Replace::Role(replaced) => replaced == role,
                        Replace::Key(prefix) => hex(id).starts_with(prefix.as_str()),
                    };
                    if !hit {
                        continue;
                    }
                    found = true;
                    if let Some(kept) = root.roles.get_mut(role) {
                        kept.keyids.retain(|kept| kept != id);
                    }
                    let directory = match role {
                        RoleType::Snapshot | RoleType::Timestamp => places.online,
                        _ => places.offline,
                    };
                    add_key(&mut root, *role, directory, role_keys.threshold, keys)?;
                }
            }
            if !found {
                return Err(RepositoryError::Unfit {
                    what: format!("{wanted:?}"),
                    reason: "the root names no such key".into(),
                });
            }
        }
        let used: BTreeSet<KeyId> = root
            .roles
            .values()
            .flat_map(|role| role.keyids.iter().cloned())
            .collect();
        root.keys.retain(|id, _| used.contains(id));
        Ok(Signed {
            signed: root,
            signatures: Vec::new(),
        })
    }

    /// Writes the root, and anew what its new keys must sign.
    fn publish_root(
        &self,
        mut roles: Roles,
        next: Signed<Root>,
        keys: &Keyring,
    ) -> Result<(), RepositoryError> {
        let ids = |root: &Root, role| root.roles.get(&role).map(|keys| keys.keyids.clone());
        let changed = |role: RoleType| ids(&roles.root.signed, role) != ids(&next.signed, role);
        let targets = changed(RoleType::Targets);
        let online = targets || changed(RoleType::Snapshot) || changed(RoleType::Timestamp);
        // Whatever cannot be signed is found out before the root is written.
        if targets {
            roles::sign(roles.targets.signed.clone(), &next.signed, keys)?;
        }
        if online {
            roles::sign(roles.snapshot.signed.clone(), &next.signed, keys)?;
            roles::sign(roles.timestamp.signed.clone(), &next.signed, keys)?;
        }
        let name = format!("{}.root.json", next.signed.version);
        roles::write(&self.site, &name, &roles::bytes(&next)?)?;
        roles.root = next;
        if targets {
            let content = roles.targets.signed.clone();
            self.publish_targets(&roles, content, keys)
        } else if online {
            let meta = roles.snapshot.signed.meta.clone();
            self.publish_snapshot(&roles, meta, keys)
        } else {
            Ok(())
        }
    }
}

fn root_ids(root: &Root) -> BTreeSet<KeyId> {
    root.roles
        .get(&RoleType::Root)
        .map(|keys| keys.keyids.iter().cloned().collect())
        .unwrap_or_default()
}

/// Signatures on `next` by root keys of `by`, and how many it takes.
fn count(by: &Root, next: &Signed<Root>) -> (u64, u64) {
    let ids = root_ids(by);
    let had = next
        .signatures
        .iter()
        .filter(|signature| ids.contains(&signature.keyid))
        .count();
    let needed = by
        .roles
        .get(&RoleType::Root)
        .map_or(0, |keys| keys.threshold.get());
    (had as u64, needed)
}

fn hex(id: &KeyId) -> String {
    let bytes: &[u8] = id;
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes a key for `role` in `directory` and lets `root` name it.
fn add_key(
    root: &mut Root,
    role: RoleType,
    directory: &Path,
    threshold: NonZeroU64,
    keys: &mut Keyring,
) -> Result<(), RepositoryError> {
    let key = PrivateKey::generate(directory, &role.to_string())?;
    root.keys.insert(key.id.clone(), key.public.clone());
    let entry = root.roles.entry(role).or_insert_with(|| RoleKeys {
        keyids: Vec::new(),
        threshold,
        _extra: HashMap::new(),
    });
    entry.keyids.push(key.id.clone());
    keys.add(key);
    Ok(())
}
