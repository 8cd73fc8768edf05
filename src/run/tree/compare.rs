//! Two runs' files, side by side.

use super::{Entry, Files};
use crate::graph::WorkspacePath;

/// Every path that either run has, in order, with its entry before and after.
pub fn compare<'a>(
    before: &'a Files,
    after: &'a Files,
) -> impl Iterator<Item = (&'a WorkspacePath, Option<&'a Entry>, Option<&'a Entry>)> {
    let (mut before, mut after) = (before.iter().peekable(), after.iter().peekable());
    std::iter::from_fn(move || {
        let next = match (before.peek(), after.peek()) {
            (Some((old, _)), Some((new, _))) => (*old).min(*new),
            (Some((only, _)), None) | (None, Some((only, _))) => *only,
            (None, None) => return None,
        };
        let old = before.next_if(|(path, _)| *path == next);
        let new = after.next_if(|(path, _)| *path == next);
        Some((
            next,
            old.map(|(_, entry)| entry),
            new.map(|(_, entry)| entry),
        ))
    })
}
