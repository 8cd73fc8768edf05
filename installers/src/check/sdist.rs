//! The source distribution.

use super::Checker;
use crate::python::Door;
use crate::site::Kind;

impl Checker<'_> {
    pub(super) fn sdist(&mut self, python: Door<'_>) {
        let name = python.sdist_name();
        let Some((artifact, bytes)) = self.load(Kind::Sdist, &name, None) else {
            return;
        };
        let file = artifact.path.as_str();
        self.equal(
            file,
            "file name",
            Some(artifact.file_name()),
            &name,
            "Cargo.toml",
        );
        let members = self.members(file, &bytes, &python.file_stem());
        let text = |path: &str| {
            let member = members.iter().find(|member| member.path == path)?;
            Some(String::from_utf8_lossy(&member.bytes).into_owned())
        };
        let metadata = text("PKG-INFO").unwrap_or_default();
        self.core_metadata(python, file, "PKG-INFO", &metadata);
        let manifest: Option<toml::Table> =
            text("Cargo.toml").and_then(|text| toml::from_str(&text).ok());
        let version = manifest
            .as_ref()
            .and_then(|table| table.get("package")?.get("version")?.as_str());
        self.equal(
            file,
            "Cargo.toml version",
            version,
            &self.facts.package.version,
            "Cargo.toml",
        );
        for license in &self.facts.release.archive.licenses {
            if text(license).is_none() {
                self.find(file, license, "licence missing");
            }
        }
        for path in ["pyproject.toml", "Cargo.lock"] {
            if text(path).is_none() {
                self.find(file, path, "missing");
            }
        }
    }
}
