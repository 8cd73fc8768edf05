//! What an index promises, on small workspaces.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use rusqlite::Connection;

use super::search::{PathPattern, Query, parse, snippet};
use super::testing::{SMALL, build, bytes, facts, small};
use super::{Direction, Index, IndexError, LinkKind, Scratch, Walk};
use crate::foundation::Sha256;
use crate::foundation::checksum::Checksum;
use crate::foundation::effort;
use crate::graph::NodeKind;

fn found(index: &Index, text: &str) -> Vec<String> {
    let hits = index.search(&Query::new(parse(text).unwrap())).unwrap();
    hits.iter()
        .map(|hit| {
            let place = &hit.place;
            format!("{}:{}", place.path, place.line)
        })
        .collect()
}

#[test]
fn the_same_documents_make_the_same_bytes_in_memory_and_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let facts = facts(&["img/plan.png"]);
    let memory = build(&Scratch::Memory, SMALL, &facts);
    let spill = Scratch::Spill(directory.path().to_owned());
    let file = build(&spill, SMALL, &facts);
    assert_eq!(memory.logical, file.logical);
    assert!(bytes(&memory) == bytes(&file), "bytes differ");
    assert!(bytes(&memory) == bytes(&build(&Scratch::Memory, SMALL, &facts)));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn words_phrases_prefixes_and_operators_find_what_they_say() {
    let index = small();
    assert_eq!(found(&index, "water"), ["notes/soil.md:2", "README.md:2"]);
    assert_eq!(found(&index, "\"holds water\""), ["notes/soil.md:2"]);
    assert_eq!(found(&index, "water NOT loam"), ["README.md:2"]);
    assert_eq!(
        found(&index, "arvore AGUA"),
        ["notes/Árvore.md:1", "notes/Árvore.md:2"]
    );
    // A heading weighs more than text.
    assert_eq!(
        found(&index, "comp* NOT arvore"),
        ["notes/soil.md:3", "notes/soil.md:4"]
    );
    assert_eq!(found(&index, "nothing"), [""; 0]);
}

#[test]
fn filters_narrow_and_kinds_choose_the_container() {
    let index = small();
    let mut query = Query::new(parse("water OR turn OR fork").unwrap());
    query.paths = vec![PathPattern::new("notes/**").unwrap()];
    query.kinds = BTreeSet::from([NodeKind::Section]);
    let ids = |query: &Query| -> Vec<String> {
        let hits = index.search(query).unwrap();
        hits.iter().map(|hit| hit.id.to_string()).collect()
    };
    assert_eq!(
        ids(&query),
        [
            "section:notes/soil.md#compost-heap",
            "section:notes/soil.md#soil"
        ]
    );
    query.kinds = BTreeSet::from([NodeKind::Document]);
    assert_eq!(ids(&query), ["document:notes/soil.md"]);
    query.kinds = BTreeSet::from([NodeKind::Term, NodeKind::Tag]);
    assert_eq!(ids(&query), ["term:fork"]);
    query.paths.clear();
    query.tags = vec!["#soil".to_owned()];
    query.kinds.clear();
    let hits = index.search(&query).unwrap();
    assert!(
        hits.iter()
            .all(|hit| hit.place.path.as_str() == "notes/soil.md")
    );
    assert_eq!(hits.len(), 2);
    let place = &hits[0].place;
    assert_eq!(place.trail, ["Soil", "Compost heap"]);
    assert_eq!(place.title.as_deref(), Some("Soil"));
}

#[test]
fn many_equal_scores_come_in_the_order_of_paths() {
    let texts: Vec<(String, String)> = (0..200)
        .map(|at| {
            (
                format!("{:03}.md", (at * 77) % 200),
                "same words\n".to_owned(),
            )
        })
        .collect();
    let texts: Vec<(&str, &str)> = texts
        .iter()
        .map(|(p, t)| (p.as_str(), t.as_str()))
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("index.db");
    let (facts, scratch) = (facts(&[]), Scratch::Memory);
    // A document that is put back has its chunks behind all others.
    let built = build(&scratch, &texts[1..], &facts);
    std::fs::write(&path, bytes(&built)).unwrap();
    let new = super::testing::prepared(texts[0].0, texts[0].1);
    let back = super::Change::Put { new, old: None };
    let meta = Index::open(&path).unwrap().meta().clone();
    let updated = super::Editable::copy(
        &path,
        meta,
        Checksum::Sha256(Sha256::of(&bytes(&built))),
        &scratch,
    )
    .and_then(|copy| copy.update(&[back], &facts))
    .unwrap();
    let fresh = build(&scratch, &texts, &facts);
    let mut query = Query::new(parse("same").unwrap());
    for limit in [3, 10, 200] {
        query.limit = limit;
        let hits = |built: &super::Built| {
            let index = Index::from_artifact(&built.artifact).unwrap();
            index.search(&query).unwrap()
        };
        assert_eq!(hits(&updated), hits(&fresh));
        let first = hits(&updated)[0].place.clone();
        assert_eq!(first.path.as_str(), "000.md");
    }
    query.limit = 10;
    let few: crate::graph::WorkspacePath = "000.md".parse().unwrap();
    query.paths = vec![PathPattern::new("00*.md").unwrap()];
    let index = Index::from_artifact(&updated.artifact).unwrap();
    assert_eq!(index.search(&query).unwrap()[0].place.clone().path, few);
}

#[test]
fn a_snippet_marks_what_the_index_matched() {
    let query = parse("agua OR \"é AGUA\"").unwrap();
    let text = "Primeira linha.\n\nUma  árvore é\tágua, e\x1b[1m água.";
    let piece = snippet(text, &query);
    assert_eq!(piece.line, 2);
    assert_eq!(piece.text, "Primeira linha. Uma árvore é água, e [1m água.");
    let marked: Vec<&str> = piece
        .ranges
        .iter()
        .map(|r| &piece.text[r.clone()])
        .collect();
    assert_eq!(marked, ["é água", "água"]);
    // The best window begins below the first line that it shows.
    let query = parse("apple OR banana OR cherry").unwrap();
    let text = format!("apple\nfoo apple banana {} cherry\n", "filler ".repeat(14));
    let piece = snippet(&text, &query);
    assert_eq!((piece.line, piece.ranges[0].clone()), (0, 0..5));
    let long = format!("{} needle {}", "hay ".repeat(200), "hay ".repeat(200));
    let piece = snippet(&long, &parse("need*").unwrap());
    assert!(piece.text.starts_with('…') && piece.text.ends_with('…'));
    assert!(piece.text.chars().count() <= 163);
    assert_eq!(&piece.text[piece.ranges[0].clone()], "needle");
}

#[test]
fn a_file_with_an_object_of_a_stranger_is_refused_before_any_query() {
    let directory = tempfile::tempdir().unwrap();
    let built = build(&Scratch::Memory, SMALL, &facts(&[]));
    let path = directory.path().join("index #1?.db");
    for hostile in [
        "CREATE TRIGGER t AFTER INSERT ON tag BEGIN SELECT 1; END",
        "CREATE VIEW extra AS SELECT 1",
        "DROP VIEW links",
        "DROP VIEW node; CREATE VIEW node AS SELECT randomblob(1000000000) AS id",
    ] {
        std::fs::write(&path, bytes(&built)).unwrap();
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(hostile).unwrap();
        drop(connection);
        let Err(IndexError::Damaged(why)) = Index::open(&path) else {
            panic!("accepted after {hostile}");
        };
        assert!(
            why.contains("it holds") || why.contains("it lacks"),
            "{why}"
        );
    }
    std::fs::write(&path, bytes(&built)).unwrap();
    let index = Index::open(&path).unwrap();
    assert_eq!(index.meta().logical, built.logical);
    assert!(matches!(
        Index::open(&directory.path().join("missing.db")),
        Err(IndexError::Io(_))
    ));
    std::fs::write(&path, b"SQLite format 3\0 and then nothing").unwrap();
    assert!(matches!(Index::open(&path), Err(IndexError::Damaged(_))));
    std::fs::write(&path, b"short").unwrap();
    assert!(matches!(Index::open(&path), Err(IndexError::Damaged(_))));
}

#[test]
fn an_index_of_a_readable_schema_is_read_as_it_is_and_another_is_told_from_damage() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("index.db");
    let built = build(&Scratch::Memory, SMALL, &facts(&[]));
    let opened = |readable_since: u32, more: &str| {
        std::fs::write(&path, bytes(&built)).unwrap();
        let connection = Connection::open(&path).unwrap();
        let newer = crate::schema::WRITES + 1;
        let block =
            format!(r#"{{"written":{newer},"readable_since":{readable_since},"requires":[]}}"#);
        let change = format!(
            "UPDATE meta SET value = '{block}' WHERE key = 'schema'; \
             PRAGMA user_version = {newer}; {more}"
        );
        connection.execute_batch(&change).unwrap();
        drop(connection);
        Index::open(&path)
    };
    let (ours, newer) = (crate::schema::WRITES, crate::schema::WRITES + 1);
    assert_eq!(found(&opened(ours, "").unwrap(), "loam").len(), 1);
    for refused in [
        opened(newer, ""),
        opened(ours, "CREATE VIEW extra AS SELECT 1"),
        opened(ours, "PRAGMA user_version = 77"),
    ] {
        assert!(matches!(refused, Err(IndexError::OtherSchema(_))));
    }
}

#[test]
fn links_of_a_document_of_many_parts_cost_little_more_than_its_nodes() {
    // More parts than ids are remembered, and names between them.
    let many: String = (0..70_000)
        .map(|n| format!("{n} `t{}`\n", n / 1_000))
        .collect();
    let built = build(&Scratch::Memory, &[("a.md", &many)], &facts(&[]));
    let index = Index::from_artifact(&built.artifact).unwrap();
    let nodes = || {
        let chunks = BTreeSet::from([NodeKind::Chunk]);
        let visit = &mut |_| ControlFlow::Continue(());
        index.each_node(&chunks, visit).unwrap();
    };
    let links = || {
        let mut links = 0;
        let count = &mut |_| {
            links += 1;
            ControlFlow::Continue(())
        };
        let mentions = BTreeSet::from([LinkKind::Mentions]);
        index.each_link(&mentions, count).unwrap();
        assert_eq!(links, 70_000);
    };
    effort::assert_within(20, "links", || effort::of(nodes), || effort::of(links));
}

#[test]
fn a_walk_through_a_document_of_many_parts_costs_little_more_than_its_links() {
    let headings: String = (0..2_000).map(|n| format!("# H{n}\ntext\n")).collect();
    let built = build(&Scratch::Memory, &[("a.md", &headings)], &facts(&[]));
    let index = Index::from_artifact(&built.artifact).unwrap();
    let links = || {
        let kinds = LinkKind::ALL.into_iter().collect();
        let visit = &mut |_| ControlFlow::Continue(());
        index.each_link(&kinds, visit).unwrap();
    };
    let walk = Walk {
        direction: Direction::Both,
        kinds: BTreeSet::new(),
        depth: 2,
        limit: 100_000,
    };
    let walk = || {
        let around = index.neighbors(&"document:a.md".parse().unwrap(), &walk);
        assert_eq!(around.unwrap().unwrap().nodes.len(), 6_001);
    };
    effort::assert_within(40, "a walk", || effort::of(links), || effort::of(walk));
}

#[test]
fn without_its_structure_a_document_has_the_links_of_its_sections() {
    let documents = [
        (
            "plan.md",
            "# Plan\n\n## Scope\n\nsee [x](other.md) and [x](#plan)\n",
        ),
        ("other.md", "# Other\n\n[x](plan.md#scope)\n"),
        ("far.md", "# Far\n\n[x](other.md#other)\n"),
    ];
    let built = build(&Scratch::Memory, &documents, &facts(&[]));
    let index = Index::from_artifact(&built.artifact).unwrap();
    let around = |kinds: &[LinkKind], direction, depth| {
        let walk = Walk {
            direction,
            kinds: kinds.iter().copied().collect(),
            depth,
            limit: 100,
        };
        let around = index.neighbors(&"document:plan.md".parse().unwrap(), &walk);
        let around = around.unwrap().unwrap();
        let nodes = around.nodes.iter().skip(1);
        let nodes: Vec<String> = nodes.map(|near| near.node.id.to_string()).collect();
        (nodes.join(" "), around.links.len())
    };
    use Direction::{Both, In, Out};
    let links = &[LinkKind::LinksTo];
    assert_eq!(around(links, Out, 1), ("document:other.md".to_owned(), 2));
    assert_eq!(
        around(links, In, 1),
        ("section:other.md#other".to_owned(), 2)
    );
    assert_eq!(
        around(links, In, 2).0,
        "section:other.md#other section:far.md#far"
    );
    assert_eq!(around(links, Both, 1).1, 3, "one of them to itself");
    let structure = &[LinkKind::LinksTo, LinkKind::Contains];
    assert_eq!(around(structure, Out, 1).0, "section:plan.md#plan");
}
