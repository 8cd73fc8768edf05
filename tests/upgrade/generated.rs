//! SC-002, SC-003 and SC-004 with the program as a user runs it: many
//! generated workspaces on disk, and the exit code and the table it gives.
//!
//! What is expected is said here anew, from the words of the design; nothing
//! of the product's own judgement is used.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::home::Home;
use crate::site::Site;
use crate::trees::copy_tree;
use crate::versions::{COMPATIBLE, INCOMPATIBLE, OLD, Version};

/// A workspace to be made.
#[derive(Clone, Debug)]
enum Kind {
    /// The old version's own, with so many bytes more under its profile, and
    /// a limit of so many percent of what is there.
    Own { filler: u64, limit_percent: u64 },
    /// Written by another version, readable by none before it.
    Newer { written: u32 },
    /// What the ancestor of this tool left.
    Foreign,
    /// Nothing was ever ingested.
    Empty,
    /// On the list and not there.
    Gone,
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    let kind = prop_oneof![
        6 => (0u64..300_000, 30u64..200)
            .prop_map(|(filler, limit_percent)| Kind::Own { filler, limit_percent }),
        3 => (2u32..6).prop_map(|written| Kind::Newer { written }),
        1 => Just(Kind::Foreign),
        1 => Just(Kind::Empty),
        1 => Just(Kind::Gone),
    ];
    proptest::collection::vec(kind, 1..12)
}

/// What is expected of one workspace.
struct Expected {
    root: PathBuf,
    change: Option<&'static str>,
}

/// Makes the workspaces below `home`, which knows them then, and says what
/// `candidate` changes for each.
fn make(home: &Home, template: &Path, kinds: &[Kind], candidate: Version) -> Vec<Expected> {
    let folder = home.path().join("generated");
    let _ = fs::remove_dir_all(&folder);
    let _ = fs::remove_dir_all(home.path().join(".local/state/auditgraph/workspaces"));
    kinds
        .iter()
        .enumerate()
        .map(|(number, kind)| {
            let root = folder.join(format!("w{number}"));
            fs::create_dir_all(&root).unwrap();
            let profile = root.join(".pkg/profiles/default");
            let mut config = String::new();
            let change = match kind {
                Kind::Own {
                    filler,
                    limit_percent,
                } => {
                    copy_tree(template, &root);
                    let file = fs::File::create(profile.join("filler")).unwrap();
                    file.set_len(*filler).unwrap();
                    let used = bytes_below(&profile);
                    let limit = used * limit_percent / 100;
                    config = format!("[budget]\nmax_bytes = {limit}\n");
                    Some(of_own(used, limit, rebuild_bytes(&profile), candidate))
                }
                Kind::Newer { written } => {
                    newer(&profile, *written);
                    let reads = candidate.reads_since..=candidate.writes;
                    Some(if reads.contains(written) {
                        "becomes_readable"
                    } else {
                        "already_unreadable"
                    })
                }
                Kind::Foreign => {
                    let run = profile.join("runs/2024-01-01");
                    fs::create_dir_all(&run).unwrap();
                    let manifest = r#"{"schema_version":"v1"}"#;
                    fs::write(run.join("ingest-manifest.json"), manifest).unwrap();
                    Some("already_unreadable")
                }
                Kind::Empty | Kind::Gone => None,
            };
            fs::write(root.join("auditgraph.toml"), config).unwrap();
            home.run(&["workspaces", "add", root.to_str().unwrap()])
                .exits(0);
            if matches!(kind, Kind::Gone) {
                fs::remove_dir_all(&root).unwrap();
            }
            Expected { root, change }
        })
        .collect()
}

/// A run of the old version: `rebuild` bytes come to `used` where the
/// candidate cannot read it.
fn of_own(used: u64, limit: u64, rebuild: u64, candidate: Version) -> &'static str {
    let readable = (candidate.reads_since..=candidate.writes).contains(&OLD.writes);
    let within = used < limit;
    match (readable, within, used + rebuild < limit) {
        (true, true, _) => "none",
        (true, false, _) => "already_over_budget",
        (false, true, false) => "needs_rebuild_over_budget",
        (false, ..) => "needs_rebuild",
    }
}

/// Bytes that count: all but the lock.
fn bytes_below(folder: &Path) -> u64 {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("lock"))
        .map(|path| {
            if path.is_dir() {
                bytes_below(&path)
            } else {
                fs::metadata(path).unwrap().len()
            }
        })
        .sum()
}

/// What the current run has now: packs, index and manifest.
fn rebuild_bytes(profile: &Path) -> u64 {
    let size = |path: PathBuf| fs::metadata(path).unwrap().len();
    let in_folder = |name: &str, end: &str| -> u64 {
        let entries = fs::read_dir(profile.join(name)).unwrap();
        let files = entries.map(|entry| entry.unwrap().path());
        files
            .filter(|path| path.to_string_lossy().ends_with(end))
            .map(size)
            .sum()
    };
    in_folder("packs", ".db") + in_folder("cache", ".db") + in_folder("runs", ".json")
}

/// A profile whose current run is of schema `written`.
fn newer(profile: &Path, written: u32) {
    let run = "r0001-0123456789ab";
    let block = json!({"written": written, "readable_since": written, "requires": []});
    let current = json!({"format": 1, "run": run, "highest_ordinal": 1});
    let packs = json!([{"file": "x", "bytes": 1000, "schema": block}]);
    let manifest = json!({"schema": block, "source_bytes": 10, "packs": packs});
    fs::create_dir_all(profile.join("runs")).unwrap();
    fs::write(profile.join("current"), current.to_string()).unwrap();
    let path = profile.join(format!("runs/{run}.json"));
    fs::write(path, manifest.to_string()).unwrap();
}

#[test]
fn every_generated_workspace_is_decided_as_specified() {
    let site = Site::with(&[OLD, COMPATIBLE, INCOMPATIBLE]);
    let home = Home::new(&site);
    let template = home.workspace("template");
    let ask = |candidate: Version, accept: &[&str]| {
        let arguments = [&["preflight", "--json", "--to", candidate.number], accept].concat();
        home.run(&arguments)
    };
    let seen = RefCell::new(BTreeMap::new());
    let config = Config {
        cases: 20,
        failure_persistence: None,
        ..Config::default()
    };
    // The same ones each time, so that every kind is met each time.
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let outcome = runner.run(&kinds(), |kinds| {
        for candidate in [COMPATIBLE, INCOMPATIBLE] {
            let expected = make(&home, &template, &kinds, candidate);
            let has = |word: &str| {
                expected
                    .iter()
                    .any(|row| row.change.is_some_and(|change| change.contains(word)))
            };
            let (loses, over) = (has("needs_rebuild"), has("rebuild_over_budget"));
            let codes = [
                (&[][..], if loses { 3 } else { 0 }),
                (&["--accept-rebuild"], if over { 4 } else { 0 }),
                (&["--accept-rebuild", "--accept-over-budget"], 0),
            ];
            for (accept, code) in codes {
                let said = ask(candidate, accept);
                prop_assert_eq!(said.code, code, "{:?}: {:#?}", accept, said);
                let document: Value = serde_json::from_str(&said.stdout).unwrap();
                let report = match code {
                    0 => &document,
                    _ => &document["error"]["details"]["preflight"],
                };
                for row in &expected {
                    let workspaces = report["workspaces"].as_array().unwrap();
                    let root = row.root.to_str().unwrap();
                    let shown = workspaces.iter().find(|shown| shown["root"] == root);
                    let shown = &shown.unwrap()["profiles"][0]["change"];
                    prop_assert_eq!(shown.as_str(), row.change, "{}", root);
                }
            }
            for row in expected {
                let change = row.change.unwrap_or("nothing");
                *seen.borrow_mut().entry(change).or_insert(0) += 1;
            }
        }
        Ok(())
    });
    outcome.unwrap();
    let seen = seen.into_inner();
    println!("{seen:?}");
    assert_eq!(seen.len(), 7, "every kind of change was met: {seen:?}");
}
