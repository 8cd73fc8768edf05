//! dist's manifests: the whole release's and each platform's.

use serde_json::Value;

use super::Checker;
use crate::site::{Kind, sha256_hex};

impl Checker<'_> {
    pub(super) fn manifests(&mut self) {
        if let Some((artifact, bytes)) = self.load(Kind::DistManifest, "dist-manifest.json", None) {
            self.manifest(&artifact.path, &bytes, None);
        }
        for target in self.facts.targets() {
            let name = format!("{}-dist-manifest.json", target.triple);
            if let Some((artifact, bytes)) = self.load(Kind::TargetManifest, &name, Some(&target)) {
                self.manifest(&artifact.path, &bytes, Some(&target.triple));
            }
        }
    }

    /// Judges the manifest of one `platform`, or else the whole release's.
    fn manifest(&mut self, file: &str, bytes: &[u8], platform: Option<&str>) {
        let manifest: Value = match serde_json::from_slice(bytes) {
            Ok(manifest) => manifest,
            Err(error) => return self.find(file, "JSON", error.to_string()),
        };
        let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str);
        let tag = text("/announcement_tag");
        self.equal(
            file,
            "announcement_tag",
            tag,
            &self.facts.tag(),
            "Cargo.toml",
        );
        self.equal(
            file,
            "releases[0].app_version",
            text("/releases/0/app_version"),
            &self.facts.package.version,
            "Cargo.toml",
        );
        self.equal(
            file,
            "dist_version",
            text("/dist_version"),
            &self.facts.dist.version,
            "dist-workspace.toml",
        );
        for archive in self.release.artifacts.clone() {
            let meant = platform.is_none() || platform == archive.target.as_deref();
            if archive.kind != Kind::Archive || !meant {
                continue;
            }
            let own = manifest.get("artifacts");
            let stated = own
                .and_then(|all| all.get(archive.file_name())?.pointer("/checksums/sha256"))
                .and_then(Value::as_str);
            if let Ok(bytes) = self.site.read(&archive.path) {
                let field = format!("artifacts.{}.checksums.sha256", archive.file_name());
                self.equal(file, &field, stated, &sha256_hex(&bytes), "the archive");
            }
        }
    }
}
