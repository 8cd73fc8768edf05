//! The package index: every wheel and source distribution, by digest.

use serde_json::Value;

use super::Checker;
use crate::python::{Door, normalised};
use crate::site::{Kind, Marker, Site};

impl Checker<'_> {
    pub(super) fn index(&mut self, python: Door<'_>, marker: &Marker) {
        let name = normalised(python.name());
        let folder = Site::index(&name);
        let (page, json) = (
            format!("{folder}/index.html"),
            format!("{folder}/index.json"),
        );
        let html = self.site.read(&page).unwrap_or_default();
        let html = String::from_utf8_lossy(&html).into_owned();
        let document = self.site.read(&json).ok();
        let document: Option<Value> =
            document.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let files = document
            .as_ref()
            .and_then(|document| document.get("files")?.as_array().cloned())
            .unwrap_or_default();
        for release in &marker.releases {
            for artifact in &release.artifacts {
                if !matches!(artifact.kind, Kind::Wheel | Kind::Sdist) {
                    continue;
                }
                let name = artifact.file_name();
                let link = format!("{name}#sha256={}\"", artifact.sha256);
                if !html.contains(&link) {
                    let problem = format!("no link with sha256 {}", artifact.sha256);
                    self.find(&page, name, problem);
                }
                let entry = files
                    .iter()
                    .find(|file| file.get("filename").and_then(Value::as_str) == Some(name));
                let stated = entry
                    .and_then(|file| file.pointer("/hashes/sha256"))
                    .and_then(Value::as_str);
                let field = format!("files {name} sha256");
                self.equal(&json, &field, stated, &artifact.sha256, "site.json");
            }
        }
        match python.index(self.site, marker) {
            Ok(files) => {
                for (file, bytes) in files {
                    self.follows(&file, &bytes, "site.json and the metadata beside packages");
                }
            }
            Err(error) => self.find(&folder, "metadata", error.to_string()),
        }
    }
}
