//! `auditgraph help [COMMAND]`.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;

const EXAMPLES: &[(&str, &str)] = &[
    ("auditgraph help query", "as auditgraph query --help"),
    (
        "auditgraph help workspaces add --json",
        "the same as one JSON document",
    ),
];

/// What is typed.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {
    /// The command, `query` or `workspaces add` [default: auditgraph itself]
    command: Vec<String>,
}

pub(crate) fn run(
    context: &Context,
    typed: &Typed,
    mut definition: clap::Command,
) -> Result<Exit, Failure> {
    let mut meant = &definition;
    for name in &typed.command {
        meant = meant.find_subcommand(name).ok_or_else(|| {
            let typed = typed.command.join(" ");
            Failure::usage(format_args!("no command is called {typed:?}")).hint("auditgraph --help")
        })?;
    }
    let words = ["auditgraph"]
        .into_iter()
        .chain(typed.command.iter().map(String::as_str));
    // Help that was asked for comes as a refusal.
    let asked = definition.try_get_matches_from_mut(words.chain(["--help"]));
    let help = asked.err().map(|help| help.render()).unwrap_or_default();
    let help = match context.output.paints() {
        true => help.ansi().to_string(),
        false => help.to_string(),
    };
    context.output.text("help", help.as_bytes())?;
    Ok(Exit::Done)
}
