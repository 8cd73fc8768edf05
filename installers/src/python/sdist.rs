//! The source distribution: the crate as cargo packs it, the Python module and
//! a build backend that says what is missing before anything is downloaded.

use std::fmt::Write as _;

use super::{Door, PythonError, pep440};
use crate::build::{Member, tar_gz};

/// Folder of the Python sources in the distribution.
const PYTHON: &str = "python";
/// Folder of the build backend.
const BACKEND: &str = "build-backend";

impl Door<'_> {
    /// Packs the distribution around `files`, the crate's own files.
    pub(crate) fn sdist(&self, files: &[(String, Vec<u8>, bool)]) -> Result<Vec<u8>, PythonError> {
        let mut members = self.sdist_added()?;
        let added = members.len();
        for (path, bytes, executable) in files {
            // A project's own `pyproject.toml` is for another way to build it.
            if members[..added].iter().all(|member| member.path != *path) {
                members.push(Member {
                    path: path.clone(),
                    bytes: bytes.clone(),
                    executable: *executable,
                });
            }
        }
        // Of a package below its workspace cargo does not pack those at the root.
        for name in &self.facts.release.archive.licenses {
            if members.iter().all(|member| member.path != *name) {
                let path = self.facts.root.join(name);
                let bytes = std::fs::read(&path).map_err(|error| PythonError::Read(path, error))?;
                members.push(Member::plain(name.as_str(), bytes));
            }
        }
        Ok(tar_gz(&self.file_stem(), members, self.facts.commit.time)?)
    }

    /// What the distribution holds besides the crate's own files.
    pub(crate) fn sdist_added(&self) -> Result<Vec<Member>, PythonError> {
        let mut members = vec![
            Member::plain("PKG-INFO", self.metadata()?),
            Member::plain("pyproject.toml", self.pyproject()?),
            Member::plain(format!("{BACKEND}/backend.py"), self.backend()),
        ];
        for (path, bytes) in self.module_files() {
            members.push(Member::plain(format!("{PYTHON}/{path}"), bytes));
        }
        Ok(members)
    }

    /// The build backend, with what it asks for.
    fn backend(&self) -> String {
        let python = self.python;
        let needs: Vec<String> = python
            .needs
            .iter()
            .map(|choices| format!("{},", quoted_tuple(choices)))
            .collect();
        self.render(include_str!("templates/backend.py"))
            .replace("@WINDOWS@", &quoted(&python.windows))
            .replace("@RUST@", &self.facts.package.rust_version)
            .replace("@MATURIN@", &python.maturin)
            .replace("@NEEDS@", &needs.join(" "))
    }

    fn pyproject(&self) -> Result<String, PythonError> {
        let package = &self.facts.package;
        let readme = package
            .readme
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let mut out = String::new();
        let mut line = |text: String| {
            let _ = writeln!(out, "{text}");
        };
        line("[build-system]".into());
        line("# The backend checks first and asks for maturin itself.".into());
        line("requires = []".into());
        line("build-backend = \"backend\"".into());
        line(format!("backend-path = [{}]", quoted(BACKEND)));
        line("\n[project]".into());
        line(format!("name = {}", quoted(self.name())));
        line(format!("version = {}", quoted(&pep440(&package.version))));
        line(format!("description = {}", quoted(&package.description)));
        line(format!("readme = {}", quoted(&readme)));
        line(format!("requires-python = {}", quoted(&self.requires())));
        line(format!("license = {}", quoted(&package.license)));
        line(format!(
            "license-files = {}",
            quoted_list(&self.facts.release.archive.licenses)
        ));
        line(format!("keywords = {}", quoted_list(&package.keywords)));
        line(format!(
            "classifiers = {}",
            quoted_list(&self.classifiers()?)
        ));
        let authors: Vec<String> = package
            .authors
            .iter()
            .map(|author| person(author))
            .collect();
        line(format!("authors = [{}]", authors.join(", ")));
        line("\n[project.urls]".into());
        for (label, url) in self.urls() {
            line(format!("{} = {}", quoted(&label), quoted(&url)));
        }
        line("\n[tool.maturin]".into());
        line("bindings = \"bin\"".into());
        line(format!("module-name = {}", quoted(self.module())));
        line(format!("python-source = {}", quoted(PYTHON)));
        line("locked = true".into());
        line("strip = true".into());
        let features = &self.facts.release.build.features;
        if !features.is_empty() {
            line(format!("features = {}", quoted_list(features)));
        }
        Ok(out)
    }
}

/// A Python tuple of strings.
fn quoted_tuple(words: &[String]) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("{},", quoted(word)))
        .collect();
    format!("({})", words.join(" "))
}

/// A string as Python and TOML both read it: JSON's escapes are theirs.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn quoted_list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

/// `Name <mail>` as an inline table.
fn person(author: &str) -> String {
    match author.split_once('<') {
        Some((name, mail)) => format!(
            "{{ name = {}, email = {} }}",
            quoted(name.trim()),
            quoted(mail.trim_end_matches('>').trim())
        ),
        None => format!("{{ name = {} }}", quoted(author)),
    }
}
