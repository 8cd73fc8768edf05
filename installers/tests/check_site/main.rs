//! `check`: every disagreement it promises to find is made on purpose, on a
//! copy of a real site, and must be named by file and field.
#![allow(clippy::unwrap_used)]

mod sealed;
#[path = "../support/mod.rs"]
mod support;

use std::fs;

use support::broken::{Copy, Member};
use support::{done, git, json, release, tiny};

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
fn at_another_commit_that_alone_is_told() {
    let copy = Copy::new();
    let commit = json(&copy.site.join("site.json"))["releases"][0]["commit"]
        .as_str()
        .unwrap()
        .to_owned();
    Copy::replace(&copy.project.join("Cargo.toml"), "1.4.0", "1.4.1");
    Copy::replace(&copy.project.join("Cargo.lock"), "1.4.0", "1.4.1");
    done(git(&copy.project).args(["commit", "--quiet", "--all", "--message", "Next"]));
    let findings = copy.findings();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let expected = format!("site.json: commit: is {commit}, and ");
    assert!(findings[0].starts_with(&expected), "{findings:#?}");
    assert!(
        findings[0].contains(&format!("git checkout {commit}")),
        "{findings:#?}"
    );
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
fn what_follows_from_other_files_and_is_gone_is_called_missing() {
    for place in [
        "install.sh",
        "simple/index.html",
        "v1.4.0/pocket_cli-1.4.0.tar.gz.metadata",
    ] {
        let copy = Copy::new();
        fs::remove_file(copy.site.join(place)).unwrap();
        copy.expect(place, "file: missing");
    }
}

#[test]
fn another_end_of_a_line_is_shown() {
    let copy = Copy::new();
    Copy::replace(
        &copy.site.join("simple/index.html"),
        "<head>\n",
        "<head>\r\n",
    );
    copy.expect("simple/index.html", "line 3: is `<head>\\r`, ");
}

#[test]
fn an_update_repository_whose_root_is_pinned_is_missed() {
    let copy = Copy::new();
    let settings = copy.project.join("release.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let pinned = "\n[repository]\nroot = \"root.json\"\nroot-sha256 = \"0000\"\nroot-keys = 1\n\
                  root-threshold = 1\nroot-variable = \"POCKET_ROOT\"\nchannel = \"stable\"\n\
                  days = { root = 365, targets = 365, snapshot = 90, timestamp = 90 }\n";
    fs::write(&settings, text + pinned).unwrap();
    let said = support::fails(release(&copy.project).arg("check").arg(&copy.site));
    assert!(said.contains("metadata: file: missing"), "{said}");
    let findings = copy.findings();
    let missed = |finding: &String| finding.starts_with("metadata");
    assert!(!findings.iter().any(missed), "{findings:#?}");
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

#[test]
fn a_text_that_does_not_follow_from_the_release_is_found_by_its_line() {
    for (place, from, to) in [
        (
            "v1.4.0/install.sh",
            "https://pocket.example/install",
            "https://elsewhere.example",
        ),
        (
            "homebrew/Formula/pocket.rb",
            "license \"MIT\"",
            "license \"GPL-3.0-only\"",
        ),
        ("homebrew/Formula/pocket.rb", "say hello", "say nothing"),
        ("simple/pocket-cli/index.html", "&gt;=3.11", "&gt;=3.8"),
        ("simple/pocket-cli/index.json", ">=3.11", ">=3.8"),
        ("simple/index.html", "pocket-cli/", "pocket-cli/../other/"),
        (
            "v1.4.0/pocket-x86_64-unknown-linux-gnu.tar.gz.sha256",
            "*pocket",
            "*packet",
        ),
        ("v1.4.0/pocket_cli-1.4.0.tar.gz.metadata", ">=3.11", ">=3.8"),
    ] {
        let copy = Copy::new();
        Copy::replace(&copy.site.join(place), from, to);
        copy.expect(place, "line ");
    }
}

#[test]
fn a_file_that_is_not_the_projects_is_found_in_the_archive() {
    let copy = Copy::new();
    Copy::repack(&copy.file(ARCHIVE), |members| {
        for member in members
            .iter_mut()
            .filter(|m| m.path.ends_with("LICENSE-MIT"))
        {
            member.bytes.clear();
        }
    });
    copy.expect(ARCHIVE, "LICENSE-MIT: differs");
}

#[test]
fn another_bill_of_materials_in_the_wheel_is_found() {
    let copy = Copy::new();
    Copy::repack_wheel(&copy.file(WHEEL), |members| {
        for member in members.iter_mut().filter(|m| m.path.ends_with(".cdx.json")) {
            member.bytes.push(b' ');
        }
    });
    copy.expect(
        WHEEL,
        "pocket_cli-1.4.0.dist-info/sboms/pocket.cdx.json: differs",
    );
}

#[test]
fn a_file_that_nothing_lists_is_found() {
    let copy = Copy::new();
    fs::create_dir(copy.site.join("simple/other")).unwrap();
    for name in [
        "v1.4.0/extra.tar.gz",
        "simple/other/index.html",
        "homebrew/Formula/other.rb",
    ] {
        fs::write(copy.site.join(name), "slipped in").unwrap();
        copy.expect(name, "file: site.json does not list it");
    }
}

#[test]
fn a_list_that_leads_out_of_the_site_is_refused() {
    let copy = Copy::new();
    let marker = copy.site.join("site.json");
    Copy::replace(&marker, "\"v1.4.0/sha256.sum\"", "\"../sha256.sum\"");
    let said = support::fails(release(&copy.project).arg("check").arg(&copy.site));
    assert!(
        said.contains("`../sha256.sum` is not a place on the site"),
        "{said}"
    );
}

#[test]
fn a_file_for_a_door_that_the_project_has_not_is_found() {
    let copy = Copy::new();
    let settings = copy.project.join("release.toml");
    let mut table: toml::Table = fs::read_to_string(&settings).unwrap().parse().unwrap();
    for door in ["python", "homebrew"] {
        table.remove(door).unwrap();
    }
    fs::write(&settings, table.to_string()).unwrap();
    for file in [WHEEL, SDIST, "homebrew/Formula/pocket.rb"] {
        let findings = copy.findings();
        let named = |finding: &String| {
            finding.starts_with("site.json: artifacts: ") && finding.contains(file)
        };
        assert!(findings.iter().any(named), "{file}: {findings:#?}");
    }
}

#[test]
fn a_truncated_archive_or_wheel_is_found() {
    for end in [ARCHIVE, WHEEL, SDIST] {
        let copy = Copy::new();
        let path = copy.file(end);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        copy.expect(end, "archive: ");
        copy.expect(end, "sha256: ");
    }
}
