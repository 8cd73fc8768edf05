//! Archives that are not those that were signed.

use auditgraph::upgrade::trust::{Attack, TrustError};

use crate::server::Rule;
use crate::world::{ARCHIVE, World, refused};

#[test]
fn endless_archive_is_refused() {
    let world = World::new();
    let place = world.repository.first_place();
    world.server.rule(&place, Rule::Endless);
    assert_eq!(world.archive_refusal().0, Attack::WrongLength);
}

#[test]
fn slow_retrieval_of_an_archive_is_refused() {
    let world = World::new();
    let place = world.repository.first_place();
    world.server.rule(&place, Rule::Drip);
    assert_eq!(world.archive_refusal().0, Attack::SlowRetrieval);
}

#[test]
fn wrong_length_is_refused() {
    let world = World::new();
    let place = world.repository.first_place();
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
    let place = world.repository.first_place();
    let mut other = ARCHIVE.to_vec();
    other[0] ^= 1;
    world.server.rule(&place, Rule::Bytes(other));
    let (attack, words) = world.archive_refusal();
    assert_eq!(attack, Attack::WrongDigest, "{words}");
}

#[test]
fn wrong_target_is_refused() {
    let mut world = World::new();
    let old = world.repository.first_place();
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
fn a_server_that_lies_of_the_part_it_sends_gains_nothing() {
    let world = World::new();
    let place = world.repository.first_place();
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
