//! Runs checks one after another and keeps the ledger. Those that are marked so
//! ([`Check::beside`]) do the same beside those after them, up to one that
//! measures: a release's last crate keeps one core busy for a minute and a half,
//! and a machine has two.
//!
//! Tools are installed by a second thread meanwhile, in the order in which the
//! checks need them; a check waits for its own tools only, and one that
//! measures time ([`Check::alone`]) for all of them.

use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use super::check::{Action, Check, Context, LIMIT, Outcome};
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
    /// Start no check when this much time has passed.
    pub(crate) start_within: Option<Duration>,
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
            started,
            failed: AtomicBool::new(false),
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
    started: Instant,
    /// Whether a check has failed.
    failed: AtomicBool,
}

impl Run<'_> {
    fn all(&self, checks: &[Check]) -> io::Result<Ledger> {
        let total = checks.len();
        let mut entries: Vec<Option<Entry>> = checks.iter().map(|_| None).collect();
        std::thread::scope(|scope| {
            let mut lane = None;
            for (index, check) in checks.iter().enumerate() {
                if check.alone {
                    join(lane.take(), &mut entries)?;
                }
                self.say(&format!(
                    "[{}/{total}] {}: {}",
                    index + 1,
                    check.name,
                    check.proves
                ));
                if check.beside {
                    self.say("      goes on beside the next");
                    let lane = lane.get_or_insert_with(|| {
                        let (queue, waiting) = mpsc::channel::<usize>();
                        let told = |index: usize| Ok((index, self.told(&checks[index])?));
                        (
                            queue,
                            scope.spawn(move || waiting.iter().map(told).collect()),
                        )
                    });
                    lane.0.send(index).map_err(io::Error::other)?;
                    continue;
                }
                let entry = self.unless_left_out(check)?;
                self.tell("", &entry);
                entries[index] = Some(entry);
            }
            join(lane, &mut entries)
        })?;
        Ok(Ledger {
            entries: entries.into_iter().flatten().collect(),
            ..Ledger::default()
        })
    }

    /// Why a check is not run, if it is not.
    fn left_out(&self, check: &Check) -> Option<String> {
        if self.options.skip.contains(&check.name) {
            return Some("left out with --skip".into());
        }
        if self.options.fail_fast && self.failed.load(Ordering::Relaxed) {
            return Some("an earlier check failed and --fail-fast was given".into());
        }
        let limit = self.options.start_within?;
        let minutes = limit.as_secs() / 60;
        (self.started.elapsed() >= limit)
            .then(|| format!("--start-within {minutes}: so many minutes had passed"))
    }

    fn unless_left_out(&self, check: &Check) -> io::Result<Entry> {
        match self.left_out(check) {
            Some(reason) => Ok(skipped(check, &reason)),
            None => self.one(check),
        }
    }

    fn told(&self, check: &Check) -> io::Result<Entry> {
        let entry = self.unless_left_out(check)?;
        self.tell(&format!("{} ", check.name), &entry);
        Ok(entry)
    }

    fn tell(&self, name: &str, entry: &Entry) {
        if matches!(entry.outcome, Outcome::Failed(_)) {
            self.failed.store(true, Ordering::Relaxed);
        }
        let (word, reason) = words(&entry.outcome);
        let colon = if reason.is_empty() { "" } else { ": " };
        let seconds = entry.took.as_secs_f64();
        self.say(&format!(
            "      {name}{word} in {seconds:.1} s{colon}{reason}"
        ));
    }

    fn one(&self, check: &Check) -> io::Result<Entry> {
        let logs = self.context.project.target.join("verify");
        let mut log = Log::create(&logs, &check.name, LIMIT)?;
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
        if check.alone && outcome == Outcome::Passed {
            self.say(&format!("      figures: {}", log.path().display()));
        }
        if matches!(outcome, Outcome::Failed(_)) {
            let excerpt = log.failure_excerpt()?;
            self.say(
                &excerpt
                    .lines()
                    .map(|line| format!("    | {line}\n"))
                    .collect::<String>(),
            );
            self.say(&format!("    whole log: {}", log.path().display()));
        }
        Ok(Entry {
            name: check.name.clone(),
            outcome,
            left_out: log.left_out()?,
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

/// The checks that run beside others, one after another: where to queue one, and
/// the thread that runs them.
type Lane<'scope> = (
    mpsc::Sender<usize>,
    ScopedJoinHandle<'scope, io::Result<Vec<(usize, Entry)>>>,
);

/// Waits for the checks that run beside, and enters them.
fn join(lane: Option<Lane<'_>>, entries: &mut [Option<Entry>]) -> io::Result<()> {
    let Some((queue, worker)) = lane else {
        return Ok(());
    };
    drop(queue);
    let ended = worker.join();
    for (index, entry) in ended.map_err(|_| io::Error::other("a check panicked"))?? {
        entries[index] = Some(entry);
    }
    Ok(())
}

fn skipped(check: &Check, reason: &str) -> Entry {
    Entry {
        name: check.name.clone(),
        outcome: Outcome::Skipped(reason.into()),
        left_out: Vec::new(),
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
            start_within: None,
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
    fn a_check_runs_beside_those_after_it_but_not_beside_one_that_measures() {
        // The first ends only when the second has run; the third needs both.
        let wait =
            "for _ in $(seq 1 600); do test -e two && exec touch one; sleep 0.1; done; exit 1";
        let dir = tempfile::tempdir().unwrap();
        let here = |name: &str, script: &'static str| {
            let place = dir.path().to_path_buf();
            Check::commands(name, "a test of the runner", move |_| {
                let mut command = Command::new("sh");
                command.args(["-c", script]).current_dir(&place);
                Ok(vec![command])
            })
        };
        let checks = [
            here("first", wait).beside(),
            here("second", "touch two"),
            here("third", "test -e one").alone(),
        ];
        let ledger = ledger(&checks, &[], false);
        assert_eq!((ledger.passed(), ledger.failed()), (3, 0));
        assert_eq!(ledger.entries[0].name, "first");
    }

    #[test]
    fn no_check_is_started_when_the_time_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            skip: &[],
            fail_fast: false,
            start_within: Some(Duration::ZERO),
            json: true,
        };
        let ledger = run(&project(&dir), &[shell("late", "exit 1")], &options).unwrap();
        let (_, reason) = words(&ledger.entries[0].outcome);
        assert!(reason.contains("--start-within 0"), "{reason}");
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
