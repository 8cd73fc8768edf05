//! Generated workspaces, each judged as specified: not by the code that judges.

use proptest::prelude::*;

use super::*;

fn any_reader() -> impl Strategy<Value = Reader> {
    (
        1u32..6,
        0u32..6,
        proptest::collection::btree_set("[ab]", 0..2),
    )
        .prop_map(|(writes, back, features)| Reader {
            writes,
            reads_since: writes.saturating_sub(back).max(1),
            features,
        })
}

fn any_block() -> impl Strategy<Value = SchemaBlock> {
    (
        1u32..8,
        1u32..8,
        proptest::collection::btree_set("[ab]", 0..2),
    )
        .prop_map(|(written, since, requires)| SchemaBlock {
            written,
            readable_since: since.min(written),
            requires,
        })
}

fn any_profile() -> impl Strategy<Value = ProfileFacts> {
    let current = prop_oneof![
        1 => Just(CurrentRun::None),
        1 => Just(CurrentRun::Broken(Reason::ForeignLayout { detail: "v1".to_owned() })),
        8 => (
            proptest::collection::vec(any_block(), 1..4),
            0u64..4_000_000,
            0u64..6_000_000,
        )
            .prop_map(|(blocks, source_bytes, rebuild_bytes)| CurrentRun::Run {
                id: "r0001-0123456789ab".to_owned(),
                blocks,
                source_bytes: Some(source_bytes),
                rebuild_bytes,
            }),
    ];
    (
        current,
        0u64..12_000_000,
        500u64..4_000,
        proptest::option::of(0u64..9_000_000),
    )
        .prop_map(
            |(current, used_bytes, multiplier_thousandths, max_bytes)| ProfileFacts {
                name: "default".to_owned(),
                current,
                used_bytes: Ok(used_bytes),
                policy: Policy {
                    multiplier_thousandths,
                    max_bytes,
                    ..Policy::default()
                },
            },
        )
}

/// An independent statement of the schema rule, from the design's words.
fn reads(reader: &Reader, current: &CurrentRun) -> bool {
    match current {
        CurrentRun::None => true,
        CurrentRun::Broken(_) => false,
        CurrentRun::Run { blocks, .. } => blocks.iter().all(|block| {
            let within = reader.reads_since <= block.written && block.written <= reader.writes;
            let declared = block.written > reader.writes && block.readable_since <= reader.writes;
            block.requires.is_subset(&reader.features) && (within || declared)
        }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// SC-002: every compatible workspace within budget goes on in silence,
    /// with no rebuild and no byte more. SC-003: every incompatible one is
    /// told that it needs a rebuild. SC-004: every rebuild over the budget is
    /// told before it is made.
    #[test]
    fn every_generated_workspace_is_judged_as_specified(
        profiles in proptest::collection::vec(any_profile(), 1..12),
        installed in any_reader(),
        candidate in any_reader(),
    ) {
        let facts: Vec<WorkspaceFacts> = profiles
            .iter()
            .enumerate()
            .map(|(index, profile)| workspace(&format!("/w{index:02}"), profile.clone()))
            .collect();
        let before = build("0.1.0", installed.clone());
        let after = build("0.2.0", candidate.clone());
        let report = judge(&facts, &before, &after, &mut |_, _| None);
        let (mut loses, mut over) = (false, false);
        for ((_, row), facts) in report.profiles().zip(&profiles) {
            let used = facts.used_bytes.clone().unwrap();
            prop_assert_eq!(row.budget.now_bytes, used);
            let was = reads(&installed, &facts.current);
            let will = reads(&candidate, &facts.current);
            prop_assert_eq!(row.schema.before.readable, was);
            prop_assert_eq!(row.schema.after.readable, will);
            prop_assert_eq!(row.schema.after.reason.is_some(), !will);
            prop_assert_eq!(row.change.loses_readability(), was && !will);
            prop_assert_eq!(row.budget.rebuild.is_some(), was && !will);
            if was == will {
                prop_assert_eq!(row.budget.after_bytes, row.budget.now_bytes);
                prop_assert!(!row.change.goes_over_budget());
            }
            if let (true, false, CurrentRun::Run { source_bytes: Some(source_bytes), rebuild_bytes, .. }) =
                (was, will, &facts.current)
            {
                let limit = facts.policy.limit(*source_bytes);
                let blocked = |bytes: u64| bytes >= limit;
                let goes = !blocked(used) && blocked(used + rebuild_bytes);
                prop_assert_eq!(row.change.goes_over_budget(), goes);
                prop_assert_eq!(row.budget.after == Some(Verdict::Block), blocked(used + rebuild_bytes));
            }
            loses |= was && !will;
            over |= row.change.goes_over_budget();
        }
        let expected = if loses {
            Decision::RebuildRequired
        } else if over {
            Decision::OverBudget
        } else {
            Decision::Proceed
        };
        prop_assert_eq!(decide(&report, Accept::default()), expected);
        let all = Accept { rebuild: true, over_budget: true };
        prop_assert_eq!(decide(&report, all), Decision::Proceed);
        prop_assert_eq!(report.worsens(), loses || over);
    }
}
