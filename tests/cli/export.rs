use std::fs;

use serde_json::Value;

use crate::support::{Sandbox, schemas, snapshot};

#[test]
fn every_format_carries_the_schema_block_and_the_run() {
    let sandbox = Sandbox::ingested();
    let run = sandbox.run(&["status", "--json"]).document("status")["run"].clone();
    for format in ["json", "jsonl", "dot", "graphml"] {
        let outcome = sandbox.run(&["export", "--format", format]).done();
        assert_eq!(outcome.stderr, "");
        for part in [
            run.as_str().unwrap(),
            "readable_since",
            "plan.md",
            "tag:release",
        ] {
            assert!(outcome.stdout.contains(part), "{format}: {part}");
        }
        // No absolute path gives the place of the workspace away.
        let root = sandbox.root();
        assert!(!outcome.stdout.contains(root.to_str().unwrap()), "{format}");
        // The same run gives the same bytes.
        let again = sandbox.run(&["export", "--format", format]).done();
        assert_eq!(again.stdout, outcome.stdout);
    }
}

#[test]
fn the_ending_of_the_file_decides_the_format() {
    let sandbox = Sandbox::ingested();
    let start = |name: &str| {
        sandbox.run(&["export", "--output", name]).done();
        let text = fs::read_to_string(sandbox.root().join(name)).unwrap();
        text[..5].to_owned()
    };
    assert_eq!(start("g.json"), start("plain"));
    assert_eq!(start("g.ndjson"), start("g.jsonl"));
    assert_eq!(start("g.GV"), start("g.dot"));
    assert_eq!(start("g.graphml"), "<?xml");
    let standard = sandbox.run(&["export"]).done().stdout;
    assert_eq!(
        sandbox.run(&["export", "--output", "-"]).done().stdout,
        standard
    );
    assert!(!sandbox.root().join("-").exists());
    // A picture is no export.
    sandbox
        .run(&["export", "--output", "g.svg"])
        .exits(2)
        .says("no format has files that end in .svg")
        .says("next: auditgraph export --output g.json\n");
    assert!(!sandbox.root().join("g.svg").exists());
}

#[test]
fn json_exports_are_what_their_schemas_say() {
    let sandbox = Sandbox::ingested();
    let document = sandbox.run(&["export", "--json"]).done().document("export");
    let lines = sandbox.run(&["export", "--format", "jsonl"]).done().stdout;
    let records: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for record in &records {
        schemas::check("export-record", record);
    }
    let count = |name: &str| document[name].as_array().unwrap().len();
    assert_eq!(records.len(), 1 + count("nodes") + count("links"));
    // Every end of every link is a node.
    let ids: std::collections::BTreeSet<&str> = document["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["id"].as_str().unwrap())
        .collect();
    for link in document["links"].as_array().unwrap() {
        for end in ["source", "target"] {
            assert!(ids.contains(link[end].as_str().unwrap()), "{link}");
        }
    }
    sandbox
        .run(&["export", "--json", "--format", "dot"])
        .exits(2)
        .says("one JSON document");
}

#[test]
fn a_file_is_written_in_one_step_in_the_format_of_its_name() {
    let sandbox = Sandbox::ingested();
    let outcome = sandbox
        .run(&["export", "--output", "graph.graphml", "--json"])
        .done();
    let document = outcome.document("exported");
    assert_eq!(document["export_format"], "graphml");
    let bytes = fs::read(sandbox.root().join("graph.graphml")).unwrap();
    assert_eq!(document["bytes"], bytes.len());
    let digest = auditgraph::foundation::Sha256::of(&bytes);
    assert_eq!(document["sha256"], digest.to_string());
    let stdout = sandbox.run(&["export", "-f", "graphml"]).done().stdout;
    assert_eq!(stdout.as_bytes(), bytes);
    let names: Vec<_> = fs::read_dir(sandbox.root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("graph.graphml"))
        .collect();
    assert_eq!(names, ["graph.graphml"]);
}

#[test]
fn a_destination_that_makes_no_sense_is_refused() {
    let sandbox = Sandbox::ingested();
    let before = snapshot(&sandbox.root());
    for (output, told) in [
        (".pkg/x.json", "inside .pkg"),
        (".pkg/profiles/default/x.json", "inside .pkg"),
        ("deep", "not a regular file"),
        ("/dev/null", "not a regular file"),
        ("..", "not a regular file"),
        ("auditgraph.toml", "is the configuration"),
        ("plan.md", "is a source"),
    ] {
        sandbox
            .run(&["export", "--format", "json", "--output", output])
            .exits(2)
            .says(told);
    }
    sandbox
        .run(&["export", "--output", "nowhere/x.json"])
        .exits(1)
        .says("next: mkdir -p nowhere");
    assert_eq!(snapshot(&sandbox.root()), before);
}

#[test]
fn a_name_may_be_as_long_as_the_file_system_allows() {
    let sandbox = Sandbox::ingested();
    let longest = format!("{}.json", "é".repeat(125));
    sandbox.run(&["export", "--output", &longest]).done();
    assert!(sandbox.root().join(&longest).is_file());
    let longer = format!("x{longest}");
    sandbox
        .run(&["export", "--output", &longer])
        .exits(1)
        .says("next: choose a shorter name");
}

#[test]
fn the_budget_of_the_workspace_is_asked_wherever_the_export_goes() {
    let sandbox = Sandbox::ingested();
    let foreign = ".pkg/profiles/default/leftover.bin";
    sandbox.write(foreign, &"x".repeat(4 * 1024 * 1024));
    let output = sandbox.home().join("graph.json");
    let output = output.to_str().unwrap();
    sandbox
        .run(&["export", "--output", output])
        .exits(4)
        .says("leftover.bin");
    let document = sandbox
        .run(&["export", "--output", output, "--json"])
        .exits(4)
        .document("error");
    assert_eq!(document["error"]["details"]["budget"]["verdict"], "block");
    assert!(!std::path::Path::new(output).exists());
    // To standard output nothing is written: it warns.
    let outcome = sandbox.run(&["export"]).done().says("warning: ");
    assert!(outcome.stdout.ends_with("]}\n"));
}

#[test]
fn an_older_run_is_exported_within_the_budget_of_the_sources_there_are_now() {
    let sandbox = Sandbox::ingested();
    // Far more than thrice the sources of the first run.
    for note in 0..80 {
        let text = format!(
            "# Note {note}\n\n{}\n",
            format!("word{note} ").repeat(8_000)
        );
        sandbox.write(&format!("notes/{note}.md"), &text);
    }
    sandbox.run(&["ingest"]).done();
    sandbox.write(
        ".pkg/profiles/default/leftover.bin",
        &"x".repeat(4 * 1024 * 1024),
    );
    let output = sandbox.home().join("graph.json");
    let output = output.to_str().unwrap();
    sandbox
        .run(&["export", "--run", "1", "--output", output])
        .done();
}
