//! The verdict, against a second statement of the rule (FR-005).

#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

fn features(bits: u8) -> BTreeSet<String> {
    (0..3u8)
        .filter(|bit| bits & (1 << bit) != 0)
        .map(|bit| format!("feature-{bit}"))
        .collect()
}

#[test]
fn the_verdict_follows_the_rule_for_every_small_combination() {
    for writes in 1..6u32 {
        for reads_since in 1..=writes {
            for known in 0..8u8 {
                let reader = Reader {
                    writes,
                    reads_since,
                    features: features(known),
                };
                for written in 0..8u32 {
                    for readable_since in 0..=written {
                        for required in 0..8u8 {
                            let block = SchemaBlock {
                                written,
                                readable_since,
                                requires: features(required),
                            };
                            let in_window = reads_since <= written && written <= writes;
                            let newer_but_readable = written > writes && readable_since <= writes;
                            let knows_all = required & !known == 0;
                            let expected = knows_all && (in_window || newer_but_readable);
                            assert_eq!(
                                reader.judge(&block) == Verdict::Compatible,
                                expected,
                                "{reader:?} {block:?}"
                            );
                        }
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn the_verdict_holds_over_the_whole_range(
        writes in any::<u32>(), reads_since in any::<u32>(), known in 0..8u8,
        written in any::<u32>(), readable_since in any::<u32>(), required in 0..8u8,
    ) {
        let reader = Reader { writes, reads_since, features: features(known) };
        let block = SchemaBlock { written, readable_since, requires: features(required) };
        let knows_all = required & !known == 0;
        let version_fits = reads_since <= written && (written <= writes || readable_since <= writes);
        prop_assert_eq!(reader.judge(&block) == Verdict::Compatible, knows_all && version_fits);
    }
}

#[test]
fn a_build_reads_what_it_writes() {
    assert_eq!(
        Reader::this_build().judge(&SchemaBlock::current()),
        Verdict::Compatible
    );
}

#[test]
fn a_reason_is_a_sentence_however_much_a_stranger_asks_for() {
    let features = |names: Vec<String>| Reason::UnknownFeature {
        written: 1,
        features: names.into_iter().collect(),
    };
    let two = features(vec!["a".to_owned(), "b".to_owned()]).to_string();
    assert!(two.ends_with("does not know: a, b"), "{two}");
    let many = features((0..100_000).map(|n| format!("{n:05}")).collect()).to_string();
    assert!(many.ends_with("00007 and 99992 more"), "{many}");
    assert!(features(vec!["x".repeat(1 << 20)]).to_string().len() < 200);
}

#[test]
fn every_reason_names_itself_as_in_json() {
    let reasons = [
        Reason::TooOld {
            written: 0,
            reads_since: 1,
        },
        Reason::TooNew {
            written: 9,
            readable_since: 9,
            reader: 1,
        },
        Reason::UnknownFeature {
            written: 1,
            features: features(1),
        },
        Reason::MissingVersion {
            artifact: "a".into(),
        },
        Reason::Unreadable {
            artifact: "a".into(),
            detail: "b".into(),
        },
        Reason::ForeignLayout { detail: "b".into() },
    ];
    for reason in reasons {
        let json = serde_json::to_value(&reason).unwrap();
        assert_eq!(json["reason"], reason.name());
    }
}
