//! One writer at a time; readers never wait.

use auditgraph::workspace::{Lock, ProfileName, Workspace};

use crate::support::{NOTES, Sandbox, snapshot};

#[test]
fn a_second_writer_is_told_who_holds_the_lock_and_a_reader_is_not_blocked() {
    let sandbox = Sandbox::with(NOTES);
    sandbox.run(&["ingest"]).done();
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
    ] {
        sandbox.run(command).done();
    }
    drop(lock);
    assert_eq!(snapshot(&sandbox.root()), before);
    sandbox.run(&["ingest"]).done();
}
