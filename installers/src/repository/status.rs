//! How long the repository stays valid: a job that silently stops refreshing
//! it would freeze every client.

use jiff::Timestamp as Time;
use serde::Serialize;
use tough::schema::{Role, RoleType, Root, Signed};

use super::RepositoryError;
use super::change::Repository;
use super::keys::short;
use super::roles::Roles;

/// Days left from which on a role is warned about.
const WARN_DAYS: i64 = 30;

/// The newest file of one role.
#[derive(Debug, Serialize)]
pub(crate) struct RoleStatus {
    /// `root`, `targets`, `snapshot` or `timestamp`.
    pub(crate) role: String,
    /// Its version.
    pub(crate) version: u64,
    /// When it expires: RFC 3339, UTC.
    pub(crate) expires: String,
    /// Whole days until then; negative when it has expired.
    pub(crate) days_left: i64,
    /// How many keys must sign it.
    pub(crate) threshold: u64,
    /// Ids of its keys, shortened.
    pub(crate) keys: Vec<String>,
}

impl RoleStatus {
    /// Whether it expires soon.
    pub(crate) fn is_near(&self) -> bool {
        self.days_left <= WARN_DAYS
    }

    /// Whether clients refuse it already.
    pub(crate) fn is_expired(&self) -> bool {
        self.days_left < 0
    }
}

/// All of it.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    /// Layout of this value in `--json`: 1.
    pub(crate) format: u32,
    /// The roles: root, targets, snapshot, timestamp.
    pub(crate) roles: Vec<RoleStatus>,
    /// Names of the targets.
    pub(crate) targets: Vec<String>,
}

impl Repository {
    /// Verifies every role's newest file and says how long it lasts.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub(crate) fn status(&self) -> Result<Status, RepositoryError> {
        let roles = Roles::read(&self.site)?;
        let root = &roles.root.signed;
        let mut targets: Vec<String> = roles
            .targets
            .signed
            .targets
            .keys()
            .map(|name| name.raw().to_owned())
            .collect();
        targets.sort();
        Ok(Status {
            format: 1,
            roles: vec![
                role(root, &roles.root),
                role(root, &roles.targets),
                role(root, &roles.snapshot),
                role(root, &roles.timestamp),
            ],
            targets,
        })
    }
}

fn role<T: Role>(root: &Root, signed: &Signed<T>) -> RoleStatus {
    let expires = signed.signed.expires();
    let seconds = expires.as_second() - Time::now().as_second();
    let named: RoleType = T::TYPE;
    let keys = root.roles.get(&named);
    RoleStatus {
        role: named.to_string(),
        version: signed.signed.version().get(),
        expires: expires.to_string(),
        days_left: seconds.div_euclid(86_400),
        threshold: keys.map_or(0, |keys| keys.threshold.get()),
        keys: keys
            .map(|keys| keys.keyids.iter().map(short).collect())
            .unwrap_or_default(),
    }
}
