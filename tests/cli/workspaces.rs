use std::fs;

use crate::support::Sandbox;

#[test]
fn init_records_a_workspace_and_forget_takes_it_off() {
    let sandbox = Sandbox::empty();
    sandbox.run(&["workspaces"]).done().shows("No workspace");
    sandbox.run(&["init"]).done();
    let root = sandbox.root().display().to_string();
    let listed = |sandbox: &Sandbox| {
        let outcome = sandbox.run(&["workspaces", "list", "--json"]).done();
        outcome.document("workspaces")["workspaces"].clone()
    };
    assert_eq!(listed(&sandbox)[0]["root"], root.as_str());
    assert_eq!(listed(&sandbox)[0]["state"], "present");
    let config = fs::read(sandbox.root().join("auditgraph.toml")).unwrap();
    let forgotten = sandbox
        .run(&["workspaces", "forget", ".", "--json"])
        .done()
        .document("workspaces-changed");
    assert_eq!(forgotten["listed"], false);
    assert_eq!(listed(&sandbox), serde_json::json!([]));
    assert_eq!(
        fs::read(sandbox.root().join("auditgraph.toml")).unwrap(),
        config
    );
    sandbox
        .run(&["workspaces", "forget", "."])
        .exits(1)
        .says("is not on the list");
    let added = sandbox.run(&["workspaces", "add", "--json"]).done();
    assert_eq!(added.document("workspaces-changed")["changed"], true);
}

#[test]
fn a_workspace_that_moved_is_listed_as_missing_and_can_be_forgotten() {
    let sandbox = Sandbox::empty();
    let other = sandbox.home().canonicalize().unwrap().join("moved");
    let name = other.to_str().unwrap();
    // As a shell completes it, and from beside it.
    for typed in [&format!("{name}/"), "../home/moved"] {
        sandbox.run(&["init", name]).done();
        fs::remove_dir_all(&other).unwrap();
        sandbox.run(&["workspaces", "list"]).done().shows("missing");
        sandbox.run(&["workspaces", "forget", typed]).done();
    }
}

#[test]
fn a_workspace_that_cannot_be_judged_is_listed_with_the_reason() {
    let sandbox = Sandbox::empty();
    sandbox.run(&["init"]).done();
    fs::write(sandbox.root().join("auditgraph.toml"), "[nope\n").unwrap();
    let listed = sandbox.run(&["workspaces", "list"]).done();
    listed.shows("not judged: ").shows("auditgraph.toml:1:");
    let document = sandbox.run(&["workspaces", "list", "--json"]).done();
    let detail = &document.document("workspaces")["workspaces"][0]["detail"];
    assert!(detail.as_str().unwrap().contains("auditgraph.toml:1:"));
    // Neither is one whose runs cannot be listed.
    fs::write(sandbox.root().join("auditgraph.toml"), "").unwrap();
    fs::write(sandbox.root().join(".pkg"), "").unwrap();
    let listed = sandbox.run(&["workspaces", "list"]).done();
    listed.shows("not judged: ").shows(".pkg/profiles: ");
}

#[test]
fn without_home_there_is_no_list_and_no_guess() {
    let sandbox = Sandbox::empty();
    let mut command = sandbox.command(&["workspaces", "list"]);
    command.env_remove("HOME");
    crate::support::Outcome::of(&mut command)
        .exits(1)
        .says("HOME is not set");
}
