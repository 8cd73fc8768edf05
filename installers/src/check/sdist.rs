//! The source distribution.

use super::archive::Found;
use super::{Checker, Members};
use crate::build::Member;
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
        let found = |member: Found| (member.path, (member.bytes, member.mode));
        let members: Members = members.into_iter().map(found).collect();
        match python.sdist_added() {
            Ok(added) => {
                self.packed(file, &members, &added);
                self.sources(file, &members, &added);
            }
            Err(error) => self.find(file, "contents", error.to_string()),
        }
    }

    /// What was not `added` to the crate is the project's own, but for the files
    /// that cargo writes.
    fn sources(&mut self, file: &str, members: &Members, added: &[Member]) {
        let (package, root) = (&self.facts.package, &self.facts.root);
        for (path, (bytes, _)) in members {
            let own = match path.as_str() {
                "Cargo.toml" | "Cargo.lock" | ".cargo_vcs_info.json" => continue,
                path if added.iter().any(|member| member.path == path) => continue,
                "Cargo.toml.orig" => package.folder.join("Cargo.toml"),
                path if package.readme.ends_with(path) => package.readme.clone(),
                path if package.folder.join(path).is_file() => package.folder.join(path),
                path => root.join(path),
            };
            if std::fs::read(own).ok().as_ref() != Some(bytes) {
                self.find(file, path, "differs from the project's own");
            }
        }
    }
}
