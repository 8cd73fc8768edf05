//! Files that are signed, and are not what they should be.

use auditgraph::upgrade::trust::Attack;
use serde_json::json;

use crate::repository::{days_from_now, root, sign};
use crate::server::Rule;
use crate::world::{World, refused};

fn set_version(path: &[u8], version: u64) -> serde_json::Value {
    let mut metadata: serde_json::Value = serde_json::from_slice(path).unwrap();
    metadata["signed"]["version"] = version.into();
    metadata
}

#[test]
fn arbitrary_software_is_refused() {
    let mut world = World::visited();
    // A mirror adds a release and signs it with keys of its own.
    world.repository.targets_key = "mallory".into();
    world.repository.add("6.6.6", b"malware");
    world.repository.publish();
    let (attack, words) = world.refusal();
    assert_eq!(attack, Attack::ArbitrarySoftware, "{words}");
    assert!(words.contains("targets"), "{words}");
}

#[test]
fn rollback_is_refused() {
    let mut world = World::visited();
    let old = world.path("old");
    world.repository.copy_to(&old);
    world.repository.add("1.2.0", b"a security fix");
    world.repository.publish();
    assert_eq!(world.offered(), "1.2.0");
    // The mirror goes back to the files of yesterday, all validly signed.
    world.repository.restore(&old);
    let (attack, words) = world.refusal();
    assert_eq!(attack, Attack::Rollback, "{words}");
    // A first-time user of the same mirror cannot know, and is safe from
    // anything but missing the fix until the files expire.
    std::fs::remove_dir_all(world.path("state")).unwrap();
    assert_eq!(world.offered(), "1.1.0");
}

#[test]
fn rollback_of_a_single_file_is_refused() {
    let mut world = World::visited();
    let (snapshot, targets) = (
        world.repository.read("1.snapshot.json"),
        world.repository.read("1.targets.json"),
    );
    world.repository.add("1.2.0", b"a security fix");
    world.repository.publish();
    assert_eq!(world.offered(), "1.2.0");
    // New timestamp, old snapshot under it: whoever holds the timestamp key
    // could sign that, and no one else.
    world.repository.version = 3;
    let timestamp = world.repository.signed_timestamp(&snapshot);
    let mut signed = timestamp["signed"].clone();
    signed["meta"]["snapshot.json"]["version"] = 1.into();
    world
        .repository
        .write_json("timestamp.json", &sign(&signed, &["timestamp"]));
    world.repository.write("1.targets.json", &targets);
    assert_eq!(world.refusal().0, Attack::Rollback);
}

#[test]
fn freeze_is_refused() {
    let mut world = World::visited();
    world.repository.timestamp_expires = days_from_now(-1);
    world.repository.publish();
    let (attack, words) = world.refusal();
    assert_eq!(attack, Attack::Freeze, "{words}");
    assert!(words.contains("timestamp"), "{words}");
    // Refused again by the next process: it was not accepted.
    assert_eq!(world.refusal().0, Attack::Freeze);
}

#[test]
fn mix_and_match_is_refused() {
    let mut world = World::visited();
    let old_targets = world.repository.read("1.targets.json");
    world.repository.add("1.2.0", b"newer");
    world.repository.publish();
    // The new snapshot, with the targets of the release before.
    world.repository.write("2.targets.json", &old_targets);
    let (attack, words) = world.refusal();
    assert_eq!(attack, Attack::MixAndMatch, "{words}");
}

#[test]
fn compromised_timestamp_key_cannot_make_a_release() {
    let mut world = World::visited();
    // With the timestamp key alone: a new targets file, a snapshot of it, and
    // a valid timestamp over both.
    world.repository.targets_key = "timestamp".into();
    world.repository.add("6.6.6", b"malware");
    world.repository.publish();
    assert_eq!(world.refusal().0, Attack::ArbitrarySoftware);
}

#[test]
fn a_timestamp_of_a_far_future_version_needs_the_key_and_ends_with_it() {
    let mut world = World::visited();
    // Whoever has the timestamp key alone can make users deaf, not gullible.
    let future = set_version(&world.repository.read("timestamp.json"), u64::MAX / 2);
    let future = sign(&future["signed"], &["timestamp"]);
    world.repository.write_json("timestamp.json", &future);
    assert_eq!(world.offered(), "1.1.0");
    world.repository.add("1.2.0", b"a security fix");
    world.repository.publish();
    assert_eq!(world.refusal().0, Attack::Rollback);
    // A root that names another timestamp key makes them hear again.
    let roots = ["root-1", "root-2", "root-3"];
    let next = root(2, &roots, "timestamp-2", &roots);
    world.repository.write_json("2.root.json", &next);
    world.repository.timestamp_key = "timestamp-2".into();
    world.repository.publish();
    assert_eq!(world.offered(), "1.2.0");
}

#[test]
fn malicious_mirror_that_withholds_a_signed_file_is_refused() {
    let mut world = World::visited();
    world.repository.add("1.2.0", b"a security fix");
    world.repository.publish();
    world
        .server
        .rule("metadata/2.targets.json", Rule::Status(404));
    assert_eq!(world.refusal().0, Attack::Withheld);
    world.server.rule(
        "metadata/timestamp.json",
        Rule::Bytes(b"<html>sign in</html>".to_vec()),
    );
    let (attack, words) = world.refusal();
    assert_eq!(attack, Attack::Malformed);
    assert!(
        words.contains("/timestamp.json is no timestamp metadata"),
        "{words}"
    );
    world
        .server
        .rule("metadata/timestamp.json", Rule::Bytes(vec![b'['; 100_000]));
    assert_eq!(world.refusal().0, Attack::Malformed);
}

#[test]
fn same_version_with_other_content_is_not_news() {
    let world = World::visited();
    // A different timestamp of the version that is known already.
    let timestamp: serde_json::Value =
        serde_json::from_slice(&world.repository.read("timestamp.json")).unwrap();
    let mut signed = timestamp["signed"].clone();
    signed["meta"]["snapshot.json"] = json!({ "version": 9 });
    world
        .repository
        .write_json("timestamp.json", &sign(&signed, &["timestamp"]));
    assert_eq!(world.offered(), "1.1.0");
}

#[test]
fn version_changed_without_a_signature_is_refused() {
    let world = World::visited();
    let timestamp = set_version(&world.repository.read("timestamp.json"), 2);
    world.repository.write_json("timestamp.json", &timestamp);
    assert_eq!(world.refusal().0, Attack::ArbitrarySoftware);
}

#[test]
fn json_that_two_readers_read_in_two_ways_is_refused() {
    let world = World::new();
    let timestamp = world.repository.read("timestamp.json");
    let text = String::from_utf8(timestamp).unwrap();
    let genuine: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut forged = genuine["signed"].clone();
    forged["expires"] = days_from_now(4000).into();
    let signatures = &genuine["signatures"];
    let signed = &genuine["signed"];
    let deep = "[".repeat(200_000);
    for text in [
        // The signed part twice, in both orders, and a field of it twice.
        format!(r#"{{"signed":{forged},"signed":{signed},"signatures":{signatures}}}"#),
        format!(r#"{{"signed":{signed},"signed":{forged},"signatures":{signatures}}}"#),
        text.replacen("\"version\":", "\"version\": 99, \"version\":", 1),
        // After its end, and deeper than any reader goes.
        format!("{text}{text}"),
        format!(r#"{{"signed":{deep}"#),
        "null".to_owned(),
        String::new(),
    ] {
        // To who has seen this version it is no news, whatever else it says.
        let _ = std::fs::remove_dir_all(world.path("state"));
        let (attack, words) = refused(world.answered("", text.as_bytes()));
        assert_eq!(
            attack,
            Attack::Malformed,
            "{words}: {}",
            &text[..text.len().min(300)]
        );
    }
}
