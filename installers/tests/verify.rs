//! `verify` as a stranger to this repository uses it: in a small project of
//! its own, from the command line.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A project with one program, formatted or not.
fn project(main: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let manifest =
        "[package]\nname = \"small\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[workspace]\n";
    fs::create_dir(dir.path().join("src")).unwrap();
    fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
    fs::write(dir.path().join("src/main.rs"), main).unwrap();
    fs::write(dir.path().join("release.toml"), "[tools]\n").unwrap();
    dir
}

fn verify(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_auditgraph-release"))
        .arg("verify")
        .args(arguments)
        .current_dir(dir)
        .env("XDG_CACHE_HOME", dir.join("cache"))
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_check_that_holds_is_counted_and_the_sum_is_the_last_line() {
    let dir = project("fn main() {}\n");
    let output = verify(dir.path(), &["--only", "fmt"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert_eq!(stdout.lines().last(), Some("1 passed, 0 failed, 0 skipped"));
}

#[test]
fn a_check_that_fails_shows_why_and_makes_the_exit_code() {
    let dir = project("fn main( ) {}\n");
    let output = verify(dir.path(), &["--only", "fmt"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    assert!(
        stdout.contains("fn main( ) {}"),
        "the difference is shown: {stdout}"
    );
    assert_eq!(stdout.lines().last(), Some("0 passed, 1 failed, 0 skipped"));
    let log = fs::read_to_string(dir.path().join("target/verify/fmt.log")).unwrap();
    assert!(log.contains("fn main( ) {}"), "the log keeps it: {log}");
}

#[test]
fn with_json_standard_output_is_one_document() {
    let dir = project("fn main() {}\n");
    let arguments = [
        "--json", "--only", "fmt", "--only", "unit", "--skip", "unit",
    ];
    let output = verify(dir.path(), &arguments);
    let ledger: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(ledger["format"], 1);
    assert_eq!(ledger["checks"][0]["name"], "fmt");
    assert_eq!(ledger["checks"][0]["status"], "passed");
    assert_eq!(ledger["checks"][1]["reason"], "left out with --skip");
    assert_eq!(
        (ledger["passed"].as_u64(), ledger["skipped"].as_u64()),
        (Some(1), Some(1))
    );
}

#[test]
fn a_check_that_does_not_exist_is_refused_and_all_can_be_listed() {
    let dir = project("fn main() {}\n");
    let output = verify(dir.path(), &["--only", "polish"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("`polish`"));
    let listed = verify(dir.path(), &["--list"]);
    for name in ["fmt", "clippy", "unit", "doctest", "deny"] {
        let found = text(&listed.stdout)
            .lines()
            .any(|line| line.starts_with(name));
        assert!(found, "{name}: {}", text(&listed.stdout));
    }
}
