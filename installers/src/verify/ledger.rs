//! The account of a verify run: what each check did, how long, and the sum.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::check::{Check, Outcome};

/// What happened, in the order in which it happened.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// One entry a check.
    pub(crate) entries: Vec<Entry>,
    /// Tools that were installed on the way, with how long that took.
    pub(crate) installed: Vec<(String, Duration)>,
    /// From the first check's start to the last one's end.
    pub(crate) total: Duration,
}

/// One check's line.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The check's name.
    pub(crate) name: String,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// What it could not do on this machine, and why.
    pub(crate) left_out: Vec<String>,
    /// How long it ran.
    pub(crate) took: Duration,
    /// How long it waited for its tools before that.
    pub(crate) waited: Duration,
}

impl Ledger {
    fn count(&self, wanted: fn(&Outcome) -> bool) -> usize {
        self.entries
            .iter()
            .filter(|entry| wanted(&entry.outcome))
            .count()
    }

    /// Checks that held.
    pub(crate) fn passed(&self) -> usize {
        self.count(|outcome| *outcome == Outcome::Passed)
    }

    /// Checks that did not hold.
    pub(crate) fn failed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    /// Checks that did not run.
    pub(crate) fn skipped(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Skipped(_)))
    }

    /// The ledger as people read it. Its last line is the sum and nothing else.
    pub(crate) fn render(&self) -> String {
        let mut text = String::from("\nLedger\n");
        let width = self
            .entries
            .iter()
            .map(|entry| entry.name.len())
            .max()
            .unwrap_or(0);
        for entry in &self.entries {
            let (word, reason) = words(&entry.outcome);
            let seconds = entry.took.as_secs_f64();
            let _ = write!(text, "  {:width$}  {word:7}  {seconds:7.1} s", entry.name);
            if entry.waited > Duration::from_secs(1) {
                let _ = write!(
                    text,
                    "  (+ {:.0} s for its tools)",
                    entry.waited.as_secs_f64()
                );
            }
            if !reason.is_empty() {
                let _ = write!(text, "  {}", one_line(reason));
            }
            text.push('\n');
            for reason in &entry.left_out {
                let _ = writeln!(text, "  {:width$}  without: {reason}", "");
            }
        }
        for (tool, took) in &self.installed {
            let _ = writeln!(text, "  installed {tool} in {:.0} s", took.as_secs_f64());
        }
        let _ = writeln!(
            text,
            "  {} checks in {:.1} minutes",
            self.entries.len(),
            self.total.as_secs_f64() / 60.0
        );
        let _ = writeln!(text, "{}", self.sum());
        text
    }

    fn sum(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed(),
            self.failed(),
            self.skipped()
        )
    }

    /// The ledger as one JSON document.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        let checks: Vec<_> = self
            .entries
            .iter()
            .map(|entry| {
                let (status, reason) = words(&entry.outcome);
                CheckJson {
                    name: &entry.name,
                    status,
                    reason: (!reason.is_empty()).then_some(reason),
                    left_out: &entry.left_out,
                    seconds: rounded(entry.took),
                    waited_seconds: rounded(entry.waited),
                }
            })
            .collect();
        let installed = self
            .installed
            .iter()
            .map(|(tool, took)| InstalledJson {
                tool,
                seconds: rounded(*took),
            })
            .collect();
        serde_json::to_string_pretty(&LedgerJson {
            format: 1,
            checks,
            installed,
            passed: self.passed(),
            failed: self.failed(),
            skipped: self.skipped(),
            seconds: rounded(self.total),
        })
    }
}

/// The checks and what they need, for `--list`.
pub(crate) fn list(checks: &[Check], json: bool) -> serde_json::Result<String> {
    if json {
        let checks: Vec<_> = checks
            .iter()
            .map(|check| {
                serde_json::json!({
                    "name": check.name, "proves": check.proves, "needs": check.needs,
                })
            })
            .collect();
        let document = serde_json::json!({ "format": 1, "checks": checks });
        return Ok(serde_json::to_string_pretty(&document)? + "\n");
    }
    let width = checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let _ = write!(text, "{:width$}  {}", check.name, check.proves);
        if !check.needs.is_empty() {
            let _ = write!(text, " (needs {})", check.needs.join(", "));
        }
        text.push('\n');
    }
    Ok(text)
}

/// The status word of an outcome, and its reason if it has one.
pub(crate) fn words(outcome: &Outcome) -> (&'static str, &str) {
    match outcome {
        Outcome::Passed => ("passed", ""),
        Outcome::Failed(reason) => ("failed", reason),
        Outcome::Skipped(reason) => ("skipped", reason),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rounded(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10.0).round() / 10.0
}

#[derive(Serialize)]
struct LedgerJson<'a> {
    format: u32,
    checks: Vec<CheckJson<'a>>,
    installed: Vec<InstalledJson<'a>>,
    passed: usize,
    failed: usize,
    skipped: usize,
    seconds: f64,
}

#[derive(Serialize)]
struct CheckJson<'a> {
    name: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    left_out: &'a [String],
    seconds: f64,
    waited_seconds: f64,
}

#[derive(Serialize)]
struct InstalledJson<'a> {
    tool: &'a str,
    seconds: f64,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn entry(name: &str, outcome: Outcome) -> Entry {
        Entry {
            name: name.into(),
            outcome,
            left_out: vec!["a second user".into()],
            took: Duration::from_millis(1500),
            waited: Duration::ZERO,
        }
    }

    fn sample() -> Ledger {
        Ledger {
            entries: vec![
                entry("fmt", Outcome::Passed),
                entry(
                    "clippy",
                    Outcome::Failed("exit status: 101\nsee log".into()),
                ),
                entry("book", Outcome::Skipped("no docs/book.toml".into())),
            ],
            installed: vec![("typos 1.0".into(), Duration::from_secs(3))],
            total: Duration::from_secs(90),
        }
    }

    #[test]
    fn the_very_last_line_is_the_sum_alone() {
        let text = sample().render();
        assert_eq!(text.lines().last(), Some("1 passed, 1 failed, 1 skipped"));
        assert!(text.ends_with("skipped\n"));
    }

    #[test]
    fn every_check_has_one_line_with_status_seconds_and_reason() {
        let text = sample().render();
        let line = |name: &str| {
            text.lines()
                .find(|line| line.trim_start().starts_with(name))
                .unwrap()
                .to_owned()
        };
        assert!(line("fmt").contains("passed") && line("fmt").contains("1.5 s"));
        assert!(line("clippy").contains("failed") && line("clippy").ends_with("101 see log"));
        assert!(line("book").ends_with("no docs/book.toml"));
        let without = text.lines().map(str::trim_start);
        let without = without.filter(|line| *line == "without: a second user");
        assert_eq!(without.count(), 3);
    }

    #[test]
    fn the_json_ledger_says_the_same() {
        let json: serde_json::Value = serde_json::from_str(&sample().to_json().unwrap()).unwrap();
        assert_eq!(json["format"], 1);
        assert_eq!(json["checks"][1]["status"], "failed");
        assert_eq!(json["checks"][2]["reason"], "no docs/book.toml");
        assert_eq!(json["checks"][0]["left_out"][0], "a second user");
        assert_eq!(json["skipped"], 1);
    }
}
