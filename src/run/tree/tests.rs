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

/// Applies `edits` to the trees of `before`, and compares with the trees that
/// are written of all files after them.
fn assert_edit_is_a_write(before: &Files, edits: &Edits) {
    let (old, store) = stored(before);
    let mut after = before.clone();
    for (path, to) in edits {
        match to {
            Some(entry) => after.insert(path.clone(), entry.clone()),
            None => after.remove(path),
        };
    }
    let mut made = Vec::new();
    let get = &mut |id| store.get(&id).cloned().ok_or(Absent);
    let Edited { root, replaced } = edit(old, edits, get, &mut |id, _| made.push(id)).unwrap();
    let mut written = Vec::new();
    let expected = write(&after, &mut |id, _| written.push(id));
    assert_eq!(root, expected, "{edits:?}");
    let new = |ids: &[Sha256]| -> Vec<Sha256> {
        let ids = ids.iter().filter(|id| !store.contains_key(id));
        ids.copied().collect()
    };
    assert_eq!(new(&made), new(&written), "the same new trees, in order");
    let mut live = listed(old, &store).unwrap().trees;
    for id in &made {
        *live.entry(*id).or_insert(0) += 1;
    }
    for id in replaced {
        *live.get_mut(&id).unwrap() -= 1;
    }
    live.retain(|_, places| *places > 0);
    let mut all: BTreeMap<Sha256, usize> = BTreeMap::new();
    for id in written {
        *all.entry(id).or_insert(0) += 1;
    }
    assert_eq!(
        live, all,
        "what is replaced and what is made tell what is left"
    );
}

#[test]
fn an_edit_of_a_tree_is_what_writing_all_files_would_be() {
    let path = |text: &str| -> WorkspacePath { text.parse().unwrap() };
    let put = |text: &str| (path(text), Some(entry("new")));
    let gone = |text: &str| (path(text), None);
    for count in [0, 3, 257, 2_000] {
        let before = files(count);
        let cases = [
            vec![],
            vec![put("flat/note-1.md")],
            vec![put("flat/new.md"), put("new/deep/er/a.md"), put("z.md")],
            vec![gone("flat/note-0.md"), gone("flat/note-7.md")],
            vec![gone("a/b/c.md"), gone("a-b/c.md"), gone("img/x.png")],
            vec![
                gone("a/b.md"),
                gone("a/b/c.md"),
                (path("a"), Some(Entry::File)),
            ],
            vec![gone("img/x.png"), (path("img"), Some(Entry::File))],
            vec![put("img/x.png/now-a-folder.md"), gone("img/x.png")],
        ];
        for edits in cases {
            // What is not there cannot go.
            let edits = edits.into_iter();
            let edits = edits.filter(|(path, to)| to.is_some() || before.contains_key(path));
            assert_edit_is_a_write(&before, &edits.collect());
        }
    }
}

#[test]
fn a_folder_is_split_and_whole_again_as_files_come_and_go() {
    for (before, after) in [(250, 260), (260, 250), (300, 0), (0, 300), (68_000, 200)] {
        let (before, after) = (files(before), files(after));
        let coming = after
            .iter()
            .map(|(path, entry)| (path.clone(), Some(entry.clone())));
        let going = before.keys().filter(|path| !after.contains_key(*path));
        let edits = going.map(|path| (path.clone(), None)).chain(coming);
        assert_edit_is_a_write(&before, &edits.collect());
    }
    let all = files(300);
    let none = all.keys().map(|path| (path.clone(), None)).collect();
    assert_edit_is_a_write(&all, &none);
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
    let many: Vec<String> = (0..=SPLIT_ABOVE)
        .map(|n| format!(r#""{n:04}":{file}"#))
        .collect();
    let all = many.join(",");
    let (id, bytes) = object(&format!(r#"{{"kind":"tree","entries":{{{all}}}}}"#));
    let error = listed(id, &Store::from([(id, bytes)])).unwrap_err();
    assert!(error.to_string().contains("more entries"), "{error}");
    let (id, bytes) = object(r#"{"kind":"document"}"#);
    assert!(listed(id, &Store::from([(id, bytes)])).is_err());
    // Trees that name the same tree twice, over many levels.
    let limits = limits::Size {
        files: 1_000,
        trees: 1_000_000,
        path_bytes: 100_000,
        repeated: 1_000_000,
    };
    let alike = limits::Size {
        repeated: 100,
        ..limits
    };
    let long = limits::Size {
        path_bytes: 1 << 30,
        ..limits
    };
    let empty = r#"{"kind":"tree"}"#;
    let full = &*format!(r#"{{"kind":"tree","entries":{{"f":{file}}}}}"#);
    for (limits, leaf, levels, problem) in [
        (limits, empty, 20, "it is empty"),
        (alike, full, 20, "100 files in folders that are alike"),
        (limits, full, 20, "1000 files"),
        (limits, full, 200, "bytes of paths"),
        (long, full, 600, "inside the workspace"),
        // Paths that no file is told of yet.
        (limits, empty, 200, "bytes of paths"),
    ] {
        let mut store = Store::new();
        let (mut id, bytes) = object(leaf);
        store.insert(id, bytes);
        for _ in 0..levels {
            let twice = format!(
                r#"{{"kind":"tree","entries":{{"0":{{"status":"tree","object":"{id}"}},"1":{{"status":"tree","object":"{id}"}}}}}}"#
            );
            let (next, bytes) = object(&twice);
            store.insert(next, bytes);
            id = next;
        }
        let get = &mut |id| store.get(&id).cloned().ok_or(Absent);
        let error = read::read_within(limits, id, get)
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(problem), "{levels}: {error}");
    }
}

/// A path has at most 512 parts.
#[test]
fn the_deepest_folder_is_read_and_edited() {
    let deepest = format!("{}x", "a/".repeat(511));
    let mut files = files(3);
    files.insert(deepest.parse().unwrap(), entry("1"));
    let (root, mut store) = stored(&files);
    assert!(listed(root, &store).unwrap().files == files);
    files.insert(deepest.parse().unwrap(), entry("2"));
    let edits = Edits::from([(deepest.parse().unwrap(), Some(entry("2")))]);
    let before = store.clone();
    let get = &mut |id| before.get(&id).cloned().ok_or(Absent);
    let emit = &mut |id, bytes| drop(store.insert(id, bytes));
    let edited = edit(root, &edits, get, emit).unwrap();
    assert!(edited.root == stored(&files).0);
    assert!(listed(edited.root, &store).unwrap().files == files);
}

/// The path of one file with `count` trees on the way to it, as few of them
/// folders as there can be; and the root.
fn long_way(count: usize) -> (WorkspacePath, Sha256, Store) {
    let mut store = Store::new();
    let mut put = |text: String| {
        let id = Sha256::of(text.as_bytes());
        store.insert(id, text.into_bytes());
        id
    };
    let (mut path, mut node) = ("f".to_owned(), r#"{"status":"file"}"#.to_owned());
    let mut left = count;
    loop {
        let name = path.split('/').next().unwrap();
        let mut id = put(format!(
            r#"{{"kind":"tree","entries":{{"{name}":{node}}}}}"#
        ));
        left -= 1;
        for level in (0..left.min(MAX_LEVELS)).rev() {
            let part = node::Part::of_name(name, level);
            id = put(format!(r#"{{"kind":"tree","split":{{"{part}":"{id}"}}}}"#));
            left -= 1;
        }
        if left == 0 {
            return (path.parse().unwrap(), id, store);
        }
        path = format!("d/{path}");
        node = format!(r#"{{"status":"tree","object":"{id}"}}"#);
    }
}

#[test]
fn a_way_of_too_many_trees_is_refused_and_the_longest_fills_no_stack() {
    let every_reader = || {
        for (count, fits) in [
            (LONGEST_WAY, true),
            (LONGEST_WAY + 1, false),
            (16_000, false),
        ] {
            let (path, root, store) = long_way(count);
            let get = &mut |id| store.get(&id).cloned().ok_or(Absent);
            let edits = Edits::from([(path.clone(), Some(entry("new")))]);
            let errors = [
                read(root, get).err(),
                find(root, &path, get).err(),
                edit(root, &edits, get, &mut |_, _| {}).err(),
            ];
            for error in errors {
                let text = error.map(|error| error.to_string());
                match text {
                    None => assert!(fits, "{count}"),
                    Some(text) => assert!(!fits && text.contains("too many trees"), "{text}"),
                }
            }
        }
    };
    // As large as that of the pool's threads.
    let worker = std::thread::Builder::new().stack_size(2 << 20);
    worker.spawn(every_reader).unwrap().join().unwrap();
}

#[test]
fn a_name_has_one_place_and_a_tree_one_meaning() {
    let mut store = Store::new();
    let mut put = |text: String| {
        let id = Sha256::of(text.as_bytes());
        store.insert(id, text.into_bytes());
        id
    };
    let file = r#""a.md":{"status":"file"}"#;
    let leaf = put(format!(r#"{{"kind":"tree","entries":{{{file}}}}}"#));
    let right = node::Part::of_name("a.md", 0);
    let other = if right.to_string() == "00" {
        "01"
    } else {
        "00"
    };
    let mut cases = Vec::new();
    for (parts, problem) in [
        (format!(r#""{right}":"{leaf}""#), None),
        (
            format!(r#""{other}":"{leaf}""#),
            Some("not in the part of its name"),
        ),
        (
            format!(r#""{right}":"{leaf}","{other}":"{leaf}""#),
            Some("not in the part of its name"),
        ),
        (format!(r#""+1":"{leaf}""#), Some("two digits")),
    ] {
        let root = put(format!(r#"{{"kind":"tree","split":{{{parts}}}}}"#));
        cases.push((root, problem));
        // A second time below itself: the next byte of the hash decides.
        let below = put(format!(
            r#"{{"kind":"tree","split":{{"{right}":"{root}"}}}}"#
        ));
        cases.push((below, Some("")));
    }
    let both = format!(r#"{{"kind":"tree","entries":{{{file}}},"split":{{"{right}":"{leaf}"}}}}"#);
    cases.push((put(both), Some("it is split, and has entries")));
    for (root, problem) in cases {
        match (listed(root, &store), problem) {
            (Ok(listing), None) => assert_eq!(listing.files.len(), 1),
            (Err(error), Some(problem)) => assert!(error.to_string().contains(problem), "{error}"),
            (found, _) => panic!("{problem:?}: {found:?}"),
        }
    }
}

#[test]
fn no_run_has_more_files_than_are_read() {
    let source = |sha256| Entry::Source { sha256, bytes: 3 };
    let same = Sha256::of(b"same");
    // Ten folders alike, of three files each.
    let files: Files = (0..30)
        .map(|n| (format!("d{}/{}.md", n / 3, n % 3), source(same)))
        .map(|(path, entry)| (path.parse().unwrap(), entry))
        .collect();
    let most = limits::Size {
        files: 30,
        trees: 11,
        path_bytes: 7 * 30,
        repeated: 40,
    };
    let (root, store) = stored(&files);
    let get = &mut |id| store.get(&id).cloned().ok_or(Absent);
    assert!(read::read_within(most, root, get).is_ok());
    assert_eq!(limits::check_within(most, &files), Ok(()));
    let fewer: [fn(&mut limits::Size); 4] = [
        |it| it.files -= 1,
        |it| it.trees -= 1,
        |it| it.path_bytes -= 1,
        |it| it.repeated -= 1,
    ];
    for lower in fewer {
        let mut limits = most;
        lower(&mut limits);
        let refused = limits::check_within(limits, &files).unwrap_err();
        assert!(refused.limit > 0, "{refused}");
    }
}

#[test]
fn an_absent_tree_is_an_error() {
    let (root, _) = stored(&files(3));
    assert!(matches!(
        listed(root, &Store::new()),
        Err(TreeError::Object(Absent))
    ));
}
