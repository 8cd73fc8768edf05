//! The update repository: verified as a client would, and not about to expire.

use std::collections::BTreeMap;

use super::Checker;
use crate::repository::{Repository, RoleStatus, Settings, target_name};
use crate::site::Kind;

impl Checker<'_> {
    /// A site without `metadata/` has no update repository yet, unless a root is
    /// pinned: those who trust that root would be updated no more.
    pub(super) fn update_repository(&mut self, progress: &dyn Fn(&str)) {
        let settings = Settings::of(self.facts);
        if !self.site.path("metadata").exists() {
            let pinned = settings.is_ok_and(|settings| settings.root_sha256.is_some());
            if pinned && !self.leniency.partial {
                let problem = "missing, release.toml pins its root (--partial accepts that)";
                self.find("metadata", "file", problem);
            }
            return;
        }
        progress("update repository: signatures, versions, expiry");
        let status =
            settings.and_then(|settings| Repository::new(self.site.clone(), settings).status());
        match status {
            Ok(status) => {
                self.signed(&status.digests);
                for role in &status.roles {
                    self.expiry(role, progress);
                }
                for damaged in status.damaged {
                    self.find(&damaged.path, "file", damaged.problem);
                }
            }
            Err(error) => self.find("metadata", "signatures", error.to_string()),
        }
    }

    /// What was signed of this release, if anything was, is what `site.json` says.
    fn signed(&mut self, digests: &BTreeMap<String, String>) {
        let archives = self.release.artifacts.iter();
        let archives = archives.filter(|artifact| artifact.kind == Kind::Archive);
        for archive in archives {
            let target = archive.target.as_deref().unwrap_or_default();
            let name = target_name(self.facts, &self.release.version, target);
            if let Some(signed) = digests.get(&name) {
                let file = format!("metadata: targets: {name}");
                self.equal(&file, "sha256", Some(signed), &archive.sha256, "site.json");
            }
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
