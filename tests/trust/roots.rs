//! Keys: who may sign, and how that changes.

use auditgraph::upgrade::trust::{Attack, TrustError};

use crate::repository::root;
use crate::server::Rule;
use crate::world::World;

#[test]
fn key_below_threshold_is_refused() {
    let world = World::visited();
    let roots = ["root-1", "root-2", "root-3"];
    let next = root(2, &roots, "mallory", &["root-1"]);
    world.repository.write_json("2.root.json", &next);
    let (attack, words) = world.refusal();
    assert_eq!(attack, Attack::KeyBelowThreshold, "{words}");
    assert!(words.contains("1 of the 2"), "{words}");
    // The same key twice is one key.
    let mut twice = next;
    let signature = twice["signatures"][0].clone();
    twice["signatures"].as_array_mut().unwrap().push(signature);
    world.repository.write_json("2.root.json", &twice);
    assert_eq!(world.refusal().0, Attack::ArbitrarySoftware);
}

#[test]
fn root_rotation_chain_is_followed_from_the_oldest_root() {
    let mut world = World::visited();
    // Two rotations replace the timestamp key and, one by one, root keys.
    let second = root(
        2,
        &["root-2", "root-3", "root-4"],
        "timestamp-2",
        &["root-1", "root-2", "root-3"],
    );
    let third = root(
        3,
        &["root-3", "root-4", "root-5"],
        "timestamp-2",
        &["root-2", "root-3", "root-4"],
    );
    world.repository.write_json("2.root.json", &second);
    world.repository.write_json("3.root.json", &third);
    world.repository.timestamp_key = "timestamp-2".into();
    world.repository.add("1.2.0", b"signed under new keys");
    world.repository.publish();
    assert_eq!(world.offered(), "1.2.0");
    // The stolen old timestamp key is worth nothing now.
    world.repository.timestamp_key = "timestamp".into();
    world.repository.publish();
    assert_eq!(world.refusal().0, Attack::ArbitrarySoftware);
    // Nor does it help to withhold the new roots from who has seen them.
    for name in ["metadata/2.root.json", "metadata/3.root.json"] {
        world.server.rule(name, Rule::Status(404));
    }
    assert_eq!(world.refusal().0, Attack::ArbitrarySoftware);
    // Nor that they can be read no more: that begins nothing anew.
    let seen = world.path("state").join("trust/roots/2.root.json");
    std::fs::write(&seen, "").unwrap();
    let outcome = world.load();
    assert!(matches!(&outcome, Err(TrustError::State { path, .. }) if *path == seen));
}

#[test]
fn root_with_a_gap_in_the_chain_is_refused() {
    let world = World::visited();
    let next = root(
        3,
        &["root-1", "root-2", "root-3"],
        "timestamp",
        &["root-1", "root-2"],
    );
    world.repository.write_json("2.root.json", &next);
    assert_eq!(world.refusal().0, Attack::Rollback);
}

#[test]
fn forged_root_in_the_state_directory_gains_nothing() {
    let world = World::visited();
    let forged = root(
        2,
        &["mallory", "eve", "root-3"],
        "mallory",
        &["mallory", "eve"],
    );
    let state = world.path("state").join("trust");
    std::fs::create_dir_all(state.join("roots")).unwrap();
    let bytes = serde_json::to_vec(&forged).unwrap();
    std::fs::write(state.join("roots/2.root.json"), &bytes).unwrap();
    std::fs::write(state.join("root.json"), &bytes).unwrap();
    assert_eq!(world.offered(), "1.1.0");
}
