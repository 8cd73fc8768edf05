//! The sources: is each what the current run was made from?

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::{Kind, Problem, Report};
use crate::foundation::Sha256;
use crate::foundation::progress::{Phase, Progress};
use crate::graph::WorkspacePath;
use crate::run::RunError;
use crate::run::tree::{Entry, Files};
use crate::source::{Refusal, Rejected, Root, Selection, read, scan};
use crate::workspace::Workspace;

/// Compares the workspace's sources with the `files` of the run.
pub(super) fn check(
    workspace: &Workspace,
    files: &Files,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(), RunError> {
    let config = &workspace.config().sources;
    let root =
        Root::open(workspace.root()).map_err(|error| RunError::io(workspace.root(), error))?;
    let scan = scan(&root, &Selection::new(config)?)?;
    progress.begin(Phase::files(
        "reading sources",
        Some(scan.files.len() as u64),
    ));
    let read: Result<Vec<_>, RunError> = scan
        .files
        .into_par_iter()
        .map(|file| {
            let source = read(&root, &file, config.max_file_bytes)?;
            progress.advance(1);
            Ok((file.path, source.map(|source| source.sha256)))
        })
        .collect();
    let read = read?;
    report.sources = read.len() as u64;
    let mut seen = BTreeSet::new();
    for (path, now) in read {
        compare(&path, now, files.get(&path), report);
        seen.insert(path);
    }
    let refused: BTreeMap<&str, Refusal> = scan
        .refused
        .iter()
        .map(|refused| (refused.path.as_str(), refused.refusal))
        .collect();
    let mut look = root.look();
    for (path, entry) in files {
        let Entry::Source { sha256, .. } = entry else {
            continue;
        };
        if seen.contains(path) {
            continue;
        }
        let message = match refusal_of(path.as_str(), &refused) {
            Some((at, refusal)) if at == path.as_str() => none_any_more(refusal),
            Some((folder, refusal)) => format!("the source is gone with {folder}: {refusal}"),
            None if look.exists(path)? => {
                "the source is none any more: [sources] leaves it out, or a folder has its name"
                    .to_owned()
            }
            None => "the source is gone".to_owned(),
        };
        report.problems.push(Problem {
            expected: Some(sha256.to_string()),
            ..Problem::new(Kind::Source, path.as_str(), message)
        });
    }
    Ok(())
}

/// What is refused, and why: the file at `path`, or a folder above it.
fn refusal_of<'p>(path: &'p str, refused: &BTreeMap<&str, Refusal>) -> Option<(&'p str, Refusal)> {
    let folders = path.rmatch_indices('/').map(|(end, _)| &path[..end]);
    let mut ways = std::iter::once(path).chain(folders);
    ways.find_map(|at| refused.get(at).map(|refusal| (at, *refusal)))
}

/// Compares what a file is `now` with what the run has at its path.
fn compare(
    path: &WorkspacePath,
    now: Result<Sha256, Rejected>,
    recorded: Option<&Entry>,
    report: &mut Report,
) {
    let expected = match recorded {
        Some(Entry::Source { sha256, .. }) => Some(*sha256),
        Some(Entry::Refused { sha256, .. }) => *sha256,
        Some(Entry::File) | None => {
            let message = "the source is new since the run";
            return report.problem(Kind::Source, path.as_str(), message);
        }
    };
    let (actual, message) = match now {
        Ok(actual) => (Some(actual), None),
        Err(rejected) => (rejected.sha256, Some(none_any_more(rejected.refusal))),
    };
    // One that was refused before was none.
    let message = message.filter(|_| matches!(recorded, Some(Entry::Source { .. })));
    if expected != actual {
        let message = message.unwrap_or_else(|| "the source changed since the run".to_owned());
        report.problems.push(Problem {
            expected: expected.map(|digest| digest.to_string()),
            actual: actual.map(|digest| digest.to_string()),
            ..Problem::new(Kind::Source, path.as_str(), message)
        });
    }
}

/// Why what was a source would not be ingested.
fn none_any_more(refusal: Refusal) -> String {
    format!("the source is none any more: {refusal}")
}
