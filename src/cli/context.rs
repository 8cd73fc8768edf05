//! What the global options mean.

use std::path::{Path, PathBuf};

use super::error::Failure;
use super::exit::Exit;
use super::globals::Globals;
use super::output::Output;
use super::progress::Bars;
use super::scope::Scope;
use crate::run::{self, RunId, Trust};
use crate::workspace::known::Known;
use crate::workspace::{Layout, ProfileName, Workspace};

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context {
    /// How to talk.
    pub(crate) output: Output,
    /// The folder named by `--root`.
    pub(crate) root: Option<PathBuf>,
    /// The profile to work on.
    pub(crate) profile: ProfileName,
    /// Both as typed, for the commands that come next.
    pub(crate) scope: Scope,
    /// What a cached index has to show.
    pub(crate) trust: Trust,
}

impl Context {
    pub(crate) fn new(globals: &Globals) -> Self {
        Self {
            output: Output::new(globals.json, globals.quiet, globals.color),
            root: globals.root.clone(),
            profile: globals.profile.clone().unwrap_or_default(),
            scope: Scope::of(globals),
            trust: Trust::default(),
        }
    }

    /// The workspace: named, or the nearest one above.
    ///
    /// # Errors
    /// When there is none, or its configuration is refused.
    pub(crate) fn workspace(&self) -> Result<Workspace, Failure> {
        Ok(Workspace::discover(self.root.as_deref())?)
    }

    /// Puts the workspace at `root` on the user's list of known ones, which
    /// an upgrade's preflight looks at. A list that cannot be written is no
    /// reason to fail.
    pub(crate) fn remember(&self, root: &Path) {
        if let Some(known) = Known::of_user()
            && let Err(error) = known.record(root)
        {
            self.output.note(format_args!(
                "this workspace is not on the list of known ones: {error}"
            ));
        }
    }

    /// The run that `text` names: a whole id, its ordinal (`r0007`, `7`), or
    /// `current`.
    ///
    /// # Errors
    /// When no run, or more than one, is called so.
    pub(crate) fn find_run(&self, layout: &Layout, text: &str) -> Result<RunId, Failure> {
        if let Ok(run) = text.parse() {
            return Ok(run);
        }
        let ordinal = text.strip_prefix('r').unwrap_or(text).parse::<u32>().ok();
        let runs = run::list(layout)?;
        let mut found = runs.into_iter().filter(|summary| {
            Some(summary.run.ordinal()) == ordinal || (summary.current && text == "current")
        });
        match (found.next(), found.next()) {
            (Some(summary), None) => Ok(summary.run),
            (Some(_), Some(_)) => Err(Failure::usage(format_args!(
                "more than one run is called {text:?}: give the whole id"
            ))
            .hint("auditgraph runs")),
            (None, _) => Err(Failure::new(
                Exit::Failed,
                "unknown_run",
                format_args!("no run is called {text:?}"),
            )
            .hint("auditgraph runs")),
        }
    }

    /// The runs that `gc --run` names. A foreign run has any name: what is called
    /// exactly so is meant, even where an ordinal reads the same, and what is no
    /// run id is passed on.
    ///
    /// # Errors
    /// When the runs cannot be listed.
    pub(crate) fn run_names(
        &self,
        layout: &Layout,
        names: &[String],
    ) -> Result<Vec<String>, Failure> {
        let foreign = run::foreign(layout)?;
        let mut known = Vec::new();
        for name in names {
            if foreign.contains(name) {
                known.push(name.clone());
                continue;
            }
            known.push(match self.find_run(layout, name) {
                Ok(run) => run.to_string(),
                Err(failure) if failure.kind() == "unknown_run" => name.clone(),
                Err(failure) => return Err(failure),
            });
        }
        Ok(known)
    }

    /// Bars for long work.
    pub(crate) fn progress(&self) -> Bars {
        Bars::new(self.output.draws_progress())
    }
}
