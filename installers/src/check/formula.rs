//! The formula: it must download each archive of the release, by digest.

use super::Checker;
use crate::facts::Homebrew;
use crate::site::{Kind, sha256_hex};

impl Checker<'_> {
    pub(super) fn formula(&mut self, door: &Homebrew) {
        let name = format!("{}.rb", self.facts.package.name);
        let Some((artifact, bytes)) = self.load(Kind::Formula, &name, None) else {
            return;
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let file = artifact.path.as_str();
        let pairs = downloads(&text);
        for archive in self.release.artifacts.clone() {
            if archive.kind != Kind::Archive {
                continue;
            }
            let (name, tag) = (archive.file_name(), self.facts.tag());
            let pair = pairs
                .iter()
                .find(|(url, _)| url.rsplit('/').next() == Some(name));
            let Some((url, digest)) = pair else {
                self.find(file, "url", format!("none for {name}"));
                continue;
            };
            let version = url.rsplit('/').nth(1);
            self.equal(file, "version in url", version, &tag, "Cargo.toml");
            if let Ok(bytes) = self.site.read(&archive.path) {
                let field = format!("sha256 of {name}");
                self.equal(
                    file,
                    &field,
                    Some(digest),
                    &sha256_hex(&bytes),
                    "the archive",
                );
            }
        }
        for (url, _) in &pairs {
            let name = url.rsplit('/').next().unwrap_or_default();
            let known = self
                .release
                .artifacts
                .iter()
                .any(|artifact| artifact.kind == Kind::Archive && artifact.file_name() == name);
            if !known {
                self.find(file, "url", format!("{name} is not on this site"));
            }
        }
        let license = text.lines().any(|line| line.trim().starts_with("license "));
        if !license {
            self.find(file, "license", "missing");
        }
        self.formula_text(door);
    }
}

/// Each `url "…"` with the `sha256 "…"` after it.
fn downloads(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut url = None;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("url ") {
            url = quoted(rest);
        } else if let Some(rest) = line.strip_prefix("sha256 ")
            && let (Some(url), Some(digest)) = (url.take(), quoted(rest))
        {
            pairs.push((url, digest));
        }
    }
    pairs
}

/// The first string in double quotes.
fn quoted(text: &str) -> Option<String> {
    text.split('"').nth(1).map(str::to_owned)
}
