//! Wheels: names, versions, tags, RECORD, licences, executable bit.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use sha2::Digest as _;

use super::archive::LIMIT;
use super::{Checker, Members, odd_path};
use crate::python::{Door, base64_url, pep440};
use crate::site::{Artifact, Kind};

impl Checker<'_> {
    /// Judges a wheel with platform tag `tag` and gives back its executable.
    pub(super) fn wheel(
        &mut self,
        python: Door<'_>,
        artifact: &Artifact,
        bytes: &[u8],
        tag: &str,
    ) -> Option<Vec<u8>> {
        let file = artifact.path.as_str();
        let name = python.wheel_name(tag);
        let source = "Cargo.toml, release.toml and dist-workspace.toml";
        self.equal(file, "file name", Some(artifact.file_name()), &name, source);
        let members = self.unzip(file, bytes)?;
        let text = |path: &str| {
            let (bytes, _) = members.get(path)?;
            Some(String::from_utf8_lossy(bytes).into_owned())
        };
        let info = python.dist_info();
        let metadata = text(&format!("{info}/METADATA")).unwrap_or_default();
        self.core_metadata(python, file, "METADATA", &metadata);
        let beside = self.site.read(&format!("{file}.metadata")).ok();
        if beside.as_deref() != Some(metadata.as_bytes()) {
            self.find(
                &format!("{file}.metadata"),
                "contents",
                "differ from METADATA",
            );
        }
        let wheel = text(&format!("{info}/WHEEL")).unwrap_or_default();
        let stated = field(&wheel, "Tag");
        self.equal(
            file,
            "WHEEL Tag",
            stated,
            &format!("py3-none-{tag}"),
            source,
        );
        for license in &self.facts.release.archive.licenses {
            if !members.contains_key(&format!("{info}/licenses/{license}")) {
                self.find(file, license, "licence missing");
            }
        }
        let module = python.module();
        for path in ["__init__.py", "__main__.py", "py.typed"] {
            let path = format!("{module}/{path}");
            if !members.contains_key(&path) {
                self.find(file, &path, "missing");
            }
        }
        let path = format!("{info}/sboms/{}.cdx.json", self.facts.package.name);
        let all = &self.release.artifacts;
        let beside = all
            .iter()
            .find(|beside| beside.kind == Kind::Sbom && beside.target == artifact.target)
            .and_then(|beside| self.site.read(&beside.path).ok());
        match (members.get(&path), &beside) {
            (None, _) => self.find(file, &path, "missing"),
            (Some((inside, _)), Some(beside)) if inside != beside => {
                self.find(file, &path, "differs from the one beside the wheel");
            }
            _ => {}
        }
        let record = text(&format!("{info}/RECORD")).unwrap_or_default();
        self.record(file, &info, &record, &members);
        let script = python.data_script();
        let Some((executable, mode)) = members.get(&script) else {
            self.find(file, &script, "missing");
            return None;
        };
        if *mode != 0o755 {
            let problem = format!("is {mode:o}, should be 755");
            self.find(file, &format!("mode of {script}"), problem);
        }
        let sbom = beside.unwrap_or_default();
        match python.wheel_members(tag, executable, &sbom) {
            Ok(expected) => {
                self.packed(file, &members, &expected);
                for path in members.keys() {
                    if expected.iter().all(|member| member.path != *path) {
                        self.find(file, path, "is no part of a release");
                    }
                }
            }
            Err(error) => self.find(file, "contents", error.to_string()),
        }
        Some(executable.clone())
    }

    fn unzip(&mut self, file: &str, bytes: &[u8]) -> Option<Members> {
        let (members, problems) = match unzipped(bytes, LIMIT) {
            Ok(found) => found,
            Err(error) => {
                self.find(file, "archive", error.to_string());
                return None;
            }
        };
        for problem in problems {
            self.find(file, "archive", problem);
        }
        for path in members.keys() {
            if let Some(odd) = odd_path(path) {
                self.find(file, &format!("member `{}`", path.escape_debug()), odd);
            }
        }
        Some(members)
    }

    /// What an installer reads first: name, version, licence, Python.
    pub(super) fn core_metadata(&mut self, python: Door<'_>, file: &str, member: &str, text: &str) {
        let facts = self.facts;
        let head = text.split("\n\n").next().unwrap_or_default();
        let release = &facts.release;
        for (name, expected, source) in [
            ("Name", python.name().to_owned(), "release.toml"),
            ("Version", pep440(&facts.package.version), "Cargo.toml"),
            ("Summary", facts.package.description.clone(), "Cargo.toml"),
            (
                "License-Expression",
                facts.package.license.clone(),
                "Cargo.toml",
            ),
            ("Requires-Python", python.requires(), "release.toml"),
        ] {
            let found = field(head, name);
            self.equal(file, &format!("{member} {name}"), found, &expected, source);
        }
        for license in &release.archive.licenses {
            let listed = head
                .lines()
                .any(|line| line == format!("License-File: {license}"));
            if !listed {
                let field = format!("{member} License-File");
                self.find(file, &field, format!("does not list {license}"));
            }
        }
    }

    fn record(&mut self, file: &str, info: &str, record: &str, members: &Members) {
        let stated: BTreeMap<&str, &str> = record
            .lines()
            .filter_map(|line| line.split_once(','))
            .collect();
        for (path, (bytes, _)) in members {
            if *path == format!("{info}/RECORD") {
                continue;
            }
            let digest = base64_url(&sha2::Sha256::digest(bytes));
            let expected = format!("sha256={digest},{}", bytes.len());
            let found = stated.get(path.as_str()).copied();
            self.equal(
                file,
                &format!("RECORD {path}"),
                found,
                &expected,
                "the member",
            );
        }
        for path in stated.keys() {
            if !members.contains_key(*path) {
                self.find(file, &format!("RECORD {path}"), "there is no such member");
            }
        }
    }
}

/// The value of the first `name: value` line.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// What a wheel holds, and in words what of it cannot be read.
fn unzipped(bytes: &[u8], most: u64) -> zip::result::ZipResult<(Members, Vec<String>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes))?;
    let (mut members, mut problems) = (Members::new(), Vec::new());
    if zip.has_duplicate_names() {
        problems.push("a member is in it twice".to_owned());
    }
    let mut left = most + 1;
    for index in 0..zip.len() {
        let read = zip.by_index(index).map_err(std::io::Error::other);
        let read = read.and_then(|mut entry| {
            let mut bytes = Vec::new();
            left -= entry.by_ref().take(left).read_to_end(&mut bytes)? as u64;
            // Without the bits that say it is an ordinary file, which it must be.
            let mode = entry.unix_mode().unwrap_or(0) ^ 0o100_000;
            let path = String::from_utf8_lossy(entry.name_raw()).into_owned();
            Ok((path, (bytes, mode)))
        });
        if left == 0 {
            problems.push(format!("it unpacks to more than {most} bytes"));
            break;
        }
        match read {
            Ok((path, member)) => drop(members.insert(path, member)),
            Err(error) => problems.push(error.to_string()),
        }
    }
    Ok((members, problems))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_wheel_that_unpacks_to_too_much_or_holds_a_name_twice_is_told() {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["one", "two"] {
            let options = zip::write::SimpleFileOptions::default().unix_permissions(0o644);
            zip.start_file(name, options).unwrap();
            zip.write_all(&[7; 4096]).unwrap();
        }
        let wheel = zip.finish().unwrap().into_inner();
        let (members, problems) = unzipped(&wheel, 8192).unwrap();
        assert_eq!((members.len(), problems.len()), (2, 0), "{problems:?}");
        for most in [2048, 8191] {
            let (_, problems) = unzipped(&wheel, most).unwrap();
            assert_eq!(problems, [format!("it unpacks to more than {most} bytes")]);
        }
        let twice: Vec<u8> = wheel
            .chunk_by(|_, next| *next != b't')
            .flat_map(|part| match part.strip_prefix(b"two") {
                Some(rest) => [b"one", rest].concat(),
                None => part.to_vec(),
            })
            .collect();
        let (_, problems) = unzipped(&twice, 8192).unwrap();
        assert_eq!(problems, ["a member is in it twice"]);
    }
}
