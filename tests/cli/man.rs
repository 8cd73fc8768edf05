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
    let mut expected = Vec::new();
    name_pages(&auditgraph::cli::command(), "auditgraph", &mut expected);
    expected.sort();
    assert_eq!(pages, expected);
    assert_eq!(document["pages"].as_array().unwrap().len(), expected.len());
    // No page sends its reader to one that is not there.
    for page in &pages {
        let text = fs::read_to_string(sandbox.root().join("man1").join(page)).unwrap();
        for line in text.lines().filter(|line| line.ends_with("(1)")) {
            let named = line.replace("\\-", "-").replace("(1)", ".1");
            assert!(pages.contains(&named), "{page}: {named}");
        }
    }
}

fn name_pages(command: &clap::Command, name: &str, pages: &mut Vec<String>) {
    pages.push(format!("{name}.1"));
    for below in command.get_subcommands() {
        name_pages(below, &format!("{name}-{}", below.get_name()), pages);
    }
}

#[test]
fn pages_hold_options_examples_and_exit_codes() {
    let sandbox = Sandbox::empty();
    let main = sandbox.run(&["man"]).done().stdout;
    let title = format!(
        ".TH auditgraph 1 \"\" \"auditgraph {}\" \"auditgraph manual\"",
        env!("CARGO_PKG_VERSION")
    );
    assert!(main.contains(&title), "{main}");
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
    for names in [&["auditgraph-init"][..], &["auditgraph", "init"]] {
        let again = sandbox.run(&[&["man"], names].concat()).done().stdout;
        assert_eq!(again, page);
    }
    let nested = sandbox.run(&["man", "workspaces", "add"]).done().stdout;
    assert!(nested.contains("auditgraph\\-workspaces\\-add"), "{nested}");
    sandbox
        .run(&["man", "nonsense"])
        .exits(2)
        .says("no command is called \"nonsense\"");
}
