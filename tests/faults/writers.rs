//! Two at once: the second writer is told who holds the lock, a reader is
//! never blocked.

use std::process::Command;

use crate::stopped::Stopped;
use crate::{BINARY, Place, assert_done, strace};

#[test]
fn a_second_writer_is_told_who_holds_the_lock_and_a_reader_is_not_blocked() {
    let place = Place::ingested();
    place.write("1.md", "# Note 1\n\nRewritten.\n");
    let mut command = Command::new("strace");
    place.seal(&mut command);
    let first = Stopped::at("rename", command, |command| {
        command.arg(BINARY).args(place.arguments(&["ingest"]));
    });
    let second = place.run(&["ingest"]);
    let message = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(7), "{message}");
    let writer = first.pid;
    assert!(
        message.contains(&writer.to_string()),
        "names {writer}: {message}"
    );
    let reader = place.run(&["query", "note"]);
    assert!(reader.status.success(), "{reader:?}");
    first.goes_on();
    place.assert_next_command_recovers("after two writers");
}

#[test]
fn who_only_looks_takes_no_lock() {
    let place = Place::ingested();
    place.write("1.md", "# Note 1\n\nRewritten.\n");
    // So that the ways out of the budget are looked for.
    place.write("auditgraph.toml", "[budget]\nwarn_threshold = 0.001\n");
    let locks = |arguments: &[&str]| {
        let (output, trace) = strace::run(&place, &["-e", "trace=fcntl"], arguments);
        assert_done(&output);
        trace.contains("F_SETLK")
    };
    for arguments in [
        &["query", "note"][..],
        &["export"],
        &["status"],
        &["ingest", "--dry-run"],
        &["gc", "--keep", "1", "--dry-run"],
    ] {
        assert!(!locks(arguments), "{arguments:?}");
    }
    assert!(locks(&["ingest"]));
}
