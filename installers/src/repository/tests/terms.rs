//! What is signed beside an archive, when it is signed for the first time and
//! when again.

use std::collections::HashMap;

use serde_json::json;
use tough::TargetName;
use tough::schema::{Hashes, Target, Targets};

use super::super::add::{Addition, known_terms};
use super::super::describe::Terms;
use super::super::sign::Next;
use super::super::{RepositoryError, roles};
use super::Fixture;

fn addition() -> Addition {
    Addition {
        version: Some("0.2.0".into()),
        channel: None,
        minimum_safe_version: None,
        expected: Vec::new(),
        host: "x".into(),
    }
}

/// Targets with one archive of 0.2.0, described so.
fn targets(custom: serde_json::Value) -> Targets {
    let one = std::num::NonZeroU64::MIN;
    let mut targets = Targets::new("1.0.0".into(), one, roles::expires(1).unwrap());
    let serde_json::Value::Object(custom) = custom else {
        panic!("an object");
    };
    let target = Target {
        length: 1,
        hashes: Hashes {
            sha256: roles::digest(&"0".repeat(64)).unwrap(),
            _extra: HashMap::new(),
        },
        custom: custom.into_iter().collect(),
        _extra: HashMap::new(),
    };
    targets
        .targets
        .insert(TargetName::new("a.tar.gz").unwrap(), target);
    targets
}

#[test]
fn what_was_said_of_a_version_stays_when_it_is_added_again() {
    let fixture = Fixture::new();
    let signed = targets(json!({
        "version": "0.2.0", "channel": "beta", "minimum_safe_version": "0.1.5",
        "yanked": true, "yanked_reason": "loses notes",
    }));
    let terms = |addition: &Addition| -> Result<(String, Option<String>, bool), RepositoryError> {
        let known = known_terms(&signed, "0.2.0");
        let terms: Terms<'_> = fixture.repository.terms(addition, "0.2.0", known)?;
        assert_eq!(terms.yanked_reason, Some("loses notes"));
        let minimum = terms.minimum_safe_version.map(str::to_owned);
        Ok((terms.channel.to_owned(), minimum, terms.yanked))
    };
    let kept = ("beta".to_owned(), Some("0.1.5".to_owned()), true);
    assert_eq!(terms(&addition()).unwrap(), kept);
    let changed = Addition {
        channel: Some("stable".into()),
        minimum_safe_version: Some("0.2.0".into()),
        ..addition()
    };
    let asked = ("stable".to_owned(), Some("0.2.0".to_owned()), true);
    assert_eq!(terms(&changed).unwrap(), asked);
    // Nobody named it: the newest happens to be withdrawn.
    let unnamed = Addition {
        version: None,
        ..addition()
    };
    assert!(matches!(
        terms(&unnamed),
        Err(RepositoryError::Unfit { .. })
    ));
}

#[test]
fn terms_that_nobody_can_keep_are_refused() {
    let fixture = Fixture::new();
    let refused = |version: &str, addition: Addition| {
        let terms = fixture.repository.terms(&addition, version, None);
        matches!(terms, Err(RepositoryError::Unfit { .. }))
    };
    let minimum = |version: &str| Addition {
        minimum_safe_version: Some(version.into()),
        ..addition()
    };
    let channel = |name: &str| Addition {
        channel: Some(name.into()),
        ..addition()
    };
    assert!(!refused("0.2.0", addition()));
    assert!(!refused("0.2.0", minimum("0.2.0")));
    assert!(refused("0.2.0", minimum("0.2.1")));
    assert!(refused("0.2.0", minimum("two")));
    assert!(refused("0.2.0", channel("a b")));
    assert!(refused("0.2.0", channel("")));
    assert!(refused("0.3.0-rc.1", addition()));
    assert!(!refused("0.3.0-rc.1", channel("preview")));
}

#[test]
fn a_target_that_is_not_the_file_that_was_signed_is_told() {
    let fixture = Fixture::new();
    let keys = fixture.keys(&["key-1", "online"]);
    let before = fixture.repository.roles().unwrap();
    let files = (fixture.repository)
        .targets_files(
            Next::after(&before),
            targets(json!({ "version": "0.2.0" })),
            &keys,
        )
        .unwrap();
    fixture.repository.write_all(&files).unwrap();
    let path = format!("targets/{}.a.tar.gz", "0".repeat(64));
    let told = || {
        let status = fixture.repository.status().unwrap();
        assert!(status.is_refused() && status.is_ailing());
        let [damaged] = &status.damaged[..] else {
            panic!("{:?}", status.damaged);
        };
        assert_eq!(damaged.path, path);
        damaged.problem.clone()
    };
    assert_eq!(told(), "cannot be read");
    let place = fixture.root.join("site").join(&path);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(place, "something else").unwrap();
    assert_eq!(told(), "not the file that was signed");
}
