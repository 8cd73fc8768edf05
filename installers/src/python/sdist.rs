//! The source distribution: the crate as cargo packs it, the Python module and
//! a build backend that says what is missing before anything is downloaded.

use std::fmt::Write as _;

use super::metadata::{classifiers, urls};
use super::{PythonError, file_stem, metadata, module, pep440};
use crate::build::{Member, tar_gz};
use crate::facts::Facts;

/// Folder of the Python sources in the distribution.
const PYTHON: &str = "python";
/// Folder of the build backend.
const BACKEND: &str = "build-backend";

/// Packs the distribution around `files`, the crate's own files.
pub(crate) fn sdist(
    facts: &Facts,
    files: &[(String, Vec<u8>, bool)],
) -> Result<Vec<u8>, PythonError> {
    let plain = |path: String, bytes: Vec<u8>| Member {
        path,
        bytes,
        executable: false,
    };
    let mut members: Vec<Member> = files
        .iter()
        .map(|(path, bytes, executable)| Member {
            path: path.clone(),
            bytes: bytes.clone(),
            executable: *executable,
        })
        .collect();
    members.push(plain("PKG-INFO".into(), metadata(facts)?.into_bytes()));
    members.push(plain(
        "pyproject.toml".into(),
        pyproject(facts)?.into_bytes(),
    ));
    let backend = module::render(facts, include_str!("templates/backend.py"));
    let backend = fill_needs(facts, &backend);
    members.push(plain(format!("{BACKEND}/backend.py"), backend.into_bytes()));
    for (path, bytes) in module::files(facts) {
        members.push(plain(format!("{PYTHON}/{path}"), bytes));
    }
    Ok(tar_gz(&file_stem(facts), members, facts.commit.time)?)
}

fn fill_needs(facts: &Facts, backend: &str) -> String {
    let python = &facts.release.python;
    let needs: Vec<String> = python
        .needs
        .iter()
        .map(|choices| format!("{},", quoted_tuple(choices)))
        .collect();
    backend
        .replace("@WINDOWS@", &quoted(&python.windows))
        .replace("@RUST@", &facts.package.rust_version)
        .replace("@MATURIN@", &python.maturin)
        .replace("@NEEDS@", &needs.join(" "))
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

fn pyproject(facts: &Facts) -> Result<String, PythonError> {
    let package = &facts.package;
    let python = &facts.release.python;
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
    line(format!("name = {}", quoted(&python.name)));
    line(format!("version = {}", quoted(&pep440(&package.version))));
    line(format!("description = {}", quoted(&package.description)));
    line(format!("readme = {}", quoted(&readme)));
    line(format!(
        "requires-python = {}",
        quoted(&format!(">={}", python.oldest))
    ));
    line(format!("license = {}", quoted(&package.license)));
    line(format!(
        "license-files = {}",
        quoted_list(&facts.release.archive.licenses)
    ));
    line(format!("keywords = {}", quoted_list(&package.keywords)));
    line(format!(
        "classifiers = {}",
        quoted_list(&classifiers(facts)?)
    ));
    let authors: Vec<String> = package
        .authors
        .iter()
        .map(|author| person(author))
        .collect();
    line(format!("authors = [{}]", authors.join(", ")));
    line("\n[project.urls]".into());
    for (label, url) in urls(facts) {
        line(format!("{} = {}", quoted(&label), quoted(&url)));
    }
    line("\n[tool.maturin]".into());
    line("bindings = \"bin\"".into());
    line(format!("module-name = {}", quoted(&python.module)));
    line(format!("python-source = {}", quoted(PYTHON)));
    line("locked = true".into());
    line("strip = true".into());
    let features = &facts.release.build.features;
    if !features.is_empty() {
        line(format!("features = {}", quoted_list(features)));
    }
    Ok(out)
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
