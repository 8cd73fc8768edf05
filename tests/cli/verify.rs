use std::fs;

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
    let sandbox = Sandbox::with(NOTES);
    sandbox.run(&["ingest"]).done();
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
fn a_source_that_changed_since_the_run_is_told() {
    let sandbox = Sandbox::with(NOTES);
    sandbox.run(&["ingest"]).done();
    sandbox.write("plan.md", "# Other\n");
    sandbox
        .run(&["verify"])
        .exits(5)
        .shows("plan.md")
        .says("auditgraph ingest takes changed sources in");
}

#[test]
fn a_missing_or_damaged_index_is_made_again_with_one_line_that_says_so() {
    let sandbox = Sandbox::with(NOTES);
    sandbox.run(&["ingest"]).done();
    let name = flip(&sandbox, "cache", ".db");
    sandbox.run(&["verify"]).exits(5).shows(&name);
    let cache = sandbox.root().join(".pkg/profiles/default/cache");
    fs::remove_file(cache.join(&name)).unwrap();
    let outcome = sandbox.run(&["query", "beacon"]).done().shows("plan.md:3");
    assert_eq!(
        outcome.stderr.lines().count(),
        1,
        "one line: {}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("was made again"),
        "{}",
        outcome.stderr
    );
    let again = sandbox.run(&["query", "beacon"]).done();
    assert_eq!(again.stderr, "");
    assert_eq!(again.stdout, outcome.stdout);
    sandbox.run(&["verify"]).done();
}
