//! The release commands: one file each, from arguments to what is printed.
//!
//! Owns: arguments, rendering (for people, or one JSON document with `--json`),
//! progress on standard error and exit codes. Never decides or makes anything:
//! that is `plan`, `build` and `check` one floor below.

/// Prints a line on standard output, as [`said`] does.
macro_rules! say {
    ($($text:tt)*) => { $crate::commands::said(format_args!($($text)*)) };
}

pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod plan;
pub(crate) mod repository;
pub(crate) mod serve;

use std::fmt;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use crate::facts::Facts;
use crate::tools::Toolbox;

/// What a command ends with.
pub(crate) type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

/// The facts of the project around the current directory.
fn facts_here() -> Result<Facts, Box<dyn std::error::Error>> {
    let here = std::env::current_dir()?;
    Ok(Facts::read(&here)?)
}

/// The tools the project pins; what has to be installed logs next to the build.
fn tools(facts: &Facts) -> Result<Toolbox, Box<dyn std::error::Error>> {
    let logs = facts
        .package
        .target_directory
        .join(env!("CARGO_PKG_NAME"))
        .join("logs");
    std::fs::create_dir_all(&logs)?;
    Ok(Toolbox::open(&facts.release_file, &logs)?)
}

/// The Rust target triple of this machine, as rustc names it.
fn host() -> Result<String, Box<dyn std::error::Error>> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = std::process::Command::new(rustc).arg("-vV").output()?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
        .ok_or_else(|| "`rustc -vV` does not name this machine".into())
}

/// Refuses a platform that the release is not for.
fn known(facts: &Facts, target: Option<&str>) -> Result<(), Box<dyn std::error::Error>> {
    let all = &facts.dist.targets;
    match target.filter(|target| !all.iter().any(|known| known == target)) {
        None => Ok(()),
        Some(target) => {
            let all = all.join(", ");
            let said = "is not in dist-workspace.toml; the release is for";
            Err(format!("`{target}` {said} {all}").into())
        }
    }
}

/// Prints a line on standard output. A reader that has seen enough (`plan |
/// head`) is no failure: the command goes on and exits with its own code.
///
/// # Errors
/// When standard output cannot be written.
fn said(line: fmt::Arguments<'_>) -> io::Result<()> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("cannot write to standard output: {error}"),
            )
        }),
    }
}

/// Prints one JSON document on standard output.
fn print_json<T: serde::Serialize>(value: &T) -> Result<(), Box<dyn std::error::Error>> {
    say!("{}", serde_json::to_string_pretty(value)?)?;
    Ok(())
}

/// A path as people read it: relative to the current directory where below it.
fn shown(path: &Path) -> String {
    std::env::current_dir()
        .ok()
        .and_then(|here| Some(path.strip_prefix(here).ok()?.display().to_string()))
        .unwrap_or_else(|| path.display().to_string())
}
