//! The shell installer: it must know the digest of each archive, and nothing else.

use super::Checker;
use crate::shell;
use crate::site::Kind;

impl Checker<'_> {
    pub(super) fn installer(&mut self) {
        let name = format!("{}-installer.sh", self.facts.package.name);
        let generated = self.load(Kind::GeneratedInstaller, &name, None);
        let Some((door, bytes)) = self.load(Kind::Installer, "install.sh", None) else {
            return;
        };
        let script = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((_, bytes)) = generated {
            let inside = shell::generated(&script).map(str::as_bytes);
            if inside != Some(bytes.as_slice()) {
                let problem = format!("the part dist generated differs from {name}");
                self.find(&door.path, "contents", problem);
            }
        }
        let version = script
            .lines()
            .find_map(|line| line.trim().strip_prefix("APP_VERSION="))
            .map(|value| value.trim_matches('"'));
        self.equal(
            &door.path,
            "APP_VERSION",
            version,
            &self.facts.package.version,
            "Cargo.toml",
        );
        for artifact in self.release.artifacts.clone() {
            if artifact.kind != Kind::Archive {
                continue;
            }
            let Ok(bytes) = self.site.read(&artifact.path) else {
                continue;
            };
            let digest = crate::site::sha256_hex(&bytes);
            if !shell::verifies(&script, artifact.file_name(), &digest) {
                let field = format!("sha256 of {}", artifact.file_name());
                self.find(&door.path, &field, format!("is not {digest}"));
            }
        }
    }
}
