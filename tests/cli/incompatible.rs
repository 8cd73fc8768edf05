//! Runs this version cannot read: refused, left alone, rebuilt beside.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Sandbox, snapshot};

/// The only manifest of the workspace.
fn manifest(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.root().join(".pkg/profiles/default/runs");
    let mut entries = fs::read_dir(folder).unwrap();
    entries.next().unwrap().unwrap().path()
}

/// Lets the run of a manifest be of a schema that only a later version reads.
fn make_too_new(manifest: &Path) {
    let text = fs::read_to_string(manifest).unwrap();
    let newer = text
        .replacen("\"written\": 1", "\"written\": 9", 1)
        .replacen("\"readable_since\": 1", "\"readable_since\": 9", 1);
    assert_ne!(newer, text);
    fs::write(manifest, newer).unwrap();
}

#[test]
fn an_incompatible_run_is_refused_with_the_reason_and_the_way_out() {
    let sandbox = Sandbox::ingested();
    let path = manifest(&sandbox);
    make_too_new(&path);
    let profile = sandbox.root().join(".pkg");
    let before = snapshot(&profile);
    for arguments in [&["ingest"][..], &["query", "beacon"]] {
        sandbox
            .run(arguments)
            .exits(3)
            .says("artifact schema 9 is too new")
            .says("next: auditgraph rebuild");
        let mut json = arguments.to_vec();
        json.push("--json");
        let document = sandbox.run(&json).exits(3).document("error");
        assert_eq!(document["error"]["kind"], "rebuild_required");
        assert_eq!(document["error"]["hint"], "auditgraph rebuild");
        assert_eq!(document["error"]["details"]["reason"], "too_new");
        assert!(document["error"]["run"].is_string());
    }
    sandbox
        .run(&["status"])
        .done()
        .shows("cannot be read")
        .shows("auditgraph rebuild");
    let status = sandbox.run(&["status", "--json"]).done().document("status");
    assert_eq!(status["standing"], "rebuild_required");
    assert_eq!(status["reason"]["reason"], "too_new");
    let runs = sandbox.run(&["runs", "--json"]).done().document("runs");
    assert_eq!(runs["runs"][0]["state"], "incompatible");
    assert_eq!(snapshot(&profile), before);

    sandbox.run(&["rebuild"]).done().shows("r0002-");
    sandbox.run(&["query", "beacon"]).done().shows("plan.md:3");
    sandbox.run(&["ingest"]).done().shows("nothing changed");
    let after = snapshot(&profile);
    for (path, entry) in before {
        let name = path.file_name().unwrap().to_str().unwrap();
        let replaced = path.is_dir() || ["current", "journal.jsonl"].contains(&name);
        assert!(replaced || after.get(&path) == Some(&entry), "{path:?}");
    }
    // Unreadable runs go only by name.
    sandbox
        .run(&["gc", "--keep", "1"])
        .done()
        .shows("left alone: 1 run");
    assert!(path.exists());
    let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
    sandbox.run(&["gc", "--run", &id]).done();
    assert!(!path.exists());
}

#[test]
fn an_older_readable_run_answers_while_the_current_one_is_too_new() {
    let sandbox = Sandbox::ingested();
    let old = manifest(&sandbox);
    sandbox.write("plan.md", "# Plan\n\nNothing lit.\n");
    sandbox.run(&["ingest"]).done();
    let folder = sandbox.root().join(".pkg/profiles/default/runs");
    let path = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| *path != old)
        .unwrap();
    make_too_new(&path);
    let outcome = sandbox
        .run(&["query", "dawn"])
        .done()
        .shows("plan.md:3")
        .says("answering from r0001-");
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    sandbox.run(&["ingest"]).exits(3);
}
