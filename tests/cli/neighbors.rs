use crate::support::Sandbox;

#[test]
fn what_lies_around_a_node_comes_by_distance() {
    let sandbox = Sandbox::ingested();
    let document = sandbox
        .run(&[
            "neighbors",
            "plan.md",
            "--kind",
            "contains,links_to",
            "--direction",
            "out",
            "--depth",
            "3",
            "--json",
        ])
        .done()
        .document("neighbors");
    let nodes = document["nodes"].as_array().unwrap();
    assert_eq!(nodes[0]["node"]["id"], "document:plan.md");
    assert_eq!(nodes[0]["distance"], 0);
    let distances: Vec<u64> = nodes
        .iter()
        .map(|node| node["distance"].as_u64().unwrap())
        .collect();
    assert!(distances.is_sorted(), "{distances:?}");
    assert!(
        nodes
            .iter()
            .any(|node| node["node"]["id"] == "section:log.md#day-one"),
        "{document:#}"
    );
    sandbox
        .run(&[
            "neighbors",
            "section:log.md#day-one",
            "--kind",
            "links_to",
            "--direction",
            "in",
        ])
        .done()
        .shows("  section:plan.md#next-steps")
        .shows("plan.md:7");
    let one = sandbox
        .run(&["neighbors", "plan.md", "-n", "1", "--json"])
        .done();
    assert_eq!(one.document("neighbors")["truncated"], true);
    assert!(one.stderr.contains("there are more"), "{}", one.stderr);
}
