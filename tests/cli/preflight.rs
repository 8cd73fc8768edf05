//! The answering side: this binary as the next version.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Outcome, Sandbox, schemas, snapshot};
use crate::trees::copy_tree;

const RUN: &str = "r0001-0123456789ab";

/// A profile whose current run was written by `written`, in a layout that
/// this version need not understand.
fn newer_profile(sandbox: &Sandbox, name: &str, written: u32) {
    let folder = format!(".pkg/profiles/{name}");
    sandbox.write(
        &format!("{folder}/current"),
        &json!({"format": 1, "run": RUN, "highest_ordinal": 1}).to_string(),
    );
    let block = json!({"written": written, "readable_since": written, "requires": []});
    let manifest = json!({
        "schema": block,
        "source_bytes": 10,
        "packs": [{"file": "x", "bytes": 4_000_000, "schema": block}],
    });
    sandbox.write(&format!("{folder}/runs/{RUN}.json"), &manifest.to_string());
}

/// Asks as a version that writes and reads up to `installed`.
fn ask(sandbox: &Sandbox, installed: u32, roots: &[&str]) -> Outcome {
    let request = json!({
        "protocol": 1,
        "installed": {
            "version": "0.0.9",
            "target": "any",
            "schema": {"writes": installed, "reads_since": 1, "features": []},
        },
        "workspaces": roots,
    });
    schemas::check("preflight-request", &request);
    send(sandbox, "1", &request.to_string())
}

fn send(sandbox: &Sandbox, protocol: &str, request: &str) -> Outcome {
    let mut command = sandbox.command(&["preflight", "--protocol", protocol, "--json"]);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(request.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    Outcome::of(command.stdin(Stdio::from(file)))
}

fn rows(document: &Value) -> Vec<(String, String)> {
    document["workspaces"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|workspace| workspace["profiles"].as_array().unwrap())
        .map(|row| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&row["profile"]), text(&row["change"]))
        })
        .collect()
}

#[test]
fn the_next_version_answers_for_every_profile_and_writes_nothing() {
    let sandbox = Sandbox::with(&[("a.md", "# A\n")]);
    sandbox.run(&["ingest", "--profile", "compatible"]).done();
    newer_profile(&sandbox, "newer", 9);
    sandbox.write(
        ".pkg/profiles/foreign/runs/x/ingest-manifest.json",
        r#"{"schema_version":"v1"}"#,
    );
    let root = sandbox.root().display().to_string();
    let before = snapshot(&sandbox.root());
    let document = ask(&sandbox, 9, &[&root, "/nowhere/at/all"])
        .done()
        .document("preflight");
    assert_eq!(snapshot(&sandbox.root()), before);
    let expected = [
        ("compatible", "none"),
        ("foreign", "already_unreadable"),
        // Readable by the asker, not by this version.
        ("newer", "needs_rebuild"),
    ];
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(profile, change)| ((*profile).to_owned(), (*change).to_owned()))
        .collect();
    assert_eq!(rows(&document), expected);
    let newer = &document["workspaces"][1]["profiles"][2]["budget"]["rebuild"];
    let plan = sandbox
        .run(&["rebuild", "--dry-run", "--json", "--profile", "newer"])
        .done();
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(newer["exact"], true);
    assert_eq!(newer["bytes"], plan["budget"]["added_bytes"], "{plan:#}");
    assert_eq!(document["candidate"]["version"], env!("CARGO_PKG_VERSION"));
    let states: Vec<&Value> = document["workspaces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|workspace| &workspace["state"])
        .collect();
    assert!(states.contains(&&json!("missing")), "{states:?}");
}

#[test]
fn a_protocol_of_the_future_or_nonsense_is_refused() {
    let sandbox = Sandbox::empty();
    send(&sandbox, "2", "{}").exits(2).says("protocol 2");
    send(&sandbox, "1", "{}").exits(2).says("standard input");
    send(&sandbox, "1", r#"{"protocol":7,"installed":{"version":"1","target":"t","schema":{"writes":1,"reads_since":1,"features":[]}},"workspaces":[]}"#)
        .exits(2)
        .says("protocol 7");
}

#[test]
fn hundred_workspaces_with_thousand_runs_are_judged() {
    let sandbox = Sandbox::with(&[("a.md", "# A\n")]);
    sandbox.run(&["ingest"]).done();
    for ordinal in 2..=10 {
        sandbox.write("a.md", &format!("# A {ordinal}\n"));
        sandbox.run(&["ingest"]).done();
    }
    let mut roots = Vec::new();
    for number in 0..100 {
        let root = sandbox.home().join(format!("w{number}"));
        copy_tree(&sandbox.root(), &root);
        roots.push(root.display().to_string());
    }
    let roots: Vec<&str> = roots.iter().map(String::as_str).collect();
    let document = ask(&sandbox, 1, &roots).done().document("preflight");
    let rows = rows(&document);
    assert_eq!(rows.len(), 100);
    assert!(rows.iter().all(|(_, change)| change == "none"));
}
