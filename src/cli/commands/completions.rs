//! `auditgraph completions SHELL`.

use clap::Args;
use clap_complete::Shell;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;
use crate::cli::kinds;

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
    #[arg(value_parser = kinds::one_of(shells()))]
    shell: Shell,
}

/// Shells whose completions are part of every release.
fn shells() -> Vec<(&'static str, Shell)> {
    use Shell::{Bash, Fish, Zsh};
    vec![("bash", Bash), ("zsh", Zsh), ("fish", Fish)]
}

pub(crate) fn run(
    context: &Context,
    typed: &Typed,
    mut definition: clap::Command,
) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(typed.shell, &mut definition, "auditgraph", &mut script);
    context.output.text("script", &script)?;
    Ok(Exit::Done)
}
