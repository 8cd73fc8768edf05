//! The thresholds, to the byte (FR-008, FR-009, FR-010).

use super::*;
use proptest::prelude::*;

fn absolute(max_bytes: u64) -> Policy {
    Policy {
        max_bytes: Some(max_bytes),
        ..Policy::default()
    }
}

#[test]
fn exactly_eighty_percent_warns_and_one_byte_below_does_not() {
    let policy = absolute(1_000);
    assert_eq!(policy.assess(0, 0, 799).verdict, Verdict::Ok);
    assert_eq!(policy.assess(0, 0, 800).verdict, Verdict::Warn);
    assert_eq!(policy.assess(0, 500, 300).verdict, Verdict::Warn);
}

#[test]
fn exactly_the_limit_blocks_and_one_byte_below_does_not() {
    let policy = absolute(1_000);
    assert_eq!(policy.assess(0, 999, 0).verdict, Verdict::Warn);
    assert_eq!(policy.assess(0, 999, 1).verdict, Verdict::Block);
}

#[test]
fn no_sources_count_as_one_mebibyte() {
    let policy = Policy::default();
    assert_eq!(policy.limit(0), 3 * 1024 * 1024);
    assert_eq!(policy.limit(1024 * 1024), 3 * 1024 * 1024);
    assert_eq!(policy.limit(1024 * 1024 + 1), 3 * 1024 * 1024 + 3);
}

#[test]
fn a_limit_is_rounded_down_to_a_whole_byte() {
    let policy = Policy {
        multiplier_thousandths: 1_001,
        ..Policy::default()
    };
    assert_eq!(policy.limit(1_048_577), 1_049_625);
}

proptest! {
    #[test]
    fn thresholds_are_exact_for_any_limit(
        limit in 1..=u64::MAX, warn in 1..=1_000_000u64, block in 1..=1_000_000u64,
        used in any::<u64>(), added in any::<u64>(),
    ) {
        let (warn, block) = (warn.min(block), warn.max(block));
        let policy = Policy { warn_ppm: warn, block_ppm: block, ..absolute(limit) };
        let projected = u128::from(used.saturating_add(added));
        let assessment = policy.assess(0, used, added);
        let blocks = projected * 1_000_000 >= u128::from(limit) * u128::from(block);
        let warns = projected * 1_000_000 >= u128::from(limit) * u128::from(warn);
        prop_assert_eq!(assessment.verdict == Verdict::Block, blocks);
        prop_assert_eq!(assessment.verdict >= Verdict::Warn, warns);
    }

    #[test]
    fn the_allowance_is_the_last_total_that_does_not_block(
        limit in 2..=u64::MAX / 2, block in 1..=1_000_000u64,
    ) {
        let policy = Policy { warn_ppm: 1, block_ppm: block, ..absolute(limit) };
        let allowance = policy.assess(0, 0, 0).allowance();
        prop_assert!(allowance == 0 || policy.assess(0, 0, allowance).verdict != Verdict::Block);
        prop_assert_eq!(policy.assess(0, 0, allowance + 1).verdict, Verdict::Block);
    }
}
