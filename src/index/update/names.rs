//! Names in an index that already has some: found by one pass over their
//! table, counted as they are used, and dropped when nothing uses them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, params};

use crate::graph::NodeKind;
use crate::index::build::{Counts, NameIds};
use crate::index::error::IndexError;
use crate::index::layout::{Code, row_range};
use crate::index::prepare::Prepared;

/// Terms, tags and targets while an index is updated.
pub(super) struct LiveNames<'c> {
    connection: &'c Connection,
    terms: Counted,
    tags: Counted,
    targets: HashMap<(NodeKind, String), Option<i64>>,
    next_target: i64,
    /// Targets that lost a link.
    dropped: Vec<i64>,
    added_targets: u64,
}

/// Names that keep count of their uses.
struct Counted {
    table: &'static str,
    ids: HashMap<String, Option<i64>>,
    next: i64,
    added: u64,
    change: BTreeMap<i64, i64>,
}

impl Counted {
    fn new(connection: &Connection, table: &'static str) -> rusqlite::Result<Self> {
        Ok(Self {
            table,
            ids: HashMap::new(),
            next: next_id(connection, table)?,
            added: 0,
            change: BTreeMap::new(),
        })
    }

    /// Finds the ids of all names in `ids`.
    fn learn(&mut self, connection: &Connection) -> Result<(), IndexError> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let mut statement = connection.prepare(&format!("SELECT id, name FROM {}", self.table))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name = row.get_ref(1)?.as_str()?;
            if let Some(id) = self.ids.get_mut(name) {
                *id = Some(row.get(0)?);
            }
        }
        Ok(())
    }

    fn use_of(&mut self, connection: &Connection, name: &str) -> Result<i64, IndexError> {
        let id = match self.ids.get(name) {
            Some(Some(id)) => *id,
            _ => {
                let id = self.next;
                self.next = self.next.saturating_add(1);
                self.added += 1;
                connection
                    .prepare_cached(&format!(
                        "INSERT INTO {}(id, name, uses) VALUES(?, ?, 0)",
                        self.table
                    ))?
                    .execute(params![id, name])?;
                self.ids.insert(name.to_owned(), Some(id));
                id
            }
        };
        *self.change.entry(id).or_insert(0) += 1;
        Ok(id)
    }

    /// Writes the changed counts; returns how many names there are more, and
    /// how many fewer.
    fn settle(&self, connection: &Connection) -> Result<(u64, u64), IndexError> {
        let table = self.table;
        let mut count =
            connection.prepare(&format!("UPDATE {table} SET uses = uses + ? WHERE id = ?"))?;
        let mut drop =
            connection.prepare(&format!("DELETE FROM {table} WHERE id = ? AND uses = 0"))?;
        let mut dropped = 0;
        for (id, change) in self.change.iter().filter(|(_, change)| **change != 0) {
            count.execute([*change, *id])?;
            dropped += drop.execute([*id])? as u64;
        }
        Ok((self.added, dropped))
    }
}

/// One more than the highest id, which anybody may have written: behind the last
/// there is none, and the same once more is refused.
pub(super) fn next_id(connection: &Connection, table: &str) -> rusqlite::Result<i64> {
    connection.query_row(
        &format!("SELECT coalesce(max(id), 0) + 1 FROM {table}"),
        [],
        |row| row.get(0),
    )
}

impl<'c> LiveNames<'c> {
    pub(super) fn new(connection: &'c Connection) -> Result<Self, IndexError> {
        Ok(Self {
            connection,
            terms: Counted::new(connection, "term")?,
            tags: Counted::new(connection, "tag")?,
            targets: HashMap::new(),
            next_target: next_id(connection, "target")?,
            dropped: Vec::new(),
            added_targets: 0,
        })
    }

    /// Finds the ids of the terms and tags that `documents` use.
    pub(super) fn learn<'p>(
        &mut self,
        documents: impl Iterator<Item = &'p Prepared>,
    ) -> Result<(), IndexError> {
        for prepared in documents {
            for mention in &prepared.document.mentions {
                if !self.terms.ids.contains_key(&mention.term) {
                    self.terms.ids.insert(mention.term.clone(), None);
                }
            }
            for tag in &prepared.document.tags {
                self.tags.ids.insert(tag.tag.clone(), None);
            }
        }
        self.terms.learn(self.connection)?;
        self.tags.learn(self.connection)
    }

    /// Finds the ids of these targets.
    pub(super) fn learn_targets(
        &mut self,
        targets: impl Iterator<Item = (NodeKind, String)>,
    ) -> Result<(), IndexError> {
        self.targets.extend(targets.map(|target| (target, None)));
        if self.targets.is_empty() {
            return Ok(());
        }
        let mut statement = self
            .connection
            .prepare("SELECT id, kind, key FROM target")?;
        let mut rows = statement.query([])?;
        let mut probe = (NodeKind::External, String::new());
        while let Some(row) = rows.next()? {
            probe.0 = NodeKind::from_code(row.get(1)?)?;
            probe.1.clear();
            probe.1.push_str(row.get_ref(2)?.as_str()?);
            if let Some(id) = self.targets.get_mut(&probe) {
                *id = Some(row.get(0)?);
            }
        }
        Ok(())
    }

    /// Lets go of all names that the rows of `document` use, whose mentions
    /// have their ids in the range `mentions` (its end excluded).
    pub(super) fn release(
        &mut self,
        document: i64,
        mentions: (i64, i64),
    ) -> Result<(), IndexError> {
        for (names, range, sql) in [
            (
                &mut self.terms,
                mentions,
                "SELECT term, count(*) FROM mention WHERE id >= ? AND id < ? GROUP BY term",
            ),
            (
                &mut self.tags,
                row_range(document),
                "SELECT tag, count(*) FROM tagged WHERE id BETWEEN ? AND ? GROUP BY tag",
            ),
        ] {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query(range)?;
            while let Some(row) = rows.next()? {
                *names.change.entry(row.get(0)?).or_insert(0) -= row.get::<_, i64>(1)?;
            }
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT to_target FROM link
             WHERE id BETWEEN ? AND ? AND to_target IS NOT NULL",
        )?;
        for id in statement.query_map(row_range(document), |row| row.get(0))? {
            self.dropped.push(id?);
        }
        Ok(())
    }

    /// One link points at this target no more.
    pub(super) fn release_target(&mut self, target: i64) {
        self.dropped.push(target);
    }

    /// Writes how often names are used now, drops those that are not, and
    /// corrects the counts.
    pub(super) fn settle(self, counts: &mut Counts) -> Result<(), IndexError> {
        let (added, dropped) = self.terms.settle(self.connection)?;
        counts.terms = counts.terms.wrapping_add(added).wrapping_sub(dropped);
        let (added, dropped) = self.tags.settle(self.connection)?;
        counts.tags = counts.tags.wrapping_add(added).wrapping_sub(dropped);
        let gone = self.drop_targets()?;
        let targets = counts.targets.wrapping_add(self.added_targets);
        counts.targets = targets.wrapping_sub(gone);
        Ok(())
    }
}

impl LiveNames<'_> {
    /// Drops the targets that lost a link and have none left; one pass over
    /// the links finds which still have.
    fn drop_targets(&self) -> Result<u64, IndexError> {
        let mut unused: BTreeSet<i64> = self.dropped.iter().copied().collect();
        if unused.is_empty() {
            return Ok(0);
        }
        let mut statement = self
            .connection
            .prepare("SELECT to_target FROM link WHERE to_target IS NOT NULL")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            unused.remove(&row.get(0)?);
        }
        let mut drop = self.connection.prepare("DELETE FROM target WHERE id = ?")?;
        let mut gone = 0;
        for id in unused {
            gone += drop.execute([id])? as u64;
        }
        Ok(gone)
    }
}

impl NameIds for LiveNames<'_> {
    fn term(&mut self, name: &str) -> Result<i64, IndexError> {
        self.terms.use_of(self.connection, name)
    }

    fn tag(&mut self, name: &str) -> Result<i64, IndexError> {
        self.tags.use_of(self.connection, name)
    }

    fn target(&mut self, kind: NodeKind, key: &str) -> Result<i64, IndexError> {
        let name = (kind, key.to_owned());
        if let Some(Some(id)) = self.targets.get(&name) {
            return Ok(*id);
        }
        let id = self.next_target;
        self.next_target = self.next_target.saturating_add(1);
        self.added_targets += 1;
        self.connection
            .prepare_cached("INSERT INTO target(id, kind, key) VALUES(?, ?, ?)")?
            .execute(params![id, kind.code(), key])?;
        self.targets.insert(name, Some(id));
        Ok(id)
    }
}
