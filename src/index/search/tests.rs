//! What is matched and how it ranks, against FTS5 itself.
#![allow(clippy::unwrap_used)]

use rusqlite::{Connection, MAIN_DB, params};

use super::ranking::Ranked;
use super::*;
use crate::foundation::checksum::Checksum;
use crate::foundation::effort;
use crate::index::testing::{build, bytes, document, facts, numbers, prepared};
use crate::index::{Built, Change, Editable, Scratch};

/// The FTS5 expression for a tree: what it means, said in another language.
pub(super) fn render(expression: &Expression) -> String {
    match expression {
        Expression::Text { text, prefix } => {
            let star = if *prefix { " *" } else { "" };
            // A NUL would end the expression early.
            let text = text.replace('\0', " ").replace('"', "\"\"");
            format!("\"{text}\"{star}")
        }
        Expression::And(parts) => joined(parts, " AND "),
        Expression::Or(parts) => joined(parts, " OR "),
        Expression::Not(left, right) => format!("({} NOT {})", render(left), render(right)),
    }
}

fn joined(parts: &[Expression], operator: &str) -> String {
    let parts: Vec<String> = parts.iter().map(render).collect();
    format!("({})", parts.join(operator))
}

/// Every match with its score, best first, as FTS5 has it.
fn by_fts5(connection: &Connection, query: &Query) -> Vec<Ranked> {
    let Weights {
        title,
        heading,
        text,
    } = query.weights;
    let mut statement = connection
        .prepare(
            "SELECT -bm25(search, ?, ?, ?), rowid FROM search
             WHERE search MATCH ? ORDER BY 1 DESC, 2",
        )
        .unwrap();
    let words = render(&query.expression);
    let rows = statement
        .query_map(params![text, heading, title, words], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    rows.map(Result::unwrap).collect()
}

/// The same by us.
fn by_us(index: &Index, query: &Query) -> Vec<Ranked> {
    let scope = Scope::of(index, query).unwrap();
    let mut ranking = index.ranked(query, &scope).unwrap();
    let mut all = Vec::new();
    loop {
        let ties = ranking.ties(all.len()).unwrap();
        if ties.is_empty() {
            return all;
        }
        assert!(ties.iter().all(|tie| tie.0.total_cmp(&ties[0].0).is_eq()));
        assert!(all.last().is_none_or(|(score, _)| *score > ties[0].0));
        all.extend_from_slice(ties);
    }
}

fn assert_same(built: &Built, queries: &[String]) {
    let index = Index::from_artifact(&built.artifact).unwrap();
    // FTS5 reads through a connection of its own.
    let bytes = bytes(built);
    let mut fresh = Connection::open_in_memory().unwrap();
    fresh
        .deserialize_read_exact(MAIN_DB, &bytes[..], bytes.len(), true)
        .unwrap();
    for text in queries {
        let query = Query::new(parse(text).unwrap());
        assert_eq!(by_us(&index, &query), by_fts5(&fresh, &query), "{text}");
    }
}

const WORDS: [&str; 9] = [
    "the",
    "water",
    "waters",
    "watering",
    "can",
    "of",
    "compost",
    "Ünïcode",
    "heap",
];

fn prose(next: &mut impl FnMut(usize) -> usize, length: usize) -> String {
    let mut text = String::new();
    for _ in 0..length {
        // Common words more often.
        let most = next(WORDS.len()) + 1;
        text.push_str(WORDS[next(most)]);
        text.push_str(match next(30) {
            0 => "\n\n",
            1 => "\n## heap of water\n",
            _ => " ",
        });
    }
    text
}

fn queries(next: &mut impl FnMut(usize) -> usize) -> Vec<String> {
    let word = |next: &mut dyn FnMut(usize) -> usize| {
        let word = WORDS[next(WORDS.len())].to_owned();
        match next(6) {
            0 => word.chars().take(1 + next(3)).collect::<String>() + "*",
            1 => format!("\"{word} {}\"", WORDS[next(WORDS.len())]),
            2 => format!("\"the {word} wat\"*"),
            _ => word,
        }
    };
    (0..60)
        .map(|_| {
            let [a, b, c, d] = [0; 4].map(|_| word(next));
            match next(7) {
                0 => a,
                1 => format!("{a} {b}"),
                2 => format!("{a} OR {b}"),
                3 => format!("{a} NOT {b}"),
                4 => format!("({a} OR {b} {c}) NOT {d}"),
                5 => format!("{a} ({b} OR ({c} NOT {d}))"),
                _ => format!("({a} {b}) OR ({c} {d}) OR {a}"),
            }
        })
        .collect()
}

#[test]
fn every_query_ranks_as_fts5_ranks_it_before_and_after_edits() {
    let mut next = numbers(7);
    let (facts, scratch) = (facts(&[]), Scratch::Memory);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("index.db");
    let mut texts: Vec<String> = (0..40)
        .map(|n| {
            let length = [0, 3, 40, 900][n % 4];
            format!("# Can {n}\n{}", prose(&mut next, length))
        })
        .collect();
    let documents: Vec<(String, &str)> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| (format!("{n}.md"), text.as_str()))
        .collect();
    let documents: Vec<(&str, &str)> = documents
        .iter()
        .map(|(path, text)| (path.as_str(), *text))
        .collect();
    let mut built = build(&scratch, &documents, &facts);
    assert_same(&built, &queries(&mut next));
    // Enough edits that FTS5 merges what it wrote.
    for round in 0..40 {
        std::fs::write(&path, bytes(&built)).unwrap();
        let meta = Index::open(&path).unwrap().meta().clone();
        let checksum = Checksum::Sha256(Sha256::of(&bytes(&built)));
        let n = next(texts.len());
        let length = next(300);
        let new = format!("# Heap\n{}", prose(&mut next, length));
        let edit = Change::Put {
            new: prepared(&format!("{n}.md"), &new),
            old: Some(document(&texts[n])),
        };
        texts[n] = new;
        built = Editable::copy(&path, meta, checksum, &scratch)
            .and_then(|copy| copy.update(&[edit], &facts))
            .unwrap();
        if round % 4 == 3 {
            assert_same(&built, &queries(&mut next));
        }
    }
}

#[test]
fn lists_that_fill_many_pages_are_read_to_their_end() {
    let chunk = |n: usize| format!("{} end{n}\n\n", "word more ".repeat(300 + n % 90));
    let text: String = (0..400).map(chunk).collect();
    let built = build(&Scratch::Memory, &[("a.md", &text)], &facts(&[]));
    let queries = [
        "word",
        "more",
        "\"more word\"",
        "wor*",
        "end*",
        "end7",
        "en",
    ];
    assert_same(&built, &queries.map(str::to_owned));
}

#[test]
fn a_damaged_full_text_is_told_and_ends() {
    let text = (0..300).map(|n| format!("word {n} {}\n\n", "x ".repeat(n)));
    let built = build(
        &Scratch::Memory,
        &[("a.md", &text.collect::<String>())],
        &facts(&[]),
    );
    let original = bytes(&built);
    let mut next = numbers(11);
    let (mut answered, mut told) = (0, 0);
    for _ in 0..400 {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .deserialize_read_exact(MAIN_DB, &original[..], original.len(), false)
            .unwrap();
        let (id, mut block): (i64, Vec<u8>) = connection
            .query_row(
                "SELECT id, block FROM search_data ORDER BY id LIMIT 1 OFFSET ?",
                [next(7)],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        for _ in 0..=next(3) {
            let near = [8, 64, 5_000][next(3)];
            let at = next(block.len().min(near));
            block[at] = next(256) as u8;
        }
        if next(8) == 0 {
            block.truncate(next(block.len()));
        }
        connection
            .execute(
                "UPDATE search_data SET block = ? WHERE id = ?",
                params![block, id],
            )
            .unwrap();
        for text in ["word", "x*", "\"word x\"", "7"] {
            let query = Query::new(parse(text).unwrap());
            let found = FullText::open(&connection).and_then(|fulltext| {
                let scope = Scope::everything();
                let matches = Matches::of(&fulltext, &query.expression, query.weights, &scope)?;
                Ranking::of(fulltext, matches)
                    .ties(0)
                    .map(|ties| ties.len())
            });
            match found {
                Ok(_) => answered += 1,
                Err(error) => {
                    assert!(error.is_damage(), "{error}");
                    told += 1;
                }
            }
        }
    }
    assert!(answered > 0 && told > 0, "{answered} answered, {told} told");
}

#[test]
fn long_queries_are_read_once_however_many_names_there_are() {
    let terms: String = (0..2_000).map(|n| format!("`t{n}`\n")).collect();
    let built = build(&Scratch::Memory, &[("a.md", &terms)], &facts(&[]));
    let index = Index::from_artifact(&built.artifact).unwrap();
    let cost = |words: usize| {
        let words: Vec<String> = (0..words)
            .map(|n| format!("\"a b c d e f g {n}\""))
            .collect();
        let mut query = Query::new(parse(&words.join(" OR ")).unwrap());
        query.kinds.insert(NodeKind::Term);
        effort::of(|| assert!(index.search(&query).unwrap().is_empty()))
    };
    effort::assert_within(15, "a long query", || cost(1), || cost(60));
}

#[test]
fn a_search_weighs_as_a_configuration_does_that_says_nothing() {
    let configured = crate::workspace::Config::default()
        .search
        .heading_weight_thousandths;
    let Weights {
        title,
        heading,
        text,
    } = Weights::default();
    assert_eq!(
        [title, heading, text].map(|weight| weight * 1_000.0),
        [configured as f64, configured as f64, 1_000.0]
    );
}
