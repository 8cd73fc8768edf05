//! Runs a program to its end; a failure carries what the program said.

use std::process::{Command, Output};

use crate::process::shown;

/// A program that could not be run, or failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// It could not be started.
    #[error("cannot run `{command}`")]
    Spawn {
        /// Program and arguments.
        command: String,
        /// Why not.
        #[source]
        error: std::io::Error,
    },
    /// It ended with a failure.
    #[error("`{command}` failed ({status}):\n{said}")]
    Failed {
        /// Program and arguments.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The end of its output.
        said: String,
    },
}

/// Lines of a failed program's output that are repeated in the error.
const LINES_SHOWN: usize = 40;

/// Runs `command` and gives back what it printed on standard output.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, CommandError> {
    let shown = shown(command);
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().map_err(|error| CommandError::Spawn {
        command: shown.clone(),
        error,
    })?;
    if status.success() {
        return Ok(stdout);
    }
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr)
    );
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LINES_SHOWN);
    Err(CommandError::Failed {
        command: shown,
        status,
        said: lines[from..].join("\n"),
    })
}
