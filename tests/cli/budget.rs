//! The footprint budget, as users meet it (FR-008 to FR-010).

use serde_json::Value;

use crate::support::{NOTES, Sandbox, snapshot};

/// What a first ingest would bring the profile to, in bytes.
fn projected(sandbox: &Sandbox) -> u64 {
    let plan = sandbox
        .run(&["ingest", "--dry-run", "--json"])
        .document("ingest");
    plan["budget"]["projected_bytes"].as_u64().unwrap()
}

/// What a first ingest would bring the profile to with the limit set to
/// `share` of it. The run's manifest records the limit, so its digits are
/// part of the sum.
fn settled(sandbox: &Sandbox, share: impl Fn(u64) -> u64) -> u64 {
    let mut bytes = 1_000_000;
    for _ in 0..4 {
        limit(sandbox, share(bytes));
        bytes = projected(sandbox);
    }
    limit(sandbox, share(bytes));
    assert_eq!(projected(sandbox), bytes);
    bytes
}

fn limit(sandbox: &Sandbox, max_bytes: u64) {
    sandbox.write(
        "auditgraph.toml",
        &format!("[budget]\nmax_bytes = {max_bytes}\n"),
    );
}

#[test]
fn exactly_the_limit_blocks_before_the_first_byte_and_one_byte_more_does_not() {
    let sandbox = Sandbox::with(NOTES);
    let bytes = settled(&sandbox, |bytes| bytes);
    let before = snapshot(&sandbox.root());
    let outcome = sandbox.run(&["ingest"]).exits(4);
    for part in [
        "usage",
        "limit",
        "thresholds",
        "ways out",
        "max_bytes",
        "[sources]",
        "100 %",
    ] {
        assert!(outcome.stderr.contains(part), "{part}: {}", outcome.stderr);
    }
    let document = sandbox
        .run(&["ingest", "--json"])
        .exits(4)
        .document("error");
    let budget: &Value = &document["error"]["details"]["budget"];
    assert_eq!(budget["verdict"], "block");
    assert_eq!(budget["limit_bytes"], bytes);
    assert_eq!(budget["added_bytes"], bytes);
    // There is no run yet that gc could remove.
    let hint = document["error"]["hint"].as_str().unwrap();
    assert!(hint.starts_with("raise [budget]"), "{hint}");
    assert_eq!(snapshot(&sandbox.root()), before);
    limit(&sandbox, bytes + 1);
    sandbox.run(&["ingest"]).done().says("warning: ");
}

#[test]
fn exactly_eighty_per_cent_warns_and_one_byte_below_does_not() {
    let sandbox = Sandbox::with(NOTES);
    // The largest limit of which `bytes` still are 80 %.
    let bytes = settled(&sandbox, |bytes| bytes * 100 / 80);
    sandbox
        .run(&["ingest", "--dry-run"])
        .done()
        .says("warning: the footprint budget is nearly used up");
    limit(&sandbox, bytes * 100 / 80 + 1);
    let outcome = sandbox.run(&["ingest", "--dry-run"]).done();
    assert_eq!(outcome.stderr, "");
}

#[test]
fn foreign_bytes_count() {
    let sandbox = Sandbox::ingested();
    sandbox.write("plan.md", "# Plan\n\nAnother.\n");
    let foreign = ".pkg/profiles/default/leftover.bin";
    sandbox.write(foreign, &"x".repeat(4 * 1024 * 1024));
    sandbox
        .run(&["ingest"])
        .exits(4)
        .says("largest     leftover.bin 4.0 MiB");
    // A command that writes nothing is never blocked.
    sandbox.run(&["query", "beacon"]).done();
}

#[test]
fn the_next_command_removes_something_or_is_none() {
    let sandbox = Sandbox::with(NOTES);
    let hint = |sandbox: &Sandbox, command: &str| {
        limit(sandbox, 1000);
        let outcome = sandbox.run(&[command, "--json", "--root", "."]).exits(4);
        sandbox.write("auditgraph.toml", "");
        outcome.document("error")["error"]["hint"].clone()
    };
    let raise = "raise [budget] max_bytes in auditgraph.toml";
    sandbox.run(&["ingest"]).done();
    assert_eq!(hint(&sandbox, "rebuild"), raise);
    sandbox.run(&["rebuild"]).done();
    let next = "auditgraph gc --keep 1 --dry-run --root .";
    assert_eq!(hint(&sandbox, "rebuild"), next);
    sandbox.run(&["gc", "--keep", "1"]).done();
    assert_eq!(hint(&sandbox, "rebuild"), raise);
    // A run of another program goes by its name alone.
    sandbox.write(".pkg/profiles/default/runs/old one/manifest.json", "{}");
    let next = "auditgraph gc --run 'old one' --dry-run --root .";
    assert_eq!(hint(&sandbox, "rebuild"), next);
    let named = ["gc", "--run", "old one", "--dry-run", "--root", "."];
    sandbox.run(&named).done().shows("runs/old one");
}

#[test]
fn a_dry_run_over_budget_prints_the_plan_and_the_verdict() {
    let sandbox = Sandbox::with(NOTES);
    limit(&sandbox, 1000);
    let document = sandbox
        .run(&["ingest", "--dry-run", "--json"])
        .exits(4)
        .document("ingest");
    assert_eq!(document["outcome"], "planned");
    assert_eq!(document["budget"]["verdict"], "block");
}
