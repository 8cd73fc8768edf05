//! Floor 5: the command line.
//!
//! Owns arguments (`args`, and one file per command in `commands`), all that
//! is printed (`output`), the wording of failures (`error`) and the exit
//! codes ([`Exit`]). What is typed ends here: a command turns its arguments
//! into a request of the floors below, and what it gets back into a report.
//! Nothing below prints, exits, or looks at a flag.

mod args;
mod budget;
mod commands;
mod context;
mod error;
mod examples;
mod exit;
mod freshness;
mod kinds;
mod nodes;
mod output;
mod progress;
mod reading;
mod scope;
mod style;
mod table;
mod when;
mod words;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{FromArgMatches, ValueEnum};

pub use args::command;
pub use exit::Exit;

use args::{Cli, Globals};
use context::Context;
use error::Failure;
use output::Output;
use style::ColorChoice;

/// Runs the program with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    tidy();
    let typed: Vec<OsString> = std::env::args_os().collect();
    // The command that scripts, installers and package tests run most needs
    // no parser: building it would cost more than all the rest.
    if let Some(json) = plain_version(&typed) {
        let context = Context::new(&Globals {
            json,
            ..Globals::default()
        });
        return end(&context.output, commands::version::run(&context));
    }
    match parse(&typed) {
        Ok(cli) => {
            let mut context = Context::new(&cli.globals);
            let outcome = commands::run(&mut context, &cli.command);
            end(
                &context.output,
                outcome.map_err(|failure| failure.in_scope(&context.scope)),
            )
        }
        Err(error) => refuse(&error, &typed).into(),
    }
}

/// Cleans up after an update of this executable that was interrupted,
/// whichever command comes next. Without one it costs two file look-ups.
fn tidy() {
    #[cfg(feature = "self-update")]
    if let Ok(executable) = std::env::current_exe().and_then(|path| path.canonicalize()) {
        // Cannot be done now: then the next command tries again.
        let _ = crate::upgrade::swap::recover_quietly(&executable);
    }
}

/// Whether just `version` or `version --json` was typed, and which.
fn plain_version(typed: &[OsString]) -> Option<bool> {
    match typed {
        [_, command] if command == "version" => Some(false),
        [_, command, flag] if command == "version" && flag == "--json" => Some(true),
        _ => None,
    }
}

fn end(output: &Output, outcome: Result<Exit, Failure>) -> ExitCode {
    match outcome {
        Ok(exit) => exit,
        Err(failure) => output.failure(&failure),
    }
    .into()
}

/// What was typed, understood. Help and refusals come in the colours that
/// `--color` asks for, wherever it stands.
fn parse(typed: &[OsString]) -> Result<Cli, clap::Error> {
    let mut command = command().color(colours(typed).into());
    let mut matches = command.try_get_matches_from_mut(typed)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// The value of `--color`, as far as there is a valid one.
fn colours(typed: &[OsString]) -> ColorChoice {
    let mut options = options(typed);
    let value = options.find_map(|option| match option.strip_prefix("--color")? {
        "" => Some(None),
        value => value.strip_prefix('=').map(Some),
    });
    let value = value.and_then(|joined| joined.or_else(|| options.next()));
    value
        .and_then(|value| ColorChoice::from_str(value, false).ok())
        .unwrap_or_default()
}

/// The words that may be options, before anything is understood.
fn options(typed: &[OsString]) -> impl Iterator<Item = &str> {
    let words = typed.iter().skip(1).filter_map(|word| word.to_str());
    words.take_while(|word| *word != "--")
}

/// Help, version, or arguments that make no sense.
fn refuse(error: &clap::Error, typed: &[OsString]) -> Exit {
    if !error.use_stderr() {
        // Help was asked for; nobody reading it is no failure.
        let _ = error.print();
        return Exit::Done;
    }
    // The parser gave up before it could say whether `--json` was given.
    if options(typed).any(|option| option == "--json") {
        let text = error.render().to_string();
        // What follows repeats what the help says.
        let said = text.lines().map(str::trim);
        let said = said.take_while(|line| {
            !line.starts_with("Usage:") && !line.starts_with("For more information")
        });
        let said: Vec<&str> = said.filter(|line| !line.is_empty()).collect();
        let message = said.join(" ");
        let message = message.strip_prefix("error: ").unwrap_or(&message);
        let failure = Failure::usage(message).hint("auditgraph --help");
        return Output::new(true, false, ColorChoice::Auto).failure(&failure);
    }
    let _ = error.print();
    Exit::Usage
}
