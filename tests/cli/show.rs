use crate::support::Sandbox;

#[test]
fn a_node_is_shown_with_its_links_both_ways() {
    let sandbox = Sandbox::ingested();
    let document = sandbox
        .run(&["show", "section:log.md#day-one", "--json"])
        .done()
        .document("show");
    assert_eq!(document["node"]["title"], "Day one");
    assert_eq!(document["changed"], false);
    let text = document["text"].as_str().unwrap();
    assert!(text.contains("We built a `lantern`"), "{text}");
    let incoming = document["incoming"].as_array().unwrap();
    assert!(
        incoming
            .iter()
            .any(|link| link["kind"] == "links_to" && link["evidence"]["path"] == "plan.md"),
        "{document:#}"
    );
    sandbox
        .run(&["show", "tag:release"])
        .done()
        .shows("linked from (1)")
        .shows("plan.md:3  -tagged-> tag:release");
}

/// The id of the node that is shown for `name`.
fn id_of(sandbox: &Sandbox, name: &str) -> String {
    let shown = sandbox.run(&["show", name, "--json"]).done();
    let document = shown.document("show");
    document["node"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_node_is_found_by_path_fragment_or_the_place_of_a_hit() {
    let sandbox = Sandbox::ingested();
    for (name, id) in [
        ("plan.md", "document:plan.md"),
        ("./plan.md", "document:plan.md"),
        ("log.md#day-one", "section:log.md#day-one"),
        ("log.md#Day one", "section:log.md#day-one"),
        ("tag:Release", "tag:release"),
        ("tag:#RELEASE", "tag:release"),
    ] {
        assert_eq!(id_of(&sandbox, name), id);
    }
    let text_at = |line: u32| {
        let place = format!("log.md:{line}");
        let document = sandbox
            .run(&["show", &place, "--json"])
            .done()
            .document("show");
        assert_eq!(document["node"]["kind"], "chunk");
        document["text"].as_str().unwrap().to_owned()
    };
    assert!(text_at(8).contains("lantern"));
    // Where a tag of the front matter stands, and on a blank line.
    assert_eq!(text_at(2), "# Log");
    assert_eq!(text_at(5), "# Log");
    sandbox.run(&["show", "log.md:9"]).exits(1);
    sandbox.run(&["show", "log.md:0"]).exits(1);
}

#[test]
fn a_name_that_looks_equal_is_meant() {
    let sandbox = Sandbox::with(&[]);
    // Names as different systems store them, and a heading as one types it.
    let path = "cafe\u{301}/cr\u{e8}me.md";
    sandbox.write(path, "# Cr\u{e8}me br\u{fb}l\u{e9}e\n");
    sandbox.run(&["ingest"]).done();
    for folder in ["caf\u{e9}", "cafe\u{301}"] {
        for file in ["cr\u{e8}me", "cre\u{300}me"] {
            for rest in [
                "",
                ":1",
                "#cr\u{e8}me-br\u{fb}l\u{e9}e",
                "#cre\u{300}me-bru\u{302}le\u{301}e",
            ] {
                let name = format!("{folder}/{file}.md{rest}");
                sandbox.run(&["show", &name]).done().shows(path);
            }
        }
    }
}

#[test]
fn a_fragment_names_what_a_link_with_it_leads_to() {
    let sandbox = Sandbox::with(&[
        (
            "a.md",
            "<a id=\"first\"></a>\n\n# One\n\ntext <b id=\"x\">y</b> z ^block\n",
        ),
        ("c#/d#.md", "# Two\n\n## The end\n"),
    ]);
    sandbox.run(&["ingest"]).done();
    for (name, id) in [
        ("a.md#first", "section:a.md#one"),
        ("a.md#x", "section:a.md#one"),
        ("a.md#^block", "section:a.md#one"),
        ("a.md#top", "document:a.md"),
        ("c#/d#.md", "document:c#/d#.md"),
        ("c#/d#.md#two", "section:c#/d#.md#two"),
        ("c#/d#.md#The end", "section:c#/d#.md#the-end"),
    ] {
        assert_eq!(id_of(&sandbox, name), id, "{name}");
    }
    sandbox.run(&["show", "a.md#nowhere"]).exits(1);
}

#[test]
fn a_node_that_does_not_exist_is_told_with_the_way_to_find_one() {
    let sandbox = Sandbox::ingested();
    for command in ["show", "neighbors"] {
        sandbox
            .run(&[command, "document:nowhere.md"])
            .exits(1)
            .says("has no node \"document:nowhere.md\"")
            .says("next: auditgraph list --type document\n");
        sandbox
            .run(&[command, "tag:nothing"])
            .exits(1)
            .says("next: auditgraph list --type tag\n");
        let document = sandbox
            .run(&[command, "../../etc/passwd", "--json"])
            .exits(1)
            .document("error");
        assert_eq!(document["error"]["kind"], "unknown_node");
    }
}
