//! The update repository: verified as a client would, and not about to expire.

use super::Checker;
use crate::repository::{Repository, RoleStatus, Settings};

impl Checker<'_> {
    /// A site without `metadata/` has no update repository yet.
    pub(super) fn update_repository(&mut self, progress: &dyn Fn(&str)) {
        if !self.site.path("metadata").exists() {
            return;
        }
        progress("update repository: signatures, versions, expiry");
        let status = Settings::of(self.facts)
            .and_then(|settings| Repository::new(self.site.clone(), settings).status());
        match status {
            Ok(status) => {
                for role in &status.roles {
                    self.expiry(role, progress);
                }
            }
            Err(error) => self.find("metadata", "signatures", error.to_string()),
        }
    }

    fn expiry(&mut self, role: &RoleStatus, progress: &dyn Fn(&str)) {
        let file = format!("metadata: {}", role.role);
        if role.is_expired() {
            self.find(
                &file,
                "expires",
                format!("{}: clients refuse it", role.expires),
            );
        } else {
            let near = if role.is_near() { "; renew it" } else { "" };
            let days = role.days_left;
            progress(&format!(
                "update repository: {} lasts {days} days{near}",
                role.role
            ));
        }
    }
}
