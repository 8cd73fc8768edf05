use crate::support::{NOTES, Sandbox, snapshot};

fn with_three_runs() -> Sandbox {
    let sandbox = Sandbox::with(NOTES);
    for text in ["one", "two", "three"] {
        sandbox.write("plan.md", &format!("# Plan\n\nNumber {text}.\n"));
        sandbox.run(&["ingest"]).done();
    }
    sandbox
}

#[test]
fn a_dry_run_names_what_would_go_and_removes_nothing() {
    let sandbox = with_three_runs();
    let before = snapshot(&sandbox.root());
    sandbox
        .run(&["gc", "--keep", "1", "--dry-run"])
        .done()
        .shows("would remove")
        .shows("runs/r0001-")
        .shows("would free: 2 runs");
    let document = sandbox
        .run(&["gc", "--keep", "1", "--dry-run", "--json"])
        .done()
        .document("gc");
    assert_eq!(document["runs"].as_array().unwrap().len(), 2);
    assert_eq!(snapshot(&sandbox.root()), before);
}

#[test]
fn gc_keeps_what_it_is_told_and_what_that_needs() {
    let sandbox = with_three_runs();
    sandbox.run(&["gc", "--keep", "2"]).done().shows("removed");
    let document = sandbox.run(&["runs", "--json"]).done().document("runs");
    assert_eq!(document["runs"].as_array().unwrap().len(), 2);
    sandbox.run(&["verify"]).done();
    sandbox.run(&["query", "lantern"]).done().shows("log.md:");
    sandbox.run(&["gc", "--run", "2"]).done();
    let document = sandbox.run(&["runs", "--json"]).done().document("runs");
    assert_eq!(document["runs"].as_array().unwrap().len(), 1);
    // An ordinal is never used twice.
    sandbox.run(&["rebuild"]).done().shows("r0004-");
}

#[test]
fn the_current_run_is_never_removed() {
    let sandbox = with_three_runs();
    let before = snapshot(&sandbox.root());
    sandbox
        .run(&["gc", "--run", "current"])
        .exits(2)
        .says("never removed");
    sandbox.run(&["gc", "--keep", "0"]).exits(2);
    sandbox
        .run(&["gc"])
        .exits(2)
        .says("<--keep <N>|--run <RUN>>");
    sandbox.run(&["gc", "--keep", "1", "--run", "1"]).exits(2);
    sandbox
        .run(&["gc", "--run", "../../../x"])
        .exits(1)
        .says("auditgraph runs");
    assert_eq!(snapshot(&sandbox.root()), before);
}
