//! The executable: what it needs of a system, and what it says about itself.

use std::io::Read as _;

use object::{Object as _, ObjectSection as _};
use serde::Deserialize;
use serde_json::Value;

use super::{Checker, elf, macho};
use crate::facts::{System, Target};
use crate::identity;
use crate::site::Artifact;

/// Section in which `cargo auditable` lists the dependencies.
const AUDITABLE: &str = ".dep-v0";
/// That list is never larger than this.
const LIST_LIMIT: u64 = 8 * 1024 * 1024;

impl Checker<'_> {
    pub(super) fn executable(&mut self, archive: &Artifact, bytes: &[u8], target: &Target) {
        let file = archive.path.as_str();
        match &target.system {
            System::LinuxGnu { glibc: Some(most) } => match elf::newest_glibc(bytes) {
                Ok(Some(needed)) if elf::version(&needed) > elf::version(most) => {
                    let problem = format!("needs {needed}, dist-workspace.toml promises {most}");
                    self.find(file, "glibc", problem);
                }
                Ok(_) => {}
                Err(error) => self.find(file, "executable", error),
            },
            System::MacOs {
                version: Some(stated),
            } => match macho::oldest_macos(bytes) {
                Ok(found) => self.equal(
                    file,
                    "deployment target",
                    found.as_deref(),
                    stated,
                    "release.toml",
                ),
                Err(error) => self.find(file, "executable", error),
            },
            _ => {}
        }
        self.auditable(file, bytes);
        if self.host == target.triple {
            self.run(file, bytes, target);
        }
    }

    /// The list of dependencies is inside, and names this version.
    fn auditable(&mut self, file: &str, bytes: &[u8]) {
        let package = &self.facts.package;
        let list = dependencies(bytes).unwrap_or_default();
        let own = list.iter().find(|own| own.name == package.name);
        let version = own.map(|own| own.version.as_str());
        let field = format!("dependency list ({AUDITABLE}) {}", package.name);
        self.equal(file, &field, version, &package.version, "Cargo.toml");
    }

    /// Runs the executable and compares what it says.
    fn run(&mut self, file: &str, bytes: &[u8], target: &Target) {
        let command = self.facts.release.binary.version.join(" ");
        let said = match identity::ask(self.facts, bytes) {
            Ok(said) => said,
            Err(error) => return self.find(file, &command, error),
        };
        let text = |name: &str| said.get(name).and_then(Value::as_str);
        let field = |name: &str| format!("{command} {name}");
        let version = text("version");
        self.equal(
            file,
            &field("version"),
            version,
            &self.facts.package.version,
            "Cargo.toml",
        );
        self.equal(
            file,
            &field("target"),
            text("target"),
            &target.triple,
            "dist-workspace.toml",
        );
        if let Some(commit) = &self.release.commit {
            self.equal(file, &field("commit"), text("commit"), commit, "site.json");
        }
        self.root_of_trust(
            file,
            &field("update_root_sha256"),
            text("update_root_sha256"),
        );
        for (source, stated) in [
            ("release.toml", self.facts.schema()),
            ("site.json", self.release.schema.clone()),
        ] {
            let found = said.get("schema");
            if found != stated.as_ref() {
                let shown = |value: Option<&Value>| {
                    value.map_or_else(|| "missing".to_owned(), ToString::to_string)
                };
                let problem = format!(
                    "is {}, {source} says {}",
                    shown(found),
                    shown(stated.as_ref())
                );
                self.find(file, &field("schema"), problem);
            }
        }
    }

    /// An executable with another root than the pinned one could be updated by
    /// strangers, one with none never.
    fn root_of_trust(&mut self, file: &str, field: &str, found: Option<&str>) {
        if self.facts.release.repository.is_none() {
            return;
        }
        let settings = match crate::repository::Settings::of(self.facts) {
            Ok(settings) => settings,
            Err(error) => return self.find("release.toml", "repository", error.to_string()),
        };
        match settings.root_sha256 {
            Some(pinned) => self.equal(file, field, found, &pinned, "release.toml"),
            None if self.leniency.partial => {}
            None => self.find(
                "release.toml",
                "repository.root-sha256",
                "missing: this release could never update itself (--partial accepts that)",
            ),
        }
    }
}

/// A package, as an executable and a bill of materials list it.
#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) version: String,
}

/// The packages that an executable says it was made from.
pub(super) fn dependencies(executable: &[u8]) -> Option<Vec<Listed>> {
    #[derive(Deserialize)]
    struct List {
        packages: Vec<Listed>,
    }
    let object = object::File::parse(executable).ok()?;
    let zlib = flate2::read::ZlibDecoder::new(object.section_by_name(AUDITABLE)?.data().ok()?);
    let mut text = Vec::new();
    zlib.take(LIST_LIMIT).read_to_end(&mut text).ok()?;
    let list: List = serde_json::from_slice(&text).ok()?;
    Some(list.packages)
}
