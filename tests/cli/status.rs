use crate::support::{NOTES, Sandbox};

#[test]
fn status_before_the_first_run_says_how_to_get_one() {
    let sandbox = Sandbox::with(NOTES);
    sandbox
        .run(&["status"])
        .done()
        .shows("none yet: auditgraph ingest");
    let document = sandbox.run(&["status", "--json"]).done().document("status");
    assert_eq!(document["standing"], "empty");
    assert_eq!(document["run"], serde_json::Value::Null);
}

#[test]
fn the_next_command_names_the_workspace_and_the_profile() {
    let sandbox = Sandbox::with(NOTES);
    let next = "auditgraph ingest --root . --profile draft";
    for command in ["status", "runs"] {
        let typed = [command, "--root", ".", "--profile", "draft"];
        sandbox.run(&typed).done().shows(next);
    }
    let typed = ["export", "--json", "-f", "dot", "--root", "."];
    sandbox
        .run(&typed)
        .exits(2)
        .says("--output graph.dot --root .");
}

#[test]
fn status_shows_the_run_a_usage_bar_and_every_part() {
    let sandbox = Sandbox::ingested();
    let outcome = sandbox.run(&["status"]).done();
    let outcome = outcome
        .shows("r0001-")
        .shows("budget     [#")
        .shows("apparent")
        .shows("allocated");
    for part in ["packs", "cache", "runs", "total"] {
        assert!(
            outcome.stdout.lines().any(|line| line.starts_with(part)),
            "{part}: {}",
            outcome.stdout
        );
    }
    let document = sandbox.run(&["status", "--json"]).done().document("status");
    assert_eq!(document["standing"], "ready");
    assert_eq!(document["sources"], 3);
    let parts = document["budget"]["parts"].as_array().unwrap();
    let sum: u64 = parts
        .iter()
        .map(|part| part["bytes"].as_u64().unwrap())
        .sum();
    assert_eq!(document["total"]["bytes"], sum);
    assert_eq!(document["budget"]["used_bytes"], sum);
    let sizes: Vec<u64> = parts
        .iter()
        .map(|part| part["bytes"].as_u64().unwrap())
        .collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
}
