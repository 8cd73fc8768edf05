//! Killed at every system call that changes the disk: the previous run or the
//! new one is current, whole, and the next command cleans up.

use crate::{Place, names, strace};

/// Kills the command at every one of these calls, each time in a copy of
/// `place`, and hands on what is left. Every call must be one that it makes.
fn killed_everywhere(
    place: &Place,
    arguments: &[&str],
    calls: &[&str],
    is_whole: impl Fn(&Place, &str),
) {
    for call in calls {
        let mut kills = 0;
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
            place.assert_sound(&when);
            is_whole(&place, &when);
            place.assert_next_command_recovers(&when);
        }
        assert!(kills > 0, "{arguments:?} was never killed at {call}");
    }
}

/// The calls by which a new run changes the disk (or opens what it will).
const PUBLISHING: [&str; 9] = [
    "rename",
    "fsync",
    "write",
    "openat",
    "unlink",
    "mkdir",
    "rmdir",
    "fcntl",
    "utimensat",
];

fn publishing_killed_everywhere(place: &Place, arguments: &[&str], more: &[&str]) {
    let before = place.current();
    let runs_before = names(&place.profile().join("runs")).len();
    let calls = [&PUBLISHING, more].concat();
    killed_everywhere(place, arguments, &calls, |place, when| {
        let now = place.current();
        let finished = names(&place.profile().join("runs")).len() > runs_before;
        assert!(now == before || finished, "{when}: {now}");
    });
}

#[test]
fn ingest_killed_anywhere_leaves_a_whole_run() {
    let place = Place::ingested();
    place.write("1.md", "# Note 1\n\nRewritten, [gone](gone.md).\n");
    publishing_killed_everywhere(&place, &["ingest"], &[]);
}

#[test]
fn rebuild_killed_anywhere_leaves_a_whole_run() {
    let place = Place::ingested();
    publishing_killed_everywhere(&place, &["rebuild"], &["linkat"]);
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
    let calls = ["unlink", "fsync", "openat", "write", "fcntl"];
    killed_everywhere(&place, &arguments, &calls, |place, when| {
        assert_eq!(place.current(), before, "{when}");
        crate::assert_done(&place.run(&arguments));
        assert_eq!(names(&place.profile().join("runs")).len(), 1, "{when}");
    });
}
