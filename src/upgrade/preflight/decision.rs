//! Go, or stop and why. Pure.

use super::report::{Change, Report};

/// What the user accepts beforehand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accept {
    /// Workspaces that will need a rebuild (`--accept-rebuild`).
    pub rebuild: bool,
    /// Workspaces that will be over budget (`--accept-over-budget`).
    pub over_budget: bool,
}

/// What a report means for an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing the user has not accepted: go on.
    Proceed,
    /// Profiles would go from readable to unreadable (exit 3).
    RebuildRequired,
    /// Profiles would go from within budget to over it (exit 4).
    OverBudget,
}

/// Decides on `report`. The changes are derived again from its facts, so a
/// staged version's words do not matter.
#[must_use]
pub fn decide(report: &Report, accept: Accept) -> Decision {
    let changes = || {
        report
            .profiles()
            .map(|(_, row)| Change::of(&row.schema, &row.budget))
    };
    if !accept.rebuild && changes().any(Change::loses_readability) {
        Decision::RebuildRequired
    } else if !accept.over_budget && changes().any(Change::goes_over_budget) {
        Decision::OverBudget
    } else {
        Decision::Proceed
    }
}
