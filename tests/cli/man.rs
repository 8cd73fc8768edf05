use std::fs;

use crate::support::Sandbox;

#[test]
fn there_is_a_page_for_every_command() {
    let sandbox = Sandbox::empty();
    let document = sandbox
        .run(&["man", "--out", "man1", "--json"])
        .done()
        .document("man-written");
    let mut pages: Vec<String> = fs::read_dir(sandbox.root().join("man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    let mut expected = vec!["auditgraph.1".to_owned()];
    for command in auditgraph::cli::command().get_subcommands() {
        expected.push(format!("auditgraph-{}.1", command.get_name()));
    }
    expected.sort();
    assert_eq!(pages, expected);
    assert_eq!(document["pages"].as_array().unwrap().len(), expected.len());
}

#[test]
fn pages_hold_options_examples_and_exit_codes() {
    let sandbox = Sandbox::empty();
    let main = sandbox.run(&["man"]).done().stdout;
    assert!(main.contains(".TH auditgraph 1"), "{main}");
    assert!(main.contains(".SH \"EXIT CODES\""), "{main}");
    assert!(main.contains("over the footprint budget"), "{main}");
    let page = sandbox.run(&["man", "init"]).done().stdout;
    assert!(
        page.contains(".SH \"EXAMPLES\"\n.nf\nauditgraph init"),
        "{page}"
    );
    assert!(page.contains("\\-\\-root"), "{page}");
    let document = sandbox.run(&["man", "init", "--json"]).document("man");
    assert_eq!(document["page"], page);
    sandbox
        .run(&["man", "nonsense"])
        .exits(2)
        .says("no command is called \"nonsense\"");
}
