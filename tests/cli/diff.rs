use crate::support::Sandbox;

#[test]
fn two_runs_differ_by_sources_nodes_and_links() {
    let sandbox = Sandbox::ingested();
    sandbox
        .run(&["diff"])
        .exits(1)
        .says("no run before it to compare with");
    sandbox.write("plan.md", "# Plan\n\nSee [the log](log.md). #later\n");
    sandbox.write("new.md", "# New\n");
    std::fs::remove_file(sandbox.root().join("deep/er.txt")).unwrap();
    sandbox.run(&["ingest"]).done();
    let document = sandbox.run(&["diff", "--json"]).done().document("diff");
    assert_eq!(document["sources"]["added"][0]["path"], "new.md");
    assert_eq!(document["sources"]["removed"][0]["path"], "deep/er.txt");
    let changed = &document["sources"]["changed"][0];
    assert_eq!(changed[0]["path"], "plan.md");
    assert_ne!(changed[0]["sha256"], changed[1]["sha256"]);
    let has = |list: &serde_json::Value, id: &str| {
        list.as_array().unwrap().iter().any(|node| node["id"] == id)
    };
    assert!(has(&document["nodes"]["added"], "tag:later"));
    assert!(has(&document["nodes"]["removed"], "tag:release"));
    let targets: Vec<&str> = document["links"]["removed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| link["target"].as_str().unwrap())
        .collect();
    assert!(targets.contains(&"unresolved:missing.md"), "{targets:?}");
    sandbox
        .run(&["diff", "1", "2"])
        .done()
        .shows("sources  1 added, 1 removed, 1 changed")
        .shows("  + new.md")
        .shows("  - deep/er.txt")
        .shows("  ~ plan.md");
    let stat = sandbox.run(&["diff", "1", "current", "--stat"]).done();
    assert_eq!(stat.stdout.lines().count(), 4, "{}", stat.stdout);
    let same = sandbox
        .run(&["diff", "current", "current", "--json"])
        .done()
        .document("diff");
    for part in ["sources", "nodes", "links"] {
        for list in ["added", "removed", "changed"] {
            assert_eq!(same[part][list], serde_json::json!([]), "{part} {list}");
        }
    }
}
