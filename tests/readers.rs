//! What the program writes for other programs, read by these: exports by
//! Graphviz and networkx, the index by the `sqlite3` shell, completions by the
//! shells, man pages by groff.
//!
//! Needs all of them, so `cargo test` leaves it out; `cargo verify` sets them
//! up.

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
        // Two names that differ in what XML and a terminal cannot show.
        ("odd\u{1}.md", "# Odd \u{7f}\u{9b}\u{202e}\n"),
        ("odd\u{2}\r.md", "# Odd \\u{1}\n"),
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
        .env_clear()
        .env("HOME", root)
        .output()
        .unwrap()
}

/// Exports the current run to `file`.
fn export(root: &Path, format: &str, file: &Path) {
    let file = file.to_str().unwrap();
    let output = auditgraph(root, &["export", "--format", format, "--output", file]);
    assert!(output.status.success(), "{output:?}");
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
    export(&root, "dot", &file);
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
    export(&root, "graphml", &file);
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

/// Runs a program and returns what it printed; it must not complain.
fn quietly(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_sqlite_shell_reads_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let root = ingested(folder.path());
    let mut cache = fs::read_dir(root.join(".pkg/profiles/default/cache")).unwrap();
    let index = cache.find_map(|entry| {
        let path = entry.unwrap().path();
        (path.extension()? == "db").then_some(path)
    });
    let file = format!("file:{}?immutable=1", index.unwrap().display());
    let ask = |question: &str| quietly("sqlite3", &["-readonly", &file, question]);
    assert_eq!(ask("PRAGMA integrity_check"), "ok\n");
    let broken = "SELECT path, line, written FROM links WHERE status = 'unresolved'";
    assert_eq!(ask(broken), "guide.md|5|gone.md\n");
    let found = "SELECT count(*) FROM search WHERE search MATCH 'guide'";
    assert_ne!(ask(found), "0\n");
}

#[test]
fn shells_load_the_completions() {
    let folder = tempfile::tempdir().unwrap();
    let script = |shell: &str| {
        let output = auditgraph(folder.path(), &["completions", shell]);
        assert!(output.status.success(), "{output:?}");
        let path = folder.path().join(shell);
        fs::write(&path, output.stdout).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let bash = "\
source \"$0\"
COMP_WORDS=(auditgraph list --type do) COMP_CWORD=3
_auditgraph auditgraph do --type
echo \"${COMPREPLY[*]}\"";
    assert_eq!(
        quietly("bash", &["--norc", "-c", bash, &script("bash")]),
        "document\n"
    );
    let zsh = "autoload -U compinit; compinit -D -u; source $0; whence -w _auditgraph";
    let said = quietly("zsh", &["-f", "-c", zsh, &script("zsh")]);
    assert_eq!(said, "_auditgraph: function\n");
    let fish = "source $argv[1]; complete -C 'auditgraph list --type do'";
    let said = quietly("fish", &["--no-config", "-c", fish, &script("fish")]);
    assert!(said.contains("document"), "{said}");
}

#[test]
fn man_pages_render_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let output = auditgraph(folder.path(), &["man", "--out", pages.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let mut rendered = 0;
    for page in fs::read_dir(&pages).unwrap() {
        let page = page.unwrap().path();
        let text = quietly("groff", &["-man", "-ww", "-Tutf8", page.to_str().unwrap()]);
        assert!(text.contains("auditgraph"), "{page:?}");
        rendered += 1;
    }
    assert!(rendered > 15, "{rendered} pages");
}
