//! Workspaces of every schema version, met by the binary as built (FR-004 to
//! FR-007): compatible ones are read in silence; incompatible ones are refused
//! with the reason and the way out, and not a byte of them changes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "shared/trees.rs"]
mod trees;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use trees::{Entry, contents, copy_tree, snapshot};

/// A copy of a fixture, in a sealed home.
struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    fn of(fixture: &str) -> Self {
        let copy = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schema");
        copy_tree(&from.join(fixture), &copy.root());
        copy
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("notes")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_auditgraph"))
            .args(arguments)
            .args(["--root".as_ref(), self.root().as_os_str()])
            .env_clear()
            .env("HOME", self.folder.path())
            .output()
            .unwrap()
    }

    /// Everything at and below `.pkg`: bytes, mode and modification time.
    fn derived(&self) -> BTreeMap<PathBuf, Entry> {
        snapshot(&self.root().join(".pkg"))
    }

    /// The bytes alone, of files alone.
    fn bytes(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        contents(&self.root().join(".pkg"))
    }
}

const COMMANDS: [&[&str]; 3] = [&["ingest"], &["query", "lanterns"], &["export"]];

/// Every command refuses with the reason and the way out, changes nothing, and
/// a rebuild succeeds beside what is there.
fn is_refused(copy: &Copy, reason: &str) {
    let before = copy.derived();
    for arguments in COMMANDS {
        let output = copy.run(arguments);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {message}");
        assert!(
            message.contains("auditgraph rebuild"),
            "{arguments:?}: {message}"
        );
        assert!(output.stdout.is_empty(), "{arguments:?}");

        let json = copy.run(&[arguments, &["--json"]].concat());
        assert_eq!(json.status.code(), Some(3), "{arguments:?}");
        let document: Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!(document["format"], 1, "{document}");
        assert!(
            document.to_string().contains(reason),
            "{reason}: {document}"
        );
    }
    assert!(
        before == copy.derived(),
        "a refused command changed something"
    );

    let bytes = copy.bytes();
    let rebuild = copy.run(&["rebuild"]);
    assert!(rebuild.status.success(), "{rebuild:?}");
    let after = copy.bytes();
    for (path, bytes) in bytes {
        if !path.ends_with("current") {
            assert!(
                after.get(&path) == Some(&bytes),
                "{} changed",
                path.display()
            );
        }
    }
    let query = copy.run(&["query", "plan"]);
    assert!(query.status.success(), "{query:?}");
    let ingest = copy.run(&["ingest"]);
    assert!(ingest.status.success(), "{ingest:?}");
}

/// Reading commands answer without a word of complaint, once there is an index:
/// not every fixture has one.
fn is_read_in_silence(copy: &Copy) {
    let first = copy.run(&["query", "harbours"]);
    assert!(first.status.success(), "{first:?}");
    let notes = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(
        notes.lines().all(|note| note.contains("made again")),
        "{notes}"
    );
    let output = copy.run(&["query", "harbours"]);
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(answer.contains("notes.txt:4"), "{answer}");
    let status = copy.run(&["status"]);
    assert!(status.status.success(), "{status:?}");
    assert!(status.stderr.is_empty(), "{status:?}");
}

#[test]
fn the_frozen_workspace_of_schema_1_is_read_and_verifies() {
    let copy = Copy::of("1");
    is_read_in_silence(&copy);
    let verify = copy.run(&["verify"]);
    assert!(verify.status.success(), "{verify:?}");
    let before = copy.bytes();
    let ingest = copy.run(&["ingest"]);
    assert!(ingest.status.success(), "{ingest:?}");
    let mut after = copy.bytes();
    after.retain(|path, _| !path.ends_with("lock"));
    assert!(before == after, "nothing changed, so nothing is written");
}

#[test]
fn a_newer_schema_that_this_reader_can_read_is_read() {
    let copy = Copy::of("newer-readable");
    is_read_in_silence(&copy);
    let ingest = copy.run(&["ingest", "--json"]);
    assert!(ingest.status.success(), "{ingest:?}");
    let document: Value = serde_json::from_slice(&ingest.stdout).unwrap();
    assert_eq!(document["sources"]["unchanged"], 3, "{document}");
    assert_eq!(
        document["sources"]["added"],
        serde_json::json!([]),
        "{document}"
    );
}

#[test]
fn above_a_newer_run_the_older_one_answers_and_says_so() {
    let copy = Copy::of("newer-unreadable-above-readable");
    let before = copy.derived();
    let ingest = copy.run(&["ingest"]);
    assert_eq!(ingest.status.code(), Some(3), "{ingest:?}");
    assert!(String::from_utf8_lossy(&ingest.stderr).contains("auditgraph rebuild"));
    assert!(before == copy.derived());
    for arguments in [
        &["query", "lanterns"][..],
        &["list"],
        &["show", "document:plan.md"],
        &["export"],
    ] {
        let output = copy.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        let note = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            note.contains("answering from r0001"),
            "{arguments:?}: {note}"
        );
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
    assert!(copy.run(&["rebuild"]).status.success());
    assert!(copy.run(&["ingest"]).status.success());
}

#[test]
fn what_a_writer_left_is_not_touched_where_the_current_run_cannot_be_read() {
    for fixture in [
        "newer-unreadable",
        "too-old",
        "no-current",
        "newer-unreadable-above-readable",
    ] {
        let copy = Copy::of(fixture);
        let profile = copy.root().join(".pkg/profiles/default");
        let manifests = fs::read_dir(profile.join("runs")).unwrap();
        let names = manifests.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let newest = names.max().unwrap();
        let run = newest.strip_suffix(".json").unwrap();
        let intent = format!(r#"{{"format":1,"run":"{run}","pack":null}}"#);
        fs::create_dir(profile.join("staging")).unwrap();
        fs::write(profile.join("staging/intent.json"), intent).unwrap();
        fs::write(profile.join("staging/manifest.json"), "half").unwrap();
        fs::write(profile.join("lock"), "").unwrap();
        // The lock is there to be taken, and an older run that answers may have
        // its index made again; nothing that is there may change.
        let mut before = copy.bytes();
        before.retain(|path, _| !path.ends_with("lock"));
        assert_eq!(copy.run(&["ingest"]).status.code(), Some(3), "{fixture}");
        copy.run(&["query", "lanterns"]);
        copy.run(&["list"]);
        let after = copy.bytes();
        for (path, bytes) in before {
            assert!(
                after.get(&path) == Some(&bytes),
                "{fixture}: {}",
                path.display()
            );
        }
    }
}

#[test]
fn a_newer_schema_is_refused() {
    is_refused(&Copy::of("newer-unreadable"), "too_new");
}

#[test]
fn an_unknown_feature_is_refused() {
    is_refused(&Copy::of("unknown-feature"), "unknown_feature");
}

#[test]
fn a_schema_older_than_the_window_is_refused() {
    is_refused(&Copy::of("too-old"), "too_old");
}

#[test]
fn runs_without_a_valid_current_are_refused() {
    is_refused(&Copy::of("no-current"), "unreadable");
    is_refused(&Copy::of("current-names-a-path"), "unreadable");
}

#[test]
fn a_missing_manifest_is_refused() {
    is_refused(&Copy::of("manifest-missing"), "unreadable");
}

#[test]
fn a_manifest_without_a_schema_is_refused() {
    is_refused(&Copy::of("manifest-without-schema"), "missing_version");
}

#[test]
fn a_truncated_manifest_is_refused() {
    is_refused(&Copy::of("manifest-truncated"), "unreadable");
}

#[test]
fn a_manifest_of_fifty_megabytes_of_nested_arrays_is_refused() {
    let copy = Copy::of("1");
    // Its bytes count in the budget like any others.
    fs::write(
        copy.root().join("auditgraph.toml"),
        "[budget]\nmax_bytes = 200_000_000\n",
    )
    .unwrap();
    let profile = copy.root().join(".pkg/profiles/default");
    let current: Value =
        serde_json::from_slice(&fs::read(profile.join("current")).unwrap()).unwrap();
    let run = current["run"].as_str().unwrap();
    let mut manifest = fs::File::create(profile.join(format!("runs/{run}.json"))).unwrap();
    for _ in 0..50 {
        manifest.write_all(&[b'['; 1_000_000]).unwrap();
    }
    is_refused(&copy, "unreadable");
}

#[test]
fn the_layout_of_another_program_is_refused_and_kept() {
    is_refused(&Copy::of("foreign"), "foreign_layout");
}
