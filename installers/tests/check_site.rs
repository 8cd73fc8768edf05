//! `check`: every disagreement it promises to find is made on purpose, on a
//! copy of a real site, and must be named by file and field.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use support::{Shipped, copy, done, json, release, tiny};

/// A copy of the second product and its site.
struct Copy {
    _folder: tempfile::TempDir,
    project: PathBuf,
    site: PathBuf,
}

impl Copy {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (project, site) = (folder.path().join("project"), folder.path().join("site"));
        for entry in fs::read_dir(&tiny().project).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() == "target" {
                continue;
            }
            let place = project.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &place);
            } else {
                fs::create_dir_all(&project).unwrap();
                fs::copy(entry.path(), place).unwrap();
            }
        }
        copy(&tiny().site, &site);
        Self {
            _folder: folder,
            project,
            site,
        }
    }

    fn file(&self, end: &str) -> PathBuf {
        let shipped = Shipped {
            project: self.project.clone(),
            site: self.site.clone(),
        };
        shipped.file(end)
    }

    /// What `check` finds, as `file: field: problem`.
    fn findings(&self) -> Vec<String> {
        let mut check = release(&self.project);
        check.args(["check", "--partial", "--allow-dirty", "--json"]);
        let output = check.arg(&self.site).output().unwrap();
        let said: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", support::text(&output.stderr)));
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
    fn expect(&self, file: &str, field: &str) {
        let findings = self.findings();
        let named = findings.iter().any(|finding| {
            finding
                .split_once(": ")
                .is_some_and(|(at, rest)| at.ends_with(file) && rest.starts_with(field))
        });
        assert!(named, "no finding in {file} at {field}: {findings:#?}");
    }

    /// Replaces `from`, which must be there, in the file at `path`.
    fn replace(path: &Path, from: &str, to: &str) {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{from} is not in {}", path.display());
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Packs the archive at `path` again, after `change` of its members.
    fn repack(path: &Path, change: impl Fn(&mut Vec<Member>)) {
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
    fn repack_wheel(path: &Path, change: impl Fn(&mut Vec<Member>)) {
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

struct Member {
    path: String,
    mode: u32,
    kind: tar::EntryType,
    bytes: Vec<u8>,
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

const ARCHIVE: &str = "gnu.tar.gz";
const WHEEL: &str = "x86_64.whl";
const SDIST: &str = "pocket_cli-1.4.0.tar.gz";

#[test]
fn a_site_as_built_has_no_disagreement() {
    assert_eq!(Copy::new().findings(), [""; 0]);
}

#[test]
fn a_partial_site_is_refused_unless_asked_for() {
    let shipped = tiny();
    let said = support::fails(release(&shipped.project).arg("check").arg(&shipped.site));
    assert!(
        said.contains("site.json: partial: aarch64-apple-darwin"),
        "{said}"
    );
    done(
        release(&shipped.project)
            .args(["check", "--partial"])
            .arg(&shipped.site),
    );
    assert_eq!(json(&shipped.site.join("site.json"))["partial"], true);
}

#[test]
fn a_partial_site_that_calls_itself_complete_is_found() {
    let copy = Copy::new();
    let marker = copy.site.join("site.json");
    Copy::replace(&marker, "\"partial\": true", "\"partial\": false");
    copy.expect("site.json", "partial");
}

#[test]
fn a_folder_that_is_no_site_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let said = support::fails(release(&tiny().project).arg("check").arg(folder.path()));
    assert!(said.contains("site.json: missing"), "{said}");
}

#[test]
fn another_version_in_cargo_toml_is_found_in_every_file() {
    let copy = Copy::new();
    Copy::replace(&copy.project.join("Cargo.toml"), "1.4.0", "1.4.1");
    Copy::replace(&copy.project.join("Cargo.lock"), "1.4.0", "1.4.1");
    for (file, field) in [
        ("site.json", "version"),
        ("site.json", "tag"),
        ("CHANGELOG.md", "heading"),
        (WHEEL, "file name"),
        (WHEEL, "METADATA Version"),
        (SDIST, "PKG-INFO Version"),
        ("pocket.rb", "version in url"),
        ("v1.4.0/dist-manifest.json", "announcement_tag"),
        ("v1.4.0/dist-manifest.json", "releases[0].app_version"),
        ("gnu-dist-manifest.json", "announcement_tag"),
        ("install.sh", "APP_VERSION"),
        (ARCHIVE, "version --json version"),
        ("cdx.json", "metadata.component.version"),
    ] {
        copy.expect(file, field);
    }
}

#[test]
fn another_version_in_one_file_is_found_there() {
    let copy = Copy::new();
    Copy::replace(&copy.file("pocket.rb"), "/v1.4.0/", "/v1.3.0/");
    copy.expect("pocket.rb", "version in url");

    let copy = Copy::new();
    let manifest = copy.file("v1.4.0/dist-manifest.json");
    Copy::replace(
        &manifest,
        "\"app_version\": \"1.4.0\"",
        "\"app_version\": \"1.3.0\"",
    );
    copy.expect("v1.4.0/dist-manifest.json", "releases[0].app_version");

    let copy = Copy::new();
    Copy::replace(&copy.project.join("CHANGELOG.md"), "## 1.4.0", "## 1.3.0");
    copy.expect("CHANGELOG.md", "heading");

    let copy = Copy::new();
    Copy::repack_wheel(&copy.file(WHEEL), |members| {
        for member in members.iter_mut().filter(|m| m.path.ends_with("METADATA")) {
            let text = String::from_utf8(member.bytes.clone()).unwrap();
            member.bytes = text
                .replace("Version: 1.4.0", "Version: 1.3.0")
                .into_bytes();
        }
    });
    copy.expect(WHEEL, "METADATA Version");
}

#[test]
fn a_tag_of_another_version_is_found() {
    let copy = Copy::new();
    let mut git = std::process::Command::new("git");
    done(git.args(["tag", "v1.3.9"]).current_dir(&copy.project));
    copy.expect("site.json", "tag");
}

#[test]
fn a_digest_that_is_not_the_files_is_found_wherever_it_stands() {
    let copy = Copy::new();
    let archive = copy.file(ARCHIVE);
    Copy::repack(&archive, |members| members[0].bytes.push(b'\n'));
    for (file, field) in [
        (ARCHIVE, "sha256"),
        ("sha256.sum", "pocket-x86_64"),
        ("install.sh", "sha256 of pocket-x86_64"),
        ("pocket.rb", "sha256 of pocket-x86_64"),
        ("gnu-dist-manifest.json", "artifacts.pocket-x86_64"),
    ] {
        copy.expect(file, field);
    }

    let digest = support::sha256(&tiny().file(WHEEL));
    let other = "0".repeat(64);
    for (place, file, field) in [
        ("simple/pocket-cli/index.html", "index.html", "pocket_cli"),
        (
            "simple/pocket-cli/index.json",
            "index.json",
            "files pocket_cli",
        ),
        ("v1.4.0/sha256.sum", "sha256.sum", "pocket_cli"),
        ("site.json", WHEEL, "sha256"),
    ] {
        let copy = Copy::new();
        Copy::replace(&copy.site.join(place), &digest, &other);
        copy.expect(file, field);
    }
}

#[test]
fn a_file_that_is_gone_is_found() {
    let copy = Copy::new();
    fs::remove_file(copy.file(WHEEL)).unwrap();
    copy.expect(WHEEL, "file");
}

#[test]
fn other_targets_than_those_of_dist_workspace_toml_are_found() {
    let copy = Copy::new();
    let settings = copy.project.join("dist-workspace.toml");
    Copy::replace(&settings, "aarch64-apple-darwin", "x86_64-apple-darwin");
    copy.expect("site.json", "targets: x86_64-apple-darwin is neither");
    copy.expect("site.json", "targets: aarch64-apple-darwin is not");
}

#[test]
fn another_schema_window_than_the_binary_states_is_found() {
    let copy = Copy::new();
    let settings = copy.project.join("release.toml");
    Copy::replace(
        &settings,
        "[installer]",
        "[binary.schema]\nwrites = 2\n\n[installer]",
    );
    copy.expect("site.json", "schema");
    copy.expect(ARCHIVE, "version --json schema");
}

#[test]
fn a_newer_glibc_than_promised_is_found() {
    let copy = Copy::new();
    let settings = copy.project.join("dist-workspace.toml");
    Copy::replace(&settings, "\"2.17\"", "\"2.5\"");
    copy.expect(ARCHIVE, "glibc");
}

#[test]
fn a_missing_licence_is_found() {
    let copy = Copy::new();
    Copy::repack(&copy.file(ARCHIVE), |members| {
        members.retain(|member| !member.path.ends_with("LICENSE-MIT"));
    });
    copy.expect(ARCHIVE, "LICENSE-MIT: licence missing");
    Copy::repack_wheel(&copy.file(WHEEL), |members| {
        members.retain(|member| !member.path.ends_with("LICENSE-MIT"));
    });
    copy.expect(WHEEL, "LICENSE-MIT: licence missing");
    Copy::repack(&copy.file(SDIST), |members| {
        members.retain(|member| !member.path.ends_with("LICENSE-MIT"));
    });
    copy.expect(SDIST, "LICENSE-MIT: licence missing");
}

#[test]
fn a_missing_executable_bit_is_found() {
    let copy = Copy::new();
    Copy::repack(&copy.file(ARCHIVE), |members| {
        for member in members.iter_mut() {
            member.mode = 0o644;
        }
    });
    copy.expect(ARCHIVE, "mode of pocket");
    Copy::repack_wheel(&copy.file(WHEEL), |members| {
        for member in members.iter_mut() {
            member.mode = 0o644;
        }
    });
    copy.expect(WHEEL, "mode of pocket_cli-1.4.0.data/scripts/pocket");
}

#[test]
fn members_with_odd_paths_are_found() {
    let folder = "pocket-x86_64-unknown-linux-gnu";
    let inside = |name: &str| format!("{folder}/{name}");
    for odd in [
        "/etc/cron.d/pocket".to_owned(),
        inside("../../up"),
        inside("back\\slash"),
        inside("line\nbreak"),
        inside("./dot"),
        "elsewhere/file".to_owned(),
    ] {
        let copy = Copy::new();
        Copy::repack(&copy.file(ARCHIVE), |members| {
            members.push(Member {
                path: odd.clone(),
                mode: 0o644,
                kind: tar::EntryType::Regular,
                bytes: Vec::new(),
            });
        });
        copy.expect(ARCHIVE, &format!("member `{}`", odd.escape_debug()));
    }
    let copy = Copy::new();
    Copy::repack(&copy.file(ARCHIVE), |members| {
        members.push(Member {
            path: inside("link"),
            mode: 0o777,
            kind: tar::EntryType::Symlink,
            bytes: Vec::new(),
        });
    });
    copy.expect(ARCHIVE, "member `pocket-x86_64-unknown-linux-gnu/link`");

    let copy = Copy::new();
    Copy::repack_wheel(&copy.file(WHEEL), |members| {
        members.push(Member {
            path: "../up.py".into(),
            mode: 0o644,
            kind: tar::EntryType::Regular,
            bytes: Vec::new(),
        });
    });
    copy.expect(WHEEL, "member `../up.py`");
}

#[test]
fn another_executable_in_the_wheel_is_found() {
    let copy = Copy::new();
    Copy::repack_wheel(&copy.file(WHEEL), |members| {
        for member in members.iter_mut() {
            if member.path.ends_with("/scripts/pocket") {
                member.bytes.push(0);
            }
        }
    });
    copy.expect(WHEEL, "sha256 of pocket");
    copy.expect(WHEEL, "RECORD pocket_cli-1.4.0.data/scripts/pocket");
}
