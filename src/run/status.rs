//! How a profile stands, for `auditgraph status`.

use super::{RunError, RunId, Standing, standing};
use crate::budget::Assessment;
use crate::schema::Reason;
use crate::source::{Root, Selection, scan_unsorted};
use crate::workspace::usage::{self, Usage};
use crate::workspace::{Layout, ProfileName, Workspace};

/// How a profile stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// What `current` names, and whether it can be read.
    pub standing: Standing,
    /// What is on disk.
    pub usage: Usage,
    /// What the budget says of it.
    pub budget: Assessment,
    /// Runs that have a manifest.
    pub runs: usize,
}

impl Status {
    /// Looks at the profile; changes nothing.
    ///
    /// # Errors
    /// [`RunError`] when it cannot be looked at.
    pub fn take(workspace: &Workspace, profile: &ProfileName) -> Result<Self, RunError> {
        let layout = workspace.layout(profile);
        let standing = Standing::judge(&layout)?;
        let usage = usage::measure(layout.profile())?;
        let source_bytes = source_bytes(workspace, &layout, &standing)?;
        let policy = &workspace.config().budget;
        Ok(Self {
            budget: policy.assess(source_bytes, usage.total.bytes, 0),
            runs: standing::list_runs(&layout)?.len(),
            standing,
            usage,
        })
    }

    /// The current run, if `current` names one.
    #[must_use]
    pub fn run(&self) -> Option<&RunId> {
        match &self.standing {
            Standing::Ready(manifest) => Some(&manifest.run),
            Standing::RebuildRequired { run, .. } => run.as_ref(),
            Standing::Empty => None,
        }
    }

    /// Why the current run cannot be read, if it cannot.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        match &self.standing {
            Standing::RebuildRequired { reason, .. } => Some(reason),
            Standing::Ready(_) | Standing::Empty => None,
        }
    }
}

/// The bytes of sources that the budget counts by. Where no run tells, those of
/// the files that an ingest would read; some of them it may refuse.
fn source_bytes(
    workspace: &Workspace,
    layout: &Layout,
    standing: &Standing,
) -> Result<u64, RunError> {
    if let Some(bytes) = standing.counted_source_bytes(layout)? {
        return Ok(bytes);
    }
    let sources = &workspace.config().sources;
    let root =
        Root::open(workspace.root()).map_err(|error| RunError::io(workspace.root(), error))?;
    let files = scan_unsorted(&root, &Selection::new(sources)?)?.files;
    let sizes = files.iter().map(|file| file.bytes);
    Ok(sizes
        .filter(|bytes| *bytes <= sources.max_file_bytes)
        .fold(0, u64::saturating_add))
}
