//! Matches in the order of their scores, put in order only as far as somebody
//! looks: of 40,000 the best ten are wanted.

use std::cmp::Ordering;

/// A score and the chunk that has it.
pub(super) type Ranked = (f64, i64);

/// So many are put in order at once.
const FIRST: usize = 1_024;

/// Matches, best score first.
pub(super) struct Ranking {
    matches: Vec<Ranked>,
    /// How many from the first on are in order, and better than the others.
    in_order: usize,
}

impl Ranking {
    /// Of these matches.
    pub(super) fn of(mut matches: Vec<Ranked>) -> Self {
        let in_order = matches.len().min(FIRST);
        if in_order < matches.len() {
            matches.select_nth_unstable_by(in_order, better);
        }
        matches[..in_order].sort_unstable_by(better);
        Self { matches, in_order }
    }

    /// The matches with the score of the one in place `from`; none where there
    /// are no more.
    pub(super) fn ties(&mut self, from: usize) -> &mut [Ranked] {
        let end = match self.end_of_ties(from) {
            // More of them may come after.
            end if end == self.in_order => {
                self.matches[end..].sort_unstable_by(better);
                self.in_order = self.matches.len();
                self.end_of_ties(from)
            }
            end => end,
        };
        &mut self.matches[from..end]
    }

    fn end_of_ties(&self, from: usize) -> usize {
        let ordered = &self.matches[from..self.in_order.max(from)];
        let same = |(score, _): &&Ranked| score.total_cmp(&ordered[0].0).is_eq();
        from + ordered.iter().take_while(same).count()
    }
}

/// Best score first, and the first chunk of those that are as good.
fn better(a: &Ranked, b: &Ranked) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ranking_is_in_order_however_far_one_looks() {
        for (count, scores) in [
            (0, 1),
            (10, 3),
            (1_024, 2),
            (5_000, 1),
            (5_000, 7),
            (5_000, 4_999),
        ] {
            let all = (0..count).map(|n| (f64::from(n * 7_919 % scores), i64::from(n)));
            let all: Vec<Ranked> = all.collect();
            let mut expected = all.clone();
            expected.sort_by(better);
            let mut ranking = Ranking::of(all);
            let mut found: Vec<Ranked> = Vec::new();
            loop {
                let ties = ranking.ties(found.len());
                if ties.is_empty() {
                    break;
                }
                assert!(ties.iter().all(|tie| tie.0.total_cmp(&ties[0].0).is_eq()));
                assert!(found.last().is_none_or(|last| last.0 > ties[0].0));
                found.extend_from_slice(ties);
            }
            assert_eq!(found, expected, "{count} matches, {scores} scores");
        }
    }
}
