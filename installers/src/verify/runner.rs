//! Runs checks one after another and keeps the ledger.
//!
//! Tools are installed by a second thread meanwhile, in the order in which the
//! checks need them; a check waits for its own tools only, and one that
//! measures time ([`Check::alone`]) for all of them.

use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::check::{Action, Check, Context, Outcome};
use super::ledger::{Entry, Ledger, words};
use crate::facts::find_release_file;
use crate::process::Log;
use crate::project::Project;
use crate::tools::Toolbox;

/// How the checks are run.
pub(crate) struct Options<'a> {
    /// Names of checks that are left out, and entered as skipped.
    pub(crate) skip: &'a [String],
    /// Run nothing after a failure.
    pub(crate) fail_fast: bool,
    /// Standard output is to be one JSON document: progress goes to standard error.
    pub(crate) json: bool,
}

/// Runs `checks` in their order.
pub(crate) fn run(
    project: &Project,
    checks: &[Check],
    options: &Options<'_>,
) -> Result<Ledger, Box<dyn Error>> {
    let logs = project.target.join("verify");
    let tools = Toolbox::open(&find_release_file(&project.root)?, &logs)?;
    let started = Instant::now();
    let wanted: Vec<&str> = checks
        .iter()
        .filter(|check| !options.skip.contains(&check.name))
        .flat_map(|check| check.needs.iter().map(String::as_str))
        .collect();
    let over = AtomicBool::new(false);
    let mut ledger = std::thread::scope(|scope| {
        scope.spawn(|| {
            for tool in &wanted {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                // Remembered by the toolbox: the check that needs it reports it.
                let _ = tools.ensure(tool);
            }
        });
        let run = Run {
            context: Context {
                project,
                tools: &tools,
            },
            wanted: &wanted,
            options,
        };
        let ledger = run.all(checks);
        over.store(true, Ordering::Relaxed);
        ledger
    })?;
    ledger.installed = tools.installed();
    ledger.total = started.elapsed();
    Ok(ledger)
}

struct Run<'a> {
    context: Context<'a>,
    /// Every tool that some check needs.
    wanted: &'a [&'a str],
    options: &'a Options<'a>,
}

impl Run<'_> {
    fn all(&self, checks: &[Check]) -> io::Result<Ledger> {
        let mut ledger = Ledger::default();
        let total = checks.len();
        for (index, check) in checks.iter().enumerate() {
            self.say(&format!(
                "[{}/{total}] {}: {}",
                index + 1,
                check.name,
                check.proves
            ));
            let entry = if self.options.skip.contains(&check.name) {
                skipped(check, "left out with --skip")
            } else if self.options.fail_fast && ledger.failed() > 0 {
                skipped(check, "an earlier check failed and --fail-fast was given")
            } else {
                self.one(check)?
            };
            let (word, reason) = words(&entry.outcome);
            let colon = if reason.is_empty() { "" } else { ": " };
            let seconds = entry.took.as_secs_f64();
            self.say(&format!("      {word} in {seconds:.1} s{colon}{reason}"));
            ledger.entries.push(entry);
        }
        Ok(ledger)
    }

    fn one(&self, check: &Check) -> io::Result<Entry> {
        let logs = self.context.project.target.join("verify");
        let mut log = Log::create(&logs, &check.name, check.limit)?;
        let asked = Instant::now();
        let provided = self.provide(check);
        let waited = asked.elapsed();
        let started = Instant::now();
        let outcome = match provided {
            Err(reason) => Outcome::Failed(reason),
            Ok(()) => self
                .act(check, &mut log)
                .unwrap_or_else(|error| Outcome::Failed(error.to_string())),
        };
        let took = started.elapsed();
        if matches!(outcome, Outcome::Failed(_)) {
            let tail = log.failure_tail()?;
            self.say(
                &tail
                    .lines()
                    .map(|line| format!("    | {line}\n"))
                    .collect::<String>(),
            );
            self.say(&format!("    whole log: {}", log.path().display()));
        }
        Ok(Entry {
            name: check.name.clone(),
            outcome,
            took,
            waited,
        })
    }

    fn provide(&self, check: &Check) -> Result<(), String> {
        if check.alone {
            for tool in self.wanted {
                // Only to be sure that nothing is being installed any more.
                let _ = self.context.tools.ensure(tool);
            }
        }
        check
            .needs
            .iter()
            .try_for_each(|tool| self.context.tools.ensure(tool).map(drop))
            .map_err(|error| error.to_string())
    }

    fn act(&self, check: &Check, log: &mut Log) -> io::Result<Outcome> {
        match &check.action {
            Action::Call(call) => call(&self.context, log),
            Action::Commands(commands) => {
                for mut command in commands(&self.context)? {
                    if let Some(failure) = log.expect_success(&mut command)? {
                        return Ok(Outcome::Failed(failure));
                    }
                }
                Ok(Outcome::Passed)
            }
        }
    }

    fn say(&self, line: &str) {
        if self.options.json {
            eprintln!("{line}");
        } else {
            println!("{line}");
        }
    }
}

fn skipped(check: &Check, reason: &str) -> Entry {
    Entry {
        name: check.name.clone(),
        outcome: Outcome::Skipped(reason.into()),
        took: Duration::ZERO,
        waited: Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::process::Command;

    use super::*;

    fn project(dir: &tempfile::TempDir) -> Project {
        std::fs::write(dir.path().join("release.toml"), "[tools]\n").unwrap();
        Project {
            root: dir.path().into(),
            target: dir.path().join("target"),
            package: "p".into(),
            version: "1.0.0".into(),
            binary: "p".into(),
            tests: Vec::new(),
        }
    }

    fn shell(name: &str, script: &'static str) -> Check {
        Check::commands(name, "a test of the runner", move |_| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            Ok(vec![command])
        })
    }

    fn ledger(checks: &[Check], skip: &[String], fail_fast: bool) -> Ledger {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            skip,
            fail_fast,
            json: true,
        };
        run(&project(&dir), checks, &options).unwrap()
    }

    #[test]
    fn a_failure_is_counted_and_the_rest_still_runs() {
        let checks = [shell("bad", "echo why; exit 1"), shell("good", "exit 0")];
        let ledger = ledger(&checks, &[], false);
        assert_eq!(
            (ledger.passed(), ledger.failed(), ledger.skipped()),
            (1, 1, 0)
        );
    }

    #[test]
    fn after_a_failure_with_fail_fast_the_rest_is_skipped_out_loud() {
        let checks = [shell("bad", "exit 1"), shell("good", "exit 0")];
        let ledger = ledger(&checks, &[], true);
        assert_eq!(
            (ledger.passed(), ledger.failed(), ledger.skipped()),
            (0, 1, 1)
        );
        let (_, reason) = words(&ledger.entries[1].outcome);
        assert!(reason.contains("--fail-fast"), "{reason}");
    }

    #[test]
    fn a_check_left_out_is_skipped_out_loud() {
        let ledger = ledger(&[shell("a", "exit 1")], &["a".into()], false);
        assert_eq!((ledger.failed(), ledger.skipped()), (0, 1));
    }

    #[test]
    fn a_check_whose_tool_is_missing_fails_and_names_it() {
        let ledger = ledger(&[shell("a", "exit 0").needing(["hammer"])], &[], false);
        let (word, reason) = words(&ledger.entries[0].outcome);
        assert_eq!(word, "failed");
        assert!(reason.contains("hammer"), "{reason}");
    }
}
