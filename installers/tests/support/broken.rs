//! A site to break on purpose, and what `check` says about it.

use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::{Shipped, copy, release, text, tiny, tiny_project};

/// A checkout of the second product, and a copy of its site.
pub(crate) struct Copy {
    _folder: tempfile::TempDir,
    pub(crate) project: PathBuf,
    pub(crate) site: PathBuf,
}

impl Copy {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (project, site) = (folder.path().join("project"), folder.path().join("site"));
        tiny_project(&project);
        copy(&tiny().site, &site);
        Self {
            _folder: folder,
            project,
            site,
        }
    }

    pub(crate) fn file(&self, end: &str) -> PathBuf {
        let shipped = Shipped {
            project: self.project.clone(),
            site: self.site.clone(),
        };
        shipped.file(end)
    }

    /// What `check` finds, as `file: field: problem`.
    pub(crate) fn findings(&self) -> Vec<String> {
        let mut check = release(&self.project);
        check.args(["check", "--partial", "--allow-dirty", "--json"]);
        let output = check.arg(&self.site).output().unwrap();
        let said: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
        let findings: Vec<String> = said["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| {
                let part = |name: &str| finding[name].as_str().unwrap();
                format!("{}: {}: {}", part("file"), part("field"), part("problem"))
            })
            .collect();
        assert_eq!(output.status.success(), findings.is_empty());
        assert_eq!(said["ok"], findings.is_empty());
        findings
    }

    /// `check` must name `file` (its end) and `field` (its start).
    #[track_caller]
    pub(crate) fn expect(&self, file: &str, field: &str) {
        let findings = self.findings();
        let named = findings.iter().any(|finding| {
            finding
                .split_once(": ")
                .is_some_and(|(at, rest)| at.ends_with(file) && rest.starts_with(field))
        });
        assert!(named, "no finding in {file} at {field}: {findings:#?}");
    }

    /// Replaces `from`, which must be there, in the file at `path`.
    pub(crate) fn replace(path: &Path, from: &str, to: &str) {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{from} is not in {}", path.display());
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Packs the archive at `path` again, after `change` of its members.
    pub(crate) fn repack(path: &Path, change: impl Fn(&mut Vec<Member>)) {
        let mut members = untar(path);
        change(&mut members);
        let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut tar = tar::Builder::new(gzip);
        for member in members {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(member.kind);
            header.set_mode(member.mode);
            header.set_size(member.bytes.len() as u64);
            // The crate refuses odd paths: write the field itself.
            let name = header.as_gnu_mut().unwrap();
            name.name[..member.path.len()].copy_from_slice(member.path.as_bytes());
            if member.kind == tar::EntryType::Symlink {
                header.set_link_name("/etc/passwd").unwrap();
            }
            header.set_cksum();
            tar.append(&header, member.bytes.as_slice()).unwrap();
        }
        let bytes = tar.into_inner().unwrap().finish().unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Packs the wheel at `path` again, after `change` of its members.
    pub(crate) fn repack_wheel(path: &Path, change: impl Fn(&mut Vec<Member>)) {
        let bytes = fs::read(path).unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut members = Vec::new();
        for index in 0..zip.len() {
            let mut entry = zip.by_index(index).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            members.push(Member {
                path: String::from_utf8(entry.name_raw().to_vec()).unwrap(),
                mode: entry.unix_mode().unwrap(),
                kind: tar::EntryType::Regular,
                bytes,
            });
        }
        change(&mut members);
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for member in members {
            let options = zip::write::SimpleFileOptions::default().unix_permissions(member.mode);
            zip.start_file(member.path, options).unwrap();
            zip.write_all(&member.bytes).unwrap();
        }
        fs::write(path, zip.finish().unwrap().into_inner()).unwrap();
    }
}

/// A member of an archive or a wheel.
pub(crate) struct Member {
    pub(crate) path: String,
    pub(crate) mode: u32,
    pub(crate) kind: tar::EntryType,
    pub(crate) bytes: Vec<u8>,
}

fn untar(path: &Path) -> Vec<Member> {
    let file = fs::File::open(path).unwrap();
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
    tar.entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            Member {
                path: entry.path().unwrap().display().to_string(),
                mode: entry.header().mode().unwrap(),
                kind: entry.header().entry_type(),
                bytes,
            }
        })
        .collect()
}
