//! The one question of an update.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;

/// Asks the yes-or-no `question` on a terminal, and nowhere else: a script is
/// taken at its word. Whoever ends the input without an answer does not agree.
///
/// # Errors
/// When the terminal cannot be read or written.
pub(super) fn agrees(context: &Context, question: &str) -> Result<bool, Failure> {
    let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    if !terminal || context.output.is_json() {
        return Ok(true);
    }
    ask(question).map_err(|error| Failure::new(Exit::Failed, "io", error))
}

fn ask(question: &str) -> io::Result<bool> {
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question} [Y/n] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    if io::stdin().lock().read_line(&mut answer)? == 0 {
        writeln!(stderr)?;
        return Ok(false);
    }
    let answer = answer.trim().to_ascii_lowercase();
    Ok(matches!(answer.as_str(), "" | "y" | "yes"))
}
