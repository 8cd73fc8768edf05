//! The report as a table a person can decide from.

use std::fmt::Write as _;

use super::report::{BudgetChange, Change, Readability, Report, State, WorkspaceReport};
use crate::budget::Verdict;
use crate::foundation::size;
use crate::foundation::terminal::clean;

const HEADER: [&str; 8] = [
    "WORKSPACE",
    "PROFILE",
    "CURRENT RUN",
    "SCHEMA",
    "NOW",
    "AFTER",
    "LIMIT",
    "BUDGET",
];

/// The report as text: one line per profile in aligned columns, and below it
/// what to do, where there is something to do. It is fit for a terminal.
#[must_use]
pub fn table(report: &Report) -> String {
    let mut rows: Vec<([String; 8], Option<String>)> = vec![(HEADER.map(str::to_owned), None)];
    for workspace in &report.workspaces {
        rows.extend(rows_of(workspace));
    }
    let width = |column: usize| {
        rows.iter()
            .map(|(cells, _)| cells[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..HEADER.len()).map(width).collect();
    let mut text = String::new();
    for (cells, note) in &rows {
        let mut line = String::new();
        for (column, cell) in cells.iter().enumerate() {
            let pad = widths[column] - cell.chars().count();
            // Numbers line up on the right.
            if (4..=6).contains(&column) {
                let _ = write!(line, "{}{cell}  ", " ".repeat(pad));
            } else {
                let _ = write!(line, "{cell}{}  ", " ".repeat(pad));
            }
        }
        let _ = writeln!(text, "{}", line.trim_end());
        if let Some(note) = note {
            let _ = writeln!(text, "    {note}");
        }
    }
    text
}

fn rows_of(workspace: &WorkspaceReport) -> Vec<([String; 8], Option<String>)> {
    let dash = || "-".to_owned();
    if workspace.profiles.is_empty() {
        let state = match workspace.state {
            State::Present => "no run yet",
            state => state.words(),
        };
        let cells = [
            shown(&workspace.root),
            dash(),
            dash(),
            state.to_owned(),
            dash(),
            dash(),
            dash(),
            dash(),
        ];
        return vec![(cells, workspace.detail.as_deref().map(shown))];
    }
    workspace
        .profiles
        .iter()
        .map(|row| {
            let uncounted = row.budget.uncounted.as_deref().map(shown);
            let counted = |bytes| match uncounted {
                None => size::human(bytes),
                Some(_) => dash(),
            };
            let cells = [
                shown(&workspace.root),
                shown(&row.profile),
                row.run.as_deref().map_or_else(dash, shown),
                schema(&row.schema.before, &row.schema.after),
                counted(row.budget.now_bytes),
                counted(row.budget.after_bytes),
                row.budget.limit_bytes.map_or_else(dash, size::human),
                budget(&row.budget),
            ];
            let reason = row.schema.after.detail.as_deref().map(shown);
            let action = match row.change {
                Change::None | Change::BecomesReadable => None,
                _ => Some(shown(&row.action)),
            };
            // A reason is of something to do.
            let reason = reason.filter(|_| action.is_some());
            let note: Vec<String> = [uncounted, reason, action].into_iter().flatten().collect();
            (cells, (!note.is_empty()).then(|| note.join("; ")))
        })
        .collect()
}

fn schema(before: &Readability, after: &Readability) -> String {
    match (before.readable, after.readable) {
        (true, true) => "readable",
        (true, false) => "needs rebuild",
        (false, true) => "becomes readable",
        (false, false) => "unreadable already",
    }
    .to_owned()
}

fn budget(budget: &BudgetChange) -> String {
    let name = |verdict| match verdict {
        Verdict::Ok => "ok",
        Verdict::Warn => "warn",
        Verdict::Block => "over",
    };
    let predicted = if budget.rebuild.is_some_and(|rebuild| !rebuild.exact) {
        " (predicted)"
    } else {
        ""
    };
    match (budget.before, budget.after) {
        (Some(before), Some(after)) if before == after => format!("{}{predicted}", name(after)),
        (Some(before), Some(after)) => {
            format!("{} -> {}{predicted}", name(before), name(after))
        }
        _ => "-".to_owned(),
    }
}

/// Text from a file system or another process.
fn shown(text: &str) -> String {
    clean(text).into_owned()
}
