//! The judgement: what each profile was, would be, and what that changes.
//! Pure.

use std::path::Path;

use super::facts::{CurrentRun, ProfileFacts, Standing, WorkspaceFacts};
use super::report::{
    BudgetChange, Build, Change, PROTOCOL, ProfileReport, Readability, Rebuild, Report,
    SchemaChange, WorkspaceReport,
};
use crate::foundation::shell::quote;
use crate::foundation::size;
use crate::schema::{Reason, SchemaBlock, Verdict};

/// What `candidate` in place of `installed` would do to `workspaces`.
/// `exact` gives the bytes of a rebuild where they can be had; it is asked
/// only for profiles that would become unreadable.
pub fn judge(
    workspaces: &[WorkspaceFacts],
    installed: &Build,
    candidate: &Build,
    exact: &mut dyn FnMut(&Path, &ProfileFacts) -> Option<u64>,
) -> Report {
    let mut rows: Vec<WorkspaceReport> = workspaces
        .iter()
        .map(|workspace| judge_workspace(workspace, installed, candidate, exact))
        .collect();
    rows.sort_by(|a, b| a.root.cmp(&b.root));
    Report {
        protocol: PROTOCOL,
        installed: installed.clone(),
        candidate: candidate.clone(),
        workspaces: rows,
    }
}

fn judge_workspace(
    workspace: &WorkspaceFacts,
    installed: &Build,
    candidate: &Build,
    exact: &mut dyn FnMut(&Path, &ProfileFacts) -> Option<u64>,
) -> WorkspaceReport {
    let root = &workspace.root;
    let profiles = match &workspace.standing {
        Standing::Present(profiles) => profiles
            .iter()
            .map(|profile| judge_profile(root, profile, installed, candidate, exact))
            .collect(),
        _ => Vec::new(),
    };
    WorkspaceReport {
        root: root.to_string_lossy().into_owned(),
        state: workspace.standing.state(),
        detail: workspace.standing.detail(),
        profiles,
    }
}

fn judge_profile(
    root: &Path,
    facts: &ProfileFacts,
    installed: &Build,
    candidate: &Build,
    exact: &mut dyn FnMut(&Path, &ProfileFacts) -> Option<u64>,
) -> ProfileReport {
    let schema = SchemaChange {
        before: readability(installed, &facts.current),
        after: readability(candidate, &facts.current),
    };
    let loses = schema.before.readable && !schema.after.readable;
    let rebuild = loses.then(|| match exact(root, facts) {
        Some(bytes) => Rebuild { bytes, exact: true },
        None => Rebuild {
            bytes: predicted(&facts.current),
            exact: false,
        },
    });
    let budget = budget(facts, rebuild);
    let change = Change::of(&schema, &budget);
    ProfileReport {
        profile: facts.name.clone(),
        run: match &facts.current {
            CurrentRun::Run { id, .. } => Some(id.clone()),
            CurrentRun::None | CurrentRun::Broken(_) => None,
        },
        action: action(root, facts, change, &budget),
        schema,
        budget,
        change,
    }
}

/// What the installed version saw and foresaw (`ours`) with what the
/// candidate says of itself (`theirs`): each version speaks for itself, so
/// readability before the update is ours, after it theirs. A profile that the
/// candidate does not answer for stays as foreseen.
#[must_use]
pub fn merge(ours: &Report, theirs: &Report, facts: &[WorkspaceFacts]) -> Report {
    let mut merged = ours.clone();
    for workspace in &mut merged.workspaces {
        for row in &mut workspace.profiles {
            let answer = theirs
                .profiles()
                .find(|(root, profile)| *root == workspace.root && profile.profile == row.profile);
            let Some((_, answer)) = answer else { continue };
            let found = facts.iter().find_map(|facts| match &facts.standing {
                Standing::Present(profiles) if facts.root.to_string_lossy() == workspace.root => {
                    profiles.iter().find(|facts| facts.name == row.profile)
                }
                _ => None,
            });
            let Some(facts) = found else { continue };
            row.schema.after = answer.schema.after.clone();
            let loses = row.schema.before.readable && !row.schema.after.readable;
            let rebuild = loses.then(|| {
                answer.budget.rebuild.unwrap_or(Rebuild {
                    bytes: predicted(&facts.current),
                    exact: false,
                })
            });
            row.budget = budget(facts, rebuild);
            // A candidate may count sources or judge a policy differently: of
            // the same bytes, so not of a rebuild that it did not see, nor where
            // nothing could be counted here.
            if facts.used_bytes.is_ok() && answer.budget.rebuild.is_some() == loses {
                row.budget.limit_bytes = answer.budget.limit_bytes.or(row.budget.limit_bytes);
                row.budget.after = answer.budget.after.or(row.budget.after);
            }
            row.change = Change::of(&row.schema, &row.budget);
            row.action = action(Path::new(&workspace.root), facts, row.change, &row.budget);
        }
    }
    merged
}

/// What `build` says of a profile's current run: the first reason found, in
/// the order of its artifacts.
fn readability(build: &Build, current: &CurrentRun) -> Readability {
    let judge = |block: &SchemaBlock| match build.schema.judge(block) {
        Verdict::Compatible => None,
        Verdict::RebuildRequired(reason) => Some(reason),
    };
    let reason: Option<Reason> = match current {
        CurrentRun::None => None,
        CurrentRun::Run { blocks, .. } => blocks.iter().find_map(judge),
        CurrentRun::Broken(reason) => Some(reason.clone()),
    };
    Readability {
        readable: reason.is_none(),
        reason: reason.as_ref().map(|reason| reason.name().to_owned()),
        // A reason speaks as its reader would; here two readers speak.
        detail: reason.map(|reason| {
            let whose = format!("version {}", build.version);
            reason.to_string().replace("this version", &whose)
        }),
    }
}

const fn predicted(current: &CurrentRun) -> u64 {
    match current {
        CurrentRun::Run { rebuild_bytes, .. } => *rebuild_bytes,
        CurrentRun::None | CurrentRun::Broken(_) => 0,
    }
}

fn budget(facts: &ProfileFacts, rebuild: Option<Rebuild>) -> BudgetChange {
    let added = rebuild.map_or(0, |rebuild| rebuild.bytes);
    // Without a readable run the sources' bytes are not known, and reading
    // every source is not the price of a preflight: only an absolute limit
    // can be judged then.
    let known = match &facts.current {
        CurrentRun::Run { source_bytes, .. } => *source_bytes,
        CurrentRun::None | CurrentRun::Broken(_) => None,
    };
    let source_bytes = known.or(facts.policy.max_bytes.map(|_| 0));
    let used = facts.used_bytes.as_ref().ok().copied();
    let assess = |added| Some(facts.policy.assess(source_bytes?, used?, added).verdict);
    let now_bytes = used.unwrap_or(0);
    BudgetChange {
        now_bytes,
        after_bytes: now_bytes.saturating_add(added),
        uncounted: facts.used_bytes.as_ref().err().cloned(),
        rebuild,
        limit_bytes: source_bytes.map(|bytes| facts.policy.limit(bytes)),
        before: assess(0),
        after: assess(added),
    }
}

fn action(root: &Path, facts: &ProfileFacts, change: Change, budget: &BudgetChange) -> String {
    let at = format!("--root {} --profile {}", quote(root), facts.name);
    match change {
        Change::None if matches!(facts.current, CurrentRun::None) => {
            "nothing: it has no run yet".to_owned()
        }
        Change::None => "nothing".to_owned(),
        Change::BecomesReadable => "nothing: the update makes it readable".to_owned(),
        Change::AlreadyUnreadable => {
            format!("nothing changes: it needs `auditgraph rebuild {at}` with either version")
        }
        Change::AlreadyOverBudget => {
            format!("nothing changes: it is over its budget already; see `auditgraph status {at}`")
        }
        Change::NeedsRebuild if !budget.over_after() => {
            format!("after the update: `auditgraph rebuild {at}`")
        }
        // A rebuild is refused over the budget, also where it was over before.
        Change::NeedsRebuild | Change::NeedsRebuildOverBudget | Change::GoesOverBudget => {
            let over = budget
                .limit_bytes
                .map_or(0, |limit| budget.after_bytes.saturating_sub(limit));
            let after = if change == Change::GoesOverBudget {
                String::new()
            } else {
                format!("; after the update: `auditgraph rebuild {at}`")
            };
            format!(
                "make room first ({} over): raise [budget] in auditgraph.toml, or `auditgraph gc --keep 1 --dry-run {at}`{after}",
                size::human(over)
            )
        }
    }
}
