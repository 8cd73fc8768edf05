//! The bulk load against FTS5 itself.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::*;
use crate::index::testing::numbers;

const CREATE: &str = "CREATE VIRTUAL TABLE search USING fts5(text, heading, title, content='',
     tokenize='unicode61 remove_diacritics 2')";

type Row = [String; COLUMNS];

/// The ids of each document's rows: documents begin `apart` from each other,
/// or where the one before ends.
fn ids(documents: &[Vec<Row>], apart: i64) -> impl Iterator<Item = (i64, &Vec<Row>)> {
    documents.iter().scan(1, move |next, document| {
        let first = *next;
        *next += apart.max(document.len() as i64);
        Some((first, document))
    })
}

/// `documents` of rows, loaded by us.
fn loaded(documents: &[Vec<Row>], apart: i64) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(CREATE).unwrap();
    let (mut loader, lexicons) = (Loader::default(), Lexicons::default());
    for (first, document) in ids(documents, apart) {
        let rows = document
            .iter()
            .map(|row| [0, 1, 2].map(|at| row[at].as_str()));
        loader
            .add(&connection, first, &lexicons.postings(rows))
            .unwrap();
    }
    loader.finish().write(&connection).unwrap();
    reopened(connection)
}

/// The same rows, fed to FTS5 in one transaction and flushed once.
fn fed(documents: &[Vec<Row>], apart: i64) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(CREATE).unwrap();
    connection
        .execute_batch("INSERT INTO search(search, rank) VALUES('hashsize', 1000000000); BEGIN")
        .unwrap();
    {
        let mut insert = connection
            .prepare("INSERT INTO search(rowid, text, heading, title) VALUES(?, ?, ?, ?)")
            .unwrap();
        for (first, document) in ids(documents, apart) {
            for (row, texts) in (first..).zip(document) {
                insert
                    .execute(params![row, texts[0], texts[1], texts[2]])
                    .unwrap();
            }
        }
    }
    connection.execute_batch("COMMIT").unwrap();
    connection
}

/// What was written behind FTS5's back is read by a connection of its own.
fn reopened(mut connection: Connection) -> Connection {
    let bytes = connection.serialize(rusqlite::MAIN_DB).unwrap().to_vec();
    let mut fresh = Connection::open_in_memory().unwrap();
    fresh
        .deserialize_read_exact(rusqlite::MAIN_DB, &bytes[..], bytes.len(), false)
        .unwrap();
    fresh
}

/// Everything in a table but the structure, whose levels we choose.
fn rows(connection: &Connection, sql: &str) -> Vec<(i64, Vec<u8>, i64)> {
    let mut select = connection.prepare(sql).unwrap();
    let rows = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

/// That we load `documents` as FTS5 does; what we made of them.
fn assert_same(documents: &[Vec<Row>], apart: i64) -> Connection {
    let (ours, theirs) = (loaded(documents, apart), fed(documents, apart));
    for sql in [
        "SELECT id, block, 0 FROM search_data WHERE id != 10 ORDER BY id",
        "SELECT segid, term, pgno FROM search_idx ORDER BY segid, term",
        "SELECT id, sz, 0 FROM search_docsize ORDER BY id",
    ] {
        let (ours, theirs) = (rows(&ours, sql), rows(&theirs, sql));
        let first = ours.iter().zip(&theirs).position(|(a, b)| a != b);
        assert_eq!(first, None, "{sql}");
        assert_eq!(ours.len(), theirs.len(), "{sql}");
    }
    check(&ours);
    ours
}

/// That we read of every word what FTS5 says of it.
fn assert_read(connection: &Connection) {
    connection
        .execute_batch("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, search, instance)")
        .unwrap();
    let mut select = connection
        .prepare("SELECT term, doc, col, offset FROM words ORDER BY term, doc")
        .unwrap();
    let mut rows = select.query([]).unwrap();
    let mut expected: BTreeMap<String, Vec<(i64, Place)>> = BTreeMap::new();
    let columns = ["text", "heading", "title"];
    while let Some(row) = rows.next().unwrap() {
        let name: String = row.get(2).unwrap();
        let column = columns.iter().position(|column| *column == name).unwrap();
        let place = Place::new(column, row.get(3).unwrap());
        let uses = expected.entry(row.get(0).unwrap()).or_default();
        uses.push((row.get(1).unwrap(), place));
    }
    let fulltext = FullText::open(connection).unwrap();
    let read = |word: &str, prefix| {
        let uses = fulltext.uses(word, prefix).unwrap();
        let (mut rows, mut all) = (uses.rows(), Vec::new());
        while let Some(row) = rows.next() {
            all.extend(rows.places().map(|place| (row, place)));
        }
        all.sort_unstable();
        all
    };
    for (word, mut uses) in expected.clone() {
        uses.sort_unstable();
        assert!(read(&word, false) == uses, "{word:.40}");
    }
    for beginning in ["", "w1", "c", "x", "nobody"] {
        let begin = |word: &&String| word.starts_with(beginning);
        let words = expected.keys().filter(begin);
        let mut uses: Vec<_> = words.flat_map(|word| expected[word].clone()).collect();
        uses.sort_unstable();
        assert!(read(beginning, true) == uses, "{beginning}*");
    }
    drop(rows);
    drop(select);
    connection.execute_batch("DROP TABLE temp.words").unwrap();
}

/// FTS5's own check of an index.
fn check(connection: &Connection) {
    connection
        .execute_batch("INSERT INTO search(search) VALUES('integrity-check')")
        .unwrap();
}

fn row(text: impl Into<String>) -> Row {
    [text.into(), String::new(), String::new()]
}

/// Text of `length` words of all lengths out of `vocabulary` many, common ones
/// more often.
fn prose(next: &mut impl FnMut(usize) -> usize, length: usize, vocabulary: usize) -> String {
    let word = |next: &mut dyn FnMut(usize) -> usize| {
        let most = next(vocabulary) + 1;
        let word = next(most);
        format!("w{word:x}{}", &"abcdefghijklm"[..word % 14])
    };
    (0..length).map(|_| word(next) + " ").collect()
}

#[test]
fn pages_are_those_of_fts5() {
    let mut next = numbers(1);
    let documents: Vec<Vec<Row>> = (0..60)
        .map(|_| {
            let chunks = next(8);
            (0..chunks)
                .map(|chunk| {
                    let text = next(400);
                    [
                        prose(&mut next, text, 3_000),
                        prose(&mut next, chunk % 3, 50),
                        prose(&mut next, usize::from(chunk == 0) * 4, 50),
                    ]
                })
                .collect()
        })
        .collect();
    assert_read(&assert_same(&documents, 1));
}

#[test]
fn rows_of_one_word_may_fill_many_pages() {
    let mut next = numbers(2);
    // `the` in every row: an index of its rows over many pages.
    let documents: Vec<Vec<Row>> = (0..300)
        .map(|_| {
            let each = || "the quick the brown the".to_owned();
            (0..100)
                .map(|at| row(format!("{} {}", each(), at % 7)))
                .collect()
        })
        .chain([vec![row(prose(&mut next, 30, 10)); 3]])
        .collect();
    assert_read(&assert_same(&documents, 1));
}

#[test]
fn an_index_of_rows_may_have_levels() {
    // Eight bytes a page in the index of rows: more than 500 pages of rows.
    let long = "a ".repeat(3_900);
    let documents: Vec<Vec<Row>> = (0..600).map(|_| vec![row(long.clone())]).collect();
    assert_same(&documents, 1 << 50);
}

#[test]
fn words_and_lists_may_be_longer_than_a_page() {
    let mut documents = vec![
        vec![row("x".repeat(5_000)), row("x".repeat(40_000))],
        vec![row("x".repeat(4_049) + " y"), row("z ".repeat(9_000))],
        vec![row("")],
        vec![],
    ];
    documents.extend((4_000..4_060).map(|length| vec![row("q".repeat(length) + " r")]));
    assert_read(&assert_same(&documents, 1));
}

#[test]
fn an_empty_load_is_an_empty_index() {
    assert_read(&assert_same(&[], 1));
}

#[test]
fn several_segments_are_one_index() {
    let mut next = numbers(3);
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(CREATE).unwrap();
    let (mut loader, lexicons) = (Loader::default(), Lexicons::default());
    for at in 0..25i64 {
        let text = format!("common {} only{at}", prose(&mut next, 40, 100));
        loader
            .add(
                &connection,
                at + 1,
                &lexicons.postings(std::iter::once([text.as_str(), "", ""])),
            )
            .unwrap();
        loader.end_segment(&connection).unwrap();
    }
    loader.finish().write(&connection).unwrap();
    let connection = reopened(connection);
    check(&connection);
    let count = |query: &str| -> i64 {
        connection
            .query_row("SELECT count(*) FROM search(?)", [query], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(count("common"), 25);
    assert_eq!(count("only0"), 1);
    assert_eq!(count("only24 AND common"), 1);
    // FTS5 goes on from here, and merges the segments at last.
    for at in 25..200i64 {
        connection
            .execute(
                "INSERT INTO search(rowid, text, heading, title) VALUES(?, ?, '', '')",
                params![at + 1, format!("common only{at}")],
            )
            .unwrap();
    }
    check(&connection);
    assert_eq!(count("common"), 200);
    connection
        .execute_batch("INSERT INTO search(search) VALUES('optimize')")
        .unwrap();
    check(&connection);
    assert_eq!(count("common"), 200);
}

#[test]
fn what_fts5_changed_and_half_merged_is_read_as_fts5_reads_it() {
    let mut next = numbers(5);
    let mut rows: Vec<Row> = (0..300)
        .map(|_| {
            let length = next(300);
            [
                prose(&mut next, length, 400),
                prose(&mut next, 2, 50),
                String::new(),
            ]
        })
        .collect();
    let connection = loaded(&[rows.clone()], 1);
    let put = |sql: &str, id: usize, row: &Row| {
        let id = id as i64 + 1;
        connection
            .execute(sql, params![id, row[0], row[1], row[2]])
            .unwrap();
    };
    for round in 0..60 {
        connection.execute_batch("BEGIN").unwrap();
        for _ in 0..8 {
            let id = next(300);
            put(
                "INSERT INTO search(search, rowid, text, heading, title)
                 VALUES('delete', ?, ?, ?, ?)",
                id,
                &rows[id],
            );
            let length = next(300);
            rows[id] = [
                prose(&mut next, length, 400),
                String::new(),
                prose(&mut next, 3, 9),
            ];
            // Some stay deleted until they are deleted again, which is nothing.
            if next(4) > 0 {
                put(
                    "INSERT INTO search(rowid, text, heading, title) VALUES(?, ?, ?, ?)",
                    id,
                    &rows[id],
                );
            } else {
                rows[id] = [String::new(), String::new(), String::new()];
            }
        }
        connection.execute_batch("COMMIT").unwrap();
        // A page or two of a merge, which leaves segments half empty.
        connection
            .execute_batch("INSERT INTO search(search, rank) VALUES('merge', -3)")
            .unwrap();
        if round % 6 == 5 {
            assert_read(&connection);
        }
    }
}
