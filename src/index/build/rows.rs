//! The inserts: one document's rows, and the names they share.

use hashbrown::HashMap;
use rusqlite::{Connection, params};

use super::{Counts, End, Facts};
use crate::foundation::digest::MultisetDigest;
use crate::graph::{NodeId, NodeKind, WorkspacePath};
use crate::index::digest::{self, place};
use crate::index::error::IndexError;
use crate::index::layout::{Code, MENTION_END, NUMBER_END, mention_id, plain_anchor, row_id};
use crate::index::prepare::Prepared;

/// Writes the refused sources and adds them to the digest.
pub(in crate::index) fn write_refused(
    connection: &Connection,
    facts: &Facts,
    sum: &mut MultisetDigest,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO refused(path, reason) VALUES(?, ?)")?;
    for (path, reason) in &facts.refused {
        insert.execute(params![path.as_str(), reason])?;
        sum.add(digest::refused(path.as_str(), reason));
    }
    Ok(())
}

/// Names that rows share, each stored once: terms, tags and the targets
/// outside the documents. Ids count up in the order of first use.
#[derive(Default)]
pub(in crate::index) struct Names {
    terms: Interned<String>,
    tags: Interned<String>,
    targets: Interned<(NodeKind, String)>,
}

struct Interned<K> {
    ids: HashMap<K, usize>,
    uses: Vec<i64>,
}

impl<K> Default for Interned<K> {
    fn default() -> Self {
        Self {
            ids: HashMap::new(),
            uses: Vec::new(),
        }
    }
}

impl<K: std::hash::Hash + Eq> Interned<K> {
    /// The id of a name that is used once more; ids count from 1.
    fn use_of<Q>(&mut self, name: &Q) -> i64
    where
        K: std::borrow::Borrow<Q>,
        Q: std::hash::Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let id = match self.ids.get(name) {
            Some(id) => *id,
            None => {
                self.uses.push(0);
                self.ids.insert(name.to_owned(), self.uses.len());
                self.uses.len()
            }
        };
        self.uses[id - 1] += 1;
        id as i64
    }

    /// Names in the order of their ids, with their uses.
    fn sorted(&self) -> Vec<(usize, &K, i64)> {
        let mut names: Vec<_> = self
            .ids
            .iter()
            .map(|(name, id)| (*id, name, self.uses[id - 1]))
            .collect();
        names.sort_unstable_by_key(|(id, ..)| *id);
        names
    }
}

/// Where rows get the ids of the names they use.
pub(in crate::index) trait NameIds {
    /// The id of a term that one more `mention` row uses.
    fn term(&mut self, name: &str) -> Result<i64, IndexError>;
    /// The id of a tag that one more `tagged` row uses.
    fn tag(&mut self, name: &str) -> Result<i64, IndexError>;
    /// The id of a target that one more `link` row uses.
    fn target(&mut self, kind: NodeKind, key: &str) -> Result<i64, IndexError>;

    /// The id of the target of a link to `node`; `None` where it ends inside the
    /// documents.
    fn outside(&mut self, node: &NodeId, end: Option<End>) -> Result<Option<i64>, IndexError> {
        match end {
            Some(_) => Ok(None),
            None => self.target(node.kind(), node.key()).map(Some),
        }
    }
}

impl NameIds for Names {
    fn term(&mut self, name: &str) -> Result<i64, IndexError> {
        Ok(self.terms.use_of(name))
    }

    fn tag(&mut self, name: &str) -> Result<i64, IndexError> {
        Ok(self.tags.use_of(name))
    }

    fn target(&mut self, kind: NodeKind, key: &str) -> Result<i64, IndexError> {
        Ok(self.targets.use_of(&(kind, key.to_owned())))
    }
}

impl Names {
    /// Writes the tables of names.
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        for (table, names) in [("term", &self.terms), ("tag", &self.tags)] {
            let sql = format!("INSERT INTO {table}(id, name, uses) VALUES(?, ?, ?)");
            let mut insert = connection.prepare(&sql)?;
            for (id, name, uses) in names.sorted() {
                insert.execute(params![id as i64, name, uses])?;
            }
        }
        let mut insert = connection.prepare("INSERT INTO target(id, kind, key) VALUES(?, ?, ?)")?;
        for (id, (kind, key), _) in self.targets.sorted() {
            insert.execute(params![id as i64, kind.code(), key])?;
        }
        Ok(())
    }

    pub(super) fn count(&self, counts: &mut Counts) {
        counts.terms = self.terms.uses.len() as u64;
        counts.tags = self.tags.uses.len() as u64;
        counts.targets = self.targets.uses.len() as u64;
    }
}

/// A link as it is stored.
pub(in crate::index) struct LinkRow<'a> {
    pub(in crate::index) id: i64,
    pub(in crate::index) section: Option<u32>,
    pub(in crate::index) rule: i64,
    pub(in crate::index) written: Option<&'a str>,
    pub(in crate::index) place: [i64; 3],
    pub(in crate::index) end: Option<End>,
    /// Where `end` is none.
    pub(in crate::index) to_target: Option<i64>,
    pub(in crate::index) name: Option<i64>,
}

/// Inserts rows through the connection's cached statements.
pub(in crate::index) struct Inserts<'c>(&'c Connection);

impl<'c> Inserts<'c> {
    pub(in crate::index) const fn new(connection: &'c Connection) -> Self {
        Self(connection)
    }

    /// All rows of one document but its links and its words.
    pub(in crate::index) fn document(
        &self,
        id: i64,
        prepared: &Prepared,
        first_chunk: i64,
        names: &mut dyn NameIds,
    ) -> Result<(), IndexError> {
        let (source, document) = (&prepared.source, &prepared.document);
        check_numbers(prepared)?;
        self.0
            .prepare_cached("INSERT INTO document VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                id,
                source.path.as_str(),
                document.title,
                document.format.code(),
                &source.sha256.as_bytes()[..],
                source.bytes as i64,
                document.lines,
                first_chunk,
                document.chunks.len() as i64,
            ])?;
        self.sections(id, prepared)?;
        self.anchors(id, prepared)?;
        self.chunks(id, prepared, first_chunk)?;
        self.mentions(first_chunk, prepared, names)?;
        self.tags(id, prepared, names)
    }

    fn sections(&self, document: i64, prepared: &Prepared) -> Result<(), IndexError> {
        let mut insert = self
            .0
            .prepare_cached("INSERT INTO section VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
        for (number, section) in prepared.document.sections.iter().enumerate() {
            let heading = section.heading;
            let anchor =
                (section.anchor != plain_anchor(&section.title)).then_some(section.anchor.as_str());
            insert.execute(params![
                row_id(document, number),
                section.parent,
                section.level,
                section.title,
                anchor,
                heading.line,
                heading.start,
                i64::from(heading.end) - i64::from(heading.start),
                i64::from(section.end) - i64::from(heading.start),
            ])?;
        }
        Ok(())
    }

    fn anchors(&self, document: i64, prepared: &Prepared) -> Result<(), IndexError> {
        let mut insert = self
            .0
            .prepare_cached("INSERT INTO anchor VALUES(?, ?, ?, ?, ?, ?)")?;
        for (number, anchor) in prepared.document.anchors.iter().enumerate() {
            let [line, start, bytes] = place(anchor.span);
            insert.execute(params![
                row_id(document, number),
                anchor.section,
                anchor.name,
                line,
                start,
                bytes,
            ])?;
        }
        Ok(())
    }

    fn chunks(&self, document: i64, prepared: &Prepared, first: i64) -> Result<(), IndexError> {
        let mut insert = self
            .0
            .prepare_cached("INSERT INTO chunk VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
        let rows = prepared.document.chunks.iter().zip(&prepared.keys);
        for (number, (chunk, key)) in rows.enumerate() {
            let span = chunk.span;
            insert.execute(params![
                first + number as i64,
                document,
                chunk.section,
                &key.hash[..],
                key.copy,
                span.line,
                i64::from(span.end_line) - i64::from(span.line),
                span.start,
                i64::from(span.end) - i64::from(span.start),
            ])?;
        }
        Ok(())
    }

    fn mentions(
        &self,
        first_chunk: i64,
        prepared: &Prepared,
        names: &mut dyn NameIds,
    ) -> Result<(), IndexError> {
        let mut insert = self
            .0
            .prepare_cached("INSERT INTO mention VALUES(?, ?, ?, ?, ?, ?, ?)")?;
        for row in &prepared.mentions {
            let chunk = first_chunk + i64::from(row.chunk);
            let term = &prepared.document.mentions[row.first].term;
            insert.execute(params![
                mention_id(chunk, row.number),
                names.term(term)?,
                row.rule.code(),
                row.uses,
                row.line,
                row.start,
                row.bytes,
            ])?;
        }
        Ok(())
    }

    fn tags(
        &self,
        document: i64,
        prepared: &Prepared,
        names: &mut dyn NameIds,
    ) -> Result<(), IndexError> {
        let mut insert = self
            .0
            .prepare_cached("INSERT INTO tagged VALUES(?, ?, ?, ?, ?, ?)")?;
        for (number, tag) in prepared.document.tags.iter().enumerate() {
            let [line, start, bytes] = place(tag.span);
            insert.execute(params![
                row_id(document, number),
                names.tag(&tag.tag)?,
                tag.rule.code(),
                line,
                start,
                bytes,
            ])?;
        }
        Ok(())
    }

    /// One link.
    pub(in crate::index) fn link(&self, link: &LinkRow<'_>) -> Result<(), IndexError> {
        let [line, start, bytes] = link.place;
        self.0
            .prepare_cached("INSERT INTO link VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                link.id,
                link.section,
                link.rule,
                link.written,
                line,
                start,
                bytes,
                link.end.map(|end| end.document),
                link.end.and_then(|end| end.section),
                link.to_target,
                link.name,
            ])?;
        Ok(())
    }
}

fn check_numbers(prepared: &Prepared) -> Result<(), IndexError> {
    let document = &prepared.document;
    let too_many = |rows, limit| too_many_rows(&prepared.source.path, rows, limit);
    for (rows, count) in [
        ("sections", document.sections.len()),
        ("anchors", document.anchors.len()),
        ("chunks", document.chunks.len()),
        ("tags", document.tags.len()),
        ("links", document.links.len()),
    ] {
        if count > NUMBER_END {
            return Err(too_many(rows, NUMBER_END));
        }
    }
    if prepared
        .mentions
        .iter()
        .any(|row| row.number >= MENTION_END)
    {
        return Err(too_many("mentions in one chunk", MENTION_END));
    }
    Ok(())
}

fn too_many_rows(path: &WorkspacePath, rows: &'static str, limit: usize) -> IndexError {
    IndexError::TooManyRows {
        path: path.clone(),
        rows,
        limit,
    }
}
