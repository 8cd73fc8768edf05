//! The order of equal scores: by path, then by place. Rowids will not do:
//! an updated index has others than one built from scratch.

use rusqlite::OptionalExtension;

use crate::index::error::IndexError;
use crate::index::open::Index;

/// Up to so many chunks are looked up one by one; for more, all documents
/// are put in order once.
const FEW: usize = 64;

/// Sorts chunks (with their equal scores) by path and place.
pub(super) fn by_place(index: &Index, ties: &mut [(f64, i64)]) -> Result<(), IndexError> {
    match ties.len() {
        0 | 1 => Ok(()),
        2..=FEW => few(index, ties),
        _ => many(index, ties),
    }
}

fn few(index: &Index, ties: &mut [(f64, i64)]) -> Result<(), IndexError> {
    let mut statement = index.connection().prepare_cached(
        "SELECT d.path FROM chunk c JOIN document d ON d.id = c.document WHERE c.id = ?",
    )?;
    let mut keyed = Vec::with_capacity(ties.len());
    for tie in ties.iter() {
        let path: Option<String> = statement.query_row([tie.1], |row| row.get(0)).optional()?;
        keyed.push((path, tie.1, tie.0));
    }
    keyed.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    for (tie, (_, chunk, score)) in ties.iter_mut().zip(keyed) {
        *tie = (score, chunk);
    }
    Ok(())
}

fn many(index: &Index, ties: &mut [(f64, i64)]) -> Result<(), IndexError> {
    let mut statement = index
        .connection()
        .prepare_cached("SELECT first_chunk FROM document WHERE chunks > 0 ORDER BY path")?;
    let firsts: Vec<i64> = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut ranks: Vec<(i64, usize)> = firsts
        .into_iter()
        .enumerate()
        .map(|(rank, first)| (first, rank))
        .collect();
    ranks.sort_unstable();
    let rank = |chunk: i64| {
        let after = ranks.partition_point(|(first, _)| *first <= chunk);
        after.checked_sub(1).map(|at| ranks[at].1)
    };
    // Chunks of one document ascend in source order.
    ties.sort_by_cached_key(|(_, chunk)| (rank(*chunk), *chunk));
    Ok(())
}
