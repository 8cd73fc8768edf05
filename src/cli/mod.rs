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
mod globals;
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
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{ColorChoice, FromArgMatches};

pub use args::command;
pub use exit::Exit;

use args::Cli;
use context::Context;
use error::Failure;
use globals::Globals;
use output::Output;

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
    outlive_limits();
    match parse(&typed) {
        Ok(cli) => {
            let mut context = Context::new(&cli.globals);
            let outcome = commands::run(&mut context, &cli.command, command);
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
        crate::upgrade::swap::recover_quietly(&executable);
    }
}

/// Makes of a file that would grow over what the process may write (`ulimit -f`)
/// an error of that write, which is cleaned up after and told, in place of the
/// signal that ends the program without a word.
fn outlive_limits() {
    // Nobody asks whether it came. Without a handler all is as it was.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
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
    let mut command = command().color(colours(typed));
    let mut matches = command.try_get_matches_from_mut(typed)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// The value of `--color`, as far as there is a valid one.
fn colours(typed: &[OsString]) -> ColorChoice {
    let mut options = words(typed);
    let value = options.find_map(|option| match option.strip_prefix("--color")? {
        "" => Some(None),
        value => value.strip_prefix('=').map(Some),
    });
    let value = value.and_then(|joined| joined.or_else(|| options.next()));
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or_default()
}

/// The words that may be options or a command, before anything is understood.
fn words(typed: &[OsString]) -> impl Iterator<Item = &str> {
    let words = typed.iter().skip(1).filter_map(|word| word.to_str());
    words.take_while(|word| *word != "--")
}

/// Help, version, or arguments that make no sense.
fn refuse(error: &clap::Error, typed: &[OsString]) -> Exit {
    // The parser gave up before it could say whether `--json` was given.
    let json = words(typed).any(|word| word == "--json");
    let output = Output::new(json, false, colours(typed));
    let asked = !error.use_stderr();
    if asked || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return match error.print().and_then(|()| io::stdout().flush()) {
            // Nobody reading it is no failure.
            Err(error) if asked && error.kind() != io::ErrorKind::BrokenPipe => {
                output.failure(&Failure::stdout(&error))
            }
            _ if asked => Exit::Done,
            _ => Exit::Usage,
        };
    }
    output.failure(&misuse(error, typed))
}

/// What is wrong with the arguments, told as every other failure is.
fn misuse(error: &clap::Error, typed: &[OsString]) -> Failure {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(|paragraph| {
        let lines: Vec<&str> = paragraph.split_whitespace().collect();
        lines.join(" ")
    });
    let message = paragraphs.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    // A word before it that has the name of a command may be an option's
    // value: then this is the help of another one, and no worse.
    let (mut meant, mut help) = (&command(), "auditgraph".to_owned());
    for word in words(typed) {
        if let Some(below) = meant.find_subcommand(word) {
            (meant, help) = (below, format!("{help} {word}"));
        }
    }
    let mut failure = Failure::usage(message).hint(format_args!("{help} --help"));
    // The last one says what the hint does.
    for more in paragraphs.filter(|more| !more.starts_with("For more information")) {
        failure = match (more.strip_prefix("tip: "), more.strip_prefix("Usage: ")) {
            (Some(tip), _) => failure.why(tip),
            (None, Some(usage)) => failure.lines([format!("usage: {usage}")]),
            (None, None) => failure.lines([more]),
        };
    }
    failure
}
