//! Ranking by one thread and by two.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::foundation::checksum::Checksum;
use crate::index::testing::{build, bytes, document, facts, prepared};
use crate::index::{Change, Editable, Scratch};

#[test]
fn two_threads_rank_what_one_ranks() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("index.db");
    let (facts, scratch) = (facts(&[]), Scratch::Memory);
    let text = |last: usize| -> String {
        (0..last)
            .map(|n| format!("word {}\n\n", "more ".repeat(n % 7)))
            .collect()
    };
    let (old, new) = (text(5_000), text(5_001));
    let built = build(&scratch, &[("a.md", &old), ("b.md", "word\n")], &facts);
    std::fs::write(&path, bytes(&built)).unwrap();
    // Put again, its chunks have larger rowids than there are chunks.
    let meta = Index::open(&path).unwrap().meta().clone();
    let edit = Change::Put {
        new: prepared("a.md", &new),
        old: Some(document(&old)),
    };
    let edited = Editable::copy(
        &path,
        meta,
        Checksum::Sha256(Sha256::of(&bytes(&built))),
        &scratch,
    )
    .and_then(|copy| copy.update(&[edit], &facts))
    .unwrap();
    let query = Query::new(parse("word").unwrap());
    for built in [built, edited] {
        std::fs::write(&path, bytes(&built)).unwrap();
        // Only an index with a path can be opened by another thread.
        let ranked = |index: Index| {
            let scope = Scope::of(&index, &query).unwrap();
            let mut ranking = index.ranked(&query, &scope).unwrap();
            let mut all = Vec::new();
            while let ties @ [_, ..] = ranking.ties(all.len()) {
                all.extend_from_slice(ties);
            }
            all
        };
        let two = ranked(Index::open(&path).unwrap());
        assert_eq!(two, ranked(Index::from_artifact(&built.artifact).unwrap()));
        assert_eq!(two.len() as u64, built.counts.chunks);
    }
}
