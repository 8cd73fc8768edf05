//! The repository of one site, and what state it is in.

use super::chain::Chain;
use super::found::Found;
use super::roles::{self, Roles};
use super::{RepositoryError, Settings};
use crate::site::Site;

/// The update repository of one site.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(super) site: Site,
    pub(super) settings: Settings,
}

/// How far making a repository got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstStep {
    /// There is no root.
    ToTake,
    /// There is one, and of the other first files not yet the last.
    Taken,
    /// There is a repository, or what is left of one: its first files were
    /// followed by others.
    Past,
}

impl Repository {
    /// The repository on `site`, which need not exist yet.
    pub(crate) fn new(site: Site, settings: Settings) -> Self {
        Self { site, settings }
    }

    /// How far making it got. A root is pinned when that has ended: what is missing
    /// then was taken away, by whoever can change the site.
    pub(super) fn first_step(&self) -> Result<FirstStep, RepositoryError> {
        let mut names = roles::names(&self.site)?;
        // What a write leaves that was interrupted is no file yet.
        names.retain(|name| !(name.starts_with('.') && name.ends_with(".new")));
        // All that is written before `timestamp.json`.
        let first = ["1.root.json", "1.targets.json", "1.snapshot.json"];
        let begun = names.contains(first[0]) && names.iter().all(|name| first.contains(&&**name));
        Ok(if names.is_empty() {
            FirstStep::ToTake
        } else if begun && self.settings.root_sha256.is_none() {
            FirstStep::Taken
        } else {
            FirstStep::Past
        })
    }

    /// The roots on the site: from the one that `release.toml` pins, each
    /// verified by the one before.
    pub(super) fn chain(&self) -> Result<Chain, RepositoryError> {
        Chain::read(&self.site, self.settings.root_sha256.as_deref())
    }

    /// What the site holds, whose rotation of keys may not be finished.
    pub(super) fn found(&self) -> Result<Found, RepositoryError> {
        if self.first_step()? == FirstStep::Taken {
            return Err(RepositoryError::Begun(self.site.root().to_path_buf()));
        }
        Found::read(&self.site, self.chain()?)
    }

    /// What the site holds.
    pub(super) fn roles(&self) -> Result<Roles, RepositoryError> {
        self.found()?.finished()
    }
}
