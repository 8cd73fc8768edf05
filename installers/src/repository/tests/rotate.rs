//! The next root: who must sign it, what its signers see, and what is left
//! when the power fails.

use std::num::NonZeroU64;
use std::path::Path;

use tough::schema::{RoleType, Root, Signed};

use super::super::rotate::sign;
use super::super::sign::SignedFile;
use super::super::*;
use super::Fixture;
use crate::site::Site;

fn root(path: &Path) -> Signed<Root> {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A draft of root 2 as `change` left it, with the signature of `key-2`.
fn draft(fixture: &Fixture, change: impl FnOnce(&mut Signed<Root>)) -> std::path::PathBuf {
    let (path, new) = (fixture.root.join("draft.json"), fixture.root.join("new"));
    let places = fixture.places(&new, Some(&path));
    fixture.rotate(&[], &places, &["key-2"]).unwrap();
    let mut draft = root(&path);
    change(&mut draft);
    std::fs::write(&path, serde_json::to_vec(&draft).unwrap()).unwrap();
    path
}

#[test]
fn one_maintainer_cannot_make_a_root_and_two_can_in_two_places() {
    let fixture = Fixture::new();
    let (draft, new) = (fixture.root.join("draft.json"), fixture.root.join("new"));
    for alone in [&["key-2"][..], &["key-1", "key-2"]] {
        // No new key is left behind where something is missing.
        let replace = ["targets".parse().unwrap()];
        let alone = fixture.rotate(&replace, &fixture.places(&new, None), alone);
        assert!(matches!(alone, Err(RepositoryError::Keys { .. })));
        assert!(!new.exists());
    }
    let places = fixture.places(&new, Some(&draft));
    let first = fixture.rotate(&[], &places, &["key-2"]).unwrap();
    assert!(
        matches!(
            first,
            Rotation::Draft {
                old: Signatures { have: 1, need: 2 },
                new: Signatures { have: 1, need: 2 },
                ..
            }
        ),
        "{first:?}"
    );
    assert_eq!(fixture.versions(), [1, 1, 1, 1]);
    let second = fixture.rotate(&[], &places, &["key-3"]).unwrap();
    assert!(matches!(second, Rotation::Published), "{second:?}");
    assert_eq!(fixture.versions(), [2, 1, 1, 1]);
    assert!(!draft.exists());
}

#[test]
fn a_replaced_key_can_no_longer_sign_and_its_files_are_signed_anew() {
    let fixture = Fixture::new();
    let new = fixture.root.join("new");
    let replace = ["timestamp".parse().unwrap(), "targets".parse().unwrap()];
    let keys = &["key-1", "key-2", "online"];
    fixture
        .rotate(&replace, &fixture.places(&new, None), keys)
        .unwrap();
    assert_eq!(fixture.versions(), [2, 2, 2, 2]);
    let stolen = fixture.repository.refresh(&fixture.keys(&["online"]));
    assert!(matches!(stolen, Err(RepositoryError::Keys { .. })));
    fixture
        .repository
        .refresh(&fixture.keys(&["online", "new"]))
        .unwrap();
}

#[test]
fn a_key_that_is_named_twice_is_replaced_by_one() {
    let fixture = Fixture::new();
    let new = fixture.root.join("new");
    let id = fixture.repository.status().unwrap().roles[3].keys[0].clone();
    let replace = ["timestamp", &id, "timestamp"].map(|key| key.parse().unwrap());
    let keys = &["key-1", "key-2", "online"];
    fixture
        .rotate(&replace, &fixture.places(&new, None), keys)
        .unwrap();
    let keys = &fixture.repository.status().unwrap().roles[3].keys;
    assert!(keys.len() == 1 && !keys.contains(&id), "{keys:?}");
    let unknown: Replace = "00000000".parse().unwrap();
    let outcome = fixture.rotate(&[unknown], &fixture.places(&new, None), &["key-1"]);
    let error = outcome.unwrap_err().to_string();
    assert_eq!(
        error,
        "key 00000000: the root names no such key, or no longer; `repository status` prints its keys"
    );
}

#[test]
fn a_root_key_is_replaced_by_its_id_and_the_chain_holds() {
    let fixture = Fixture::new();
    let site = Site::new(fixture.root.join("site"));
    let lost = fixture.repository.status().unwrap().roles[0].keys[2].clone();
    let new = fixture.root.join("new");
    let keys = &["key-1", "key-2", "key-3"];
    fixture
        .rotate(&[lost.parse().unwrap()], &fixture.places(&new, None), keys)
        .unwrap();
    let roles = fixture.repository.roles().unwrap();
    let first = root(&site.path("metadata/1.root.json"));
    first.signed.verify_role(&roles.root).unwrap();
    assert!(
        !fixture.repository.status().unwrap().roles[0]
            .keys
            .contains(&lost)
    );
}

/// A rotation that ends after it wrote so many of its files, which are returned.
fn cut_off(
    fixture: &Fixture,
    replace: &[Replace],
    places: &Places<'_>,
    keys: &[&str],
    written: usize,
) -> Vec<SignedFile> {
    let repository = &fixture.repository;
    let keys = fixture.keys(keys);
    let mut stopped = repository.propose(replace, places, keys).unwrap();
    let before = &stopped.before.root.signed;
    sign(before, &mut stopped.next, &stopped.keys).unwrap();
    let files = repository
        .root_files(stopped.before, stopped.next, &stopped.keys)
        .unwrap();
    let write = || repository.write_all(&files[..written]);
    stopped.keys.save(places.offline, write).unwrap();
    files
}

#[test]
fn the_same_rotation_finishes_one_that_was_interrupted_at_any_file() {
    let replace = ["timestamp".parse().unwrap(), "targets".parse().unwrap()];
    let names = [
        "2.targets.json",
        "2.snapshot.json",
        "2.root.json",
        "timestamp.json",
    ];
    for written in 0..names.len() {
        let fixture = Fixture::new();
        let new = fixture.root.join("new");
        let (places, hand) = (fixture.places(&new, None), ["key-1", "key-2", "online"]);
        let files = cut_off(&fixture, &replace, &places, &hand, written);
        assert!(files.iter().map(|file| &file.name).eq(names), "{files:?}");

        let has_root = written > 2;
        if has_root {
            let status = fixture.repository.status();
            assert!(matches!(
                status,
                Err(RepositoryError::Unfinished { version: 2 })
            ));
            let other = fixture.rotate(&["root".parse().unwrap()], &places, &hand);
            assert!(matches!(other, Err(RepositoryError::Unfinished { .. })));
        }
        let again = fixture.rotate(&replace, &places, &hand).unwrap();
        assert!(matches!(again, Rotation::Published), "{written}: {again:?}");
        assert_eq!(
            fixture.versions(),
            [2, 2, 2, 2],
            "{written} files were written"
        );
        let site = fixture.root.join("site/metadata");
        let first = root(&site.join("1.root.json"));
        first
            .signed
            .verify_role(&root(&site.join("2.root.json")))
            .unwrap();
        if has_root {
            let kept = std::fs::read(site.join("2.root.json")).unwrap();
            assert_eq!(kept, files[2].bytes, "what was published stays");
        }
    }
}

#[test]
fn an_interrupted_rotation_by_draft_is_finished_with_its_draft_alone() {
    let fixture = Fixture::new();
    let (path, new) = (fixture.root.join("draft.json"), fixture.root.join("new"));
    let places = fixture.places(&new, Some(&path));
    let timestamp = fixture.root.join("site/metadata/timestamp.json");
    let old_timestamp = std::fs::read(&timestamp).unwrap();
    let replace = ["timestamp".parse().unwrap()];
    fixture
        .rotate(&replace, &places, &["key-1", "online"])
        .unwrap();
    let pending = std::fs::read(&path).unwrap();
    let hand = ["key-2", "online", "new"];
    fixture.rotate(&[], &places, &hand).unwrap();

    // Everything was published, and the draft is still there.
    std::fs::write(&path, &pending).unwrap();
    fixture.rotate(&[], &places, &hand).unwrap();
    assert_eq!(fixture.versions(), [2, 1, 2, 2]);
    assert!(!path.exists());

    // The root was published alone.
    std::fs::write(&timestamp, &old_timestamp).unwrap();
    let mut other: Signed<Root> = serde_json::from_slice(&pending).unwrap();
    other.signed.version = NonZeroU64::new(3).unwrap();
    std::fs::write(&path, serde_json::to_vec(&other).unwrap()).unwrap();
    let refused = fixture.rotate(&[], &places, &hand);
    assert!(matches!(
        refused,
        Err(RepositoryError::Unfinished { version: 2 })
    ));
    std::fs::write(&path, &pending).unwrap();
    fixture.rotate(&[], &places, &hand).unwrap();
    assert_eq!(fixture.versions(), [2, 1, 2, 2]);
    assert!(!path.exists());
}

#[test]
fn what_a_draft_changes_is_told_before_it_is_signed() {
    let fixture = Fixture::new();
    let replaced = fixture.repository.status().unwrap().roles[3].keys[0].clone();
    let mut added = String::new();
    let path = draft(&fixture, |draft| {
        let root = &mut draft.signed;
        let own = root.roles[&RoleType::Targets].keyids[0].clone();
        added = super::super::keys::hex(&own);
        let timestamp = root.roles.get_mut(&RoleType::Timestamp).unwrap();
        timestamp.keyids = vec![own];
        let role = root.roles.get_mut(&RoleType::Root).unwrap();
        role.threshold = NonZeroU64::MIN;
    });
    let new = fixture.root.join("new");
    let places = fixture.places(&new, Some(&path));
    let keys = fixture.keys(&["key-3"]);
    let proposal = fixture.repository.propose(&[], &places, keys).unwrap();
    let told: Vec<String> = proposal.changes().iter().map(Change::to_string).collect();
    assert_eq!(told[0], "root: 1 signatures are needed, not 2");
    assert!(
        told[1].starts_with(&format!("timestamp: key {replaced}")),
        "{told:?}"
    );
    assert!(told[1].ends_with(" is removed"), "{told:?}");
    assert_eq!(told[2], format!("timestamp: key {added} is added"));
    // The expiry is that of the first root, within the second in which both were made.
    assert!(
        told.len() == 3 || told[3].starts_with("root: expires "),
        "{told:?}"
    );
}

#[test]
fn a_draft_that_changes_what_nobody_is_shown_is_refused() {
    let fixture = Fixture::new();
    let path = draft(&fixture, |draft| draft.signed.consistent_snapshot = false);
    let new = fixture.root.join("new");
    let refused = fixture.rotate(&[], &fixture.places(&new, Some(&path)), &["key-3"]);
    assert!(
        matches!(refused, Err(RepositoryError::Invalid { .. })),
        "{refused:?}"
    );
}

#[test]
fn only_valid_signatures_count_and_an_invalid_one_of_ones_own_is_replaced() {
    let fixture = Fixture::new();
    // What key-2 signed was changed afterwards, and its signature stands twice.
    let path = draft(&fixture, |draft| {
        draft.signed.expires += jiff::SignedDuration::from_hours(1);
        draft.signatures.push(draft.signatures[0].clone());
    });
    let new = fixture.root.join("new");
    let places = fixture.places(&new, Some(&path));
    let third = fixture.rotate(&[], &places, &["key-3"]).unwrap();
    let one = Signatures { have: 1, need: 2 };
    assert!(
        matches!(third, Rotation::Draft { old, new, .. } if old == one && new == one),
        "{third:?}"
    );
    assert_eq!(root(&path).signatures.len(), 1);
    let second = fixture.rotate(&[], &places, &["key-2"]).unwrap();
    assert!(matches!(second, Rotation::Published), "{second:?}");
}

#[test]
fn what_was_signed_is_kept_while_the_keys_of_another_role_are_elsewhere() {
    let fixture = Fixture::new();
    let (path, new) = (fixture.root.join("draft.json"), fixture.root.join("new"));
    let places = fixture.places(&new, Some(&path));
    fixture
        .rotate(&["targets".parse().unwrap()], &places, &["key-2"])
        .unwrap();
    // The second signature, by one who has neither the new targets key nor those online.
    let alone = fixture.rotate(&[], &places, &["key-3"]);
    assert!(
        matches!(alone, Err(RepositoryError::Keys { .. })),
        "{alone:?}"
    );
    assert_eq!(fixture.versions(), [1, 1, 1, 1]);
    // Who has those has no root key.
    let done = fixture.rotate(&[], &places, &["new", "online"]).unwrap();
    assert!(matches!(done, Rotation::Published), "{done:?}");
    assert_eq!(fixture.versions(), [2, 2, 2, 2]);
}
