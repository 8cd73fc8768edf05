//! Killed at every system call that changes the disk: the previous run or the
//! new one is current, whole, and the next command cleans up.

use crate::{Place, names, strace};

/// The calls by which the program changes the disk (or opens what it will).
const CALLS: [&str; 9] = [
    "rename", "fsync", "write", "openat", "unlink", "mkdir", "rmdir", "linkat", "fcntl",
];

fn killed_everywhere(place: &Place, arguments: &[&str]) {
    let before = place.current();
    let runs_before = names(&place.profile().join("runs")).len();
    let mut kills = 0;
    for call in CALLS {
        for nth in 1..=strace::count(place, call, arguments) {
            let when = format!("{arguments:?} killed at {call} number {nth}");
            let place = place.copy();
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            let trace = format!("trace={call}");
            let (output, _) = strace::run(&place, &["-e", &trace, "-e", &inject], arguments);
            // Threads share the work differently each time: the last few
            // calls may not come.
            if output.status.success() {
                continue;
            }
            kills += 1;
            let now = place.current();
            let finished = names(&place.profile().join("runs")).len() > runs_before;
            assert!(now == before || finished, "{when}: {now}");
            place.assert_sound(&when);
            place.assert_next_command_recovers(&when);
        }
    }
    println!("{arguments:?}: killed at {kills} system calls");
    assert!(
        kills > 20,
        "only {kills} kill points: is anything injected at all?"
    );
}

#[test]
fn ingest_killed_anywhere_leaves_a_whole_run() {
    let place = Place::ingested();
    place.write("1.md", "# Note 1\n\nRewritten, [gone](gone.md).\n");
    killed_everywhere(&place, &["ingest"]);
}

#[test]
fn rebuild_killed_anywhere_leaves_a_whole_run() {
    let place = Place::ingested();
    killed_everywhere(&place, &["rebuild"]);
}

#[test]
fn gc_killed_anywhere_leaves_a_whole_run() {
    let place = Place::ingested();
    for text in ["# One\n", "# Two\n"] {
        place.write("1.md", text);
        crate::assert_done(&place.run(&["ingest"]));
    }
    let before = place.current();
    let arguments = ["gc", "--keep", "1"];
    let mut kills = 0;
    for call in ["unlink", "fsync", "openat", "write"] {
        for nth in 1..=strace::count(&place, call, &arguments) {
            let when = format!("gc killed at {call} number {nth}");
            let place = place.copy();
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            let trace = format!("trace={call}");
            let (output, _) = strace::run(&place, &["-e", &trace, "-e", &inject], &arguments);
            if output.status.success() {
                continue;
            }
            kills += 1;
            assert_eq!(place.current(), before, "{when}");
            place.assert_sound(&when);
            crate::assert_done(&place.run(&arguments));
            place.assert_next_command_recovers(&when);
            assert_eq!(names(&place.profile().join("runs")).len(), 1, "{when}");
        }
    }
    assert!(kills > 5, "only {kills} kill points");
}
