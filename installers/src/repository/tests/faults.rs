//! What a command leaves where it cannot go on, and two at once.

use std::path::Path;

use serde_json::json;

use super::super::add::Addition;
use super::super::*;
use super::{Fixture, settings};
use crate::facts::Facts;
use crate::site::{Site, SiteError, sha256_hex};

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Lets no file of this name be written to the site's metadata, or again.
fn bar(fixture: &Fixture, name: &str, barred: bool) {
    let draft = format!("site/metadata/.{name}.new");
    let draft = fixture.root.join(draft);
    if barred {
        std::fs::create_dir_all(&draft).unwrap();
    } else {
        std::fs::remove_dir(&draft).unwrap();
    }
}

/// Puts a release on the site: an archive with an executable for one platform.
fn release(fixture: &Fixture, facts: &Facts) {
    let name = &facts.package.binary;
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(encoder);
    let mut header = tar::Header::new_ustar();
    header.set_size(0);
    tar.append_data(&mut header, format!("folder/{name}"), &b""[..])
        .unwrap();
    let archive = tar.into_inner().unwrap().finish().unwrap();
    let artifact = json!({
        "kind": "archive", "target": "t", "path": "v0.2.0/a.tar.gz",
        "sha256": sha256_hex(&archive), "bytes": archive.len(),
    });
    let release = json!({
        "version": "0.2.0", "tag": "v0.2.0", "commit": null, "dirty": false, "time": 0,
        "schema": {}, "artifacts": [artifact], "missing": [],
    });
    let marker = json!({ "format": 1, "name": name, "partial": false, "releases": [release] });
    let site = Site::new(fixture.root.join("site"));
    site.write("v0.2.0/a.tar.gz", &archive).unwrap();
    site.write("site.json", marker.to_string().as_bytes())
        .unwrap();
}

#[test]
fn no_archive_is_written_that_cannot_be_signed() {
    let fixture = Fixture::new();
    let facts = Facts::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    release(&fixture, &facts);
    let addition = Addition {
        version: None,
        channel: None,
        minimum_safe_version: None,
        expected: Vec::new(),
        host: "t".into(),
    };
    let targets = fixture.root.join("site/targets");
    for keys in [&["key-1"][..], &["online"]] {
        let keys = fixture.keys(keys);
        let refused = fixture.repository.add(&facts, &addition, &keys);
        assert!(matches!(refused, Err(RepositoryError::Keys { .. })));
        assert!(!targets.exists());
    }
    let keys = fixture.keys(&["key-1", "online"]);
    fixture.repository.add(&facts, &addition, &keys).unwrap();
    assert_eq!(count(&targets), 1);
    assert!(fixture.repository.status().unwrap().damaged.is_empty());
}

#[test]
fn keys_that_no_root_names_do_not_stay() {
    let fixture = Fixture::new();
    let new = fixture.root.join("new");
    let rotate = || {
        let places = fixture.places(&new, None);
        let replace = ["timestamp".parse().unwrap()];
        fixture.rotate(&replace, &places, &["key-1", "key-2", "online"])
    };
    for (name, kept) in [("2.root.json", 0), ("timestamp.json", 1)] {
        bar(&fixture, name, true);
        assert!(matches!(rotate(), Err(RepositoryError::Site(_))), "{name}");
        assert_eq!(count(&new), kept, "{name}");
        bar(&fixture, name, false);
    }
    rotate().unwrap();
    assert_eq!((fixture.versions(), count(&new)), (vec![2, 1, 2, 2], 1));
    // A draft names keys as well.
    let draft = fixture.root.join("draft.json");
    std::fs::create_dir(fixture.root.join(".draft.json.new")).unwrap();
    let replace = ["root".parse().unwrap()];
    let places = fixture.places(&new, Some(&draft));
    assert!(fixture.rotate(&replace, &places, &["key-1"]).is_err());
    assert_eq!(count(&new), 1);

    std::fs::remove_dir_all(fixture.root.join("site/metadata")).unwrap();
    bar(&fixture, "1.root.json", true);
    let places = ["a", "b", "c"].map(|name| fixture.root.join(name));
    let init = || fixture.repository.init(&places, &places[0]);
    assert!(init().is_err());
    assert_eq!(places.each_ref().map(|place| count(place)), [0, 0, 0]);
    bar(&fixture, "1.root.json", false);
    init().unwrap();
    assert_eq!(places.each_ref().map(|place| count(place)), [4, 1, 1]);
}

#[test]
fn the_second_of_two_commands_is_refused_and_changes_nothing() {
    let fixture = Fixture::new();
    let keys = fixture.keys(&["key-1", "online"]);
    let other = Site::new(fixture.root.join("site"));
    let lock = other.lock().unwrap();
    let new = fixture.root.join("new");
    let init = fixture.repository.init(std::slice::from_ref(&new), &new);
    for outcome in [init.map(drop)].into_iter().chain(fixture.changes()) {
        let busy = matches!(outcome, Err(RepositoryError::Site(SiteError::Busy(_))));
        assert!(busy, "{outcome:?}");
    }
    assert_eq!(fixture.versions(), [1, 1, 1, 1]);
    drop(lock);
    fixture.repository.refresh(&keys).unwrap();
    // What was read for a root is what it is made from.
    let (places, keys) = (fixture.places(&new, None), fixture.keys(&["key-1"]));
    let proposal = fixture.repository.propose(&[], &places, keys).unwrap();
    assert!(other.lock().is_err());
    drop(proposal);
    assert!(other.lock().is_ok());
}

#[test]
fn a_site_that_is_not_there_is_not_made_by_looking_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    let repository = Repository::new(Site::new(&site), settings());
    let missing = repository.refresh(&Keyring::default());
    assert!(matches!(missing, Err(RepositoryError::Missing(_))));
    assert!(!site.exists());
}
