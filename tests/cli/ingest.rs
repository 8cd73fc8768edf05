//! `ingest` and `rebuild`.

use std::process::Command;

use crate::support::{NOTES, Outcome, Sandbox, snapshot};
use crate::trees::contents;

#[test]
fn an_ingest_makes_a_run_and_tells_what_it_did() {
    let sandbox = Sandbox::with(NOTES);
    let outcome = sandbox.run(&["ingest"]).done();
    let outcome = outcome.shows("is current now").shows("3 added");
    assert_eq!(outcome.stderr, "");
    sandbox.write("plan.md", "# Plan\n\nChanged.\n");
    let document = sandbox.run(&["ingest", "--json"]).done().document("ingest");
    assert_eq!(document["outcome"], "published");
    assert_eq!(
        document["sources"]["changed"],
        serde_json::json!(["plan.md"])
    );
    assert_eq!(document["sources"]["unchanged"], 2);
    assert_eq!(document["extracted"], 1);
    assert_eq!(document["budget"]["verdict"], "ok");
}

#[test]
fn an_ingest_with_nothing_changed_writes_nothing_and_says_so() {
    let sandbox = Sandbox::ingested();
    let before = snapshot(&sandbox.root());
    sandbox.run(&["ingest"]).done().shows("nothing changed");
    let document = sandbox.run(&["ingest", "--json"]).done().document("ingest");
    assert_eq!(document["outcome"], "unchanged");
    assert_eq!(document["sources"]["unchanged"], 3);
    assert_eq!(document["bytes_written"], 0);
    assert_eq!(snapshot(&sandbox.root()), before);
}

#[test]
fn a_dry_run_shows_every_file_and_writes_none() {
    let sandbox = Sandbox::with(NOTES);
    let before = snapshot(&sandbox.root());
    let outcome = sandbox.run(&["ingest", "--dry-run"]).done();
    outcome
        .shows("nothing was written")
        .shows("+ plan.md")
        .shows("packs/");
    let document = sandbox
        .run(&["ingest", "--dry-run", "--json"])
        .done()
        .document("ingest");
    assert_eq!(snapshot(&sandbox.root()), before);
    assert_eq!(document["outcome"], "planned");
    // What is planned is what is written, to the byte.
    let published = sandbox.run(&["ingest", "--json"]).done().document("ingest");
    assert_eq!(published["run"], document["run"]);
    for file in document["files"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        if path.starts_with("staging/") || path == "journal.jsonl" {
            continue;
        }
        let path = sandbox.root().join(".pkg/profiles/default").join(path);
        let bytes = std::fs::metadata(&path).unwrap().len();
        assert_eq!(file["bytes"], bytes, "{path:?}");
    }
}

#[test]
fn a_rebuild_of_unchanged_sources_has_a_new_id_and_the_same_digest() {
    let sandbox = Sandbox::with(NOTES);
    let first = sandbox.run(&["ingest", "--json"]).done().document("ingest");
    let second = sandbox
        .run(&["rebuild", "--json"])
        .done()
        .document("ingest");
    assert_eq!(second["parent"], first["run"]);
    let digest = |run: &serde_json::Value| run.as_str().unwrap()[6..].to_owned();
    assert_eq!(digest(&second["run"]), digest(&first["run"]));
    assert_ne!(second["run"], first["run"]);
}

#[test]
fn after_the_last_ordinal_there_is_no_other() {
    let sandbox = Sandbox::ingested();
    let path = sandbox.root().join(".pkg/profiles/default/current");
    let current = std::fs::read_to_string(&path).unwrap();
    let last = current.replace("\"highest_ordinal\": 1", "\"highest_ordinal\": 999999999");
    assert_ne!(last, current);
    std::fs::write(&path, last).unwrap();
    let before = snapshot(&sandbox.root());
    sandbox
        .run(&["rebuild"])
        .exits(5)
        .says("default/current: its ordinal is the last")
        .says("next: move it away");
    assert_eq!(snapshot(&sandbox.root()), before);
    // Where a stranger left it is told, for a rebuild does not help.
    std::fs::write(&path, current).unwrap();
    let pack = ".pkg/profiles/default/packs/r999999999-3fa9c0d21b44-3fa9c0d21b44.db";
    sandbox.write(pack, "");
    sandbox.run(&["rebuild"]).exits(5).says(pack);
    std::fs::remove_file(sandbox.root().join(pack)).unwrap();
    sandbox.run(&["rebuild"]).done();
}

#[test]
fn files_that_cannot_be_sources_are_named_with_the_reason() {
    let sandbox = Sandbox::with(NOTES);
    std::fs::write(sandbox.root().join("latin.md"), b"caf\xe9\n").unwrap();
    std::fs::write(sandbox.root().join("nul.md"), b"a\0b\n").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", sandbox.root().join("out.md")).unwrap();
    sandbox
        .run(&["ingest"])
        .done()
        .shows("refused  3")
        .says("warning: latin.md was not ingested: its content is not UTF-8")
        .says("nul.md")
        .says("out.md was not ingested: it is a symbolic link that leads out of the workspace");
    let document = sandbox
        .run(&["rebuild", "--json"])
        .done()
        .document("ingest");
    let refused = document["sources"]["refused"].as_array().unwrap();
    let reasons: Vec<&str> = refused
        .iter()
        .map(|source| source["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["not_utf8", "contains_nul", "symlink_outside"]);
}

/// Apple's file systems have no such names.
#[cfg(target_os = "linux")]
#[test]
fn of_names_that_are_shown_alike_each_is_told() {
    use std::os::unix::ffi::OsStrExt as _;
    let sandbox = Sandbox::with(NOTES);
    for name in [&b"n\xff.md"[..], b"n\xfe.md", "n\u{fffd}.md".as_bytes()] {
        let path = sandbox.root().join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(path, "# Own\n").unwrap();
    }
    let refused = || {
        let document = sandbox.run(&["ingest", "--json"]).document("ingest");
        document["sources"]["refused"].as_array().unwrap().len()
    };
    assert_eq!((refused(), refused()), (2, 2));
    std::fs::remove_file(sandbox.root().join("n\u{fffd}.md")).unwrap();
    assert_eq!((refused(), refused()), (2, 2));
}

#[test]
fn a_workspace_is_found_from_any_folder_inside_it() {
    let sandbox = Sandbox::with(NOTES);
    let mut command = sandbox.command(&["ingest"]);
    command.current_dir(sandbox.root().join("deep"));
    crate::support::Outcome::of(&mut command).done();
    assert!(sandbox.root().join(".pkg").is_dir());
    let root = sandbox.root();
    let mut command = sandbox.command(&["status", "--root", root.to_str().unwrap()]);
    command.current_dir("/");
    crate::support::Outcome::of(&mut command).done();
}

#[test]
fn without_a_workspace_the_way_to_one_is_told() {
    let sandbox = Sandbox::empty();
    for command in ["ingest", "status", "runs", "verify"] {
        sandbox
            .run(&[command])
            .exits(2)
            .says("no workspace")
            .says("next: auditgraph init");
    }
    let document = sandbox
        .run(&["ingest", "--json"])
        .exits(2)
        .document("error");
    assert_eq!(document["error"]["kind"], "no_workspace");
}

#[test]
fn a_root_that_is_no_folder_is_told() {
    let sandbox = Sandbox::with(NOTES);
    for root in ["plan.md", "missing"] {
        sandbox
            .run(&["ingest", "--root", root])
            .exits(2)
            .says("is no folder");
    }
}

#[test]
fn a_workspace_without_sources_is_told_and_works() {
    let sandbox = Sandbox::with(&[("only.xyz", "text")]);
    for _ in 0..2 {
        sandbox
            .run(&["ingest"])
            .done()
            .says("no file here is a source: see [sources]");
    }
    sandbox.run(&["query", "text"]).done().says("no hits");
    sandbox.run(&["list"]).done().says("nothing to list");
    sandbox.run(&["verify"]).done();
    sandbox.run(&["export", "--json"]).done().document("export");
}

#[test]
fn an_unknown_key_is_refused_with_its_place_and_the_nearest_one() {
    let sandbox = Sandbox::with(NOTES);
    sandbox.write("auditgraph.toml", "[budget]\n  multiplyer = 2\n");
    sandbox
        .run(&["ingest"])
        .exits(2)
        .says("auditgraph.toml:2:3")
        .says("multiplier");
    let document = sandbox
        .run(&["ingest", "--json"])
        .exits(2)
        .document("error");
    assert_eq!(document["error"]["kind"], "config");
    assert_eq!(document["error"]["line"], 2);
    assert_eq!(document["error"]["column"], 3);
}

#[test]
fn profiles_are_independent() {
    let sandbox = Sandbox::with(NOTES);
    sandbox.run(&["ingest", "--profile", "draft"]).done();
    sandbox
        .run(&["query", "beacon"])
        .exits(1)
        .says("this profile holds no run yet")
        .says("next: auditgraph ingest");
    sandbox
        .run(&["query", "beacon", "--profile", "draft"])
        .done()
        .shows("plan.md");
    // The next command works where the failed one was to.
    sandbox
        .run(&["query", "beacon", "--profile", "other"])
        .exits(1)
        .says("next: auditgraph ingest --profile other");
}

#[test]
fn a_folder_that_may_not_be_written_is_told_with_what_to_look_at() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::ingested();
    sandbox.write("plan.md", "# Plan\n");
    let lock = sandbox.root().join(".pkg/profiles/default/lock");
    let mode = |mode| std::fs::set_permissions(&lock, PermissionsExt::from_mode(mode)).unwrap();
    mode(0o444);
    // Root may write anywhere.
    if std::fs::File::options().write(true).open(&lock).is_err() {
        sandbox
            .run(&["ingest"])
            .exits(1)
            .says("Permission denied")
            .says("next: see who may read and write it: ls -ld ");
        sandbox.run(&["query", "beacon"]).done().shows("plan.md");
    }
    mode(0o644);
    sandbox.run(&["ingest"]).done();
}

#[test]
fn where_large_artifacts_are_built_is_told_when_it_cannot_be_used() {
    let sandbox = Sandbox::with(NOTES);
    let text = "All work and no play.\n".repeat(400_000);
    for name in ["a.txt", "b.txt"] {
        sandbox.write(name, &text);
    }
    let mut command = sandbox.command(&["ingest"]);
    command.env("XDG_CACHE_HOME", "/dev/null/cache");
    Outcome::of(&mut command)
        .exits(1)
        .says("at /dev/null/cache/auditgraph")
        .says("XDG_CACHE_HOME");
    assert!(!sandbox.root().join(".pkg").exists());
}

/// 16 MB of marks took a Markdown parser over a gigabyte, and more rows than an
/// index can number stopped the ingest of the whole workspace.
#[cfg(target_os = "linux")]
#[test]
fn sixteen_megabytes_of_marks_are_read_in_bounded_memory() {
    const BYTES: usize = 16 * 1024 * 1024;
    for mark in ["[", "[[a]] ", "# a\n"] {
        let sandbox = Sandbox::with(&[("plan.md", "# Plan\n")]);
        sandbox.write("marks.md", &mark.repeat(BYTES / mark.len()));
        let mut shell = limited(&sandbox, "ulimit -v 900000", "ingest --dry-run");
        Outcome::of(&mut shell).done().shows("2 added");
    }
}

#[test]
fn files_larger_than_a_shell_may_write_are_told_and_leave_nothing() {
    let sandbox = Sandbox::ingested();
    sandbox.write("new.md", "# New\n");
    let before = contents(&sandbox.root());
    for command in [
        "ingest",
        "rebuild",
        "export --format json --output out.json",
    ] {
        Outcome::of(&mut limited(&sandbox, "ulimit -f 0", command))
            .exits(1)
            .says("ulimit -f");
        assert!(contents(&sandbox.root()) == before, "{command}");
    }
}

/// A command in a shell that allows its programs less.
fn limited(sandbox: &Sandbox, limit: &str, command: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", &format!("{limit} && exec \"$0\" {command}")])
        .arg(env!("CARGO_BIN_EXE_auditgraph"))
        .current_dir(sandbox.root())
        .env_clear()
        .env("HOME", sandbox.home());
    shell
}
