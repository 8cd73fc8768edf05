//! Tests of what can be asked beside a search: lists, nodes, neighbours,
//! differences, and the documented SQL.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::testing::{SMALL, build, facts, small};
use super::{Direction, Filter, FilterError, Index, LinkKind, Scratch, Status, Walk, Window, diff};
use crate::graph::{NodeId, NodeKind};

const ALL: Window = Window {
    offset: 0,
    limit: usize::MAX,
};

fn id(text: &str) -> NodeId {
    text.parse().unwrap()
}

fn link_lines(index: &Index, filters: &[&str]) -> Vec<String> {
    let filters: Vec<Filter> = filters
        .iter()
        .map(|text| Filter::parse(text, None).unwrap())
        .collect();
    let page = index.list_links(&filters, ALL).unwrap();
    page.items
        .iter()
        .map(|link| {
            let (path, line) = (&link.evidence.path, link.evidence.line);
            format!("{path}:{line} {} -> {}", link.rule, link.target)
        })
        .collect()
}

#[test]
fn the_list_of_unresolved_links_is_a_broken_link_report() {
    let index = small();
    assert_eq!(
        link_lines(&index, &["status=unresolved"]),
        [
            "notes/soil.md:5 inline -> unresolved:notes/missing.md",
            "notes/Árvore.md:1 wikilink -> unresolved:nobody",
            "notes/Árvore.md:2 wikilink -> unresolved:nobody",
        ]
    );
    assert_eq!(
        link_lines(&index, &["status=file"]),
        ["notes/soil.md:5 inline -> file:img/plan.png"]
    );
    assert_eq!(
        link_lines(&index, &["kind=tagged", "path=README.md"]),
        ["README.md:2 hashtag -> tag:herbs"]
    );
    assert_eq!(
        link_lines(&index, &["tag=soil", "target=section:readme*"]),
        ["notes/soil.md:5 inline -> section:README.md#the-garden"]
    );
    assert_eq!(link_lines(&index, &["rule=fence_language"]), [""; 0]);
}

#[test]
fn a_filter_that_cannot_match_is_refused_with_what_could() {
    let refusal = |text, kind| Filter::parse(text, kind).unwrap_err();
    assert!(matches!(refusal("status", None), FilterError::Malformed(_)));
    assert!(
        refusal("status=broken", None)
            .to_string()
            .contains("unresolved")
    );
    assert!(
        refusal("level=7", Some(NodeKind::Section))
            .to_string()
            .contains("1, 2, 3")
    );
    let unknown = refusal("status=unresolved", Some(NodeKind::Document));
    assert!(
        unknown.to_string().contains("path, tag, title, id"),
        "{unknown}"
    );
    let untitled = refusal("title=*", Some(NodeKind::Chunk));
    assert!(
        untitled.to_string().ends_with("there is: path, tag, id"),
        "{untitled}"
    );
}

#[test]
fn lists_have_windows() {
    let index = small();
    let chunks = |offset, limit| {
        index
            .list_nodes(NodeKind::Chunk, &[], Window { offset, limit })
            .unwrap()
    };
    let all = chunks(0, 100);
    assert!(!all.more);
    let (head, tail) = (chunks(0, 3), chunks(3, 100));
    assert!(head.more && !tail.more);
    assert_eq!([head.items, tail.items].concat(), all.items);
    let level = Filter::parse("level=2", Some(NodeKind::Section)).unwrap();
    let page = index.list_nodes(NodeKind::Section, &[level], ALL).unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.items[0].id, id("section:notes/soil.md#compost-heap"));
    let place = page.items[0].place.as_ref().unwrap();
    assert_eq!((place.line, place.end), (3, SMALL[1].1.len() as u64));
}

#[test]
fn every_listed_node_is_found_by_its_id() {
    let index = small();
    let kinds = BTreeSet::from(NodeKind::ALL);
    let mut seen = BTreeSet::new();
    let mut nodes = Vec::new();
    index
        .each_node(&kinds, &mut |node| {
            nodes.push(node);
            ControlFlow::Continue(())
        })
        .unwrap();
    for node in nodes {
        assert_eq!(index.node(&node.id).unwrap().as_ref(), Some(&node));
        assert!(seen.insert(node.id.clone()), "{} twice", node.id);
    }
    assert_eq!(index.node(&id("document:nowhere.md")).unwrap(), None);
    // Both ends of every link are nodes.
    index
        .each_link(&BTreeSet::from(LinkKind::ALL), &mut |link| {
            assert!(seen.contains(&link.source) && seen.contains(&link.target));
            ControlFlow::Continue(())
        })
        .unwrap();
}

#[test]
fn evidence_is_the_text_it_says() {
    let index = small();
    let mentions = BTreeSet::from([LinkKind::Mentions]);
    index
        .each_link(&mentions, &mut |link| {
            let (_, text) = SMALL
                .iter()
                .find(|(path, _)| *path == link.evidence.path.as_str())
                .unwrap();
            let place = link.evidence.start as usize..link.evidence.end as usize;
            assert_eq!(&text[place], format!("`{}`", link.target.key()));
            ControlFlow::Continue(())
        })
        .unwrap();
    let links = index.links_of(&id("term:basil"), Direction::In).unwrap();
    assert_eq!((links.len(), links[0].uses), (1, 2));
}

#[test]
fn neighbours_come_by_distance_then_id_and_a_limit_is_told() {
    let index = small();
    let walk = Walk {
        direction: Direction::Both,
        kinds: BTreeSet::from([LinkKind::LinksTo, LinkKind::Tagged]),
        depth: 2,
        limit: 100,
    };
    let around = |walk: &Walk| {
        let found = index.neighbors(&id("tag:herbs"), walk).unwrap().unwrap();
        let nodes: Vec<String> = found
            .nodes
            .iter()
            .map(|near| format!("{} {}", near.distance, near.node.id))
            .collect();
        (nodes, found.links.len(), found.truncated)
    };
    assert_eq!(
        around(&walk),
        (
            vec![
                "0 tag:herbs".to_owned(),
                "1 document:README.md".to_owned(),
                "1 document:notes/soil.md".to_owned(),
                // Along the links of their sections, too.
                "2 document:notes/Árvore.md".to_owned(),
                "2 section:README.md#the-garden".to_owned(),
                "2 section:notes/soil.md#compost-heap".to_owned(),
                "2 tag:soil".to_owned(),
                "2 external:https://example.org/a".to_owned(),
                "2 file:img/plan.png".to_owned(),
                "2 unresolved:notes/missing.md".to_owned(),
            ],
            10,
            false
        )
    );
    let (nodes, _, truncated) = around(&Walk {
        limit: 1,
        ..walk.clone()
    });
    assert_eq!((nodes.len(), truncated), (2, true));
    let everything = Walk {
        kinds: BTreeSet::new(),
        depth: 20,
        limit: 1_000,
        ..walk
    };
    let found = index
        .neighbors(&id("tag:herbs"), &everything)
        .unwrap()
        .unwrap();
    let mut count = 0;
    index
        .each_node(&BTreeSet::from(NodeKind::ALL), &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(
        found.nodes.len(),
        count,
        "the small workspace hangs together"
    );
    assert_eq!(index.neighbors(&id("tag:none"), &everything).unwrap(), None);
}

#[test]
fn a_difference_names_what_came_went_and_turned() {
    let before = small();
    let mut texts = SMALL.to_vec();
    texts[1].1 = "A line more.\n# Soil\nLoam holds water.\n## Compost pile\nTurn the compost with a `fork` daily. #soil #herbs\n";
    texts.push(("missing.md", "nothing\n"));
    let built = build(&Scratch::Memory, &texts, &facts(&["img/plan.png"]));
    let after = Index::from_artifact(&built.artifact).unwrap();
    let same = diff(&before, &before).unwrap();
    assert!(same.nodes.is_empty() && same.links.is_empty());
    let found = diff(&before, &after).unwrap();
    let ids = |nodes: &[super::Node]| -> Vec<String> {
        let ids = nodes.iter().filter(|node| node.kind != NodeKind::Chunk);
        ids.map(|node| node.id.to_string()).collect()
    };
    assert_eq!(
        ids(&found.nodes.added),
        [
            "document:missing.md",
            "section:notes/soil.md#compost-pile",
            "unresolved:notes/soil.md#compost-heap",
        ]
    );
    assert_eq!(
        ids(&found.nodes.removed),
        [
            "section:notes/soil.md#compost-heap",
            "file:img/plan.png",
            "unresolved:notes/missing.md",
        ]
    );
    let changed: Vec<_> = found
        .nodes
        .changed
        .iter()
        .map(|(_, now)| now.id.clone())
        .collect();
    assert_eq!(changed, [id("document:notes/soil.md")]);
    // The links of an untouched document turned, because their target went.
    let turned = found
        .links
        .added
        .iter()
        .filter(|link| link.status == Status::Unresolved)
        .map(|link| format!("{}:{}", link.evidence.path, link.evidence.line));
    assert_eq!(
        turned.collect::<Vec<_>>(),
        ["notes/Árvore.md:1", "notes/Árvore.md:2"]
    );
    // What merely moved a line down did not change.
    let moved = |link: &super::Link| link.target == id("term:fork");
    assert!(!found.links.changed.iter().any(|(link, _)| moved(link)));
}

#[test]
fn of_links_to_one_place_the_one_that_went_is_named() {
    let index = |text| {
        let built = build(&Scratch::Memory, &[("a.md", text)], &facts(&[]));
        Index::from_artifact(&built.artifact).unwrap()
    };
    let both = index("[x](a.md) [[a]]\n");
    let found = diff(&both, &index("[[a]]\n")).unwrap().links;
    let gone = found.removed.iter().map(|link| link.rule);
    assert_eq!(gone.collect::<Vec<_>>(), ["structure", "inline"]);
    assert!(found.changed.is_empty());
}

/// The `sql` blocks of the documentation.
fn documented_queries() -> Vec<&'static str> {
    let blocks = include_str!("../../docs/index-schema.md").split("```sql\n");
    let queries = blocks.skip(1).filter_map(|block| block.split("```").next());
    queries.collect()
}

#[test]
fn every_documented_query_runs_on_an_ordinary_connection() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("index.db");
    let built = build(&Scratch::Memory, SMALL, &facts(&["img/plan.png"]));
    std::fs::write(&path, super::testing::bytes(&built)).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let queries = documented_queries();
    assert!(queries.len() >= 9);
    for sql in &queries {
        let mut statement = connection.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        assert!(rows.next().unwrap().is_some(), "finds nothing: {sql}");
    }
    let mut statement = connection.prepare(queries[0]).unwrap();
    let broken: Vec<String> = statement
        .query_map([], |row| {
            let (path, line, written): (String, u32, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(format!("{path}:{line} {written}"))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        broken,
        [
            "notes/soil.md:5 missing.md",
            "notes/Árvore.md:1 nobody",
            "notes/Árvore.md:2 nobody",
        ]
    );
    let id: i32 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .unwrap();
    let said = format!("`PRAGMA application_id` is {id}");
    assert!(include_str!("../../docs/index-schema.md").contains(&said));
}

#[test]
fn the_views_say_what_the_program_says() {
    let index = small();
    let mut from_program = Vec::new();
    index
        .each_link(&BTreeSet::from(LinkKind::ALL), &mut |link| {
            from_program.push(format!(
                "{} {} {} {} {} {:?} {} {} {} {} {}",
                link.source,
                link.kind.name(),
                link.rule,
                link.target,
                link.status.name(),
                link.written,
                link.evidence.path,
                link.evidence.line,
                link.evidence.start,
                link.evidence.end,
                link.uses,
            ));
            ControlFlow::Continue(())
        })
        .unwrap();
    let mut statement = index
        .connection()
        .prepare(
            "SELECT source_id, kind, rule, target_id, status, written, path, line,
               start_byte, end_byte, uses FROM links",
        )
        .unwrap();
    let text = |row: &rusqlite::Row<'_>, at: usize| row.get::<_, String>(at);
    let from_view = statement.query_map([], |row| {
        Ok(format!(
            "{} {} {} {} {} {:?} {} {} {} {} {}",
            text(row, 0)?,
            text(row, 1)?,
            text(row, 2)?,
            text(row, 3)?,
            text(row, 4)?,
            row.get::<_, Option<String>>(5)?,
            text(row, 6)?,
            row.get::<_, i64>(7)?,
            row.get::<_, i64>(8)?,
            row.get::<_, i64>(9)?,
            row.get::<_, i64>(10)?,
        ))
    });
    let mut from_view: Vec<String> = from_view.unwrap().map(Result::unwrap).collect();
    from_view.sort_unstable();
    from_program.sort_unstable();
    assert_eq!(from_view, from_program);
}
