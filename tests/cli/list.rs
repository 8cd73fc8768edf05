use serde_json::Value;

use crate::support::Sandbox;

fn ids(document: &Value) -> Vec<&str> {
    let nodes = document["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| node["id"].as_str().unwrap())
        .collect()
}

#[test]
fn documents_are_listed_by_path() {
    let sandbox = Sandbox::ingested();
    let document = sandbox.run(&["list", "--json"]).done().document("list");
    assert_eq!(
        ids(&document),
        [
            "document:deep/er.txt",
            "document:log.md",
            "document:plan.md"
        ]
    );
    sandbox
        .run(&["list"])
        .done()
        .shows("document:plan.md  Plan\n");
    let page = sandbox
        .run(&["list", "-n", "1", "--offset", "1", "--json"])
        .done();
    let document = page.document("list");
    assert_eq!(ids(&document), ["document:log.md"]);
    assert_eq!(document["more"], true);
    assert!(page.stderr.contains("there are more"), "{}", page.stderr);
}

#[test]
fn every_kind_can_be_listed() {
    let sandbox = Sandbox::ingested();
    for (kind, expected) in [
        ("section", "section:plan.md#next-steps"),
        ("term", "term:lantern"),
        ("tag", "tag:release"),
        ("unresolved", "unresolved:missing.md"),
    ] {
        let document = sandbox
            .run(&["list", "--type", kind, "--json"])
            .done()
            .document("list");
        assert!(ids(&document).contains(&expected), "{kind}: {document}");
    }
    for kind in ["chunk", "external", "file"] {
        sandbox
            .run(&["list", "--type", kind, "--json"])
            .done()
            .document("list");
    }
}

#[test]
fn broken_links_are_a_report_with_evidence() {
    let sandbox = Sandbox::ingested();
    let arguments = ["list", "--type", "link", "--where", "status=unresolved"];
    let outcome = sandbox.run(&arguments).done();
    assert_eq!(
        outcome.stdout,
        "plan.md:7  #next-steps -links_to-> unresolved:missing.md  broken: missing.md\n"
    );
    let mut json = arguments.to_vec();
    json.push("--json");
    let document = sandbox.run(&json).done().document("list");
    let link = &document["links"][0];
    assert_eq!(link["status"], "unresolved");
    assert_eq!(link["evidence"]["path"], "plan.md");
    assert_eq!(link["evidence"]["line"], 7);
    assert_eq!(link["rule"], "inline");
}

#[test]
fn a_filter_that_cannot_match_is_refused_with_what_could() {
    let sandbox = Sandbox::ingested();
    sandbox
        .run(&["list", "--where", "status=unresolved"])
        .exits(2)
        .says("there is: path");
    sandbox
        .run(&["list", "--type", "link", "--where", "status=broken"])
        .exits(2)
        .says("unresolved");
    sandbox
        .run(&["list", "--type", "person"])
        .exits(2)
        .says("unresolved, link]");
    for filter in ["path=[2024-01]", "title=a["] {
        let outcome = sandbox.run(&["list", "--where", filter]).exits(2);
        outcome
            .says("error: not a pattern: error parsing glob")
            .says("next: write [*] [?] [[] [{] where the character itself is meant");
    }
}

#[test]
fn a_name_is_filtered_whatever_its_case_and_form() {
    let sandbox = Sandbox::with(&[("cafe\u{301}.md", "# \u{dc}BER alles\n\n[x](#nowhere)\n")]);
    sandbox.run(&["ingest"]).done();
    for (what, filter) in [
        ("section", "title=\u{fc}ber*"),
        ("document", "id=Document:Caf\u{e9}*"),
        ("link", "target=*caf\u{e9}.md#Nowhere"),
        ("link", "source=document:cafe\u{301}.md"),
    ] {
        let listed = sandbox.run(&["list", "--type", what, "--where", filter]);
        listed.done().shows("cafe\u{301}.md");
    }
}

#[test]
fn a_label_of_restructuredtext_is_a_link_that_breaks_when_the_label_goes() {
    let sandbox = Sandbox::with(&[
        (
            "guide.rst",
            "Guide\n=====\n\nSee :ref:`Setting-Up` and :ref:`the end <end>`.\n",
        ),
        (
            "deep/setup.rst",
            ".. _setting-up:\n\nSetting up\n==========\n\ntext\n",
        ),
    ]);
    sandbox.run(&["ingest"]).done();
    let broken = ["list", "--type", "link", "--where", "status=unresolved"];
    let links = ["list", "--type", "link", "--where", "rule=rst_link"];
    sandbox
        .run(&links)
        .done()
        .shows("guide.rst:4  #guide -links_to-> section:deep/setup.rst#setting-up\n");
    let report = sandbox.run(&broken).done().stdout;
    assert_eq!(
        report,
        "guide.rst:4  #guide -links_to-> unresolved:end  broken: :ref:end\n"
    );
    sandbox.write(
        "deep/setup.rst",
        "Setting up\n==========\n\n.. _end:\n\ntext\n",
    );
    sandbox.run(&["ingest"]).done();
    let report = sandbox.run(&broken).done().stdout;
    assert_eq!(
        report,
        "guide.rst:4  #guide -links_to-> unresolved:setting-up  broken: :ref:setting-up\n"
    );
    sandbox
        .run(&links)
        .done()
        .shows("guide.rst:4  #guide -links_to-> section:deep/setup.rst#setting-up\n");
}

#[test]
fn every_node_listed_shown_or_near_has_a_place() {
    let sandbox = Sandbox::ingested();
    for kind in ["document", "section", "chunk", "term", "tag", "unresolved"] {
        let listed = ["list", "--type", kind, "--json"];
        let document = sandbox.run(&listed).done().document("list");
        let nodes = document["nodes"].as_array().unwrap();
        assert!(!nodes.is_empty(), "{kind}");
        for node in nodes {
            assert!(node["place"]["line"].is_u64(), "{node}");
            assert!(node["place"]["sha256"].is_string(), "{node}");
            let shown = ["show", node["id"].as_str().unwrap(), "--json"];
            let shown = sandbox.run(&shown).done().document("show");
            assert_eq!(shown["node"], *node);
            assert_eq!(shown["changed"], false);
        }
    }
    sandbox
        .run(&["list", "--type", "tag"])
        .done()
        .shows("tag:journal  1x  log.md:2\n");
    let near = ["neighbors", "plan.md", "--depth", "3", "--json"];
    let document = sandbox.run(&near).done().document("neighbors");
    for near in document["nodes"].as_array().unwrap() {
        assert!(near["node"]["place"]["line"].is_u64(), "{near}");
    }
}
