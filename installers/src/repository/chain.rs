//! The roots on a site, each verified by the one before it and by itself (TUF,
//! 5.3). Whoever can write to the site could put a root there that nothing but
//! its own keys sign; what keys sign here must not follow from such a one.

use tough::schema::{Root, Signed};

use super::RepositoryError;
use super::roles::{self, METADATA};
use crate::site::{Site, sha256_hex};

/// All roots of a site.
#[derive(Debug)]
pub(super) struct Chain {
    /// Digests of the files, oldest first.
    digests: Vec<String>,
    newest: Signed<Root>,
    before: Option<Signed<Root>>,
}

impl Chain {
    /// Reads and verifies the roots. One of them must have the digest `pinned`;
    /// where none is pinned yet, the first is believed.
    ///
    /// # Errors
    /// [`RepositoryError::Missing`] where there is none,
    /// [`RepositoryError::Invalid`], and whatever bars one of them from being
    /// read: a chain that ended there would have a second root of that version.
    pub(super) fn read(site: &Site, pinned: Option<&str>) -> Result<Self, RepositoryError> {
        let (mut digests, mut newest, mut before) = (Vec::new(), None, None);
        let names = roles::names(site)?;
        let newest_version = names.iter().filter_map(|name| roles::root_version(name));
        for version in 1..=newest_version.max().unwrap_or(0) {
            let name = roles::root_name(version);
            let bytes = site.read(&format!("{METADATA}/{name}"))?;
            let root: Signed<Root> = roles::parse(site, &name, &bytes)?;
            let invalid = |reason: String| roles::invalid(site, &name, &reason);
            if root.signed.version.get() != version {
                return Err(invalid(format!("it is root {}", root.signed.version)));
            }
            for (signer, by) in [
                (newest.as_ref(), "the root before"),
                (Some(&root), "itself"),
            ] {
                let verified = signer.map(|by: &Signed<Root>| by.signed.verify_role(&root));
                if let Some(Err(error)) = verified {
                    return Err(invalid(format!("not signed by {by}: {error}")));
                }
            }
            digests.push(sha256_hex(&bytes));
            before = newest.replace(root);
        }
        let newest = newest.ok_or_else(|| RepositoryError::Missing(site.root().to_path_buf()))?;
        let chain = Self {
            digests,
            newest,
            before,
        };
        match pinned {
            Some(pinned) if !chain.has(pinned) => Err(RepositoryError::Invalid {
                path: site.path(METADATA),
                reason: format!("none of its roots is the one that release.toml pins ({pinned})"),
            }),
            _ => Ok(chain),
        }
    }

    /// The newest root, and the one before it.
    pub(super) fn into_newest(self) -> (Signed<Root>, Option<Signed<Root>>) {
        (self.newest, self.before)
    }

    /// Whether a root has the digest `sha256`.
    pub(super) fn has(&self, sha256: &str) -> bool {
        self.digests.iter().any(|digest| digest == sha256)
    }
}
