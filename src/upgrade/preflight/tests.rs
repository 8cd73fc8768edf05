#![allow(clippy::unwrap_used)]

mod generated;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use super::*;
use crate::budget::{Policy, Verdict};
use crate::schema::{Reader, Reason, SchemaBlock};

fn reader(writes: u32, reads_since: u32, features: &[&str]) -> Reader {
    Reader {
        writes,
        reads_since,
        features: features.iter().map(ToString::to_string).collect(),
    }
}

fn build(version: &str, schema: Reader) -> Build {
    Build {
        version: version.to_owned(),
        target: "x86_64-unknown-linux-gnu".to_owned(),
        schema,
    }
}

fn block(written: u32) -> SchemaBlock {
    SchemaBlock {
        written,
        readable_since: written,
        requires: BTreeSet::new(),
    }
}

fn profile(current: CurrentRun, used: u64) -> ProfileFacts {
    ProfileFacts {
        name: "default".to_owned(),
        current,
        used_bytes: Ok(used),
        policy: Policy {
            max_bytes: Some(1000),
            ..Policy::default()
        },
    }
}

fn run(written: u32, rebuild_bytes: u64) -> CurrentRun {
    CurrentRun::Run {
        id: "r0001-0123456789ab".to_owned(),
        blocks: vec![block(written)],
        source_bytes: Some(10),
        rebuild_bytes,
    }
}

fn workspace(root: &str, profile: ProfileFacts) -> WorkspaceFacts {
    WorkspaceFacts {
        root: root.into(),
        standing: Standing::Present(vec![profile]),
    }
}

/// The installed version writes and reads 1, the candidate 2 only.
fn incompatible(workspaces: &[WorkspaceFacts]) -> Report {
    judge(
        workspaces,
        &build("0.1.0", reader(1, 1, &[])),
        &build("0.2.0", reader(2, 2, &[])),
        &mut |_, _| None,
    )
}

fn only(report: &Report) -> &ProfileReport {
    report.profiles().next().unwrap().1
}

#[test]
fn a_workspace_that_becomes_unreadable_stops_the_update() {
    let report = incompatible(&[workspace("/a b", profile(run(1, 100), 200))]);
    let row = only(&report);
    assert_eq!(row.change, Change::NeedsRebuild);
    assert_eq!(row.schema.after.reason.as_deref(), Some("too_old"));
    assert_eq!(row.budget.after_bytes, 300);
    assert_eq!(
        row.action,
        "after the update: `auditgraph rebuild --root '/a b' --profile default`"
    );
    assert_eq!(
        decide(&report, Accept::default()),
        Decision::RebuildRequired
    );
    let accept = Accept {
        rebuild: true,
        ..Accept::default()
    };
    assert_eq!(decide(&report, accept), Decision::Proceed);
    assert!(report.worsens());
}

#[test]
fn a_rebuild_that_would_pass_the_budget_stops_it_as_well() {
    let report = incompatible(&[workspace("/a", profile(run(1, 800), 200))]);
    assert_eq!(only(&report).change, Change::NeedsRebuildOverBudget);
    let rebuild = Accept {
        rebuild: true,
        over_budget: false,
    };
    assert_eq!(
        decide(&report, Accept::default()),
        Decision::RebuildRequired
    );
    assert_eq!(decide(&report, rebuild), Decision::OverBudget);
    let both = Accept {
        rebuild: true,
        over_budget: true,
    };
    assert_eq!(decide(&report, both), Decision::Proceed);
    assert!(report.worsens());
}

#[test]
fn what_was_so_before_is_listed_and_stops_nobody() {
    let foreign = CurrentRun::Broken(Reason::ForeignLayout {
        detail: "ingest-manifest.json".to_owned(),
    });
    let report = incompatible(&[
        workspace("/foreign", profile(foreign, 10)),
        workspace("/future", profile(run(9, 10), 10)),
        workspace("/full", profile(run(2, 10), 5000)),
        workspace("/empty", profile(CurrentRun::None, 0)),
        WorkspaceFacts {
            root: "/gone".into(),
            standing: Standing::Missing,
        },
    ]);
    let changes: Vec<(&str, Change)> = report
        .profiles()
        .map(|(root, row)| (root, row.change))
        .collect();
    assert_eq!(
        changes,
        [
            ("/empty", Change::None),
            ("/foreign", Change::AlreadyUnreadable),
            // Written by schema 2: over budget, but readable only after.
            ("/full", Change::BecomesReadable),
            ("/future", Change::AlreadyUnreadable),
        ]
    );
    assert_eq!(decide(&report, Accept::default()), Decision::Proceed);
    assert!(!report.worsens());
}

#[test]
fn a_profile_whose_bytes_cannot_be_counted_is_judged_by_its_schema() {
    let mut uncounted = profile(run(1, 100), 0);
    uncounted.used_bytes = Err("/a/x: Permission denied".to_owned());
    let report = incompatible(&[workspace("/a", uncounted)]);
    let row = only(&report);
    assert_eq!(row.change, Change::NeedsRebuild);
    assert_eq!((row.budget.before, row.budget.after), (None, None));
    assert_eq!(
        decide(&report, Accept::default()),
        Decision::RebuildRequired
    );
    let text = table(&report);
    let line = text.lines().nth(1).unwrap();
    assert_eq!(
        line.split_whitespace().collect::<Vec<_>>()[3..],
        ["needs", "rebuild", "-", "-", "1000", "B", "-"]
    );
    assert!(text.contains("    /a/x: Permission denied; artifact"));
    // A version before this field was there answers without it.
    let mut document = serde_json::to_value(&report).unwrap();
    let budget = &mut document["workspaces"][0]["profiles"][0]["budget"];
    budget.as_object_mut().unwrap().remove("uncounted");
    assert!(serde_json::from_value::<Report>(document).is_ok());
}

#[test]
fn one_profile_that_cannot_be_counted_leaves_the_others_judged() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let profiles = root.join(".pkg/profiles");
    std::fs::create_dir_all(profiles.join("default")).unwrap();
    std::fs::write(root.join("auditgraph.toml"), "").unwrap();
    // A path longer than any call takes cannot be looked at, by root neither.
    let mut deep = profiles.join("other");
    std::fs::create_dir(&deep).unwrap();
    let name = "d".repeat(250);
    let mut at = std::fs::File::open(&deep).unwrap();
    for _ in 0..17 {
        rustix::fs::mkdirat(&at, &name, rustix::fs::Mode::RWXU).unwrap();
        let flags = rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::RDONLY;
        at = rustix::fs::openat(&at, &name, flags, rustix::fs::Mode::empty())
            .unwrap()
            .into();
        deep.push(&name);
    }
    let facts = gather(vec![root.to_owned()], PATIENCE);
    let Standing::Present(profiles) = &facts[0].standing else {
        panic!("{facts:?}");
    };
    let counted: Vec<bool> = profiles
        .iter()
        .map(|profile| profile.used_bytes.is_ok())
        .collect();
    assert_eq!(counted, [true, false]);
}

#[test]
fn exact_bytes_are_asked_only_where_a_verdict_changes() {
    let asked = Mutex::new(Vec::new());
    let workspaces = [
        workspace("/changes", profile(run(1, 900), 0)),
        workspace("/stays", profile(run(2, 900), 0)),
        workspace("/never-readable", profile(run(9, 900), 0)),
    ];
    let report = judge(
        &workspaces,
        &build("0.1.0", reader(2, 1, &[])),
        &build("0.2.0", reader(3, 2, &[])),
        &mut |root, _| {
            asked.lock().unwrap().push(root.to_owned());
            Some(1)
        },
    );
    assert_eq!(*asked.lock().unwrap(), [PathBuf::from("/changes")]);
    let row = only(&report);
    assert_eq!(
        row.budget.rebuild,
        Some(Rebuild {
            bytes: 1,
            exact: true
        })
    );
}

#[test]
fn a_workspace_that_does_not_answer_costs_a_bounded_wait_and_nothing_else() {
    // Never sent to while the test runs: its reader is a mount that hangs.
    let (hold, stuck) = mpsc::channel::<()>();
    let stuck = Mutex::new(stuck);
    let items: Vec<u32> = (0..40).collect();
    let results = each(items, Duration::from_secs(2), move |item| {
        if *item == 3 {
            let _ = stuck.lock().map(|stuck| stuck.recv());
        }
        *item
    });
    drop(hold);
    let late: Vec<usize> = (0..40).filter(|index| results[*index].is_none()).collect();
    assert_eq!(late, [3]);
    assert_eq!(results[39], Some(39));
}

#[test]
fn every_command_that_is_advised_can_be_typed() {
    let workspaces = [
        workspace("/rebuild", profile(run(1, 100), 200)),
        workspace("/no-room", profile(run(1, 900), 200)),
        workspace("/no-room-before", profile(run(1, 900), 5000)),
        workspace("/future", profile(run(9, 10), 10)),
    ];
    let mut reports = vec![incompatible(&workspaces)];
    let same = build("0.1.0", reader(1, 1, &[]));
    let full = [workspace("/full", profile(run(1, 10), 5000))];
    reports.push(judge(&full, &same, &same, &mut |_, _| None));
    let mut changes = Vec::new();
    for (_, row) in reports.iter().flat_map(Report::profiles) {
        changes.push(row.change);
        let commands: Vec<&str> = row.action.split('`').skip(1).step_by(2).collect();
        assert!(!commands.is_empty(), "{}", row.action);
        // A rebuild over the budget is refused.
        let rebuild_first = commands[0].starts_with("auditgraph rebuild")
            && row.change.loses_readability()
            && row.budget.after == Some(Verdict::Block);
        assert!(!rebuild_first, "{}", row.action);
        for command in commands {
            let words = command.split(' ');
            let typed = crate::cli::command().try_get_matches_from(words);
            assert!(typed.is_ok(), "{command}: {typed:?}");
        }
    }
    let expected = [
        Change::AlreadyUnreadable,
        Change::NeedsRebuildOverBudget,
        Change::NeedsRebuild,
        Change::NeedsRebuild,
        Change::AlreadyOverBudget,
    ];
    assert_eq!(changes, expected);
}

#[test]
fn the_table_names_every_workspace_and_what_to_do() {
    let report = incompatible(&[
        workspace("/home/me/notes", profile(run(1, 900), 200)),
        WorkspaceFacts {
            root: "/mnt/nas".into(),
            standing: Standing::Unresponsive(Duration::from_secs(2)),
        },
    ]);
    assert_eq!(
        table(&report),
        "\
WORKSPACE       PROFILE  CURRENT RUN         SCHEMA           NOW    AFTER   LIMIT  BUDGET
/home/me/notes  default  r0001-0123456789ab  needs rebuild  200 B  1.1 KiB  1000 B  ok -> over (predicted)
    artifact schema 1 is too old: version 0.2.0 reads 2 and later; make room first (100 B over): raise [budget] in auditgraph.toml, or `auditgraph gc --keep 1 --dry-run --root /home/me/notes --profile default`; after the update: `auditgraph rebuild --root /home/me/notes --profile default`
/mnt/nas        -        -                   no answer          -        -       -  -
    its file system did not answer within 2 s
"
    );
}

#[test]
fn the_table_shows_every_character_of_what_others_wrote() {
    let root = "/home/\u{202e}me\u{200b}\n";
    let report = incompatible(&[workspace(root, profile(run(1, 900), 200))]);
    let text = table(&report);
    assert!(text.contains(r"/home/\u{202e}me\u{200b}\n"), "{text}");
}

#[test]
fn a_report_of_the_future_is_read_and_its_words_are_not_believed() {
    let report = incompatible(&[workspace("/a", profile(run(1, 1), 1))]);
    let mut document = serde_json::to_value(&report).unwrap();
    document["later"] = serde_json::json!({"more": true});
    document["workspaces"][0]["profiles"][0]["change"] = "none".into();
    let read: Report = serde_json::from_value(document).unwrap();
    assert_eq!(decide(&read, Accept::default()), Decision::RebuildRequired);
}

#[test]
fn each_version_speaks_for_itself_when_reports_are_merged() {
    let facts = [workspace("/a", profile(run(1, 100), 200))];
    let installed = build("0.1.0", reader(1, 1, &[]));
    // From the signed window nothing changes; the candidate knows better.
    let ours = judge(
        &facts,
        &installed,
        &build("0.2.0", reader(2, 1, &[])),
        &mut |_, _| None,
    );
    assert_eq!(only(&ours).change, Change::None);
    let theirs = judge(
        &facts,
        &installed,
        &build("0.2.0", reader(2, 2, &[])),
        &mut |_, _| Some(900),
    );
    let merged = merge(&ours, &theirs, &facts);
    assert_eq!(only(&merged).change, Change::NeedsRebuildOverBudget);
    assert_eq!(
        only(&merged).budget.rebuild,
        Some(Rebuild {
            bytes: 900,
            exact: true
        })
    );
    // Where it sees no rebuild, its verdict is on fewer bytes than ours.
    let damaged = CurrentRun::Broken(Reason::ForeignLayout {
        detail: "v1".to_owned(),
    });
    let facts = [workspace("/a", profile(run(1, 900), 200))];
    let blind = incompatible(&[workspace("/a", profile(damaged, 200))]);
    let merged = merge(&incompatible(&facts), &blind, &facts);
    assert_eq!(only(&merged).change, Change::NeedsRebuildOverBudget);
    // What could not be counted here is not judged by what it counted.
    let mut uncounted = profile(run(1, 100), 0);
    uncounted.used_bytes = Err("/a/x: Permission denied".to_owned());
    let merged = merge(&ours, &theirs, &[workspace("/a", uncounted)]);
    assert_eq!(only(&merged).change, Change::NeedsRebuild);
    assert_eq!(only(&merged).budget.after, None);
    // A workspace it does not answer for stays as foreseen.
    let mut silent = theirs;
    silent.workspaces.clear();
    assert_eq!(merge(&ours, &silent, &facts), ours);
}
