use std::fs;

use crate::support::{Sandbox, snapshot};

#[test]
fn init_writes_a_commented_configuration_that_is_accepted() {
    let sandbox = Sandbox::empty();
    let outcome = sandbox.run(&["init"]).done();
    let outcome = outcome
        .shows("is a workspace now")
        .shows("auditgraph ingest");
    assert_eq!(outcome.stderr, "");
    let path = sandbox.root().join("auditgraph.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.lines().filter(|line| line.starts_with('#')).count() > 5);
    let config = auditgraph::workspace::Config::parse(&path, &text).unwrap();
    assert_eq!(config, auditgraph::workspace::Config::default());
}

#[test]
fn who_keeps_notes_in_git_is_told_what_to_ignore() {
    for (ignored, told) in [
        (None, true),
        (Some(("docs/.gitignore", "/.pkg/\n")), false),
        (Some(("docs/.gitignore", "*.tmp\n")), true),
        (Some((".gitignore", ".pkg\n")), false),
        (Some((".gitignore", "/.pkg\n")), true),
    ] {
        let sandbox = Sandbox::empty();
        sandbox.write(".git/HEAD", "");
        sandbox.write("docs/a.md", "# A\n");
        if let Some((path, text)) = ignored {
            sandbox.write(path, text);
        }
        let outcome = sandbox.run(&["init", "docs"]).done();
        assert_eq!(outcome.stdout.contains(".gitignore"), told, "{ignored:?}");
    }
    let outcome = Sandbox::empty().run(&["init"]).done();
    assert!(!outcome.stdout.contains(".gitignore"));
}

#[test]
fn init_changes_nothing_where_a_workspace_is() {
    let sandbox = Sandbox::with(&[]);
    sandbox.write("auditgraph.toml", "# mine\n");
    let before = snapshot(&sandbox.root());
    sandbox
        .run(&["init"])
        .exits(1)
        .says("is a workspace already")
        .says("next: auditgraph ingest");
    let document = sandbox.run(&["init", "--json"]).exits(1).document("error");
    assert_eq!(document["error"]["kind"], "exists");
    assert_eq!(snapshot(&sandbox.root()), before);
}

/// A folder or a link that has the file's name, and a file without end, are
/// no configuration: every command says so, and none says that `init` helps.
#[test]
fn what_cannot_be_a_configuration_is_refused_by_every_command() {
    let sandbox = Sandbox::empty();
    let path = sandbox.root().join("auditgraph.toml");
    let refused = |what: &str| {
        for command in ["init", "status", "ingest"] {
            let outcome = sandbox.run(&[command]).exits(2).says(what).says("next: ");
            assert!(!outcome.stderr.contains("auditgraph init"), "{outcome:?}");
        }
    };
    fs::create_dir(&path).unwrap();
    refused("not a regular file");
    fs::remove_dir(&path).unwrap();
    std::os::unix::fs::symlink("elsewhere.toml", &path).unwrap();
    refused("symbolic link");
    fs::remove_file(&path).unwrap();
    fs::write(&path, "#".repeat(1024 * 1024 + 1)).unwrap();
    refused("1048576");
}

#[test]
fn a_folder_that_has_only_derived_files_hides_no_workspace() {
    let sandbox = Sandbox::with(&[("sub/deep/a.md", "# A\n")]);
    fs::create_dir_all(sandbox.root().join("sub/.pkg/profiles")).unwrap();
    // One without profiles is of another program.
    fs::create_dir(sandbox.root().join("sub/deep/.pkg")).unwrap();
    let root = |sandbox: &Sandbox| {
        let mut command = sandbox.command(&["status", "--json"]);
        command.current_dir(sandbox.root().join("sub/deep"));
        let document = crate::support::Outcome::of(&mut command).document("status");
        document["root"].as_str().unwrap().to_owned()
    };
    assert_eq!(root(&sandbox), sandbox.root().to_str().unwrap());
    // Without a configuration anywhere it is a workspace with all defaults.
    fs::remove_file(sandbox.root().join("auditgraph.toml")).unwrap();
    assert_eq!(root(&sandbox), sandbox.root().join("sub").to_str().unwrap());
}

#[test]
fn what_cannot_be_looked_at_is_not_told_as_no_workspace() {
    let sandbox = Sandbox::empty();
    let path = sandbox.root().join(".pkg");
    std::os::unix::fs::symlink(".pkg", &path).unwrap();
    for arguments in [&["status"][..], &["status", "--root", ".pkg"]] {
        let document = sandbox.run(&[arguments, &["--json"]].concat()).exits(1);
        let error = document.document("error")["error"].clone();
        assert_eq!(error["kind"], "io", "{error}");
        assert!(error["path"].as_str().unwrap().contains(".pkg"), "{error}");
    }
}

#[test]
fn init_makes_the_folder_it_is_told() {
    let sandbox = Sandbox::empty();
    let document = sandbox
        .run(&["init", "a/b", "--json"])
        .done()
        .document("init");
    let root = sandbox.root().join("a/b");
    assert_eq!(document["root"], root.to_str().unwrap());
    assert!(root.join("auditgraph.toml").is_file());
    // The next command works from here.
    let next = "auditgraph ingest --root my/notes";
    sandbox.run(&["init", "my/notes"]).done().shows(next);
    sandbox.run(&["init", "my/notes"]).exits(1).says(next);
    let line: Vec<&str> = next.split(' ').skip(1).collect();
    sandbox.run(&line).done();
    sandbox.run(&["init"]).done();
    sandbox
        .run(&["init", "--profile", "draft"])
        .exits(1)
        .says("next: auditgraph ingest --profile draft\n");
}

#[test]
fn init_puts_the_workspace_on_the_list_of_known_ones() {
    let sandbox = Sandbox::with(&[]);
    let known = sandbox.home().join(".local/state/auditgraph/workspaces");
    let entries: Vec<_> = fs::read_dir(known).unwrap().collect();
    assert_eq!(entries.len(), 1);
}

#[test]
fn without_a_home_init_still_works() {
    let sandbox = Sandbox::empty();
    let mut command = sandbox.command(&["init"]);
    command.env_remove("HOME");
    crate::support::Outcome::of(&mut command).done();
}
