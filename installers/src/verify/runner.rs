//! Runs checks one after another and keeps the ledger.

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use super::check::{Action, Check, Context, Outcome};
use super::ledger::{Entry, Ledger, words};
use super::process::Log;
use crate::project::Project;
use crate::tools::Toolbox;

/// Runs `checks`; those named in `skip` are entered as skipped. With
/// `fail_fast` nothing runs after a failure. Progress goes to standard output,
/// or to standard error where standard output is to be one JSON document.
pub(crate) fn run(
    project: &Project,
    checks: Vec<Check>,
    skip: &[String],
    fail_fast: bool,
    json: bool,
) -> Result<Ledger, Box<dyn Error>> {
    let say = |line: &str| {
        if json {
            eprintln!("{line}");
        } else {
            println!("{line}");
        }
    };
    let tools = Toolbox::open(&project.root)?;
    let logs = project.target.join("verify");
    let started = Instant::now();
    let mut ledger = Ledger::default();
    let total = checks.len();
    for (index, check) in checks.into_iter().enumerate() {
        let number = index + 1;
        say(&format!(
            "[{number}/{total}] {}: {}",
            check.name, check.proves
        ));
        let entry = if skip.contains(&check.name) {
            skipped(&check, "left out with --skip")
        } else if fail_fast && ledger.failed() > 0 {
            skipped(&check, "an earlier check failed and --fail-fast was given")
        } else {
            let mut log = Log::create(&logs, &check.name, check.limit)?;
            let entry = run_one(project, &tools, &check, &mut log);
            if matches!(entry.outcome, Outcome::Failed(_)) {
                say(&indented(&log.failure_tail().unwrap_or_default()));
                say(&format!("    whole log: {}", log.path().display()));
            }
            entry
        };
        let (word, reason) = words(&entry.outcome);
        let colon = if reason.is_empty() { "" } else { ": " };
        say(&format!(
            "      {word} in {:.1} s{colon}{reason}",
            entry.took.as_secs_f64()
        ));
        ledger.entries.push(entry);
    }
    ledger.installed = tools.installed();
    ledger.total = started.elapsed();
    Ok(ledger)
}

fn skipped(check: &Check, reason: &str) -> Entry {
    Entry {
        name: check.name.clone(),
        outcome: Outcome::Skipped(reason.into()),
        took: Duration::ZERO,
        waited: Duration::ZERO,
    }
}

fn run_one(project: &Project, tools: &Toolbox, check: &Check, log: &mut Log) -> Entry {
    let asked = Instant::now();
    let provided = check
        .needs
        .iter()
        .try_for_each(|tool| tools.ensure(tool).map(drop));
    let waited = asked.elapsed();
    let started = Instant::now();
    let outcome = match provided {
        Err(error) => Outcome::Failed(error.to_string()),
        Ok(()) => act(&Context { project, tools }, check, log)
            .unwrap_or_else(|error| Outcome::Failed(error.to_string())),
    };
    Entry {
        name: check.name.clone(),
        outcome,
        took: started.elapsed(),
        waited,
    }
}

fn act(context: &Context<'_>, check: &Check, log: &mut Log) -> io::Result<Outcome> {
    match &check.action {
        Action::Call(call) => call(context, log),
        Action::Commands(commands) => {
            for mut command in commands(context) {
                if let Some(failure) = log.expect_success(&mut command)? {
                    return Ok(Outcome::Failed(failure));
                }
            }
            Ok(Outcome::Passed)
        }
    }
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("    | {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}
