//! `auditgraph version`: what installers, package tests and bug reports ask.

use std::io;

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report};
use crate::cli::style::{Style, clean};
use crate::foundation::Sha256;
use crate::schema::Reader;
use crate::upgrade::install::Install;
use crate::upgrade::trust;

const EXAMPLES: &[(&str, &str)] = &[
    ("auditgraph version", "the version and where it comes from"),
    ("auditgraph version --json", "the same for programs"),
];

/// Nothing but the global options.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {}

#[derive(Serialize)]
struct Version {
    name: &'static str,
    version: &'static str,
    commit: Option<&'static str>,
    target: &'static str,
    supported_targets: Vec<&'static str>,
    schema: Reader,
    /// Digest of the root metadata whose keys may sign updates of this
    /// program; `None` in a build without self-update.
    update_root_sha256: Option<Sha256>,
    /// `None` where the system does not say which file this process runs.
    install: Option<Install>,
}

pub(crate) fn run(context: &Context) -> Result<Exit, Failure> {
    let version = Version {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        // Set by a release build; a build elsewhere does not know.
        commit: option_env!("AUDITGRAPH_COMMIT").filter(|commit| !commit.is_empty()),
        target: env!("AUDITGRAPH_TARGET"),
        supported_targets: env!("AUDITGRAPH_SUPPORTED_TARGETS").split(' ').collect(),
        schema: Reader::this_build(),
        update_root_sha256: trust::root_sha256(),
        install: Install::current().ok(),
    };
    context.output.report(&version)?;
    Ok(Exit::Done)
}

impl Report for Version {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!(
            "{} {}",
            self.name,
            page.paint(Style::Strong, self.version)
        ))?;
        page.line(format_args!(
            "commit:  {}",
            self.commit.unwrap_or("unknown (not a release build)")
        ))?;
        page.line(format_args!("target:  {}", self.target))?;
        page.line(format_args!(
            "schema:  writes {}, reads {} to {}",
            self.schema.writes, self.schema.reads_since, self.schema.writes
        ))?;
        let Some(install) = &self.install else {
            return page.line("install: unknown");
        };
        page.line(format_args!(
            "install: {}, {}",
            install.kind,
            clean(&install.path.display().to_string())
        ))?;
        match &install.upgrade {
            Some(command) => page.line(format_args!("upgrade: {}", clean(command))),
            None => Ok(()),
        }
    }
}
