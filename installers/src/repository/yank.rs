//! Withdrawing a version.

use serde_json::Value;

use super::RepositoryError;
use super::keys::Keyring;
use super::sign::Next;
use super::state::Repository;

impl Repository {
    /// Marks every archive of `version` as withdrawn, or no longer so.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub(crate) fn yank(
        &self,
        version: &str,
        reason: Option<&str>,
        undo: bool,
        keys: &Keyring,
    ) -> Result<Vec<String>, RepositoryError> {
        let unfit = |reason: &str| RepositoryError::Unfit {
            what: version.into(),
            reason: reason.into(),
        };
        let unsaid = |text: &str| text.trim().is_empty() || text.chars().any(char::is_control);
        if reason.is_some_and(unsaid) {
            return Err(unfit("the reason must be one line, and not an empty one"));
        }
        let _lock = self.site.lock()?;
        let roles = self.roles()?;
        let mut targets = roles.targets.signed.clone();
        let mut names = Vec::new();
        for (name, target) in &mut targets.targets {
            let custom = &mut target.custom;
            if custom.get("version").and_then(Value::as_str) != Some(version) {
                continue;
            }
            custom.insert("yanked".into(), (!undo).into());
            match reason.filter(|_| !undo) {
                Some(reason) => custom.insert("yanked_reason".into(), reason.into()),
                None => custom.remove("yanked_reason"),
            };
            names.push(name.raw().to_owned());
        }
        if names.is_empty() {
            return Err(unfit("no archive of this version is in the repository"));
        }
        names.sort();
        self.write_all(&self.targets_files(Next::after(&roles), targets, keys)?)?;
        Ok(names)
    }
}
