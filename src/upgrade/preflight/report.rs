//! The documents of preflight protocol 1: what is asked of a staged version
//! and what it, or this version, answers. Specified in `docs/formats-upgrade.md`.
//!
//! Versions of the future answer versions of the past, so the documents only
//! ever gain fields within a protocol, unknown fields are passed over, and
//! the asker judges from `readable` and the bytes, never from words.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::budget::Verdict;
use crate::foundation::json;
use crate::schema;

/// The version of the preflight protocol that this build speaks.
pub const PROTOCOL: u32 = 1;

/// A build of this program, as far as a preflight is concerned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// Its version.
    pub version: String,
    /// The platform it is for, as a Rust target triple.
    pub target: String,
    /// What it writes and reads.
    pub schema: schema::Reader,
}

/// What the installed version asks, on standard input of
/// `auditgraph preflight --protocol 1 --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// The version that asks, against which change is judged.
    pub installed: Build,
    /// The workspaces' folders: absolute paths.
    pub workspaces: Vec<String>,
}

impl Request {
    /// What `installed` asks about the workspaces in `roots`.
    pub fn of<'a>(installed: Build, roots: impl IntoIterator<Item = &'a Path>) -> Self {
        let roots = roots.into_iter();
        Self {
            protocol: PROTOCOL,
            installed,
            workspaces: roots
                .filter_map(|root| root.to_str().map(str::to_owned))
                .collect(),
        }
    }

    /// Largest request accepted: room for 10,000 workspaces.
    pub const BOUNDS: json::Bounds = json::Bounds {
        bytes: 16 * 1024 * 1024,
        depth: 8,
    };
}

/// What the candidate version would do to every workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// The version that is installed.
    pub installed: Build,
    /// The version that would replace it.
    pub candidate: Build,
    /// One entry per workspace, in order of their folders.
    pub workspaces: Vec<WorkspaceReport>,
}

impl Report {
    /// Largest report accepted from a staged version.
    pub const BOUNDS: json::Bounds = json::Bounds {
        bytes: 64 * 1024 * 1024,
        depth: 12,
    };

    /// Every profile with its workspace's folder.
    pub fn profiles(&self) -> impl Iterator<Item = (&str, &ProfileReport)> {
        self.workspaces.iter().flat_map(|workspace| {
            workspace
                .profiles
                .iter()
                .map(|profile| (workspace.root.as_str(), profile))
        })
    }

    /// Whether something changes for the worse, and has to be told (SC-002).
    #[must_use]
    pub fn worsens(&self) -> bool {
        self.profiles()
            .any(|(_, row)| row.change.loses_readability() || row.change.goes_over_budget())
    }
}

/// What was found where a workspace is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is there.
    Present,
    /// It moved or was deleted.
    Missing,
    /// The folder is no workspace (any more).
    NotAWorkspace,
    /// Its file system did not answer in time.
    Unresponsive,
    /// It is there and could not be judged; `detail` says why.
    Unjudged,
}

impl State {
    /// A word or two for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Missing => "missing",
            Self::NotAWorkspace => "no workspace",
            Self::Unresponsive => "no answer",
            Self::Unjudged => "not judged",
        }
    }
}

/// One workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceReport {
    /// Its folder.
    pub root: String,
    /// What was found there.
    pub state: State,
    /// More about the state.
    pub detail: Option<String>,
    /// Its profiles in order of their names; none unless present.
    pub profiles: Vec<ProfileReport>,
}

/// One profile of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileReport {
    /// Its name.
    pub profile: String,
    /// Id of its current run; null where there is none or it cannot be read.
    pub run: Option<String>,
    /// Can the current run be read, before and after?
    pub schema: SchemaChange,
    /// Does the profile fit its budget, before and after?
    pub budget: BudgetChange,
    /// What the update changes.
    pub change: Change,
    /// What to do about it, for people.
    pub action: String,
}

/// Whether the current run can be read by the installed version and by the
/// candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaChange {
    /// By the installed version.
    pub before: Readability,
    /// By the candidate.
    pub after: Readability,
}

/// Whether a run can be read, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readability {
    /// True when it is read, in silence; also where there is no run at all.
    pub readable: bool,
    /// The reason's name: `too_old`, `too_new`, `unknown_feature`,
    /// `missing_version`, `unreadable`, `foreign_layout`.
    pub reason: Option<String>,
    /// The reason, for people.
    pub detail: Option<String>,
}

/// The profile's footprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetChange {
    /// Bytes under the profile now.
    pub now_bytes: u64,
    /// Bytes under the profile after the update, a needed rebuild included.
    pub after_bytes: u64,
    /// Why the bytes under the profile cannot be counted; null where they
    /// can. Else `now_bytes` is 0, and there is no verdict.
    #[serde(default)]
    pub uncounted: Option<String>,
    /// The rebuild within them; null where none is needed.
    pub rebuild: Option<Rebuild>,
    /// The limit; null where the sources' bytes are not known.
    pub limit_bytes: Option<u64>,
    /// The verdict on `now_bytes`; null where there is none.
    pub before: Option<Verdict>,
    /// The verdict on `after_bytes`; null where there is none.
    pub after: Option<Verdict>,
}

impl BudgetChange {
    /// Whether the profile is over its budget now.
    #[must_use]
    pub fn over_before(&self) -> bool {
        self.before == Some(Verdict::Block)
    }

    /// Whether it is after the update.
    #[must_use]
    pub fn over_after(&self) -> bool {
        self.after == Some(Verdict::Block)
    }
}

/// The bytes a rebuild adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebuild {
    /// How many.
    pub bytes: u64,
    /// Counted by the candidate itself, not predicted from the current run.
    pub exact: bool,
}

/// What the update changes for a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Nothing.
    None,
    /// Unreadable before and after; no fault of the update.
    AlreadyUnreadable,
    /// Over budget before and after; no fault of the update.
    AlreadyOverBudget,
    /// Unreadable before, readable after.
    BecomesReadable,
    /// Readable before, not after; a rebuild changes nothing about the
    /// budget.
    NeedsRebuild,
    /// Readable before, not after, and a rebuild would pass the budget.
    NeedsRebuildOverBudget,
    /// Within budget before, over it after, readable throughout.
    GoesOverBudget,
}

impl Change {
    /// The change that the facts of a row amount to.
    #[must_use]
    pub fn of(schema: &SchemaChange, budget: &BudgetChange) -> Self {
        let goes_over = !budget.over_before() && budget.over_after();
        match (schema.before.readable, schema.after.readable, goes_over) {
            (true, false, false) => Self::NeedsRebuild,
            (true, false, true) => Self::NeedsRebuildOverBudget,
            (false, false, _) => Self::AlreadyUnreadable,
            (_, true, true) => Self::GoesOverBudget,
            (false, true, false) => Self::BecomesReadable,
            (true, true, false) if budget.over_before() => Self::AlreadyOverBudget,
            (true, true, false) => Self::None,
        }
    }

    /// Whether a readable profile becomes unreadable.
    #[must_use]
    pub const fn loses_readability(self) -> bool {
        matches!(self, Self::NeedsRebuild | Self::NeedsRebuildOverBudget)
    }

    /// Whether a profile within its budget would pass it.
    #[must_use]
    pub const fn goes_over_budget(self) -> bool {
        matches!(self, Self::NeedsRebuildOverBudget | Self::GoesOverBudget)
    }
}
