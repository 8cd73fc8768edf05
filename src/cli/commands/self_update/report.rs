//! What `self-update` reports.

use std::io;

use semver::Version;
use serde::Serialize;

use crate::cli::error::Failure;
use crate::cli::output::{Output, Page, Report};
use crate::cli::style::{Style, clean};
use crate::upgrade::install::{Install, Kind};
use crate::upgrade::preflight;
use crate::upgrade::trust::{Release, Standing};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The installed version is the one to have.
    UpToDate,
    /// A newer one is available (`--check`).
    Available,
    /// What would be done (`--dry-run`).
    Planned,
    /// The new version is installed.
    Updated,
    /// The version before is installed again.
    RolledBack,
    /// The user said no.
    Declined,
}

/// The document.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    pub(crate) outcome: Outcome,
    /// The version that ran the command.
    pub(crate) installed: String,
    /// The version it is about: available, planned, or installed now.
    pub(crate) version: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) install: Install,
    /// What the maintainers say of the installed version.
    pub(crate) standing: Option<Standing>,
    /// Where the installed version is not to be run and nothing newer is out: an
    /// older one that may be.
    pub(crate) way_back: Option<String>,
    /// The command that brings this installation to `version` or `way_back`.
    pub(crate) next: Option<String>,
    /// Until when the metadata that was used is accepted, in RFC 3339.
    pub(crate) valid_until: Option<String>,
    /// Signed facts of the release.
    pub(crate) release: Option<Release>,
    pub(crate) preflight: Option<preflight::Report>,
    /// Every step, in order, as text.
    pub(crate) plan: Vec<String>,
    /// Where the version before is kept.
    pub(crate) previous: Option<String>,
    /// What could not be written down; the next command tries again.
    pub(crate) unfinished: Option<String>,
}

impl Document {
    /// A document with nothing in it but its outcome.
    pub(crate) fn new(outcome: Outcome, installed: &str, install: Install) -> Self {
        Self {
            outcome,
            installed: installed.to_owned(),
            version: None,
            channel: None,
            install,
            standing: None,
            way_back: None,
            next: None,
            valid_until: None,
            release: None,
            preflight: None,
            plan: Vec::new(),
            previous: None,
            unfinished: None,
        }
    }

    /// Prints it once `version` is installed, which stands where that cannot be
    /// told.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn tell(&self, output: &Output, version: &str) -> Result<(), Failure> {
        let stands = format_args!("auditgraph {version} is installed all the same");
        output.report_change(self, stands)
    }

    /// The newest version, where the installed one is older and was asked for.
    fn newer(&self) -> Option<&Version> {
        let installed: Version = self.installed.parse().ok()?;
        let newest = self.release.as_ref().map(|release| &release.version);
        newest.filter(|version| version.cmp_precedence(&installed).is_gt())
    }

    /// The command that goes on from here, or why there is none.
    fn go(&self, page: &mut Page<'_>, what: &str) -> io::Result<()> {
        match (&self.next, self.install.kind) {
            (Some(command), _) => page.line(format_args!("{what}{}", clean(command))),
            (None, Kind::Unknown) => page.line(format_args!(
                "{what}this executable is left alone: {}",
                clean(&self.install.evidence)
            )),
            (None, kind) => page.line(format_args!(
                "{what}it was installed with {kind}, which cannot be asked for that version."
            )),
        }
    }
}

impl Report for Document {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        let version = self.version.as_deref().unwrap_or(&self.installed);
        let strong = page.paint(Style::Strong, version);
        let path = clean(&self.install.path.display().to_string()).into_owned();
        match self.outcome {
            Outcome::UpToDate => match (self.newer(), &self.way_back) {
                (Some(newer), _) => page.line(format_args!(
                    "auditgraph {strong} is installed already; {newer} is available."
                ))?,
                (None, Some(version)) => {
                    let back = format!("Nothing newer is out. Back to {version}: ");
                    self.go(page, &back)?;
                }
                (None, None) if self.standing.as_ref().is_none_or(Standing::is_good) => {
                    page.line(format_args!("auditgraph {strong} is the version to have."))?;
                }
                (None, None) => page.line("Nothing better is out.")?,
            },
            Outcome::Available => {
                page.line(format_args!(
                    "auditgraph {strong} is available; {} is installed.",
                    self.installed
                ))?;
                self.go(page, "Upgrade: ")?;
            }
            Outcome::Planned => {
                page.line(format_args!(
                    "auditgraph {} -> {strong}, step by step:",
                    self.installed
                ))?;
                for (number, step) in self.plan.iter().enumerate() {
                    page.line(format_args!("{:>3}. {}", number + 1, clean(step)))?;
                }
            }
            Outcome::Updated => {
                page.line(format_args!(
                    "auditgraph {} -> {strong} at {path}",
                    self.installed
                ))?;
                page.line("The version before is kept: auditgraph self-update --rollback")?;
            }
            Outcome::RolledBack => {
                page.line(format_args!(
                    "auditgraph {} -> {strong} at {path}",
                    self.installed
                ))?;
            }
            Outcome::Declined => page.line("Nothing was changed.")?,
        }
        // What is then to be done in workspaces; where nothing is, nothing is
        // said.
        use Outcome::{Available, Planned, Updated};
        let changes = self.preflight.as_ref().filter(|report| {
            matches!(self.outcome, Available | Planned | Updated) && report.worsens()
        });
        if let Some(report) = changes {
            page.line("")?;
            for line in preflight::table(report).lines() {
                page.line(line)?;
            }
        }
        Ok(())
    }
}
