//! `site.json` against the files on disk and the project's own files.

use std::collections::BTreeSet;

use super::Checker;
use crate::build;
use crate::plan::Plan;
use crate::site::{Marker, Published, sha256_hex};

const FILE: &str = "site.json";

impl Checker<'_> {
    pub(super) fn marker(&mut self, marker: &Marker, plan: &Plan) {
        let (facts, release) = (self.facts, self.release);
        self.equal(
            FILE,
            "name",
            Some(&marker.name),
            &facts.package.name,
            "Cargo.toml",
        );
        self.equal(
            FILE,
            "version",
            Some(&release.version),
            &facts.package.version,
            "Cargo.toml",
        );
        self.equal(FILE, "tag", Some(&release.tag), &facts.tag(), "Cargo.toml");
        if let Some(commit) = &facts.commit.id {
            self.equal(FILE, "commit", release.commit.as_deref(), commit, "git");
        }
        let tags = &facts.commit.tags;
        if !tags.is_empty() && !tags.contains(&release.tag) {
            let tags = tags.join(", ");
            self.find(
                FILE,
                "tag",
                format!("is `{}`, the commit is tagged {tags}", release.tag),
            );
        }
        if release.dirty && !self.leniency.dirty {
            self.find(
                FILE,
                "dirty",
                "tracked files differed from the commit (--allow-dirty accepts that)",
            );
        }
        self.partial(marker);
        self.targets(plan);
        self.planned(plan);
        self.schema();
        self.changelog_in_tree();
    }

    fn partial(&mut self, marker: &Marker) {
        let missing = &self.release.missing;
        if marker.partial == missing.is_empty() {
            let problem = format!(
                "is {}, but {} platforms are missing",
                marker.partial,
                missing.len()
            );
            self.find(FILE, "partial", problem);
        }
        if self.leniency.partial {
            return;
        }
        for missing in missing.clone() {
            let problem = format!(
                "{} is missing: {} (--partial accepts that)",
                missing.target, missing.reason
            );
            self.find(FILE, "partial", problem);
        }
    }

    /// Platforms on the site are those of `dist-workspace.toml`, made or named.
    fn targets(&mut self, plan: &Plan) {
        let mut known: Vec<&str> = self
            .release
            .artifacts
            .iter()
            .filter_map(|artifact| artifact.target.as_deref())
            .chain(self.release.missing.iter().map(|m| m.target.as_str()))
            .collect();
        known.sort_unstable();
        known.dedup();
        let known: Vec<String> = known.into_iter().map(str::to_owned).collect();
        for planned in &plan.targets {
            if !known.contains(&planned.target) {
                let problem = format!(
                    "{} is neither there nor named as missing, dist-workspace.toml lists it",
                    planned.target
                );
                self.find(FILE, "targets", problem);
            }
        }
        for target in known {
            if !plan.targets.iter().any(|planned| planned.target == target) {
                let problem = format!("{target} is not in dist-workspace.toml");
                self.find(FILE, "targets", problem);
            }
        }
    }

    /// The files are those of the plan, each once, and none is there for a door
    /// that the project has not.
    fn planned(&mut self, plan: &Plan) {
        let mut seen = BTreeSet::new();
        for artifact in &self.release.artifacts {
            let path = artifact.path.as_str();
            let mut planned = plan.files().filter(|file| file.kind == artifact.kind);
            let problem = if planned.clone().next().is_none() {
                "is for a door that release.toml has not"
            } else if !seen.insert(path) {
                "is there twice"
            } else if plan.tag == self.release.tag && !planned.any(|file| file.place(plan) == path)
            {
                "is not planned by that name"
            } else {
                continue;
            };
            self.find(FILE, "artifacts", format!("{path} {problem}"));
        }
    }

    fn schema(&mut self) {
        let stated = self.facts.schema().map(|schema| schema.to_string());
        let found = self.release.schema.as_ref().map(ToString::to_string);
        if stated != found {
            let shown = |text: Option<String>| text.unwrap_or_else(|| "missing".into());
            let problem = format!("is {}, release.toml says {}", shown(found), shown(stated));
            self.find(FILE, "schema", problem);
        }
    }

    fn changelog_in_tree(&mut self) {
        let name = self.facts.release.archive.changelog.clone();
        let text = std::fs::read_to_string(self.facts.root.join(&name)).unwrap_or_default();
        self.changelog(&name, &text);
    }

    /// A changelog has a heading for the release's version.
    pub(super) fn changelog(&mut self, file: &str, text: &str) {
        let version = &self.facts.package.version;
        if !build::has_heading(text, version) {
            self.find(file, "heading", format!("none for version {version}"));
        }
    }

    /// Every file has the digest and length `site.json` states, those of older
    /// releases as well, and `sha256.sum` the same.
    pub(super) fn digests(&mut self, marker: &Marker) {
        let older = |release: &&Published| release.tag != self.release.tag;
        let older = marker.releases.iter().filter(older);
        // In one place for all releases, such as the formula: the newest one's.
        let own = |release: &Published| {
            let folder = format!("{}/", release.tag);
            let mut artifacts = release.artifacts.clone();
            artifacts.retain(|artifact| artifact.path.starts_with(&folder));
            artifacts
        };
        let artifacts: Vec<_> = older.flat_map(own).collect();
        for artifact in artifacts.into_iter().chain(self.release.artifacts.clone()) {
            let Ok(bytes) = self.site.read(&artifact.path) else {
                self.find(&artifact.path, "file", "missing, site.json lists it");
                continue;
            };
            let found = sha256_hex(&bytes);
            self.equal(
                &artifact.path,
                "sha256",
                Some(&found),
                &artifact.sha256,
                FILE,
            );
            let length = bytes.len().to_string();
            let stated = artifact.bytes.to_string();
            self.equal(&artifact.path, "bytes", Some(&length), &stated, FILE);
        }
        self.checksums();
        self.copies();
    }

    fn checksums(&mut self) {
        let Some((sums, bytes)) = self.load(crate::site::Kind::Checksums, "sha256.sum", None)
        else {
            return;
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let folder = format!("{}/", self.release.tag);
        let stated: std::collections::BTreeMap<&str, &str> = text
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(digest, name)| (name.trim_start_matches([' ', '*']), digest))
            .collect();
        for artifact in self.release.artifacts.clone() {
            let Some(name) = artifact.path.strip_prefix(&folder) else {
                continue;
            };
            if artifact.path == sums.path {
                continue;
            }
            let found = self.site.read(&artifact.path).map(|b| sha256_hex(&b));
            if let Ok(found) = found {
                let stated = stated.get(name).copied();
                self.equal(&sums.path, name, stated, &found, "the file");
            }
        }
        for name in stated.keys() {
            if !self.site.path(format!("{folder}{name}")).is_file() {
                self.find(&sums.path, name, "there is no such file");
            }
        }
        let expected = build::checksums(&self.release.artifacts);
        self.follows(&sums.path, expected.as_bytes(), "the digests in site.json");
    }

    /// The file at the site's front is the newest release's.
    fn copies(&mut self) {
        let Ok(front) = self.site.read("install.sh") else {
            return self.find("install.sh", "file", "missing");
        };
        let own = self.site.read(&format!("{}/install.sh", self.release.tag));
        if Some(front) != own.ok() {
            self.find("install.sh", "contents", "differ from the newest release's");
        }
    }
}
