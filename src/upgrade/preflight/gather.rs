//! Reads the facts of workspaces, each in a helper thread with a bounded
//! wait. Opens no artifact beyond `current` and a run's manifest.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bounded::each;
use super::current::current_run;
use super::facts::{ProfileFacts, Standing, WorkspaceFacts};
use crate::workspace::{Layout, ProfileName, Workspace, WorkspaceError, usage};

/// How long a workspace's file system may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// The facts of the workspaces at `roots`, in their order; each is waited for
/// at most `wait`.
#[must_use]
pub fn gather(roots: Vec<PathBuf>, wait: Duration) -> Vec<WorkspaceFacts> {
    let standings = each(roots.clone(), wait, |root: &PathBuf| standing(root));
    roots
        .into_iter()
        .zip(standings)
        .map(|(root, standing)| WorkspaceFacts {
            root,
            standing: standing.unwrap_or(Standing::Unresponsive(wait)),
        })
        .collect()
}

fn standing(root: &Path) -> Standing {
    if let Err(error) = std::fs::metadata(root) {
        return match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Standing::Missing,
            _ => Standing::Unjudged(error.to_string()),
        };
    }
    let workspace = match Workspace::discover(Some(root)) {
        Ok(workspace) => workspace,
        Err(WorkspaceError::NotFound { .. } | WorkspaceError::NotAWorkspace { .. }) => {
            return Standing::NotAWorkspace;
        }
        Err(error) => return Standing::Unjudged(error.to_string()),
    };
    match Layout::profiles(root) {
        Ok(names) => {
            Standing::Present(names.iter().map(|name| profile(&workspace, name)).collect())
        }
        Err(error) => Standing::Unjudged(error.to_string()),
    }
}

fn profile(workspace: &Workspace, name: &ProfileName) -> ProfileFacts {
    let layout = workspace.layout(name);
    ProfileFacts {
        name: name.to_string(),
        current: current_run(&layout),
        used_bytes: usage::measure(layout.profile())
            .map(|usage| usage.total.bytes)
            .map_err(|error| error.to_string()),
        policy: workspace.config().budget.clone(),
    }
}
