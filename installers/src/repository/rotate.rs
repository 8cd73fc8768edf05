//! The next root.
//!
//! A root names the keys of all roles. Its successor is signed by a threshold
//! of the old root keys and of its own, so that a client that knows any old
//! root follows the chain to the newest. Maintainers who are not in one place
//! pass a draft around: each adds signatures, and the command that completes
//! it publishes.
//!
//! It goes in two steps, because a draft was made by somebody else:
//! [`Repository::propose`] finds the next root, whose [`Proposal::changes`]
//! people read, and [`Repository::rotate`] signs it.
//!
//! Where keys were replaced, the new root does not accept the old
//! `timestamp.json`, and no order of writing avoids that: old keys may be lost.
//! So these two are written last, and a rotation that was interrupted between
//! them is recognised by the next one, which does nothing but finish it.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tough::schema::{RoleType, Root, Signature, Signed};

use super::RepositoryError;
use super::difference::{Change, difference};
use super::found::Found;
use super::keys::{KeyId, Keyring, short};
use super::replace::Replace;
use super::roles::{self, Roles};
use super::root::add_key;
use super::sign::{Next, SignedFile};
use super::state::Repository;
use crate::site::SiteLock;

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

/// The next root, which nobody signed yet who runs this command.
#[derive(Debug)]
pub(crate) struct Proposal {
    /// What the site holds, by the root before.
    pub(super) before: Roles,
    pub(super) next: Signed<Root>,
    changes: Vec<Change>,
    left: Left,
    pub(super) keys: Keyring,
    draft: Option<PathBuf>,
    /// What the site holds stays so until this is published.
    _lock: SiteLock,
}

/// What is left to do until a root is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// All of it.
    Sign,
    /// It is signed and on the site: whatever its keys must sign.
    Publish,
    /// It is published; its draft still lies there.
    RemoveDraft,
}

impl Proposal {
    /// What the next root changes in the one that is trusted now.
    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }
}

/// How many signatures there are, and how many it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Signatures {
    /// Valid ones.
    pub(crate) have: u64,
    /// The threshold.
    pub(crate) need: u64,
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
        /// Signatures by keys of the root before.
        old: Signatures,
        /// Signatures by its own keys.
        new: Signatures,
    },
}

impl Repository {
    /// Finds the next root: that of the draft; that of a rotation that was
    /// interrupted; or a new one, with a new expiry, and new keys for `replace`.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub(crate) fn propose(
        &self,
        replace: &[Replace],
        places: &Places<'_>,
        mut keys: Keyring,
    ) -> Result<Proposal, RepositoryError> {
        let lock = self.site.lock()?;
        let draft = places.draft.filter(|draft| draft.exists());
        let draft = draft.map(|draft| read_draft(draft, replace)).transpose()?;
        let Found {
            roles: before,
            unfinished,
        } = self.found()?;
        let trusted = &before.root.signed;
        let (next, left) = match (unfinished, draft) {
            (None, None) => {
                let next = self.next_root(trusted, replace, places, &mut keys)?;
                (next, Left::Sign)
            }
            (None, Some(next)) if next.signed == *trusted => (next, Left::RemoveDraft),
            (None, Some(next)) => (next, Left::Sign),
            (Some(root), draft) => {
                let other = draft.is_some_and(|draft| draft.signed != root.signed);
                let done = |keys: &Replace| keys.is_done(trusted, &root.signed);
                if other || !replace.iter().all(done) {
                    return Err(RepositoryError::Unfinished {
                        version: root.signed.version.get(),
                    });
                }
                // Those it made are where it put them.
                keys.read_if_there(&[places.offline, places.online])?;
                (root, Left::Publish)
            }
        };
        let changes = match left {
            Left::RemoveDraft => Vec::new(),
            Left::Sign | Left::Publish => difference(trusted, &next.signed)
                .map_err(|reason| invalid(places.draft.unwrap_or(self.site.root()), reason))?,
        };
        Ok(Proposal {
            before,
            next,
            changes,
            left,
            keys,
            draft: places.draft.map(Path::to_path_buf),
            _lock: lock,
        })
    }

    /// Signs the next root with the keys at hand; where that makes enough
    /// signatures, publishes it, and signs anew the files of roles whose keys
    /// changed.
    ///
    /// # Errors
    /// [`RepositoryError`]. Where keys are missing, the site is unchanged; where
    /// a file cannot be written, the same command finishes when it is run again.
    pub(crate) fn rotate(&self, proposal: Proposal) -> Result<Rotation, RepositoryError> {
        let Proposal {
            before,
            mut next,
            left,
            mut keys,
            draft,
            _lock,
            ..
        } = proposal;
        if left == Left::Sign {
            sign(&before.root.signed, &mut next, &keys)?;
            let old = count(&before.root.signed, &next);
            let new = count(&next.signed, &next);
            let complete = old.have >= old.need && new.have >= new.need;
            // What is signed is kept, should the keys of another role be elsewhere.
            if let Some(draft) = &draft {
                keys.save(draft, || write_draft(draft, &next))?;
            } else if !complete {
                return Err(too_few(&before.root.signed, &next.signed, old, new));
            }
            if !complete {
                let version = next.signed.version.get();
                return Ok(Rotation::Draft { version, old, new });
            }
        }
        if left != Left::RemoveDraft {
            let root = roles::path(&self.site, &roles::root_name(next.signed.version.get()));
            let files = self.root_files(before, next, &keys)?;
            keys.save(&root, || self.write_all(&files))?;
        }
        if let Some(draft) = draft.filter(|draft| draft.exists()) {
            std::fs::remove_file(&draft).map_err(|error| RepositoryError::Write(draft, error))?;
        }
        Ok(Rotation::Published)
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
        for directory in [places.offline, places.online] {
            self.keeps_private(directory)?;
        }
        for (role, id) in replaced(old, replace)? {
            let Some(named) = root.roles.get_mut(&role) else {
                continue;
            };
            named.keyids.retain(|kept| *kept != id);
            let threshold = named.threshold;
            let directory = match role {
                RoleType::Snapshot | RoleType::Timestamp => places.online,
                _ => places.offline,
            };
            add_key(&mut root, role, directory, threshold, keys)?;
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

    /// The root, and anew what its new keys must sign.
    pub(super) fn root_files(
        &self,
        before: Roles,
        next: Signed<Root>,
        keys: &Keyring,
    ) -> Result<Vec<SignedFile>, RepositoryError> {
        let of = |root: &Root, role| root.roles.get(&role).cloned();
        let changed = |role| of(&before.root.signed, role) != of(&next.signed, role);
        let targets = changed(RoleType::Targets);
        let online = targets || changed(RoleType::Snapshot) || changed(RoleType::Timestamp);
        let root = SignedFile {
            name: roles::root_name(next.signed.version.get()),
            bytes: roles::bytes(&next)?,
        };
        let roles = Roles {
            root: next,
            ..before
        };
        let next = Next::after(&roles);
        let mut files = if targets {
            self.targets_files(next, roles.targets.signed.clone(), keys)?
        } else if online {
            self.snapshot_files(next, roles.snapshot.signed.meta.clone(), keys)?
        } else {
            Vec::new()
        };
        files.insert(files.len().saturating_sub(1), root);
        Ok(files)
    }
}

/// The keys of `old` that `replace` names, each once: who names a role and one
/// of its keys must not get two keys in place of one.
fn replaced(old: &Root, replace: &[Replace]) -> Result<Vec<(RoleType, KeyId)>, RepositoryError> {
    let mut replaced = Vec::new();
    for wanted in replace {
        let found = wanted.among(old);
        if found.is_empty() {
            return Err(RepositoryError::Unfit {
                what: wanted.to_string(),
                reason:
                    "the root names no such key, or no longer; `repository status` prints its keys"
                        .into(),
            });
        }
        for key in found {
            if !replaced.contains(&key) {
                replaced.push(key);
            }
        }
    }
    Ok(replaced)
}

fn invalid(path: &Path, reason: String) -> RepositoryError {
    RepositoryError::Invalid {
        path: path.into(),
        reason,
    }
}

fn read_draft(draft: &Path, replace: &[Replace]) -> Result<Signed<Root>, RepositoryError> {
    if !replace.is_empty() {
        let reason = "it says already which keys are replaced; run this without `--replace`";
        return Err(invalid(draft, reason.into()));
    }
    let bytes = std::fs::read(draft).map_err(|error| RepositoryError::Read(draft.into(), error))?;
    serde_json::from_slice(&bytes).map_err(|error| invalid(draft, error.to_string()))
}

/// Signs `next` by every root key at hand, `old` ones and its own. What is not
/// a valid signature goes: a client may stumble over it, and it may stand where
/// one of these keys signs.
pub(super) fn sign(
    old: &Root,
    next: &mut Signed<Root>,
    keys: &Keyring,
) -> Result<(), RepositoryError> {
    let ids: Vec<KeyId> = root_ids(old)
        .union(&root_ids(&next.signed))
        .cloned()
        .collect();
    let made = roles::signatures(&next.signed, keys, &ids)?;
    let mut signed = BTreeSet::new();
    let mut kept = Vec::new();
    for signature in made
        .into_iter()
        .chain(next.signatures.drain(..).collect::<Vec<_>>())
    {
        let valid = is_valid(old, &next.signed, &signature)
            || is_valid(&next.signed, &next.signed, &signature);
        if valid && signed.insert(signature.keyid.clone()) {
            kept.push(signature);
        }
    }
    next.signatures = kept;
    Ok(())
}

/// Whether a root key of `by` made this signature over `root`.
fn is_valid(by: &Root, root: &Root, signature: &Signature) -> bool {
    let mut by_one = by.clone();
    if let Some(keys) = by_one.roles.get_mut(&RoleType::Root) {
        keys.threshold = NonZeroU64::MIN;
    }
    let alone = Signed {
        signed: root.clone(),
        signatures: vec![signature.clone()],
    };
    by_one.verify_role(&alone).is_ok()
}

/// Signatures on `next` by root keys of `by`.
fn count(by: &Root, next: &Signed<Root>) -> Signatures {
    let valid = |signature: &&Signature| is_valid(by, &next.signed, signature);
    Signatures {
        have: next.signatures.iter().filter(valid).count() as u64,
        need: (by.roles.get(&RoleType::Root)).map_or(0, |keys| keys.threshold.get()),
    }
}

/// Signatures are missing, and there is no draft to leave them in.
fn too_few(before: &Root, next: &Root, old: Signatures, new: Signatures) -> RepositoryError {
    let ids = &root_ids(before) | &root_ids(next);
    RepositoryError::Keys {
        role: "root".into(),
        needed: old.need.max(new.need),
        found: old.have.min(new.have),
        keys: ids.iter().map(short).collect::<Vec<_>>().join(", "),
    }
}

/// Through a rename: the signatures of others are in it.
fn write_draft(draft: &Path, next: &Signed<Root>) -> Result<(), RepositoryError> {
    crate::site::write_file(draft, &roles::bytes(next)?)
        .map_err(|error| RepositoryError::Write(draft.into(), error))
}

fn root_ids(root: &Root) -> BTreeSet<KeyId> {
    (root.roles.get(&RoleType::Root))
        .map(|keys| keys.keyids.iter().cloned().collect())
        .unwrap_or_default()
}
