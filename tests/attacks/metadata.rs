use crate::repository::{days_from_now, root, sign};
use crate::server::Rule;
use crate::user::User;

#[test]
fn arbitrary_software_is_refused() {
    let mut user = User::visited();
    user.repository.targets_key = "mallory".into();
    user.repository.add("9.6.6", b"malware");
    user.repository.publish();
    let (attack, words) = user.refused();
    assert_eq!(attack, "arbitrary_software");
    assert!(words.contains("not signed by the keys"), "{words}");
}

#[test]
fn rollback_is_refused() {
    let mut user = User::visited();
    let old = user.home().join("old");
    user.repository.copy_to(&old);
    user.repository.add("9.2.0", b"a security fix");
    user.repository.publish();
    assert_eq!(user.offered(), "9.2.0");
    user.repository.restore(&old);
    assert_eq!(user.refused().0, "rollback");
}

#[test]
fn freeze_is_refused() {
    let mut user = User::visited();
    user.repository.timestamp_expires = days_from_now(-1);
    user.repository.publish();
    let (attack, words) = user.refused();
    assert_eq!(attack, "freeze");
    assert!(words.contains("expired"), "{words}");
}

#[test]
fn mix_and_match_is_refused() {
    let mut user = User::visited();
    let old = user.repository.read("1.targets.json");
    user.repository.add("9.2.0", b"newer");
    user.repository.publish();
    user.repository.write("2.targets.json", &old);
    assert_eq!(user.refused().0, "mix_and_match");
}

#[test]
fn endless_data_is_refused() {
    let user = User::visited();
    user.server.rule("metadata/timestamp.json", Rule::Endless);
    let (attack, words) = user.refused();
    assert_eq!(attack, "endless_data");
    assert!(words.contains("longer than"), "{words}");
}

#[test]
fn slow_retrieval_is_refused() {
    let user = User::visited();
    user.server.rule("metadata/timestamp.json", Rule::Drip);
    let (attack, words) = user.refused();
    assert_eq!(attack, "slow_retrieval");
    assert!(words.contains("bytes arrived within"), "{words}");
}

#[test]
fn compromised_timestamp_key_cannot_make_a_release() {
    let mut user = User::visited();
    user.repository.targets_key = "timestamp".into();
    user.repository.add("9.6.6", b"malware");
    user.repository.publish();
    assert_eq!(user.refused().0, "arbitrary_software");
}

#[test]
fn key_below_threshold_is_refused() {
    let user = User::visited();
    let roots = ["root-1", "root-2", "root-3"];
    let next = root(2, &roots, "mallory", &["root-1"]);
    user.repository.write_json("2.root.json", &next);
    let (attack, words) = user.refused();
    assert_eq!(attack, "key_below_threshold");
    assert!(words.contains("1 of the 2 keys"), "{words}");
}

#[test]
fn root_rotation_chain_is_followed_by_an_old_binary() {
    let mut user = User::visited();
    let second = ["root-2", "root-3", "root-4"];
    let second = root(2, &second, "timestamp-2", &["root-1", "root-2", "root-3"]);
    let third = ["root-3", "root-4", "root-5"];
    let third = root(3, &third, "timestamp-2", &["root-2", "root-3", "root-4"]);
    user.repository.write_json("2.root.json", &second);
    user.repository.write_json("3.root.json", &third);
    user.repository.timestamp_key = "timestamp-2".into();
    user.repository.add("9.2.0", b"signed under new keys");
    user.repository.publish();
    assert_eq!(user.offered(), "9.2.0");
    // The old key is worth nothing, even to a mirror that hides the new roots.
    user.repository.timestamp_key = "timestamp".into();
    user.repository.publish();
    for name in ["metadata/2.root.json", "metadata/3.root.json"] {
        user.server.rule(name, Rule::Status(404));
    }
    assert_eq!(user.refused().0, "arbitrary_software");
}

#[test]
fn malicious_mirror_is_refused() {
    let mut user = User::visited();
    user.repository.add("9.2.0", b"a security fix");
    user.repository.publish();
    user.server
        .rule("metadata/2.targets.json", Rule::Status(404));
    assert_eq!(user.refused().0, "withheld");
    let html = b"<html>sign in</html>".to_vec();
    user.server
        .rule("metadata/timestamp.json", Rule::Bytes(html));
    assert_eq!(user.refused().0, "malformed");
    let timestamp: serde_json::Value =
        serde_json::from_slice(&user.repository.read("timestamp.json")).unwrap();
    let forged = sign(&timestamp["signed"], &["mallory"]);
    let forged = serde_json::to_vec(&forged).unwrap();
    user.server
        .rule("metadata/timestamp.json", Rule::Bytes(forged));
    assert_eq!(user.refused().0, "arbitrary_software");
}
