//! The package index: PEP 503 as HTML, PEP 691 as JSON, both from the site's
//! own list of releases. Links are relative, so the site works on any host.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Door, PythonError, normalised};
use crate::site::{Artifact, Kind, Marker, Site, sha256_hex};

/// One file as the index lists it.
struct Entry {
    artifact: Artifact,
    metadata_sha256: String,
    requires_python: Option<String>,
}

impl Door<'_> {
    /// The index of every wheel and source distribution on `site`: each file's
    /// place and contents.
    ///
    /// # Errors
    /// [`PythonError`] where the metadata beside a package cannot be read.
    pub(crate) fn index(
        &self,
        site: &Site,
        marker: &Marker,
    ) -> Result<[(String, Vec<u8>); 4], PythonError> {
        let name = normalised(self.name());
        let mut entries = Vec::new();
        let mut versions = Vec::new();
        for release in &marker.releases {
            let packages: Vec<_> = release
                .artifacts
                .iter()
                .filter(|artifact| matches!(artifact.kind, Kind::Wheel | Kind::Sdist))
                .collect();
            if !packages.is_empty() {
                versions.push(super::pep440(&release.version));
            }
            for artifact in packages {
                let metadata = site.read(&format!("{}.metadata", artifact.path))?;
                let text = String::from_utf8_lossy(&metadata);
                entries.push(Entry {
                    artifact: artifact.clone(),
                    metadata_sha256: sha256_hex(&metadata),
                    requires_python: text
                        .lines()
                        .take_while(|line| !line.is_empty())
                        .find_map(|line| line.strip_prefix("Requires-Python: "))
                        .map(str::to_owned),
                });
            }
        }
        let folder = Site::index(&name);
        let root = json!({ "meta": { "api-version": "1.1" }, "projects": [{ "name": name }] });
        Ok([
            (
                format!("{folder}/index.html"),
                project_html(&name, &entries).into_bytes(),
            ),
            (
                format!("{folder}/index.json"),
                text(&project_json(&name, &versions, &entries)),
            ),
            ("simple/index.html".into(), root_html(&name).into_bytes()),
            ("simple/index.json".into(), text(&root)),
        ])
    }
}

fn text(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"pypi:repository-version\" content=\"1.1\">\n\
         <title>{title}</title>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

fn root_html(name: &str) -> String {
    page("Packages", &format!("<a href=\"{name}/\">{name}</a>\n"))
}

fn project_html(name: &str, entries: &[Entry]) -> String {
    let mut body = format!("<h1>{name}</h1>\n");
    for entry in entries {
        let file = entry.artifact.file_name();
        let mut attributes = String::new();
        if let Some(requires) = &entry.requires_python {
            let requires = requires.replace('>', "&gt;").replace('<', "&lt;");
            let _ = write!(attributes, " data-requires-python=\"{requires}\"");
        }
        let digest = &entry.metadata_sha256;
        let _ = write!(attributes, " data-core-metadata=\"sha256={digest}\"");
        let _ = writeln!(
            body,
            "<a href=\"{}#sha256={}\"{attributes}>{file}</a><br>",
            link(&entry.artifact),
            entry.artifact.sha256
        );
    }
    page(name, &body)
}

fn project_json(name: &str, versions: &[String], entries: &[Entry]) -> Value {
    let files: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let mut file = json!({
                "filename": entry.artifact.file_name(),
                "url": link(&entry.artifact),
                "hashes": { "sha256": entry.artifact.sha256 },
                "size": entry.artifact.bytes,
                "core-metadata": { "sha256": entry.metadata_sha256 },
                "yanked": false,
            });
            if let Some(requires) = &entry.requires_python {
                file["requires-python"] = json!(requires);
            }
            file
        })
        .collect();
    json!({
        "meta": { "api-version": "1.1" },
        "name": name,
        "versions": versions,
        "files": files,
    })
}

/// From `simple/NAME/` to the file.
fn link(artifact: &Artifact) -> String {
    format!("../../{}", artifact.path.replace('+', "%2B"))
}
