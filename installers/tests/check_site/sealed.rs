//! Damage that no digest shows: what was put into a package before it was listed,
//! and lists that agree with each other and not with the release.

use std::fs;

use super::support::broken::{Copy, Member};
use super::support::{copy as copy_folder, json};
use super::{ARCHIVE, SDIST, WHEEL};

#[test]
fn what_is_not_packed_as_it_is_built_is_found() {
    let more = |path: &str| Member {
        path: path.into(),
        mode: 0o644,
        kind: tar::EntryType::Regular,
        bytes: b"import antigravity\n".to_vec(),
    };
    let copy = Copy::new();
    Copy::repack_wheel(&copy.file(WHEEL), |members| members.push(more("more.pth")));
    copy.expect(WHEEL, "more.pth: is no part of a release");
    let copy = Copy::new();
    Copy::repack_wheel(&copy.file(WHEEL), |members| {
        for member in members.iter_mut().filter(|m| m.path.ends_with("_find.py")) {
            member.mode = 0o600;
        }
    });
    copy.expect(WHEEL, "pocket_cli/_find.py: is not what `build` packs");

    for (path, problem) in [
        ("PKG-INFO", "is not what `build` packs"),
        ("pyproject.toml", "is not what `build` packs"),
        ("build-backend/backend.py", "is not what `build` packs"),
        ("python/pocket_cli/_find.py", "is not what `build` packs"),
        ("main.rs", "differs from the project's own"),
        ("LICENSE-MIT", "differs from the project's own"),
    ] {
        let copy = Copy::new();
        Copy::repack(&copy.file(SDIST), |members| {
            let member = members.iter_mut().find(|m| m.path.ends_with(path));
            member.unwrap().bytes.push(b'\n');
        });
        copy.expect(SDIST, &format!("{path}: {problem}"));
    }
    let copy = Copy::new();
    Copy::repack(&copy.file(SDIST), |members| {
        members.push(more("pocket_cli-1.4.0/setup.py"));
    });
    copy.expect(SDIST, "setup.py: differs");
    let copy = Copy::new();
    Copy::repack(&copy.file(ARCHIVE), |members| {
        members.push(more("pocket-x86_64-unknown-linux-gnu/more"));
    });
    copy.expect(ARCHIVE, "more: is no part of a release");
}

#[test]
fn a_page_or_a_script_that_says_nothing_is_found() {
    for (end, problem) in [
        ("pocket.1", "is no man page: it has no title"),
        ("pocket.fish", "does not complete pocket"),
    ] {
        let copy = Copy::new();
        Copy::repack(&copy.file(ARCHIVE), |members| {
            let member = members.iter_mut().find(|m| m.path.ends_with(end));
            member.unwrap().bytes = b"# nothing\n".to_vec();
        });
        let findings = copy.findings();
        let named = |finding: &&String| finding.ends_with(&format!("{end}: {problem}"));
        assert_eq!(findings.iter().filter(named).count(), 1, "{findings:#?}");
    }
}

#[test]
fn a_bill_of_materials_of_another_executable_is_found() {
    let copy = Copy::new();
    Copy::replace(&copy.file("gnu.cdx.json"), "\"cfg-if\"", "\"cfg-fi\"");
    copy.expect("gnu.cdx.json", "components: cfg-fi ");
}

#[test]
fn a_manifest_that_does_not_name_its_archive_is_found() {
    for end in ["v1.4.0/dist-manifest.json", "gnu-dist-manifest.json"] {
        let copy = Copy::new();
        let path = copy.file(end);
        let mut manifest = json(&path);
        let artifacts = manifest["artifacts"].as_object_mut().unwrap();
        let archive = artifacts.keys().find(|name| name.ends_with(ARCHIVE));
        let archive = archive.unwrap().clone();
        artifacts.remove(&archive).unwrap();
        fs::write(&path, manifest.to_string()).unwrap();
        copy.expect(
            end,
            &format!("artifacts.{archive}.checksums.sha256: missing"),
        );
    }
}

#[test]
fn checksums_that_a_tool_would_stumble_over_are_found() {
    let copy = Copy::new();
    let path = copy.site.join("v1.4.0/sha256.sum");
    let text = fs::read_to_string(&path).unwrap();
    let twice = format!("{}  install.sh\n{text}", "0".repeat(64));
    for broken in [twice, text.clone() + "broken\n", text.replace("  ", " ")] {
        fs::write(&path, broken).unwrap();
        copy.expect("v1.4.0/sha256.sum", "line ");
    }
}

#[test]
fn a_file_under_another_name_or_listed_twice_is_found() {
    let copy = Copy::new();
    let (from, to) = ("pocket-installer.sh", "other.sh");
    fs::rename(copy.file(from), copy.site.join("v1.4.0").join(to)).unwrap();
    for place in ["site.json", "v1.4.0/sha256.sum"] {
        Copy::replace(&copy.site.join(place), from, to);
    }
    let problem = "artifacts: v1.4.0/other.sh is not planned by that name";
    copy.expect("site.json", problem);

    let copy = Copy::new();
    let path = copy.site.join("site.json");
    let mut marker = json(&path);
    let artifacts = marker["releases"][0]["artifacts"].as_array_mut().unwrap();
    artifacts.push(artifacts[0].clone());
    fs::write(&path, marker.to_string()).unwrap();
    copy.expect(
        "site.json",
        "artifacts: homebrew/Formula/pocket.rb is there twice",
    );
}

#[test]
fn a_broken_file_of_an_older_release_is_found() {
    let copy = Copy::new();
    let path = copy.site.join("site.json");
    let old = fs::read_to_string(&path).unwrap();
    let mut marker = json(&path);
    let older = serde_json::from_str::<serde_json::Value>(&old.replace("1.4.0", "1.3.0"));
    let older = older.unwrap()["releases"][0].clone();
    marker["releases"].as_array_mut().unwrap().insert(0, older);
    fs::write(&path, marker.to_string()).unwrap();
    copy_folder(&copy.site.join("v1.4.0"), &copy.site.join("v1.3.0"));
    let script = copy.site.join("v1.3.0/install.sh");
    fs::write(&script, "cut").unwrap();
    copy.expect("v1.3.0/install.sh", "sha256");
    copy.expect("v1.3.0/pocket_cli-1.3.0.tar.gz", "file: missing");
    let formula = |finding: &String| finding.starts_with("homebrew/");
    assert!(!copy.findings().iter().any(formula));
}
