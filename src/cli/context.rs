//! What the global options mean.

use std::path::{Path, PathBuf};

use super::args::Globals;
use super::error::Failure;
use super::output::Output;
use super::progress::Bars;
use crate::workspace::known::Known;
use crate::workspace::{ProfileName, Workspace};

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context {
    /// How to talk.
    pub(crate) output: Output,
    /// The folder named by `--root`.
    pub(crate) root: Option<PathBuf>,
    /// The profile to work on.
    pub(crate) profile: ProfileName,
}

impl Context {
    pub(crate) fn new(globals: &Globals) -> Self {
        Self {
            output: Output::new(globals.json, globals.quiet, globals.color),
            root: globals.root.clone(),
            profile: globals.profile.clone().unwrap_or_default(),
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

    /// Bars for long work.
    pub(crate) fn progress(&self) -> Bars {
        Bars::new(self.output.draws_progress())
    }
}
