//! What one root changes in the one before, for those who are to sign it.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp as Time;
use tough::schema::{RoleType, Root};

use super::keys::{KeyId, hex};
use super::roles;

/// One thing that a root changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// A key may sign for a role from now on.
    Added(RoleType, KeyId),
    /// A key may no longer sign for a role.
    Removed(RoleType, KeyId),
    /// A role needs another number of signatures: before and now.
    Threshold(RoleType, u64, u64),
    /// The root expires at another time: before and now.
    Expiry(Time, Time),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // In full: the beginning of an id can be had by trying.
            Self::Added(role, id) => write!(f, "{role}: key {} is added", hex(id)),
            Self::Removed(role, id) => write!(f, "{role}: key {} is removed", hex(id)),
            Self::Threshold(role, before, now) => {
                write!(f, "{role}: {now} signatures are needed, not {before}")
            }
            Self::Expiry(before, now) => write!(f, "root: expires {now}, not {before}"),
        }
    }
}

/// What `next` changes in `old`: role by role, the expiry last.
///
/// # Errors
/// In words, why `next` cannot follow `old`: its version, or it changes what
/// cannot be shown here and so would be signed unseen.
pub(super) fn difference(old: &Root, next: &Root) -> Result<Vec<Change>, String> {
    let expected = roles::next(old.version);
    if next.version != expected {
        return Err(format!(
            "it is root {}, the next one is {expected}",
            next.version
        ));
    }
    let mut changes = Vec::new();
    let mut shown = old.clone();
    (shown.version, shown.expires) = (next.version, next.expires);
    shown.keys.clone_from(&next.keys);
    for role in [
        RoleType::Root,
        RoleType::Targets,
        RoleType::Snapshot,
        RoleType::Timestamp,
    ] {
        let (Some(before), Some(now)) = (shown.roles.get_mut(&role), next.roles.get(&role)) else {
            return Err(format!("it names no {role} keys"));
        };
        let ids = |ids: &[KeyId]| ids.iter().cloned().collect::<BTreeSet<_>>();
        let (had, has) = (ids(&before.keyids), ids(&now.keyids));
        changes.extend(
            had.difference(&has)
                .map(|id| Change::Removed(role, id.clone())),
        );
        changes.extend(
            has.difference(&had)
                .map(|id| Change::Added(role, id.clone())),
        );
        if before.threshold != now.threshold {
            let (before, now) = (before.threshold.get(), now.threshold.get());
            changes.push(Change::Threshold(role, before, now));
        }
        (before.threshold, before.keyids) = (now.threshold, now.keyids.clone());
    }
    if shown != *next {
        return Err("it changes more than keys, thresholds and expiry".into());
    }
    if old.expires != next.expires {
        changes.push(Change::Expiry(old.expires, next.expires));
    }
    Ok(changes)
}
