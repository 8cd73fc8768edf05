//! Who may write to the site but has no key gets nothing signed.

use std::collections::HashMap;
use std::num::NonZeroU64;

use tough::schema::{RoleKeys, RoleType, Root, Signed};

use super::super::{Keyring, Repository, RepositoryError, roles};
use super::{Fixture, settings};
use crate::site::{Site, SiteError, sha256_hex};

/// A root 2 of a stranger's, who names his own key in every role beside those
/// that are there.
fn forged(fixture: &Fixture) -> Vec<u8> {
    let first = std::fs::read(fixture.root.join("site/metadata/1.root.json")).unwrap();
    let first: Signed<Root> = serde_json::from_slice(&first).unwrap();
    let mut keys = Keyring::default();
    let stranger = fixture.root.join("stranger");
    let (id, public) = keys.make(&stranger, "root").unwrap();
    let mut root = first.signed;
    root.version = NonZeroU64::new(2).unwrap();
    root.keys.insert(id.clone(), public);
    let alone = RoleKeys {
        keyids: vec![id.clone()],
        threshold: NonZeroU64::MIN,
        _extra: HashMap::new(),
    };
    root.roles.insert(RoleType::Root, alone);
    for role in [RoleType::Targets, RoleType::Snapshot, RoleType::Timestamp] {
        root.roles.get_mut(&role).unwrap().keyids.push(id.clone());
    }
    roles::bytes(&roles::sign(root.clone(), &root, &keys).unwrap()).unwrap()
}

#[test]
fn a_root_that_only_itself_signs_is_followed_by_nobody() {
    let fixture = Fixture::new();
    let site = fixture.root.join("site/metadata");
    std::fs::write(site.join("2.root.json"), forged(&fixture)).unwrap();
    let timestamp = std::fs::read(site.join("timestamp.json")).unwrap();
    let status = fixture.repository.status().map(drop);
    for outcome in [status].into_iter().chain(fixture.changes()) {
        let Err(RepositoryError::Invalid { path, reason }) = outcome else {
            panic!("{outcome:?}");
        };
        assert!(path.ends_with("2.root.json"));
        assert!(reason.contains("not signed by the root before"), "{reason}");
    }
    assert_eq!(
        std::fs::read(site.join("timestamp.json")).unwrap(),
        timestamp
    );
}

#[test]
fn a_pinned_root_must_be_one_of_the_chain() {
    let fixture = Fixture::new();
    assert!(!fixture.repository.status().unwrap().pinned);
    let (new, hand) = (fixture.root.join("new"), ["key-1", "key-2", "online"]);
    let places = fixture.places(&new, None);
    fixture.rotate(&[], &places, &hand).unwrap();
    let site = fixture.root.join("site");
    let pinned = |sha256: String| {
        let mut settings = settings();
        settings.root_sha256 = Some(sha256);
        Repository::new(Site::new(&site), settings).status()
    };
    for root in ["1.root.json", "2.root.json"] {
        let bytes = std::fs::read(site.join("metadata").join(root)).unwrap();
        let status = pinned(sha256_hex(&bytes)).unwrap();
        assert!(status.pinned);
    }
    // Pinned, it was there: with all but its root gone it is not begun anew.
    let first = Fixture::new();
    let metadata = first.root.join("site/metadata");
    for name in ["1.targets.json", "1.snapshot.json", "timestamp.json"] {
        std::fs::remove_file(metadata.join(name)).unwrap();
    }
    let mut settings = settings();
    let root = std::fs::read(metadata.join("1.root.json")).unwrap();
    settings.root_sha256 = Some(sha256_hex(&root));
    let robbed = Repository::new(Site::new(first.root.join("site")), settings);
    let keys = ["key-1", "key-2", "key-3"].map(|name| first.root.join(name));
    let again = robbed.init(&keys, &first.root.join("online"));
    assert!(matches!(again, Err(RepositoryError::Exists(_))));
    let said = robbed.status().unwrap_err().to_string();
    assert!(!said.contains("repository init"), "{said}");
    // A whole repository of a stranger's.
    let other = Fixture::new();
    let bytes = std::fs::read(other.root.join("site/metadata/1.root.json")).unwrap();
    let refused = pinned(sha256_hex(&bytes));
    assert!(matches!(refused, Err(RepositoryError::Invalid { .. })));
}

#[test]
fn the_chain_does_not_end_at_a_root_that_cannot_be_read() {
    let fixture = Fixture::new();
    let (new, hand) = (fixture.root.join("new"), ["key-1", "key-2"]);
    let rotate = || fixture.rotate(&[], &fixture.places(&new, None), &hand);
    rotate().unwrap();
    rotate().unwrap();
    let second = fixture.root.join("site/metadata/2.root.json");
    std::fs::remove_file(&second).unwrap();
    let refused = || {
        let status = fixture.repository.status().map(drop);
        for outcome in [status, rotate().map(drop)] {
            let Err(RepositoryError::Site(SiteError::Read(path, _))) = outcome else {
                panic!("{outcome:?}");
            };
            assert_eq!(path, second);
        }
    };
    refused();
    std::fs::create_dir(&second).unwrap();
    refused();
}

#[test]
fn a_snapshot_that_is_signed_but_not_the_one_that_is_named_is_refused() {
    let fixture = Fixture::new();
    let path = fixture.root.join("site/metadata/1.snapshot.json");
    let text = std::fs::read_to_string(&path).unwrap();
    // The signature is over the content, not over its layout.
    std::fs::write(&path, text.replace("\n", "\n ")).unwrap();
    let Err(RepositoryError::Invalid { path, reason }) = fixture.repository.status() else {
        panic!("it is accepted");
    };
    assert!(path.ends_with("1.snapshot.json"));
    assert_eq!(reason, "not the file that was signed");
}
