//! An updated index is the index of the new documents, whatever was edited.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::{Change, Editable};
use crate::foundation::Sha256;
use crate::foundation::checksum::Checksum;
use crate::foundation::effort;
use crate::graph::WorkspacePath;
use crate::index::build::{Counts, Workshop};
use crate::index::testing::{bytes, document, prepared};
use crate::index::{Batches, Builder, Built, Facts, Index, IndexError, Scratch};

type Texts = BTreeMap<String, String>;

fn facts(files: &BTreeSet<WorkspacePath>) -> Facts {
    Facts {
        files: files.clone(),
        linked: files
            .iter()
            .filter(|path| path.as_str() != "sub")
            .cloned()
            .collect(),
        refused: files
            .iter()
            .map(|path| (path.clone(), "not_utf8".to_owned()))
            .collect(),
        ..Facts::default()
    }
}

fn scratch_build(texts: &Texts, facts: &Facts) -> Built {
    let mut builder = Builder::new(&Scratch::Memory).unwrap();
    let documents = texts.iter().map(|(path, text)| prepared(path, text));
    builder
        .add(&Batches::default().batch(documents.collect()))
        .unwrap();
    builder.resolve(facts).unwrap().finish(facts).unwrap()
}

fn changes(old: &Texts, new: &Texts) -> Vec<Change> {
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |path: &String| match (old.get(path), new.get(path)) {
        (Some(old), None) => Some(Change::Remove {
            path: path.parse().unwrap(),
            old: document(old),
        }),
        (old, Some(new)) if old != Some(new) => Some(Change::Put {
            new: prepared(path, new),
            old: old.map(|text| document(text)),
        }),
        _ => None,
    };
    paths.into_iter().filter_map(change).collect()
}

/// Every row of the views, and how often each name is used.
fn rows(index: &Index) -> Vec<String> {
    let mut all = Vec::new();
    for sql in [
        "SELECT * FROM node",
        "SELECT * FROM links",
        "SELECT 'uses', name, uses FROM term",
        "SELECT 'uses', name, uses FROM tag",
        "SELECT 'name', d.path, l.id & 1048575, l.name, l.written FROM link l
           JOIN document d ON d.id = l.id >> 20",
        "SELECT * FROM refused",
    ] {
        let mut statement = index.connection().prepare(sql).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at).unwrap());
            all.push(format!("{:?}", values.collect::<Vec<_>>()));
        }
    }
    all.sort_unstable();
    all
}

fn assert_same(updated: &Built, fresh: &Built) {
    let one = Index::from_artifact(&updated.artifact).unwrap();
    let two = Index::from_artifact(&fresh.artifact).unwrap();
    assert_eq!(rows(&one), rows(&two));
    assert_eq!(updated.counts, fresh.counts);
    assert_eq!(updated.logical, fresh.logical);
    assert_eq!(one.logical_digest().unwrap(), fresh.logical);
    assert_eq!(two.logical_digest().unwrap(), fresh.logical);
    assert_eq!(one.text_digest().unwrap(), two.text_digest().unwrap());
}

const LINES: &[&str] = &[
    "# Alpha",
    "# Beta",
    "## Beta",
    "plain words here",
    "other words and more words",
    "a `term` and `other` and `term`",
    "#tag and #Tag and #more",
    "to [x](b.md) and [x](b.md#beta) and [x](#alpha)",
    "to [x](../a.md#beta-1) and [x](sub/) and [x](sub/c.html)",
    "to [[b]] and [[b#Alpha]] and [[nobody]]",
    "to [[sub/b]] and [[sub]] and [[./c]] and [[x/../sub]] and [[/]]",
    "to [[b.txt]] and [[pic.png]] and [[sub/pic.png]] and [[b.md]] and [x](#top)",
    "to [x](https://example.org/) and [x](pic.png) and [x](sub/pic.png)",
    "to [x](README) and [x](/a) and [x](..)",
    "to [x](/c) and [x](/README.html) and [x](/pic.png)",
    "to :ref:gate and :ref:beta and :ref:nowhere",
    ".. _gate:",
    ".. _beta:",
];
const PATHS: &[&str] = &[
    "a.md",
    "b.md",
    "sub/b.md",
    "sub/c.md",
    "sub/README.md",
    "README.md",
    "sub/index.md",
    "B.txt",
    "sub/d.rst",
];
const FILES: &[&str] = &["pic.png", "sub/pic.png", "sub"];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(LINES), 0..8)
        .prop_map(|lines| lines.iter().map(|line| format!("{line}\n")).collect())
}

/// A workspace: its texts, and its other files.
fn state() -> impl Strategy<Value = (Texts, BTreeSet<WorkspacePath>)> {
    let path = prop::sample::select(PATHS).prop_map(str::to_owned);
    let file = prop::sample::select(FILES).prop_map(|path| path.parse().unwrap());
    (
        prop::collection::btree_map(path, text(), 0..7),
        prop::collection::btree_set(file, 0..3),
    )
}

/// The next state: some documents of the first, some of the second.
fn mix(old: &Texts, new: &Texts, keep: u8) -> Texts {
    let mut mixed = new.clone();
    for (place, (path, text)) in old.iter().enumerate() {
        if keep & (1 << (place % 8)) != 0 {
            mixed.insert(path.clone(), text.clone());
        }
    }
    mixed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn an_updated_index_equals_one_from_scratch(
        first in state(),
        steps in prop::collection::vec((state(), any::<u8>()), 1..5),
        spill in any::<bool>(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let scratch = match spill {
            true => Scratch::Spill(directory.path().join("spill")),
            false => Scratch::Memory,
        };
        let path = directory.path().join("index.db");
        let (mut texts, mut files) = first;
        std::fs::write(&path, bytes(&scratch_build(&texts, &facts(&files)))).unwrap();
        for ((next, next_files), keep) in steps {
            let next = mix(&texts, &next, keep);
            files = next_files;
            let facts = facts(&files);
            let updated = update(&path, &scratch, &changes(&texts, &next), &facts).unwrap();
            assert_same(&updated, &scratch_build(&next, &facts));
            std::fs::write(&path, bytes(&updated)).unwrap();
            texts = next;
        }
    }
}

fn update(
    previous: &std::path::Path,
    scratch: &Scratch,
    changes: &[Change],
    facts: &Facts,
) -> Result<Built, IndexError> {
    let written = Sha256::of(&std::fs::read(previous).unwrap());
    update_of(written, previous, scratch, changes, facts)
}

/// An update of an index that was written with another digest, maybe.
fn update_of(
    written: Sha256,
    previous: &std::path::Path,
    scratch: &Scratch,
    changes: &[Change],
    facts: &Facts,
) -> Result<Built, IndexError> {
    let meta = Index::open(previous)?.meta().clone();
    Editable::copy(previous, meta, Checksum::Sha256(written), scratch)?.update(changes, facts)
}

#[test]
fn what_an_edit_reads_of_an_index_is_bounded_by_its_size() {
    let built = scratch_build(&Texts::new(), &facts(&BTreeSet::new()));
    let copy = built.artifact.lend(|lent| {
        let bytes = built.artifact.bytes();
        Workshop::copy(&Scratch::Memory, &mut lent.reader(), bytes)
    });
    let workshop = copy.unwrap().unwrap();
    let connection = workshop.connection();
    let trusted = connection.pragma_query_value(None, "trusted_schema", |row| row.get::<_, i64>(0));
    assert_eq!(trusted.unwrap(), 0);
    let endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t)
                   SELECT count(*) FROM t";
    let counted = connection.query_row(endless, [], |row| row.get::<_, i64>(0));
    assert!(IndexError::from(counted.unwrap_err()).is_damage());
}

/// The counts in an index are what anybody wrote there.
#[test]
fn counts_that_are_wrong_stop_no_edit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("index.db");
    let texts = Texts::from([(
        "a.md".to_owned(),
        "# Alpha\n\n`x` #y [z](z.md)\n".to_owned(),
    )]);
    let facts = Facts::default();
    std::fs::write(&path, bytes(&scratch_build(&texts, &facts))).unwrap();
    let new = Texts::from([("a.md".to_owned(), "# Beta\n\n`b` #c [d](d.md)\n".to_owned())]);
    for count in [0, u64::MAX] {
        let counts = Counts {
            documents: count,
            sections: count,
            chunks: count,
            terms: count,
            tags: count,
            targets: count,
            mentions: count,
            tagged: count,
            links: count,
            unresolved: count,
            refused: count,
        };
        let connection = rusqlite::Connection::open(&path).unwrap();
        let set = "UPDATE meta SET value = ? WHERE key = 'counts'";
        let counts = serde_json::to_string(&counts).unwrap();
        assert_eq!(connection.execute(set, [counts]).unwrap(), 1);
        drop(connection);
        update(&path, &Scratch::Memory, &changes(&texts, &new), &facts).unwrap();
    }
}

#[test]
fn a_change_that_does_not_fit_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("index.db");
    let texts = Texts::from([("a.md".to_owned(), "# Alpha\n".to_owned())]);
    let facts = Facts::default();
    std::fs::write(&path, bytes(&scratch_build(&texts, &facts))).unwrap();
    let wrong = [
        Change::Remove {
            path: "b.md".parse().unwrap(),
            old: document("# Beta\n"),
        },
        Change::Remove {
            path: "a.md".parse().unwrap(),
            old: document("# Beta\n"),
        },
        Change::Put {
            new: prepared("a.md", "text\n"),
            old: None,
        },
    ];
    for change in wrong {
        let outcome = update(&path, &Scratch::Memory, &[change], &facts);
        assert!(matches!(outcome, Err(IndexError::Stale(_))));
    }
}

#[test]
fn a_flipped_bit_anywhere_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("index.db");
    let texts = Texts::from([
        ("a.md".to_owned(), LINES.join("\n")),
        ("b.md".to_owned(), LINES.join("\n\n")),
    ]);
    let sound = bytes(&scratch_build(&texts, &Facts::default()));
    for at in (0..sound.len()).step_by(509) {
        let mut flipped = sound.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(&path, &flipped).unwrap();
        let written = Sha256::of(&sound);
        let outcome = update_of(written, &path, &Scratch::Memory, &[], &Facts::default());
        let error = outcome.map(drop).unwrap_err();
        assert!(!matches!(error, IndexError::Io(_)), "{at}: {error}");
    }
}

/// The effort of building the index of `texts`, and of making it from that of a
/// workspace in which one document differs.
fn cost(texts: &Texts) -> Duration {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("index.db");
    let (old, mut texts) = (texts, texts.clone());
    texts.last_entry().unwrap().get_mut().push_str("more\n");
    let (changes, facts) = (changes(old, &texts), Facts::default());
    std::fs::write(&path, bytes(&scratch_build(old, &facts))).unwrap();
    effort::of(|| {
        let fresh = scratch_build(&texts, &facts);
        let updated = update(&path, &Scratch::Memory, &changes, &facts).unwrap();
        assert_eq!(updated.logical, fresh.logical);
    })
}

#[test]
fn links_cost_no_more_where_many_documents_or_headings_may_be_meant() {
    let workspace = |path: fn(usize) -> String, text: &str, link: fn(usize) -> String| {
        let mut texts: Texts = (0..500).map(|n| (path(n), text.to_owned())).collect();
        texts.insert("links.md".to_owned(), (0..8_000).map(link).collect());
        texts
    };
    let usual = workspace(
        |n| format!("a/{n}.md"),
        "# A\n",
        |n| format!("[[{}]]\n", n % 500),
    );
    let one_stem = workspace(|n| format!("{n}/A.md"), "", |_| "[[a]]\n".to_owned());
    let one_label = workspace(
        |n| format!("{n}/a.rst"),
        ".. _gate:\n",
        |_| ":ref:gate\n".to_owned(),
    );
    let headings = (0..3_000).map(|n| format!("# H{n}\n[x](#h2999)\n"));
    let one_document = Texts::from([("a.md".to_owned(), headings.collect())]);
    for (what, texts) in [
        ("one stem", one_stem),
        ("one label", one_label),
        ("one document", one_document),
    ] {
        effort::assert_within(5, what, || cost(&usual), || cost(&texts));
    }
}

#[test]
fn a_label_that_goes_is_missed_though_a_heading_has_its_name() {
    let from = ("from.md".to_owned(), ":ref:beta\n".to_owned());
    let texts = |to: &str| Texts::from([from.clone(), ("to.rst".to_owned(), to.to_owned())]);
    let (with, without) = (
        texts("# Beta\n.. _gate:\n.. _beta:\n"),
        texts("# Beta\n.. _gate:\n"),
    );
    for (old, new) in [(&with, &without), (&without, &with)] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("index.db");
        let facts = Facts::default();
        std::fs::write(&path, bytes(&scratch_build(old, &facts))).unwrap();
        let updated = update(&path, &Scratch::Memory, &changes(old, new), &facts).unwrap();
        assert_same(&updated, &scratch_build(new, &facts));
    }
}

#[test]
fn of_documents_with_one_name_the_nearest_is_meant() {
    let links = "[[t]] :ref:gate\n";
    let paths = ["a/b/t.rst", "c/T.rst", "d/t.rst"];
    let mut old = Texts::from(paths.map(|path| (path.to_owned(), ".. _gate:\n".to_owned())));
    old.insert("from.md".to_owned(), links.to_owned());
    let mut new = old.clone();
    new.insert("from.md".to_owned(), format!("{links}more\n"));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("index.db");
    let facts = Facts::default();
    let built = scratch_build(&old, &facts);
    std::fs::write(&path, bytes(&built)).unwrap();
    let updated = update(&path, &Scratch::Memory, &changes(&old, &new), &facts).unwrap();
    for index in [built, updated] {
        let index = Index::from_artifact(&index.artifact).unwrap();
        let sql = "SELECT group_concat(target_id) FROM links WHERE kind = 'links_to'";
        let mut targets = index.connection().prepare(sql).unwrap();
        let targets: String = targets.query_row([], |row| row.get(0)).unwrap();
        assert_eq!(targets, "document:c/T.rst,document:c/T.rst");
    }
}
