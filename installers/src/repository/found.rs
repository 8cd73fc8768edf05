//! What a site holds: its repository, and whether a rotation of its keys is
//! under way.

use tough::schema::{Root, Signed};

use super::RepositoryError;
use super::chain::Chain;
use super::roles::Roles;
use crate::site::Site;

/// What a site holds.
#[derive(Debug)]
pub(super) struct Found {
    /// Its repository; without [`Self::unfinished`].
    pub(super) roles: Roles,
    /// A newer root, where it was written and what its keys must sign was not.
    pub(super) unfinished: Option<Signed<Root>>,
}

impl Found {
    /// Reads and verifies what the site holds, by the newest root of `chain`.
    pub(super) fn read(site: &Site, chain: Chain) -> Result<Self, RepositoryError> {
        let (newest, before) = chain.into_newest();
        let (roles, unfinished) = match Roles::of(newest.clone(), site) {
            Ok(roles) => (roles, None),
            // What the root before does not accept either is damaged.
            Err(error) => match before.map(|root| Roles::of(root, site)) {
                Some(Ok(roles)) => (roles, Some(newest)),
                Some(Err(_)) | None => return Err(error),
            },
        };
        Ok(Self { roles, unfinished })
    }

    /// The repository, unless a rotation of its keys is not finished.
    pub(super) fn finished(self) -> Result<Roles, RepositoryError> {
        match self.unfinished {
            None => Ok(self.roles),
            Some(root) => Err(RepositoryError::Unfinished {
                version: root.signed.version.get(),
            }),
        }
    }
}
