//! Checks of the Homebrew formula in the tree, with Ruby but without Homebrew.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::check::{Check, Context, Outcome};
use crate::homebrew;
use crate::process::Log;

/// Where the last release's formula is.
const FOLDER: &str = "homebrew/Formula";

/// The checks of this file.
pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::call(
            "formula",
            "the Homebrew formula is valid Ruby in good style, and loads",
            check,
        )
        .needing(["ruby", "rubocop"]),
    ]
}

fn check(context: &Context<'_>, log: &mut Log) -> io::Result<Outcome> {
    let root = &context.project.root;
    let formulae = formulae(root)?;
    if formulae.is_empty() {
        return Ok(Outcome::Skipped(format!("{FOLDER} has no formula")));
    }
    let work = context.project.target.join("verify/homebrew");
    fs::create_dir_all(&work)?;
    let loader = work.join("load.rb");
    fs::write(&loader, homebrew::LOADER)?;
    let style = work.join("rubocop.yml");
    fs::write(&style, homebrew::STYLE)?;
    for formula in formulae {
        let mut syntax = context.tool("ruby", &["-c"])?;
        syntax.arg(&formula);
        let mut rubocop = context.tool("rubocop", &["--cache", "false", "--config"])?;
        rubocop.arg(&style).args([&formula, &loader]);
        for command in [&mut syntax, &mut rubocop] {
            if let Some(failure) = log.expect_success(command)? {
                return Ok(Outcome::Failed(failure));
            }
        }
        for (system, processor) in homebrew::MACHINES {
            let mut load = context.tool("ruby", &[])?;
            load.arg(&loader).arg(&formula).args([system, processor]);
            if let Err(problem) = loads(&mut load, log)? {
                return Ok(Outcome::Failed(format!(
                    "{} on {system} {processor}: {problem}",
                    formula.display()
                )));
            }
        }
    }
    Ok(Outcome::Passed)
}

/// Loads a formula and judges what it says.
fn loads(load: &mut Command, log: &mut Log) -> io::Result<Result<(), String>> {
    let output = load.output()?;
    log.line(String::from_utf8_lossy(&output.stderr).trim_end())?;
    if !output.status.success() {
        return Ok(Err(String::from_utf8_lossy(&output.stderr)
            .trim()
            .to_owned()));
    }
    let said: Value = serde_json::from_slice(&output.stdout).map_err(io::Error::other)?;
    log.line(&said.to_string())?;
    Ok(homebrew::complete(&said))
}

fn formulae(root: &Path) -> io::Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(root.join(FOLDER)) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "rb") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
