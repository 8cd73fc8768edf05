#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::roles::Roles;
use super::*;
use crate::site::Site;

struct Fixture {
    _folder: tempfile::TempDir,
    root: PathBuf,
    repository: Repository,
}

fn settings() -> Settings {
    toml::from_str(
        r#"
        root-keys = 3
        root-threshold = 2
        root-variable = "X"
        channel = "stable"
        days = { root = 365, targets = 365, snapshot = 90, timestamp = 90 }
        "#,
    )
    .unwrap()
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_path_buf();
        let repository = Repository::new(Site::new(root.join("site")), settings());
        let offline: Vec<PathBuf> = (1..=3).map(|n| root.join(format!("key-{n}"))).collect();
        repository.init(&offline, &root.join("online")).unwrap();
        Self {
            _folder: folder,
            root,
            repository,
        }
    }

    fn keys(&self, names: &[&str]) -> Keyring {
        let directories: Vec<PathBuf> = names.iter().map(|name| self.root.join(name)).collect();
        Keyring::read(&directories).unwrap()
    }

    fn versions(&self) -> Vec<u64> {
        let status = self.repository.status().unwrap();
        status.roles.iter().map(|role| role.version).collect()
    }

    fn places<'a>(&'a self, new: &'a Path, draft: Option<&'a Path>) -> Places<'a> {
        Places {
            offline: new,
            online: new,
            draft,
        }
    }
}

#[test]
fn a_new_repository_separates_the_keys_of_its_roles_and_verifies() {
    let fixture = Fixture::new();
    let status = fixture.repository.status().unwrap();
    let keys: Vec<(u64, usize)> = status
        .roles
        .iter()
        .map(|role| (role.threshold, role.keys.len()))
        .collect();
    assert_eq!(keys, [(2, 3), (1, 1), (1, 1), (1, 1)]);
    let mut all: Vec<&String> = status.roles.iter().flat_map(|role| &role.keys).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 6, "no key has two roles");
    assert!(status.roles.iter().all(|role| !role.expires.contains('.')));
    for (folder, count) in [("key-1", 2), ("key-2", 1), ("key-3", 1), ("online", 2)] {
        let files: Vec<_> = std::fs::read_dir(fixture.root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap())
            .collect();
        assert_eq!(files.len(), count, "{folder}");
        for file in files {
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
        }
    }
}

#[test]
fn a_second_root_is_refused() {
    let fixture = Fixture::new();
    let again = fixture
        .repository
        .init(&[fixture.root.join("key-1")], &fixture.root.join("online"));
    assert!(matches!(again, Err(RepositoryError::Exists(_))));
}

#[test]
fn refresh_needs_the_online_keys_alone_and_keeps_root_and_targets() {
    let fixture = Fixture::new();
    fixture
        .repository
        .refresh(&fixture.keys(&["online"]))
        .unwrap();
    assert_eq!(fixture.versions(), [1, 1, 2, 2]);
    let refused = fixture.repository.refresh(&fixture.keys(&["key-1"]));
    assert!(matches!(refused, Err(RepositoryError::Keys { .. })));
    assert_eq!(fixture.versions(), [1, 1, 2, 2]);
}

#[test]
fn one_maintainer_cannot_make_a_root_and_two_can_in_two_places() {
    let fixture = Fixture::new();
    let (draft, new) = (fixture.root.join("draft.json"), fixture.root.join("new"));
    let alone =
        fixture
            .repository
            .rotate(&[], &fixture.places(&new, None), fixture.keys(&["key-2"]));
    assert!(matches!(alone, Err(RepositoryError::Keys { .. })));
    let places = fixture.places(&new, Some(&draft));
    let first = fixture
        .repository
        .rotate(&[], &places, fixture.keys(&["key-2"]))
        .unwrap();
    assert!(
        matches!(
            first,
            Rotation::Draft {
                old: (1, 2),
                new: (1, 2),
                ..
            }
        ),
        "{first:?}"
    );
    assert_eq!(fixture.versions(), [1, 1, 1, 1]);
    let second = fixture
        .repository
        .rotate(&[], &places, fixture.keys(&["key-3"]))
        .unwrap();
    assert!(matches!(second, Rotation::Published), "{second:?}");
    assert_eq!(fixture.versions(), [2, 1, 1, 1]);
    assert!(!draft.exists());
}

#[test]
fn a_replaced_key_can_no_longer_sign_and_its_files_are_signed_anew() {
    let fixture = Fixture::new();
    let new = fixture.root.join("new");
    let replace = ["timestamp".parse().unwrap(), "targets".parse().unwrap()];
    let keys = fixture.keys(&["key-1", "key-2", "online"]);
    fixture
        .repository
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
fn a_root_key_is_replaced_by_its_id_and_the_chain_holds() {
    let fixture = Fixture::new();
    let site = Site::new(fixture.root.join("site"));
    let lost = fixture.repository.status().unwrap().roles[0].keys[2].clone();
    let new = fixture.root.join("new");
    let keys = fixture.keys(&["key-1", "key-2", "key-3"]);
    fixture
        .repository
        .rotate(&[lost.parse().unwrap()], &fixture.places(&new, None), keys)
        .unwrap();
    let roles = Roles::read(&site).unwrap();
    let first: tough::schema::Signed<tough::schema::Root> =
        serde_json::from_slice(&site.read("metadata/1.root.json").unwrap()).unwrap();
    first.signed.verify_role(&roles.root).unwrap();
    assert!(
        !fixture.repository.status().unwrap().roles[0]
            .keys
            .contains(&lost)
    );
}

#[test]
fn metadata_changed_by_others_is_refused() {
    let fixture = Fixture::new();
    let path = fixture.root.join("site/metadata/1.targets.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"version\": 1", "\"version\": 7")).unwrap();
    assert!(matches!(
        fixture.repository.status(),
        Err(RepositoryError::Invalid { .. })
    ));
}

#[test]
fn a_version_that_is_not_there_cannot_be_withdrawn() {
    let fixture = Fixture::new();
    let keys = fixture.keys(&["key-1", "online"]);
    let outcome = fixture.repository.yank("9.9.9", None, false, &keys);
    assert!(matches!(outcome, Err(RepositoryError::Unfit { .. })));
}
