//! Which keys are to be replaced.

use tough::schema::{RoleType, Root};

use super::keys::{KeyId, hex};

/// A key, or all keys of a role, to be replaced by new ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Replace {
    /// All keys of the role: `timestamp`.
    Role(RoleType),
    /// One key, by the beginning of its id.
    Key(String),
}

impl Replace {
    fn is(&self, role: RoleType, id: &KeyId) -> bool {
        match self {
            Self::Role(replaced) => *replaced == role,
            Self::Key(prefix) => hex(id).starts_with(prefix.as_str()),
        }
    }

    /// The keys of `root` that are to be replaced, by role.
    pub(super) fn among(&self, root: &Root) -> Vec<(RoleType, KeyId)> {
        (root.roles.iter())
            .flat_map(|(role, keys)| keys.keyids.iter().map(|id| (*role, id.clone())))
            .filter(|(role, id)| self.is(*role, id))
            .collect()
    }

    /// Whether `next`, which follows `root`, has replaced them.
    pub(super) fn is_done(&self, root: &Root, next: &Root) -> bool {
        let replaced = self.among(root);
        let names = |(role, id): &(RoleType, KeyId)| {
            (next.roles.get(role)).is_some_and(|keys| keys.keyids.contains(id))
        };
        !replaced.is_empty() && !replaced.iter().any(names)
    }
}

/// As it is typed.
impl std::fmt::Display for Replace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Role(role) => write!(f, "{role}"),
            Self::Key(prefix) => write!(f, "key {prefix}"),
        }
    }
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
