#![allow(clippy::unwrap_used)]

mod chain;
mod faults;
mod rotate;
mod terms;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::*;
use crate::site::Site;

pub(super) struct Fixture {
    _folder: tempfile::TempDir,
    pub(super) root: PathBuf,
    pub(super) repository: Repository,
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
    pub(super) fn new() -> Self {
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

    pub(super) fn keys(&self, names: &[&str]) -> Keyring {
        let directories: Vec<PathBuf> = names.iter().map(|name| self.root.join(name)).collect();
        Keyring::read(&directories).unwrap()
    }

    pub(super) fn versions(&self) -> Vec<u64> {
        let status = self.repository.status().unwrap();
        status.roles.iter().map(|role| role.version).collect()
    }

    pub(super) fn rotate(
        &self,
        replace: &[Replace],
        places: &Places<'_>,
        keys: &[&str],
    ) -> Result<Rotation, RepositoryError> {
        let proposal = (self.repository).propose(replace, places, self.keys(keys))?;
        self.repository.rotate(proposal)
    }

    /// What commands that change the site come to, all keys at hand.
    pub(super) fn changes(&self) -> [Result<(), RepositoryError>; 3] {
        let keys = self.keys(&["key-1", "key-2", "online"]);
        let new = self.root.join("new");
        let rotated = self.rotate(&[], &self.places(&new, None), &["key-1", "key-2"]);
        [
            self.repository.refresh(&keys),
            self.repository.yank("0.1.0", None, false, &keys).map(drop),
            rotated.map(drop),
        ]
    }

    pub(super) fn places<'a>(&'a self, new: &'a Path, draft: Option<&'a Path>) -> Places<'a> {
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
fn an_interrupted_init_is_named_and_finished_with_the_keys_it_made() {
    let fixture = Fixture::new();
    let metadata = fixture.root.join("site/metadata");
    let again = || {
        let offline = ["key-1", "key-2", "key-3"].map(|name| fixture.root.join(name));
        fixture
            .repository
            .init(&offline, &fixture.root.join("online"))
    };
    let root = std::fs::read(metadata.join("1.root.json")).unwrap();
    let rest = ["1.targets.json", "1.snapshot.json", "timestamp.json"];
    for written in 0..rest.len() {
        for name in &rest[written..] {
            std::fs::remove_file(metadata.join(name)).unwrap();
        }
        let next = format!(".{}.new", rest[written]);
        std::fs::write(metadata.join(next), "{").unwrap();
        let said = fixture.repository.status().unwrap_err().to_string();
        assert!(said.contains("`repository init` again"), "{said}");
        again().unwrap();
        assert_eq!(fixture.versions(), [1, 1, 1, 1]);
        assert_eq!(std::fs::read(metadata.join("1.root.json")).unwrap(), root);
    }
    // What was in use and lost a file is not begun anew.
    fixture
        .repository
        .refresh(&fixture.keys(&["online"]))
        .unwrap();
    std::fs::remove_file(metadata.join("timestamp.json")).unwrap();
    assert!(matches!(again(), Err(RepositoryError::Exists(_))));
    // Without a root nothing was published, and no client knows a key.
    std::fs::remove_dir_all(&metadata).unwrap();
    std::fs::create_dir(&metadata).unwrap();
    std::fs::write(metadata.join(".1.root.json.new"), "{").unwrap();
    again().unwrap();
    assert_eq!(fixture.versions(), [1, 1, 1, 1]);
}

#[test]
fn keys_are_not_made_where_they_would_be_published_or_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    let repository = Repository::new(Site::new(&site), settings());
    let inside = repository.init(&[site.join("keys")], folder.path());
    assert!(matches!(inside, Err(RepositoryError::Unfit { .. })));
    let four: Vec<PathBuf> = (1..=4).map(|n| folder.path().join(n.to_string())).collect();
    let too_many = repository.init(&four, folder.path());
    assert!(matches!(too_many, Err(RepositoryError::Settings(_))));
    assert!(!site.exists());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    // The last of the directories cannot be made.
    std::fs::write(folder.path().join("file"), "").unwrap();
    let refused = repository.init(&four[..1], &folder.path().join("file/online"));
    assert!(matches!(refused, Err(RepositoryError::Write(..))));
    assert!(!site.exists());
    assert_eq!(std::fs::read_dir(&four[0]).unwrap().count(), 0);

    let fixture = Fixture::new();
    let inside = fixture.root.join("site/keys");
    let replace = ["targets".parse().unwrap()];
    let hand = ["key-1", "key-2", "online"];
    let refused = fixture.rotate(&replace, &fixture.places(&inside, None), &hand);
    assert!(matches!(refused, Err(RepositoryError::Unfit { .. })));
    assert!(!inside.exists());
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
    // With the targets key these last longer as well.
    let both = fixture.keys(&["key-1", "online"]);
    fixture.repository.refresh(&both).unwrap();
    assert_eq!(fixture.versions(), [1, 2, 3, 3]);
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

#[test]
fn a_reason_is_one_line_that_says_something() {
    let fixture = Fixture::new();
    let keys = fixture.keys(&["key-1", "online"]);
    for reason in ["", " ", "a\nb"] {
        let outcome = fixture.repository.yank("9.9.9", Some(reason), false, &keys);
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains("one line"), "{reason:?}: {error}");
    }
}
