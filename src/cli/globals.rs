//! The options that every command has.

use std::path::PathBuf;

use clap::{Args, ColorChoice, ValueHint};

use crate::workspace::ProfileName;

/// Options of every command.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// The workspace's folder [default: the nearest above with auditgraph.toml]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) root: Option<PathBuf>,
    /// The profile: an independent set of runs [default: default]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<ProfileName>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
    /// Say nothing on standard error but warnings and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}
