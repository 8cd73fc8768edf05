//! A full disk and folders that cannot be written: a clear error, no change.

use serde_json::Value;

use crate::{Place, assert_done, contents, strace};

#[test]
fn a_full_disk_at_any_write_changes_nothing() {
    let place = Place::ingested();
    place.write("1.md", "# Note 1\n\nRewritten.\n");
    let mut failures = 0;
    for call in ["write", "fsync", "rename", "mkdir"] {
        for nth in 1..=strace::count(&place, call, &["ingest"]) {
            let place = place.copy();
            let before = contents(&place.profile());
            let run = place.current();
            let inject = format!("inject={call}:error=ENOSPC:when={nth}");
            let trace = format!("trace={call}");
            let (output, _) = strace::run(&place, &["-e", &trace, "-e", &inject], &["ingest"]);
            let when = format!("ENOSPC at {call} number {nth}");
            if output.status.success() || place.current() != run {
                // After the run was current, or on standard output.
                place.assert_sound(&when);
                continue;
            }
            failures += 1;
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{when}: {message}");
            assert!(message.contains("No space left"), "{when}: {message}");
            assert!(
                before == contents(&place.profile()),
                "{when}: something changed"
            );
        }
    }
    assert!(failures > 5, "only {failures} writes failed");
}

#[test]
fn a_full_disk_on_the_first_ingest_leaves_nothing() {
    let place = Place::ingested();
    std::fs::remove_dir_all(place.root().join(".pkg")).unwrap();
    let inject = [
        "-e",
        "trace=fsync",
        "-e",
        "inject=fsync:error=ENOSPC:when=6+",
    ];
    let (output, _) = strace::run(&place, &inject, &["ingest"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(!place.root().join(".pkg").exists());
}

#[test]
fn a_read_only_profile_still_answers_and_refuses_to_write() {
    let place = Place::ingested();
    place.write("1.md", "# Note 1\n\nRewritten xylophone.\n");
    // What a read-only file system says, whoever asks: root may write anywhere.
    let inject = [
        "-e",
        "trace=openat,mkdir,rename,unlink",
        "-e",
        "inject=mkdir,rename,unlink:error=EROFS",
    ];
    let before = contents(&place.profile());
    let (output, _) = strace::run(&place, &inject, &["ingest"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("Read-only file system"), "{message}");
    assert!(before == contents(&place.profile()));
    std::fs::remove_dir_all(place.profile().join("cache")).unwrap();
    let (output, _) = strace::run(&place, &inject, &["query", "note"]);
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("made again"));
    assert!(!place.profile().join("cache").exists());
}

#[test]
fn where_there_are_no_hard_links_the_copy_is_bytes_of_the_budget() {
    let place = Place::ingested();
    let before = contents(&place.profile());
    let used: usize = before.values().map(Vec::len).sum();
    // Room for a second manifest, not for a second index.
    let room = used + 16 * 1024;
    place.write(
        "auditgraph.toml",
        &format!("[budget]\nmax_bytes = {room}\n"),
    );
    let inject = ["-e", "trace=linkat", "-e", "inject=linkat:error=EPERM"];
    let (output, _) = strace::run(&place, &inject, &["rebuild"]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(before == contents(&place.profile()));
    assert_done(&place.run(&["rebuild"]));
}

#[test]
fn sources_that_cannot_be_opened_for_want_of_files_are_no_sources_that_went() {
    let place = Place::ingested();
    place.write("1.md", "# Note 1\n\nRewritten.\n");
    let before = contents(&place.profile());
    let mut failures = 0;
    for nth in 1..=strace::count(&place, "openat2", &["ingest", "--dry-run"]) {
        let inject = format!("inject=openat2:error=EMFILE:when={nth}");
        let (output, _) = strace::run(&place, &["-e", "trace=openat2", "-e", &inject], &["ingest"]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            // Something else was opened. Its verification compares the sources.
            assert_done(&place.run(&["verify"]));
            continue;
        }
        failures += 1;
        assert_eq!(output.status.code(), Some(1), "{nth}: {message}");
        assert!(message.contains("ulimit -n"), "{nth}: {message}");
        assert!(before == contents(&place.profile()), "{nth}");
    }
    assert!(failures > 0);
}

#[test]
fn a_source_that_vanishes_on_the_way_is_missed_aloud() {
    let ingested = Place::ingested();
    let mut missed = 0;
    for nth in 1..=strace::count(&ingested, "openat2", &["rebuild", "--dry-run"]) {
        let place = ingested.copy();
        let inject = format!("inject=openat2:error=ENOENT:when={nth}");
        let options = &["-e", "trace=openat2", "-e", &inject];
        let (output, _) = strace::run(&place, options, &["rebuild", "--json"]);
        if !output.status.success() {
            // Something else was opened.
            continue;
        }
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let sources = &document["sources"];
        let told = sources["refused"].as_array().unwrap();
        assert_eq!(sources["unchanged"], 4 - told.len(), "{document}");
        for refused in told {
            assert_eq!(refused["reason"], "vanished", "{document}");
        }
        missed += told.len();
    }
    assert!(missed > 0);
}

#[test]
fn without_threads_one_does_all_and_with_too_few_none_begins() {
    let place = Place::ingested();
    place.write("1.md", "# Note 1\n\nRewritten.\n");
    let before = contents(&place.profile());
    for (when, succeeds) in [("when=2+", false), ("when=1+", true)] {
        let inject = format!("inject=clone,clone3:error=EAGAIN:{when}");
        let (output, _) = strace::run(
            &place,
            &["-e", "trace=clone,clone3", "-e", &inject],
            &["ingest"],
        );
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), succeeds, "{when}: {message}");
        if succeeds {
            assert_done(&place.run(&["verify"]));
        } else {
            assert_eq!(output.status.code(), Some(1), "{message}");
            assert!(message.contains("ulimit -u"), "{message}");
            assert!(before == contents(&place.profile()));
        }
    }
}

#[test]
fn known_workspaces_are_looked_at_with_one_thread_or_none() {
    let place = Place::ingested();
    for when in ["when=1+", "when=2+"] {
        let inject = format!("inject=clone,clone3:error=EAGAIN:{when}");
        let (output, _) = strace::run(
            &place,
            &["-e", "trace=clone,clone3", "-e", &inject],
            &["workspaces", "list"],
        );
        assert_done(&output);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("default"), "{when}: {said}");
    }
}
