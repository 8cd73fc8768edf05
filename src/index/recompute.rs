//! The logical digest computed from the rows of an index: one document at a
//! time for an update, all of it for `verify`.

use rusqlite::Connection;

use super::build::{Counts, Resolution};
use super::digest::{self, RowHasher};
use super::error::IndexError;
use super::layout::{Code, mention_range, plain_anchor, row_range};
use super::link_names::name_of;
use crate::foundation::Sha256;
use crate::foundation::digest::MultisetDigest;
use crate::graph::{ChunkKey, LinkRule, NodeKind, WorkspacePath};

/// What the rows of one document say, and how many there are.
pub(super) struct DocumentRows {
    /// The row text of the document.
    pub(super) digest: Sha256,
    /// The row text of where its links point; `None` without links.
    pub(super) resolution: Option<Sha256>,
    /// Its part in the counts.
    pub(super) counts: Counts,
}

/// Reads the rows of document `id`.
pub(super) fn document(connection: &Connection, id: i64) -> Result<DocumentRows, IndexError> {
    let mut statement = connection.prepare_cached(
        "SELECT path, sha256, title, format, bytes, lines, first_chunk, chunks
         FROM document WHERE id = ?",
    )?;
    let mut rows = statement.query([id])?;
    let row = rows
        .next()?
        .ok_or_else(|| IndexError::damaged(format!("document {id} is missing")))?;
    let path: WorkspacePath = row.get_ref(0)?.as_str()?.parse()?;
    let sha256: [u8; 32] = row.get(1)?;
    let title: Option<String> = row.get(2)?;
    let mut hasher = RowHasher::new("document");
    hasher.document(
        path.as_str(),
        &sha256,
        title.as_deref(),
        [row.get(3)?, row.get(4)?, row.get(5)?],
    );
    let (first_chunk, chunks): (i64, i64) = (row.get(6)?, row.get(7)?);
    let mut counts = Counts {
        documents: 1,
        ..Counts::default()
    };
    counts.sections = sections(connection, id, &mut hasher)?;
    anchors(connection, id, &mut hasher)?;
    counts.chunks = self::chunks(connection, id, first_chunk, chunks, &mut hasher)?;
    counts.mentions = mentions(connection, first_chunk, chunks, &mut hasher)?;
    counts.tagged = tags(connection, id, &mut hasher)?;
    counts.links = links(connection, id, &path, &mut hasher)?;
    let (resolution, unresolved) = resolution(connection, id, &path)?;
    counts.unresolved = unresolved;
    Ok(DocumentRows {
        digest: hasher.finish(),
        resolution,
        counts,
    })
}

fn sections(
    connection: &Connection,
    document: i64,
    hasher: &mut RowHasher,
) -> Result<u64, IndexError> {
    let mut statement = connection.prepare_cached(
        "SELECT parent, title, anchor, level, line, start, heading, bytes
         FROM section WHERE id BETWEEN ? AND ? ORDER BY id",
    )?;
    let mut rows = statement.query(row_range(document))?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let title: String = row.get(1)?;
        let anchor: Option<String> = row.get(2)?;
        hasher.section(
            row.get(0)?,
            &title,
            &anchor.unwrap_or_else(|| plain_anchor(&title)),
            [
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
                row.get(7)?,
            ],
        );
        count += 1;
    }
    Ok(count)
}

fn anchors(
    connection: &Connection,
    document: i64,
    hasher: &mut RowHasher,
) -> Result<(), IndexError> {
    let mut statement = connection.prepare_cached(
        "SELECT section, name, line, start, bytes
         FROM anchor WHERE id BETWEEN ? AND ? ORDER BY id",
    )?;
    let mut rows = statement.query(row_range(document))?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        hasher.anchor(row.get(0)?, &name, [row.get(2)?, row.get(3)?, row.get(4)?]);
    }
    Ok(())
}

fn chunks(
    connection: &Connection,
    document: i64,
    first: i64,
    expected: i64,
    hasher: &mut RowHasher,
) -> Result<u64, IndexError> {
    let mut statement = connection.prepare_cached(
        "SELECT section, key, copy, line, more_lines, start, bytes, document
         FROM chunk WHERE id >= ? AND id < ? ORDER BY id",
    )?;
    let mut rows = statement.query([first, first.saturating_add(expected)])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let key = ChunkKey {
            hash: row.get(1)?,
            copy: row.get(2)?,
        };
        let numbers = [row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?];
        hasher.chunk(row.get(0)?, key, numbers);
        if row.get::<_, i64>(7)? != document {
            return Err(IndexError::damaged("a chunk belongs to two documents"));
        }
        count += 1;
    }
    if count != expected {
        return Err(IndexError::damaged(format!(
            "document {document} lacks a chunk"
        )));
    }
    Ok(count.cast_unsigned())
}

fn mentions(
    connection: &Connection,
    first_chunk: i64,
    chunks: i64,
    hasher: &mut RowHasher,
) -> Result<u64, IndexError> {
    let mut statement = connection.prepare_cached(
        "SELECT t.name, (m.id >> 12) - ?3, m.id & 4095, m.rule, m.uses, m.line, m.start, m.bytes
         FROM mention m LEFT JOIN term t ON t.id = m.term
         WHERE m.id >= ?1 AND m.id < ?2 ORDER BY m.id",
    )?;
    let (first, end) = mention_range(first_chunk, chunks);
    let mut rows = statement.query([first, end, first_chunk])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let term: String = row.get(0)?;
        let numbers = [
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
            row.get(5)?,
            row.get(6)?,
        ];
        hasher.mention(&term, numbers, row.get(7)?);
        count += 1;
    }
    Ok(count)
}

fn tags(connection: &Connection, document: i64, hasher: &mut RowHasher) -> Result<u64, IndexError> {
    let mut statement = connection.prepare_cached(
        "SELECT t.name, u.rule, u.line, u.start, u.bytes
         FROM tagged u LEFT JOIN tag t ON t.id = u.tag
         WHERE u.id BETWEEN ? AND ? ORDER BY u.id",
    )?;
    let mut rows = statement.query(row_range(document))?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let tag: String = row.get(0)?;
        let numbers = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
        hasher.tagged(&tag, numbers);
        count += 1;
    }
    Ok(count)
}

fn links(
    connection: &Connection,
    document: i64,
    path: &WorkspacePath,
    hasher: &mut RowHasher,
) -> Result<u64, IndexError> {
    let mut statement = connection.prepare_cached(
        "SELECT l.section, coalesce(l.written, g.key), l.rule, l.line, l.start, l.bytes, l.name
         FROM link l LEFT JOIN target g ON g.id = l.to_target
         WHERE l.id BETWEEN ? AND ? ORDER BY l.id",
    )?;
    let mut rows = statement.query(row_range(document))?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let written: String = row.get(1)?;
        let code: i64 = row.get(2)?;
        let numbers = [code, row.get(3)?, row.get(4)?, row.get(5)?];
        hasher.link(row.get(0)?, &written, numbers);
        let rule = LinkRule::from_code(code)?;
        if row.get::<_, Option<i64>>(6)? != name_of(path, rule, &written) {
            return Err(IndexError::damaged("a link is filed under another name"));
        }
        count += 1;
    }
    Ok(count)
}

/// The row text of where the links of a document point (`None` without
/// links), and how many of them name nothing.
pub(super) fn resolution(
    connection: &Connection,
    document: i64,
    path: &WorkspacePath,
) -> Result<(Option<Sha256>, u64), IndexError> {
    let mut statement = connection.prepare_cached(
        "SELECT d.path, l.to_section, g.kind, g.key
         FROM link l LEFT JOIN document d ON d.id = l.to_document
           LEFT JOIN target g ON g.id = l.to_target
         WHERE l.id BETWEEN ? AND ? ORDER BY l.id",
    )?;
    let mut rows = statement.query(row_range(document))?;
    let mut resolution = None;
    let mut unresolved = 0;
    while let Some(row) = rows.next()? {
        let resolution = resolution.get_or_insert_with(|| Resolution::new(path));
        if let Some(inside) = row.get::<_, Option<String>>(0)? {
            resolution.inside(&inside, row.get(1)?);
            continue;
        }
        let kind = NodeKind::from_code(row.get(2)?)?;
        let key: String = row.get(3)?;
        resolution.outside(kind.name(), &key);
        unresolved += u64::from(kind == NodeKind::Unresolved);
    }
    Ok((resolution.map(Resolution::finish), unresolved))
}

/// The sum of all row texts and the counts, from the rows alone.
pub(super) fn everything(connection: &Connection) -> Result<(MultisetDigest, Counts), IndexError> {
    let mut sum = MultisetDigest::default();
    let mut counts = Counts::default();
    let mut ids = connection.prepare("SELECT id FROM document ORDER BY id")?;
    for id in ids.query_map([], |row| row.get(0))? {
        let rows = document(connection, id?)?;
        sum.add(rows.digest);
        if let Some(resolution) = rows.resolution {
            sum.add(resolution);
        }
        counts.absorb(&rows.counts);
    }
    let mut statement = connection.prepare("SELECT path, reason FROM refused")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (path, reason): (String, String) = (row.get(0)?, row.get(1)?);
        sum.add(digest::refused(&path, &reason));
        counts.refused += 1;
    }
    counts.terms = names_in_use(connection, "term", "mention", "term")?;
    counts.tags = names_in_use(connection, "tag", "tagged", "tag")?;
    counts.targets = count(connection, "SELECT count(DISTINCT to_target) FROM link")?;
    no_strays(connection, &counts)?;
    Ok((sum, counts))
}

/// Counts the names of a table whose number of uses is right.
fn names_in_use(
    connection: &Connection,
    table: &str,
    users: &str,
    column: &str,
) -> Result<u64, IndexError> {
    let sql = format!(
        "SELECT count(*) FROM {table} n
         JOIN (SELECT {column} AS id, count(*) AS uses FROM {users} GROUP BY {column}) u
           ON u.id = n.id AND u.uses = n.uses"
    );
    count(connection, &sql)
}

fn count(connection: &Connection, sql: &str) -> Result<u64, IndexError> {
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// No table may hold a row that the documents do not account for.
fn no_strays(connection: &Connection, counts: &Counts) -> Result<(), IndexError> {
    for (table, expected) in [
        ("section", counts.sections),
        ("chunk", counts.chunks),
        ("search_docsize", counts.chunks),
        ("mention", counts.mentions),
        ("tagged", counts.tagged),
        ("link", counts.links),
        ("term", counts.terms),
        ("tag", counts.tags),
        ("target", counts.targets),
    ] {
        // SQLite does a bare `count(*)` in one step, which nothing bounds.
        let actual = count(
            connection,
            &format!("SELECT coalesce(sum(1), 0) FROM {table}"),
        )?;
        if actual != expected {
            return Err(IndexError::damaged(format!(
                "table {table} holds {actual} rows, its documents account for {expected}"
            )));
        }
    }
    let strays = count(
        connection,
        "SELECT count(*) FROM anchor WHERE id >> 20 NOT IN (SELECT id FROM document)",
    )?;
    if strays > 0 {
        return Err(IndexError::damaged("an anchor belongs to no document"));
    }
    Ok(())
}
