//! `auditgraph completions SHELL`.

use clap::{Args, ValueEnum};

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;

const EXAMPLES: &[(&str, &str)] = &[
    (
        "auditgraph completions bash > auditgraph.bash",
        "for ~/.local/share/bash-completion/completions/",
    ),
    (
        "auditgraph completions zsh > _auditgraph",
        "for a folder of $fpath",
    ),
    (
        "auditgraph completions fish > auditgraph.fish",
        "for ~/.config/fish/completions/",
    ),
];

/// What is typed.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {
    /// The shell
    shell: Shell,
}

/// Shells whose completions are part of every release.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl From<Shell> for clap_complete::Shell {
    fn from(shell: Shell) -> Self {
        match shell {
            Shell::Bash => Self::Bash,
            Shell::Zsh => Self::Zsh,
            Shell::Fish => Self::Fish,
        }
    }
}

pub(crate) fn run(
    context: &Context,
    typed: &Typed,
    mut definition: clap::Command,
) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        clap_complete::Shell::from(typed.shell),
        &mut definition,
        "auditgraph",
        &mut script,
    );
    context.output.text("script", &script)?;
    Ok(Exit::Done)
}
