use crate::support::{NOTES, Sandbox};

#[test]
fn runs_are_listed_oldest_first_with_the_current_one_marked() {
    let sandbox = Sandbox::with(NOTES);
    sandbox.run(&["runs"]).done().shows("no runs yet");
    sandbox.run(&["ingest"]).done();
    sandbox.run(&["rebuild"]).done();
    let document = sandbox.run(&["runs", "--json"]).done().document("runs");
    let runs = document["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[0]["command"], "ingest");
    assert_eq!(runs[1]["command"], "rebuild");
    assert_eq!(runs[0]["digest"], runs[1]["digest"]);
    assert_eq!(runs[1]["current"], true);
    let outcome = sandbox.run(&["runs"]).done();
    let current: Vec<&str> = outcome
        .stdout
        .lines()
        .filter(|line| line.starts_with('*'))
        .collect();
    assert_eq!(current.len(), 1);
    assert!(current[0].contains("r0002-"), "{current:?}");
}

#[test]
fn runs_of_another_program_are_named() {
    let sandbox = Sandbox::with(NOTES);
    sandbox.write(
        ".pkg/profiles/default/runs/old one/ingest-manifest.json",
        "{}",
    );
    sandbox
        .run(&["runs"])
        .done()
        .shows("auditgraph rebuild")
        .shows("auditgraph gc --run 'old one'");
    sandbox.run(&["rebuild"]).done();
    let document = sandbox.run(&["runs", "--json"]).done().document("runs");
    assert_eq!(document["foreign"], serde_json::json!(["old one"]));
    sandbox.run(&["gc", "--run", "old one"]).done();
    let document = sandbox.run(&["runs", "--json"]).done().document("runs");
    assert_eq!(document["foreign"], serde_json::json!([]));
    assert_eq!(document["runs"].as_array().unwrap().len(), 1);
}

#[test]
fn an_older_run_answers_when_asked_for_by_number_or_id() {
    let sandbox = Sandbox::ingested();
    sandbox.write("plan.md", "# Plan\n\nNo light.\n");
    sandbox.run(&["ingest"]).done();
    let outcome = sandbox.run(&["query", "dawn"]).done().says("no hits");
    assert_eq!(outcome.stdout, "");
    for run in ["1", "r1", "r0001"] {
        sandbox
            .run(&["query", "dawn", "--run", run])
            .done()
            .shows("plan.md:3")
            .shows("[changed since this run]");
    }
    let document = sandbox
        .run(&["query", "dawn", "--run", "9", "--json"])
        .exits(1)
        .document("error");
    assert_eq!(document["error"]["kind"], "unknown_run");
    assert_eq!(document["error"]["hint"], "auditgraph runs");
}

#[test]
fn an_older_run_that_cannot_be_read_asks_for_no_rebuild() {
    let sandbox = Sandbox::ingested();
    sandbox.write("plan.md", "# Plan\n\nNo light.\n");
    sandbox.run(&["ingest"]).done();
    let runs = sandbox.root().join(".pkg/profiles/default/runs");
    let mut manifests: Vec<_> = std::fs::read_dir(&runs).unwrap().collect();
    manifests.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
    let ask = |run: &str, hint: &str| {
        let refused = sandbox.run(&["query", "dawn", "--run", run, "--json"]);
        let document = refused.exits(3).document("error");
        assert_eq!(document["error"]["kind"], "rebuild_required");
        assert_eq!(document["error"]["hint"], hint);
    };
    std::fs::write(manifests[0].as_ref().unwrap().path(), "{").unwrap();
    ask("1", "auditgraph runs");
    std::fs::write(manifests[1].as_ref().unwrap().path(), "{").unwrap();
    ask("2", "auditgraph rebuild");
}
