use std::fs;

use crate::support::{NOTES, Sandbox, snapshot};

fn with_three_runs() -> Sandbox {
    let sandbox = Sandbox::with(NOTES);
    for text in ["one", "two", "three"] {
        sandbox.write("plan.md", &format!("# Plan\n\nNumber {text}.\n"));
        sandbox.run(&["ingest"]).done();
    }
    sandbox
}

#[test]
fn a_dry_run_names_what_would_go_and_removes_nothing() {
    let sandbox = with_three_runs();
    let before = snapshot(&sandbox.root());
    sandbox
        .run(&["gc", "--keep", "1", "--dry-run"])
        .done()
        .shows("would remove")
        .shows("runs/r0001-")
        .shows("would free: 2 runs");
    let document = sandbox
        .run(&["gc", "--keep", "1", "--dry-run", "--json"])
        .done()
        .document("gc");
    assert_eq!(document["runs"].as_array().unwrap().len(), 2);
    assert_eq!(snapshot(&sandbox.root()), before);
}

#[test]
fn gc_keeps_what_it_is_told_and_what_that_needs() {
    let sandbox = with_three_runs();
    sandbox.run(&["gc", "--keep", "2"]).done().shows("removed");
    let document = sandbox.run(&["runs", "--json"]).done().document("runs");
    assert_eq!(document["runs"].as_array().unwrap().len(), 2);
    sandbox.run(&["verify"]).done();
    sandbox.run(&["query", "lantern"]).done().shows("log.md:");
    sandbox.run(&["gc", "--run", "2"]).done();
    let document = sandbox.run(&["runs", "--json"]).done().document("runs");
    assert_eq!(document["runs"].as_array().unwrap().len(), 1);
    // An ordinal is never used twice.
    sandbox.run(&["rebuild"]).done().shows("r0004-");
}

#[test]
fn the_current_run_is_never_removed() {
    let sandbox = with_three_runs();
    let before = snapshot(&sandbox.root());
    sandbox
        .run(&["gc", "--run", "current"])
        .exits(2)
        .says("never removed");
    sandbox.run(&["gc", "--keep", "0"]).exits(2);
    sandbox
        .run(&["gc"])
        .exits(2)
        .says("<--keep <N>|--run <RUN>>");
    sandbox.run(&["gc", "--keep", "1", "--run", "1"]).exits(2);
    sandbox
        .run(&["gc", "--run", "../../../x"])
        .exits(1)
        .says("auditgraph runs");
    assert_eq!(snapshot(&sandbox.root()), before);
}

#[test]
fn a_foreign_run_is_called_what_its_folder_is_called() {
    let sandbox = with_three_runs();
    let runs = sandbox.root().join(".pkg/profiles/default/runs");
    fs::create_dir(runs.join("2")).unwrap();
    let ours = || sandbox.run(&["runs", "--json"]).document("runs")["runs"].clone();
    sandbox.run(&["gc", "--run", "2"]).done().shows("runs/2");
    assert!(!runs.join("2").exists());
    assert_eq!(ours().as_array().unwrap().len(), 3);
    sandbox.run(&["gc", "--run", "2"]).done();
    assert_eq!(ours().as_array().unwrap().len(), 2);
}

#[test]
fn a_foreign_run_that_is_called_as_ours_are_goes_by_that_name() {
    let sandbox = with_three_runs();
    let runs = sandbox.root().join(".pkg/profiles/default/runs");
    let gone = "r0009-0123456789ab";
    fs::create_dir(runs.join(gone)).unwrap();
    fs::write(runs.join(gone).join("ingest-manifest.json"), "{}").unwrap();
    sandbox
        .run(&["gc", "--run", gone])
        .done()
        .shows(&format!("runs/{gone}"));
    assert!(!runs.join(gone).exists());
    let left = sandbox.run(&["runs", "--json"]).document("runs");
    assert_eq!(left["runs"].as_array().unwrap().len(), 3);
    sandbox
        .run(&["gc", "--run", gone])
        .exits(1)
        .says("there is no run");
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_is_only_shown_as_it_is_named_is_not_called_removed() {
    use std::os::unix::ffi::OsStringExt;
    let sandbox = with_three_runs();
    let runs = sandbox.root().join(".pkg/profiles/default/runs");
    let folder = runs.join(std::ffi::OsString::from_vec(b"old\xff".to_vec()));
    fs::create_dir(&folder).unwrap();
    sandbox
        .run(&["gc", "--run", "old\u{fffd}"])
        .exits(1)
        .says("there is no run");
    assert!(folder.exists());
}

#[test]
fn what_is_freed_is_what_the_usage_falls_by() {
    let sandbox = Sandbox::ingested();
    // Its index is that of the first run, under a second name.
    sandbox.run(&["rebuild"]).done();
    let usage = || {
        let status = sandbox.run(&["status", "--json"]).done().document("status");
        status["total"]["bytes"].as_u64().unwrap()
    };
    let before = usage();
    let collected = sandbox.run(&["gc", "--keep", "1", "--json"]).done();
    let collected = collected.document("gc");
    assert_eq!(collected["bytes_freed"], before - usage());
    let files = collected["files"].as_array().unwrap();
    let lengths: u64 = files.iter().map(|it| it["bytes"].as_u64().unwrap()).sum();
    assert!(collected["bytes_freed"].as_u64().unwrap() < lengths);
}
