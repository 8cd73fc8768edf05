use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::support::{NOTES, Sandbox};

/// Flips one bit in the middle of the only file in `folder` that ends so.
fn flip(sandbox: &Sandbox, folder: &str, ending: &str) -> String {
    let folder = sandbox.root().join(".pkg/profiles/default").join(folder);
    let path = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_str().unwrap().ends_with(ending))
        .unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// Writes `path` again until its time stamp is newer than that of `other`: the
/// clock of file systems is coarse.
fn wait_until_newer(path: &Path, other: &Path) {
    let changed = |path: &Path| {
        let metadata = fs::metadata(path).unwrap();
        (metadata.ctime(), metadata.ctime_nsec())
    };
    let bytes = fs::read(path).unwrap();
    while changed(path) <= changed(other) {
        fs::write(path, &bytes).unwrap();
    }
}

#[test]
fn verify_finds_nothing_wrong_where_nothing_is() {
    let sandbox = Sandbox::with(NOTES);
    sandbox.run(&["verify"]).exits(1).says("auditgraph ingest");
    sandbox.run(&["ingest"]).done();
    sandbox.run(&["verify"]).done().shows("all as written");
    let document = sandbox.run(&["verify", "--json"]).done().document("verify");
    assert_eq!(document["problems"], serde_json::json!([]));
    assert_eq!(document["sources"], 3);
}

#[test]
fn a_flipped_bit_in_a_pack_is_found_with_both_digests() {
    let sandbox = Sandbox::ingested();
    let name = flip(&sandbox, "packs", ".db");
    sandbox
        .run(&["verify"])
        .exits(5)
        .shows(&name)
        .shows("expected");
    let document = sandbox
        .run(&["verify", "--json"])
        .exits(5)
        .document("verify");
    let problem = &document["problems"][0];
    assert_eq!(problem["kind"], "pack");
    assert_ne!(problem["expected"], problem["actual"]);
}

#[test]
fn a_flipped_bit_in_any_manifest_is_found_with_both_digests() {
    let sandbox = Sandbox::ingested();
    sandbox.write("plan.md", "# Plan\n\nOther.\n");
    sandbox.run(&["ingest"]).done();
    let folder = sandbox.root().join(".pkg/profiles/default/runs");
    for ordinal in ["r0001-", "r0002-"] {
        let mut runs = fs::read_dir(&folder)
            .unwrap()
            .map(|run| run.unwrap().path());
        let path = runs
            .find(|path| path.to_str().unwrap().contains(ordinal))
            .unwrap();
        let sound = fs::read(&path).unwrap();
        // Early and late, in a name, a number, a digest, a bracket.
        for at in (0..sound.len()).step_by(97) {
            let mut bytes = sound.clone();
            bytes[at] ^= 4;
            fs::write(&path, bytes).unwrap();
            let document = sandbox
                .run(&["verify", "--json"])
                .exits(5)
                .document("verify");
            let problem = &document["problems"][0];
            assert_eq!(problem["kind"], "manifest", "byte {at}: {document}");
            let name = path.file_name().unwrap().to_str().unwrap();
            assert_eq!(problem["path"], format!("runs/{name}"));
            assert_ne!(problem["expected"], problem["actual"], "byte {at}");
        }
        fs::write(&path, &sound).unwrap();
    }
    sandbox.run(&["verify"]).done();
}

#[test]
fn what_names_the_current_run_and_the_index_is_checked_too() {
    let sandbox = Sandbox::ingested();
    let profile = sandbox.root().join(".pkg/profiles/default");
    flip(&sandbox, "cache", ".sha256");
    sandbox
        .run(&["verify"])
        .exits(5)
        .shows(".sha256")
        .shows("expected");
    flip(&sandbox, "cache", ".sha256");
    sandbox.run(&["verify"]).done();
    let current = fs::read(profile.join("current")).unwrap();
    fs::write(profile.join("current"), &current[1..]).unwrap();
    sandbox
        .run(&["verify"])
        .exits(5)
        .shows("current: it names no run")
        .says("auditgraph rebuild");
    fs::remove_file(profile.join("current")).unwrap();
    let document = sandbox
        .run(&["verify", "--json"])
        .exits(5)
        .document("verify");
    assert_eq!(document["problems"][0]["kind"], "current");
    sandbox.run(&["rebuild"]).done();
    sandbox.run(&["verify"]).done();
}

#[test]
fn a_source_that_changed_since_the_run_is_told() {
    let sandbox = Sandbox::ingested();
    sandbox.write("plan.md", "# Other\n");
    sandbox
        .run(&["verify"])
        .exits(5)
        .shows("plan.md")
        .says("auditgraph ingest takes changed sources in");
}

#[test]
fn a_missing_or_damaged_index_is_made_again_with_one_line_that_says_so() {
    let sandbox = Sandbox::ingested();
    let expected = sandbox.run(&["query", "beacon"]).done().shows("plan.md:3");
    let name = flip(&sandbox, "cache", ".db");
    let path = sandbox
        .root()
        .join(".pkg/profiles/default/cache")
        .join(&name);
    wait_until_newer(&path, &path.with_extension("db.sha256"));
    sandbox.run(&["verify"]).exits(5).shows(&name);
    for damage in ["changed since it was written", "was missing"] {
        let outcome = sandbox.run(&["query", "beacon"]).done();
        assert_eq!(outcome.stdout, expected.stdout);
        let lines: Vec<&str> = outcome.stderr.lines().collect();
        assert!(
            matches!(lines[..], [line] if line.contains("was made again") && line.contains(damage)),
            "{lines:?}"
        );
        let again = sandbox.run(&["query", "beacon"]).done();
        assert_eq!(again.stderr, "");
        sandbox.run(&["verify"]).done();
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn an_index_found_damaged_while_it_is_read_is_made_again_and_asked_once_more() {
    let sandbox = Sandbox::ingested();
    let commands: [&[&str]; 4] = [
        &["query", "beacon"],
        &["list", "--type", "term"],
        &["neighbors", "plan.md"],
        &["show", "plan.md"],
    ];
    let expected = commands.map(|command| sandbox.run(command).done().stdout);
    let exported = sandbox.run(&["export"]).done().stdout;
    let cache = sandbox.root().join(".pkg/profiles/default/cache");
    let entries = fs::read_dir(&cache).unwrap();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    let index = paths.find(|path| path.extension().is_some_and(|it| it == "db"));
    let index = index.unwrap();
    let record = index.with_extension("db.sha256");
    let sound = fs::read(&index).unwrap();
    // All but the pages that say what the index is. Nothing tells of it.
    let damage = || {
        let mut bytes = sound.clone();
        let meta = bytes.windows(9).rposition(|it| it == b"root_tree").unwrap();
        for (page, bytes) in bytes.chunks_mut(4_096).enumerate().skip(1) {
            if page != meta / 4_096 && page != schema_page(&sound) {
                bytes.fill(0);
            }
        }
        fs::write(&index, bytes).unwrap();
        wait_until_newer(&record, &index);
    };
    let mut made_again = 0;
    for (command, expected) in commands.iter().zip(&expected) {
        damage();
        let outcome = sandbox.run(command).done();
        assert_eq!(outcome.stdout, *expected, "{command:?}");
        let lines: Vec<&str> = outcome.stderr.lines().collect();
        match lines[..] {
            [] => {}
            [line] if line.contains("made again") => made_again += 1,
            _ => panic!("{command:?}: {lines:?}"),
        }
        assert_eq!(fs::read(&index).unwrap() == sound, !lines.is_empty());
    }
    assert!(made_again >= 3, "{made_again}");
    damage();
    let outcome = sandbox.run(&["export"]).done();
    assert_eq!(outcome.stdout, exported);
    assert!(outcome.stderr.contains("made again"), "{}", outcome.stderr);
}

/// The page, from 0, that lists the tables where the first one has no room.
fn schema_page(database: &[u8]) -> usize {
    let at = database.windows(12).rposition(|it| it == b"CREATE TABLE");
    at.unwrap() / 4_096
}

#[test]
fn without_an_index_the_one_that_the_packs_give_is_verified() {
    let sandbox = Sandbox::ingested();
    fs::remove_dir_all(sandbox.root().join(".pkg/profiles/default/cache")).unwrap();
    let document = sandbox.run(&["verify", "--json"]).done().document("verify");
    assert_eq!(document["index_checked"], true);
    assert_eq!(document["problems"], serde_json::json!([]));
}
