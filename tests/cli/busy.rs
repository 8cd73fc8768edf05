//! One writer at a time; readers never wait.

use std::fs;
use std::process::Stdio;

use auditgraph::workspace::{Lock, ProfileName, Workspace};

use crate::support::{NOTES, Sandbox, snapshot};

#[test]
fn a_second_writer_is_told_who_holds_the_lock_and_a_reader_is_not_blocked() {
    let sandbox = Sandbox::ingested();
    sandbox.write("plan.md", "# Plan\n\nThe beacon is out.\n");
    let workspace = Workspace::discover(Some(&sandbox.root())).unwrap();
    let layout = workspace.layout(&ProfileName::default());
    // Before the lock is taken: a record lock is lost when its process closes
    // the file, which reading it for the snapshot does.
    let before = snapshot(&sandbox.root());
    let lock = Lock::take(&layout.lock()).unwrap();
    let pid = std::process::id();
    for command in [&["ingest"][..], &["rebuild"], &["gc", "--keep", "1"]] {
        sandbox
            .run(command)
            .exits(7)
            .says(&format!("process {pid}"));
    }
    let document = sandbox
        .run(&["ingest", "--json"])
        .exits(7)
        .document("error");
    assert_eq!(document["error"]["kind"], "busy");
    assert_eq!(document["error"]["details"]["pid"], pid);
    for command in [
        &["query", "beacon"][..],
        &["list"],
        &["status"],
        &["runs"],
        &["export"],
        &["ingest", "--dry-run"],
        &["gc", "--keep", "1", "--dry-run"],
    ] {
        sandbox.run(command).done();
    }
    drop(lock);
    assert_eq!(snapshot(&sandbox.root()), before);
    sandbox.run(&["ingest"]).done();
}

#[test]
fn of_first_ingests_at_once_one_publishes_and_none_harms_it() {
    let sandbox = Sandbox::with(NOTES);
    for round in 0..20 {
        let running: Vec<_> = (0..3)
            .map(|_| {
                let mut command = sandbox.command(&["ingest"]);
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
                command.spawn().unwrap()
            })
            .collect();
        let mut published = 0;
        for child in running {
            let output = child.wait_with_output().unwrap();
            match output.status.code() {
                Some(0) => published += 1,
                // Busy, or another one was faster.
                Some(7) => {}
                _ => panic!("round {round}: {output:?}"),
            }
        }
        assert!(published > 0, "round {round}");
        sandbox.run(&["verify"]).done();
        fs::remove_dir_all(sandbox.root().join(".pkg")).unwrap();
    }
}
