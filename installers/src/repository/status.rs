//! How long the repository stays valid: a job that silently stops refreshing
//! it would freeze every client.

use std::collections::BTreeMap;

use jiff::Timestamp as Time;
use serde::Serialize;
use tough::schema::{Role, RoleType, Root, Signed};

use super::RepositoryError;
use super::keys::{hex, short};
use super::roles::{Roles, TARGETS};
use super::state::Repository;
use crate::site::sha256_hex;

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
    /// Whether `release.toml` pins a root that all of this follows from. Else
    /// the site is believed.
    pub(crate) pinned: bool,
    /// Names of the targets.
    pub(crate) targets: Vec<String>,
    /// The digest of each, as it was signed.
    #[serde(skip)]
    pub(crate) digests: BTreeMap<String, String>,
    /// Targets whose file is not the one that was signed.
    pub(crate) damaged: Vec<Damaged>,
}

impl Status {
    /// Whether clients refuse some of it, or soon will.
    pub(crate) fn is_ailing(&self) -> bool {
        self.roles.iter().any(RoleStatus::is_near) || !self.damaged.is_empty()
    }

    /// Whether clients refuse some of it.
    pub(crate) fn is_refused(&self) -> bool {
        self.roles.iter().any(RoleStatus::is_expired) || !self.damaged.is_empty()
    }
}

/// A file below `targets/` that clients refuse.
#[derive(Debug, Serialize)]
pub(crate) struct Damaged {
    /// The file, below the site.
    pub(crate) path: String,
    /// What is wrong with it.
    pub(crate) problem: String,
}

impl Repository {
    /// Verifies every role's newest file and says how long it lasts.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub(crate) fn status(&self) -> Result<Status, RepositoryError> {
        let roles = self.roles()?;
        let root = &roles.root.signed;
        let targets = roles.targets.signed.targets.iter();
        let digests: BTreeMap<String, String> = targets
            .map(|(name, target)| (name.raw().to_owned(), hex(&target.hashes.sha256)))
            .collect();
        Ok(Status {
            format: 1,
            pinned: self.settings.root_sha256.is_some(),
            roles: vec![
                role(root, &roles.root),
                role(root, &roles.targets),
                role(root, &roles.snapshot),
                role(root, &roles.timestamp),
            ],
            targets: digests.keys().cloned().collect(),
            digests,
            damaged: self.damaged(&roles),
        })
    }

    fn damaged(&self, roles: &Roles) -> Vec<Damaged> {
        let mut damaged = Vec::new();
        for (name, target) in &roles.targets.signed.targets {
            let signed = hex(&target.hashes.sha256);
            let path = format!("{TARGETS}/{signed}.{}", name.raw());
            let problem = match self.site.read(&path) {
                Ok(bytes) if sha256_hex(&bytes) != signed => "not the file that was signed",
                Ok(bytes) if bytes.len() as u64 != target.length => "not as long as was signed",
                Ok(_) => continue,
                Err(_) => "cannot be read",
            };
            let problem = problem.to_owned();
            damaged.push(Damaged { path, problem });
        }
        damaged.sort_by(|a, b| a.path.cmp(&b.path));
        damaged
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
