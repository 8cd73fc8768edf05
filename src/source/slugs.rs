//! Anchors of one document, kept apart.

use std::collections::{HashMap, HashSet};

use crate::graph::resolve;

/// Hands out anchors, each only once: repeats get `-1`, `-2`, … as on GitHub.
#[derive(Default)]
pub(super) struct Slugs {
    used: HashSet<String>,
    /// The number to try next for a base. Every number that is skipped was
    /// taken by a heading that spells it, so the work stays linear.
    next: HashMap<String, u32>,
}

/// The anchor of a heading without a letter or digit.
const NAMELESS: &str = "section";

impl Slugs {
    /// The anchor for a heading with this text.
    pub(super) fn of_heading(&mut self, title: &str) -> String {
        self.unique(resolve::slug(title))
    }

    /// `anchor`, numbered when it is taken.
    pub(super) fn unique(&mut self, anchor: String) -> String {
        let base = if anchor.is_empty() {
            NAMELESS.to_owned()
        } else {
            anchor
        };
        if self.used.insert(base.clone()) {
            return base;
        }
        let next = self.next.entry(base.clone()).or_insert(1);
        loop {
            let candidate = format!("{base}-{next}");
            *next += 1;
            if self.used.insert(candidate.clone()) {
                return candidate;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_numbered_around_what_is_taken() {
        let mut slugs = Slugs::default();
        let titles = ["A b", "A b", "A b 1", "A b", "!", "!", "a-b-1"];
        let anchors: Vec<_> = titles.iter().map(|title| slugs.of_heading(title)).collect();
        assert_eq!(
            anchors,
            [
                "a-b",
                "a-b-1",
                "a-b-1-1",
                "a-b-2",
                "section",
                "section-1",
                "a-b-1-2"
            ]
        );
    }
}
