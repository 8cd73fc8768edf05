use serde_json::json;

use auditgraph::upgrade::trust::{Attack, Source, TrustError};

use crate::repository::{days_from_now, root, sign};
use crate::server::{Rule, Server};
use crate::world::{ARCHIVE, World, refused};

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
fn endless_data_is_refused_for_every_metadata_file() {
    for name in [
        "2.root.json",
        "timestamp.json",
        "2.snapshot.json",
        "2.targets.json",
    ] {
        let mut world = World::visited();
        world.repository.publish();
        if name == "2.root.json" {
            let next = root(
                2,
                &["root-1", "root-2", "root-3"],
                "timestamp",
                &["root-1", "root-2"],
            );
            world.repository.write_json(name, &next);
        }
        world
            .server
            .rule(&format!("metadata/{name}"), Rule::Endless);
        let (attack, words) = world.refusal();
        assert_eq!(attack, Attack::EndlessData, "{name}: {words}");
    }
}

#[test]
fn endless_archive_is_refused() {
    let world = World::new();
    let place = world
        .repository
        .place(world.repository.targets.keys().next().unwrap());
    world.server.rule(&place, Rule::Endless);
    assert_eq!(world.archive_refusal().0, Attack::WrongLength);
}

#[test]
fn slow_retrieval_is_refused() {
    let world = World::new();
    world.server.rule("metadata/timestamp.json", Rule::Drip);
    let (attack, words) = world.refusal();
    assert_eq!(attack, Attack::SlowRetrieval, "{words}");
    assert!(words.contains("timestamp.json"), "{words}");
}

#[test]
fn a_server_that_never_answers_is_not_waited_for() {
    let world = World::new();
    world.server.rule("metadata/timestamp.json", Rule::Silence);
    let outcome = world.load();
    let Err(TrustError::Unavailable { reason, .. }) = &outcome else {
        panic!("{outcome:?}");
    };
    assert!(reason.contains("no answer"), "{reason}");
}

#[test]
fn slow_retrieval_of_an_archive_is_refused() {
    let world = World::new();
    let place = world
        .repository
        .place(world.repository.targets.keys().next().unwrap());
    world.server.rule(&place, Rule::Drip);
    assert_eq!(world.archive_refusal().0, Attack::SlowRetrieval);
}

#[test]
fn wrong_length_is_refused() {
    let world = World::new();
    let place = world
        .repository
        .place(world.repository.targets.keys().next().unwrap());
    world.server.rule(&place, Rule::Cut(1));
    assert_eq!(world.archive_refusal().0, Attack::WrongLength);
    let mut longer = ARCHIVE.to_vec();
    longer.push(b'!');
    world.server.rule(&place, Rule::Bytes(longer));
    assert_eq!(world.archive_refusal().0, Attack::WrongLength);
}

#[test]
fn wrong_digest_is_refused() {
    let world = World::new();
    let place = world
        .repository
        .place(world.repository.targets.keys().next().unwrap());
    let mut other = ARCHIVE.to_vec();
    other[0] ^= 1;
    world.server.rule(&place, Rule::Bytes(other));
    let (attack, words) = world.archive_refusal();
    assert_eq!(attack, Attack::WrongDigest, "{words}");
}

#[test]
fn wrong_target_is_refused() {
    let mut world = World::new();
    let old = world
        .repository
        .place(world.repository.targets.keys().next().unwrap());
    let old = std::fs::read(world.repository.directory.join(old)).unwrap();
    let newer = world.repository.add("1.2.0", &vec![7; old.len()]);
    world.repository.publish();
    // The archive of the old, validly signed release in place of the new one.
    world
        .server
        .rule(&world.repository.place(&newer), Rule::Bytes(old));
    assert_eq!(world.archive_refusal().0, Attack::WrongDigest);
}

#[test]
fn extraneous_target_is_never_offered() {
    let world = World::new();
    // Files that nobody signed, under every name a client might try.
    let targets = world.repository.directory.join("targets");
    for name in [
        "auditgraph-9.9.9-x86_64-unknown-linux-gnu.tar.gz",
        "index.html",
    ] {
        std::fs::write(targets.join(name), b"unsigned").unwrap();
    }
    let releases = world.load().unwrap();
    assert_eq!(releases.releases().len(), 1);
    // A release of one source is not fetched through another's metadata.
    let mut forged = releases.releases()[0].clone();
    forged.archive = "auditgraph-9.9.9-x86_64-unknown-linux-gnu.tar.gz".into();
    let silent = auditgraph::foundation::progress::Silent;
    let outcome = releases.fetch_archive(&forged, &world.path("archive"), &silent, false);
    assert_eq!(refused(outcome.map(|_| ())).0, Attack::WrongTarget);
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
    assert_eq!(world.refusal().0, Attack::Malformed);
    world
        .server
        .rule("metadata/timestamp.json", Rule::Bytes(vec![b'['; 100_000]));
    assert_eq!(world.refusal().0, Attack::Malformed);
}

#[test]
fn redirect_to_plain_http_is_refused_and_nothing_is_sent_there() {
    let world = World::new();
    let plain = Server::plain(&world.repository.directory);
    let place = world
        .repository
        .place(world.repository.targets.keys().next().unwrap());
    world
        .server
        .rule(&place, Rule::Redirect(format!("{}{place}", plain.url())));
    let (attack, words) = world.archive_refusal();
    assert_eq!(attack, Attack::PlainHttp, "{words}");
    let timestamp = "metadata/timestamp.json";
    world.server.rule(
        timestamp,
        Rule::Redirect(format!("{}{timestamp}", plain.url())),
    );
    let (attack, words) = world.refusal();
    assert_eq!(attack, Attack::PlainHttp, "{words}");
    assert_eq!(plain.log(), Vec::<String>::new());
}

#[test]
fn plain_http_is_no_source() {
    let world = World::new();
    let plain = Server::plain(&world.repository.directory);
    let outcome = world.load_from(&Source::Url(plain.url()));
    let words = outcome.unwrap_err().to_string();
    assert!(words.contains("https://"), "{words}");
    assert_eq!(plain.log(), Vec::<String>::new());
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

/// Raw answers to a request for the timestamp, each odd in its own way.
fn answered(world: &World, head: &str, body: &[u8]) -> Result<(), TrustError> {
    let mut raw = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{head}\r\n").into_bytes();
    raw.extend_from_slice(body);
    world.server.rule("metadata/timestamp.json", Rule::Raw(raw));
    world.load().map(|_| ())
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

#[test]
fn what_the_headers_say_of_a_file_is_not_believed() {
    let world = World::visited();
    let timestamp = world.repository.read("timestamp.json");
    // A wrong type changes nothing: what counts is what was signed.
    answered(&world, "Content-Type: text/html\r\n", &timestamp).unwrap();
    // Bytes are taken as they come: a bomb is not even unpacked.
    let bomb = gzipped(&vec![b' '; 32 * 1024 * 1024]);
    for (head, body) in [
        ("Content-Encoding: gzip\r\n", gzipped(&timestamp)),
        ("Content-Encoding: gzip\r\n", bomb),
        ("Content-Encoding: br\r\n", b"\x1b\x00".to_vec()),
    ] {
        let (attack, words) = refused(answered(&world, head, &body));
        assert_eq!(attack, Attack::Malformed, "{words}");
        assert!(words.contains("timestamp"), "{words}");
    }
    // A length that is promised and does not come is a broken connection.
    let outcome = answered(&world, "Content-Length: 4000000000\r\n", &timestamp);
    assert!(
        matches!(outcome, Err(TrustError::Unavailable { .. })),
        "{outcome:?}"
    );
    assert_eq!(world.offered_by(&timestamp), "1.1.0");
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
        let (attack, words) = refused(answered(&world, "", text.as_bytes()));
        assert_eq!(
            attack,
            Attack::Malformed,
            "{words}: {}",
            &text[..text.len().min(300)]
        );
    }
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
fn headers_without_an_end_are_not_waited_for() {
    let world = World::new();
    world
        .server
        .rule("metadata/timestamp.json", Rule::DripHeaders);
    let outcome = world.load();
    assert!(outcome.is_err());
    assert!(world.server.log().len() < 5);
}

#[test]
fn a_server_that_lies_of_the_part_it_sends_gains_nothing() {
    let world = World::new();
    let place = world
        .repository
        .place(world.repository.targets.keys().next().unwrap());
    std::fs::write(world.path("archive"), &ARCHIVE[..20]).unwrap();
    world.server.rule(&place, Rule::LyingRange);
    // The whole where the rest was asked for makes it too long.
    let (attack, _) = refused(world.fetch(true).map(|_| ()));
    assert_eq!(attack, Attack::WrongLength);
    assert!(!world.path("archive").exists());
    // From the start there is no part to lie of.
    world.fetch(true).unwrap();
    // Fewer bytes than the rest.
    std::fs::write(world.path("archive"), &ARCHIVE[..20]).unwrap();
    let short = "HTTP/1.1 206 X\r\nContent-Range: bytes 20-22/23\r\nContent-Length: 3\r\n\r\nabc";
    world.server.rule(&place, Rule::Raw(short.into()));
    assert_eq!(
        refused(world.fetch(true).map(|_| ())).0,
        Attack::WrongLength
    );
    // A part that nobody asked for.
    std::fs::write(world.path("archive"), &ARCHIVE[..20]).unwrap();
    let other = "HTTP/1.1 206 X\r\nContent-Range: bytes 5-7/23\r\nContent-Length: 3\r\n\r\nabc";
    world.server.rule(&place, Rule::Raw(other.into()));
    let outcome = world.fetch(true);
    assert!(
        matches!(outcome, Err(TrustError::Unavailable { .. })),
        "{outcome:?}"
    );
}

#[test]
fn a_copy_with_a_pipe_in_place_of_a_file_is_not_waited_for() {
    let world = World::new();
    let stick = world.path("stick");
    world.repository.copy_to(&stick);
    let timestamp = stick.join("metadata/timestamp.json");
    std::fs::remove_file(&timestamp).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(&timestamp)
        .status();
    assert!(made.unwrap().success());
    let outcome = world.load_from(&Source::Dir(stick));
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("not a regular file"), "{error}");
}
