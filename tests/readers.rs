//! Exports, read by the programs they are for: Graphviz and networkx.
//!
//! Needs `dot` and a Python with networkx, so `cargo test` leaves it out;
//! `cargo verify` sets both up.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A small workspace with awkward names, ingested.
fn ingested(folder: &Path) -> PathBuf {
    let root = folder.join("notes");
    fs::create_dir(&root).unwrap();
    for (name, text) in [
        ("auditgraph.toml", ""),
        (
            "plan.md",
            "# \"Plan\" <&> \\ \n\nSee [guide](guide.md#set-up) and `a\"b<c>&d`. #urgent\n",
        ),
        (
            "guide.md",
            "# Guide\n\n## Set up\n\n[gone](gone.md) and <https://example.org/?a=1&b=\"2\">\n",
        ),
        ("naïve — notes.md", "# Naïve\n\n[[plan]]\n"),
    ] {
        fs::write(root.join(name), text).unwrap();
    }
    assert!(auditgraph(&root, &["ingest"]).status.success());
    root
}

fn auditgraph(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_auditgraph"))
        .args(arguments)
        .arg("--root")
        .arg(root)
        .env("HOME", root)
        .output()
        .unwrap()
}

/// How many nodes and links the JSON export has.
fn counts(root: &Path) -> (usize, usize) {
    let output = auditgraph(root, &["export", "--format", "json"]);
    let graph: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |name: &str| graph[name].as_array().unwrap().len();
    (count("nodes"), count("links"))
}

#[test]
fn graphviz_reads_the_dot_export() {
    let folder = tempfile::tempdir().unwrap();
    let root = ingested(folder.path());
    let file = folder.path().join("graph.dot");
    let output = auditgraph(
        &root,
        &[
            "export",
            "--format",
            "dot",
            "--output",
            file.to_str().unwrap(),
        ],
    );
    assert!(output.status.success(), "{output:?}");
    let output = Command::new("dot")
        .args(["-Tplain"])
        .arg(&file)
        .output()
        .expect("dot is needed: apt-get install graphviz");
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let plain = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = |kind: &str| plain.lines().filter(|line| line.starts_with(kind)).count();
    assert_eq!((lines("node "), lines("edge ")), counts(&root));
}

#[test]
fn networkx_reads_the_graphml_export() {
    const SCRIPT: &str = "\
import sys, networkx
graph = networkx.read_graphml(sys.argv[1], force_multigraph=True)
print(graph.is_directed(), graph.number_of_nodes(), graph.number_of_edges())
kinds = {data.get('kind') for _, data in graph.nodes(data=True)}
print(sorted(kinds))
";
    let folder = tempfile::tempdir().unwrap();
    let root = ingested(folder.path());
    let file = folder.path().join("graph.graphml");
    let output = auditgraph(
        &root,
        &[
            "export",
            "--format",
            "graphml",
            "--output",
            file.to_str().unwrap(),
        ],
    );
    assert!(output.status.success(), "{output:?}");
    let output = Command::new("python")
        .args(["-c", SCRIPT])
        .arg(&file)
        .output()
        .expect("a Python with networkx is needed: pip install networkx");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let (nodes, links) = counts(&root);
    assert!(
        said.starts_with(&format!("True {nodes} {links}\n")),
        "{said} {nodes} {links}"
    );
    for kind in [
        "chunk",
        "document",
        "external",
        "section",
        "tag",
        "term",
        "unresolved",
    ] {
        assert!(said.contains(&format!("'{kind}'")), "{said}");
    }
}
