//! Trees read back, split, and refuse what leads nowhere good.

#![allow(clippy::unwrap_used)]

use super::*;
use std::fmt;

fn entry(text: &str) -> Entry {
    Entry::Source {
        sha256: Sha256::of(text.as_bytes()),
        bytes: text.len() as u64,
    }
}

fn files(count: usize) -> Files {
    let mut files: Files = (0..count)
        .map(|n| {
            (
                format!("flat/note-{n}.md").parse().unwrap(),
                entry(&n.to_string()),
            )
        })
        .collect();
    for path in ["a.md", "a/b.md", "a-b/c.md", "a/b/c.md", "flat.md"] {
        files.insert(path.parse().unwrap(), entry(path));
    }
    files.insert("img/x.png".parse().unwrap(), Entry::File);
    let refused = Entry::Refused {
        refusal: Refusal::NotUtf8,
        sha256: Some(Sha256::of(b"x")),
        bytes: 1,
    };
    files.insert("bad.md".parse().unwrap(), refused);
    files
}

type Store = BTreeMap<Sha256, Vec<u8>>;

fn stored(files: &Files) -> (Sha256, Store) {
    let mut store = Store::new();
    let root = write(files, &mut |id, bytes| {
        store.insert(id, bytes);
    });
    (root, store)
}

#[derive(Debug)]
struct Absent;
impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("absent")
    }
}
impl std::error::Error for Absent {}

fn listed(root: Sha256, store: &Store) -> Result<Listing, TreeError<Absent>> {
    read(root, &mut |id| store.get(&id).cloned().ok_or(Absent))
}

#[test]
fn trees_read_back_what_was_written() {
    for count in [0, 1, 256, 257, 2_000, 70_000] {
        let files = files(count);
        let (root, store) = stored(&files);
        let listing = listed(root, &store).unwrap();
        assert!(listing.files == files, "{count}");
        assert_eq!(listing.trees.len(), store.len());
        let get = &mut |id| store.get(&id).cloned().ok_or(Absent);
        for (path, entry) in files.iter().step_by(files.len() / 50 + 1) {
            assert_eq!(
                find(root, path, get).unwrap().as_ref(),
                Some(entry),
                "{path}"
            );
        }
        for absent in ["no.md", "flat", "flat/no.md", "a.md/x"] {
            assert_eq!(find(root, &absent.parse().unwrap(), get).unwrap(), None);
        }
    }
}

#[test]
fn one_edit_in_a_flat_folder_adds_few_small_trees() {
    let before = files(40_000);
    let mut after = before.clone();
    after.insert("flat/note-77.md".parse().unwrap(), entry("edited"));
    let (_, old) = stored(&before);
    let (_, new) = stored(&after);
    let added: Vec<usize> = new
        .iter()
        .filter(|(id, _)| !old.contains_key(id))
        .map(|(_, bytes)| bytes.len())
        .collect();
    assert_eq!(added.len(), 3, "leaf, folder and root");
    assert!(added.iter().sum::<usize>() < 80_000, "{added:?}");
}

#[test]
fn a_tree_cannot_lead_outside_or_on_forever() {
    let object = |text: &str| (Sha256::of(text.as_bytes()), text.as_bytes().to_vec());
    let file = r#"{"status":"file"}"#;
    for name in ["..", ".", "", "a/b", "a\\u0000"] {
        let (id, bytes) = object(&format!(
            r#"{{"kind":"tree","entries":{{"{name}":{file}}}}}"#
        ));
        let store = Store::from([(id, bytes)]);
        assert!(
            matches!(listed(id, &store), Err(TreeError::Malformed { .. })),
            "{name}"
        );
    }
    let (id, bytes) = object(r#"{"kind":"document"}"#);
    assert!(listed(id, &Store::from([(id, bytes)])).is_err());
    // A tree that names the same tree 256 times, 1,100 levels deep.
    let mut store = Store::new();
    let (mut id, bytes) = object(r#"{"kind":"tree"}"#);
    store.insert(id, bytes);
    for _ in 0..1_100 {
        let names: Vec<String> = (0..2)
            .map(|n| format!(r#""{n}":{{"status":"tree","object":"{id}"}}"#))
            .collect();
        let (next, bytes) = object(&format!(
            r#"{{"kind":"tree","entries":{{{}}}}}"#,
            names.join(",")
        ));
        store.insert(next, bytes);
        id = next;
    }
    assert!(matches!(
        listed(id, &store),
        Err(TreeError::Malformed { .. })
    ));
}

#[test]
fn an_absent_tree_is_an_error() {
    let (root, _) = stored(&files(3));
    assert!(matches!(
        listed(root, &Store::new()),
        Err(TreeError::Object(Absent))
    ));
}
