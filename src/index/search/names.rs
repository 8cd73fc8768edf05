//! Search among names: terms, tags and targets, which have no text.

use std::collections::BTreeSet;

use super::expression::{Compiled, Pattern};
use super::scope::Scope;
use super::{At, Found, Query};
use crate::graph::{NodeId, NodeKind};
use crate::index::error::IndexError;
use crate::index::layout::{mention_range, row_range};
use crate::index::locate::{Ref, names_of};
use crate::index::open::Index;
use crate::index::words::{Token, tokens};

/// Adds the names of `kind` that match `query` and are used in `scope`.
pub(super) fn search(
    index: &Index,
    kind: NodeKind,
    query: &Query,
    scope: &Scope,
    found: &mut Vec<Found>,
) -> Result<(), IndexError> {
    let used = used_in(index, kind, scope)?;
    let wanted = Compiled::new(&query.expression);
    let patterns = wanted.positive();
    let mut statement = index.connection().prepare(&names_of(kind))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let name = row.get_ref(1)?.as_str()?;
        let words: Vec<_> = tokens(name).collect();
        if !wanted.matches(&words) || used.as_ref().is_some_and(|used| !used.contains(&id)) {
            continue;
        }
        found.push(Found {
            id: NodeId::new(kind, name),
            at: At::Name(Ref::name(kind, id)),
            score: covered(&patterns, &words) as f64 / words.len().max(1) as f64,
        });
    }
    Ok(())
}

/// How many of `words` the patterns match, of a phrase all of them.
fn covered(patterns: &[&Pattern], words: &[Token]) -> usize {
    let (mut covered, mut end) = (0, 0);
    for at in 0..words.len() {
        let matched = patterns.iter().filter_map(|p| p.matches_at(&words[at..]));
        let upto = at + matched.max().unwrap_or(0);
        covered += upto.saturating_sub(end.max(at));
        end = end.max(upto);
    }
    covered
}

/// The ids of the names used by the documents of `scope`; `None` for all.
fn used_in(
    index: &Index,
    kind: NodeKind,
    scope: &Scope,
) -> Result<Option<BTreeSet<i64>>, IndexError> {
    if scope.is_everything() {
        return Ok(None);
    }
    let connection = index.connection();
    let mut used = BTreeSet::new();
    if kind == NodeKind::Term {
        let mut statement =
            connection.prepare_cached("SELECT term FROM mention WHERE id >= ? AND id < ?")?;
        for (first, count) in scope.chunks() {
            for id in statement.query_map(mention_range(first, count), |row| row.get(0))? {
                used.insert(id?);
            }
        }
        return Ok(Some(used));
    }
    let mut statement = connection.prepare_cached(match kind {
        NodeKind::Tag => "SELECT tag FROM tagged WHERE id BETWEEN ? AND ?",
        _ => "SELECT to_target FROM link WHERE id BETWEEN ? AND ? AND to_target IS NOT NULL",
    })?;
    for document in scope.documents() {
        for id in statement.query_map(row_range(document), |row| row.get(0))? {
            used.insert(id?);
        }
    }
    Ok(Some(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_of_a_phrase_are_covered_and_each_counts_once() {
        let covered = |texts: &[&str], name: &str| {
            let patterns: Vec<_> = texts.iter().map(|text| Pattern::new(text, false)).collect();
            let patterns: Vec<_> = patterns.iter().collect();
            covered(&patterns, &tokens(name).collect::<Vec<_>>())
        };
        assert_eq!(covered(&["foo bar"], "foo bar"), 2);
        assert_eq!(
            covered(&["foo bar", "bar baz", "bar"], "foo bar baz qux"),
            3
        );
        assert_eq!(covered(&["foo"], "foo bar foo"), 2);
    }
}
