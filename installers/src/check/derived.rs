//! What follows from other files is made again and compared, and what belongs to
//! nothing is found.

use super::{Checker, Finding, Members};
use crate::build::{self, BuildError, Member};
use crate::facts::Homebrew;
use crate::python::Door;
use crate::site::{Kind, sha256_hex};

impl Checker<'_> {
    /// Notes the first line in which `file` is not what `source` makes of it,
    /// unless something more telling was found in it.
    pub(super) fn follows(&mut self, file: &str, expected: &[u8], source: &str) {
        self.followed.insert(file.to_owned());
        if self.told(file) {
            return;
        }
        let Ok(found) = self.site.read(file) else {
            return self.find(file, "file", "missing");
        };
        if found == expected {
            return;
        }
        let (found, expected) = (
            String::from_utf8_lossy(&found).into_owned(),
            String::from_utf8_lossy(expected).into_owned(),
        );
        // Not `lines`: how a line ends counts, and whether the last one does.
        let (mut is, mut should) = (found.split('\n'), expected.split('\n'));
        for number in 1_usize.. {
            let (is, should) = (is.next(), should.next());
            if is == should && is.is_some() {
                continue;
            }
            let shown = |line: Option<&str>| {
                let line = line.map(|line| {
                    let shown = line.trim_start().chars().take(200).collect::<String>();
                    shown.replace('\r', "\\r")
                });
                line.map_or_else(|| "nothing".to_owned(), |line| format!("`{line}`"))
            };
            let problem = format!("is {}, {source} make it {}", shown(is), shown(should));
            self.find(file, &format!("line {number}"), problem);
            return;
        }
    }

    /// Whether more was found in `file` than that it is another one.
    fn told(&self, file: &str) -> bool {
        let telling = |finding: &Finding| {
            finding.file == file && !["sha256", "bytes"].contains(&finding.field.as_str())
        };
        self.findings.iter().any(telling)
    }

    /// Notes each of the `expected` members that is not among those `found` in
    /// `file` as `build` packs it, unless something more telling was found.
    pub(super) fn packed(&mut self, file: &str, found: &Members, expected: &[Member]) {
        if self.told(file) {
            return;
        }
        for member in expected {
            let problem = match found.get(&member.path) {
                None => "missing",
                Some((bytes, mode)) if *bytes == member.bytes && *mode == member.mode() => continue,
                Some(_) => "is not what `build` packs",
            };
            self.find(file, &member.path, problem);
        }
    }

    /// The front door is that of the release's archives and settings.
    pub(super) fn front_door(&mut self) {
        let script = self.bytes_of(Kind::GeneratedInstaller);
        let made = script.map(|script| {
            let script = String::from_utf8_lossy(&script);
            build::front_door(self.facts, &script, &self.release.artifacts)
        });
        self.composed(Kind::Installer, made);
    }

    /// The formula is that of the release's archives and settings.
    pub(super) fn formula_text(&mut self, door: &Homebrew) {
        let manifest = self.bytes_of(Kind::DistManifest);
        let made = manifest.map(|manifest| {
            let artifacts = &self.release.artifacts;
            build::formula(self.facts, door, artifacts, &manifest)
        });
        self.composed(Kind::Formula, made);
    }

    /// The release's file of `kind` is the text that was `made` again. What that
    /// takes or the file itself may be missing: a finding elsewhere.
    fn composed(&mut self, kind: Kind, made: Option<Result<String, BuildError>>) {
        let (Some(artifact), Some(made)) = (self.one(kind, None), made) else {
            return;
        };
        match made {
            Ok(text) => {
                let source = "site.json, release.toml and dist-workspace.toml";
                self.follows(&artifact.path, text.as_bytes(), source);
            }
            Err(error) => self.find(&artifact.path, "contents", error.to_string()),
        }
    }

    fn bytes_of(&self, kind: Kind) -> Option<Vec<u8>> {
        self.site.read(&self.one(kind, None)?.path).ok()
    }

    /// The small files beside archives and packages.
    pub(super) fn companions(&mut self) {
        for artifact in self.release.artifacts.clone() {
            let (name, expected) = match artifact.kind {
                Kind::Archive => {
                    let bytes = self.site.read(&artifact.path).unwrap_or_default();
                    let line = format!("{} *{}\n", sha256_hex(&bytes), artifact.file_name());
                    (format!("{}.sha256", artifact.path), line)
                }
                Kind::Wheel | Kind::Sdist => {
                    let metadata = Door::of(self.facts).map(|python| python.metadata());
                    match metadata {
                        // Such a file is not planned: found already.
                        None => continue,
                        Some(Ok(text)) => (format!("{}.metadata", artifact.path), text),
                        Some(Err(error)) => {
                            self.find(&artifact.path, "metadata", error.to_string());
                            continue;
                        }
                    }
                }
                _ => continue,
            };
            self.follows(
                &name,
                expected.as_bytes(),
                "the file beside it and release.toml",
            );
        }
    }

    /// Files that nothing lists and that follow from none: they would be uploaded
    /// with the rest. What follows was looked at before.
    pub(super) fn strays(&mut self) {
        let listed = self.release.artifacts.iter();
        let mut known = self.followed.clone();
        known.extend(listed.map(|artifact| artifact.path.clone()));
        let mut folders = vec![self.release.tag.clone(), "simple".into(), "homebrew".into()];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(self.site.path(&folder));
            for entry in entries.into_iter().flatten().flatten() {
                let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                } else if !known.contains(&path) {
                    self.find(&path, "file", "site.json does not list it");
                }
            }
        }
    }
}
