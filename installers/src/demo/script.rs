//! The demo as a value: which sources, which steps. Pure.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Why there is no script to play.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScriptError {
    /// It could not be read.
    #[error("cannot read the demo's script at {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// It says something that is no script.
    #[error("{} is no script for a demo", .0.display())]
    Parse(PathBuf, #[source] Box<toml::de::Error>),
}

/// The whole demo.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    /// Files and folders of the repository that the workspace starts with;
    /// those that are missing are left out.
    pub(crate) sources: Vec<PathBuf>,
    /// What is shown, in this order.
    #[serde(rename = "step")]
    pub(crate) steps: Vec<Step>,
}

/// One thing that the demo shows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// What it is good for, in a sentence or two.
    pub(crate) say: String,
    /// What a user would type, in a POSIX shell.
    pub(crate) run: String,
    /// To which part of the demo it belongs.
    #[serde(default)]
    pub(crate) part: Part,
    /// Where it is typed.
    #[serde(default)]
    pub(crate) place: Place,
    /// The exit code that it must have.
    #[serde(default)]
    pub(crate) exit: i32,
    /// A text that it must print.
    #[serde(default)]
    pub(crate) expect: Option<String>,
    /// It must print at least one citation of a source in the workspace.
    #[serde(default)]
    pub(crate) citation: bool,
    /// It is a server: it stays until the demo is over, and the demo goes on
    /// as soon as it has printed an address, which later steps see as `$URL`.
    #[serde(default)]
    pub(crate) server: bool,
    /// Programs without which it is left out, aloud.
    #[serde(default)]
    pub(crate) needs: Vec<String>,
}

/// A part of the demo.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Part {
    /// What the product does.
    #[default]
    Product,
    /// How it gets from source to its users; takes minutes.
    Release,
}

/// The folder in which a step is typed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Place {
    /// The demo's workspace.
    #[default]
    Workspace,
    /// The checkout.
    Repository,
    /// The copy of the checkout that releases are made of.
    Source,
}

impl Script {
    /// Reads the script at `path`.
    pub(crate) fn read(path: &Path) -> Result<Self, ScriptError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| ScriptError::Read(path.into(), error))?;
        toml::from_str(&text).map_err(|error| ScriptError::Parse(path.into(), Box::new(error)))
    }
}

impl Step {
    /// What is wrong with the step's outcome, given its exit code, its output
    /// and the number of lines that a source of the workspace has.
    pub(crate) fn problem(
        &self,
        exit: Option<i32>,
        output: &str,
        lines_of: impl Fn(&str) -> Option<usize>,
    ) -> Option<String> {
        if exit != Some(self.exit) {
            let got = exit.map_or("ended by a signal".into(), |code| format!("exit {code}"));
            return Some(format!("{got}, where exit {} was expected", self.exit));
        }
        if let Some(text) = self
            .expect
            .as_deref()
            .filter(|text| !output.contains(*text))
        {
            return Some(format!("its output lacks `{text}`"));
        }
        if self.citation && citation(output, lines_of).is_none() {
            return Some("its answer cites no line of a source in the workspace".into());
        }
        None
    }
}

/// The first `PATH:LINE` in `output` that names a line which exists.
fn citation(output: &str, lines_of: impl Fn(&str) -> Option<usize>) -> Option<&str> {
    let words = output.split(|c: char| c.is_whitespace() || "()[]<>\"'`,".contains(c));
    words.into_iter().find(|word| {
        let mut parts = word.split(':');
        let (Some(path), Some(line)) = (parts.next(), parts.next()) else {
            return false;
        };
        // Both `12` and a range `12-15` are lines.
        let first = line
            .split('-')
            .next()
            .and_then(|line| line.parse::<usize>().ok());
        match (first, lines_of(path)) {
            (Some(line), Some(count)) => (1..=count).contains(&line),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn step(more: &str) -> Step {
        toml::from_str(&format!("say = \"s\"\nrun = \"r\"\n{more}")).unwrap()
    }

    fn lines_of(path: &str) -> Option<usize> {
        (path == "docs/a.md").then_some(20)
    }

    #[test]
    fn an_answer_that_cites_a_line_of_a_source_is_good() {
        let step = step("citation = true");
        for output in [
            "docs/a.md:12  Heading",
            "1. docs/a.md:12-15",
            "see (docs/a.md:20:1)",
        ] {
            assert_eq!(step.problem(Some(0), output, lines_of), None, "{output}");
        }
    }

    #[test]
    fn an_answer_without_a_true_citation_is_refused() {
        let step = step("citation = true");
        for output in [
            "nothing found",
            "docs/b.md:1",
            "docs/a.md:21",
            "docs/a.md:0",
            "at 12:30",
        ] {
            assert!(
                step.problem(Some(0), output, lines_of).is_some(),
                "{output}"
            );
        }
    }

    #[test]
    fn another_exit_code_or_a_missing_text_is_refused() {
        let step = step("exit = 3\nexpect = \"rebuild\"");
        assert_eq!(step.problem(Some(3), "run rebuild", lines_of), None);
        assert!(step.problem(Some(0), "run rebuild", lines_of).is_some());
        assert!(step.problem(Some(3), "sorry", lines_of).is_some());
        assert!(step.problem(None, "rebuild", lines_of).is_some());
    }

    #[test]
    fn the_script_of_this_repository_can_be_played() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo.toml");
        let script = Script::read(&path).unwrap();
        assert!(script.steps.iter().any(|step| step.citation));
    }
}
