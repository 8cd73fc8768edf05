//! The cached indexes: is each the file that was written, and does it hold what
//! the packs say?

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Kind, Problem};
use crate::foundation::progress::Progress;
use crate::foundation::{Sha256, durable};
use crate::index::{Built, Index, IndexError};
use crate::run::index_record::{self, Record};
use crate::run::{Manifest, file_names, remake};
use crate::schema::WRITES;
use crate::workspace::Layout;

/// How often an index is looked at that is exchanged meanwhile.
const ATTEMPTS: usize = 3;

/// What is wrong with the index of a run: with the cached one, or, where none is,
/// with what the packs give. That of the current run is compared with one made
/// from the packs. `None` when there was nothing to compare.
pub(super) fn check(
    layout: &Layout,
    manifest: &Manifest,
    is_current: bool,
    progress: &dyn Progress,
) -> Option<Vec<Problem>> {
    let path = file_names::index_path(layout, &manifest.run);
    // Another schema may give other rows, and is taken at its word.
    let comparable = is_current && manifest.index.schema.written == WRITES;
    let build = || {
        let built = comparable.then(|| remake::build(layout, manifest, progress).ok());
        built.flatten()
    };
    let mut found = Vec::new();
    for _ in 0..ATTEMPTS {
        let before = match identity(&path) {
            Ok(identity) => identity,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Some(of_packs(manifest, &build()?));
            }
            Err(error) => return Some(vec![unreadable(manifest, &error)]),
        };
        found = problems(layout, manifest, &path, &build);
        if found.is_empty() || identity(&path).is_ok_and(|now| now == before) {
            break;
        }
    }
    Some(found)
}

/// What is told of the index of a run.
fn problem(manifest: &Manifest, message: String) -> Problem {
    let path = format!("cache/{}", file_names::index_file(&manifest.run));
    Problem::new(Kind::Index, path, message)
}

fn unreadable(manifest: &Manifest, error: &io::Error) -> Problem {
    problem(manifest, format!("it cannot be read: {error}"))
}

/// What is wrong with the index that the packs of a run give: then it is not the
/// index that is at fault.
fn of_packs(manifest: &Manifest, built: &Built) -> Vec<Problem> {
    let (expected, actual) = (manifest.index.logical, built.logical);
    if expected == actual {
        return Vec::new();
    }
    let manifest = format!("runs/{}", file_names::manifest_file(&manifest.run));
    let message = "the packs give another index than it says";
    vec![Problem::new(Kind::Object, manifest, message).with(&expected, &actual)]
}

/// What tells a file from one that was put in its place.
fn identity(path: &Path) -> io::Result<(u64, i64, i64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.ino(), metadata.mtime(), metadata.mtime_nsec()))
}

fn problems(
    layout: &Layout,
    manifest: &Manifest,
    path: &Path,
    build: &dyn Fn() -> Option<Built>,
) -> Vec<Problem> {
    let problem = |message: String| problem(manifest, message);
    let actual = match durable::file_digest(path) {
        Ok(actual) => actual,
        Err(error) => return vec![unreadable(manifest, &error)],
    };
    let mut found = Vec::new();
    match index_record::read(layout, &manifest.run) {
        Ok(Record::Digest(expected)) if expected != actual => {
            let message = "the index is not what was written, by its .sha256".to_owned();
            return vec![problem(message).with(&expected, &actual)];
        }
        Ok(Record::Digest(_) | Record::None) => {}
        Ok(Record::Damaged) | Err(_) => {
            let record = format!("cache/{}", file_names::index_digest_file(&manifest.run));
            let message = "it is not the digest of the index";
            found.push(Problem {
                expected: Some(actual.to_string()),
                ..Problem::new(Kind::Index, record, message)
            });
        }
    }
    let built = build();
    if let Some(built) = &built {
        let of_packs = of_packs(manifest, built);
        if !of_packs.is_empty() {
            found.extend(of_packs);
            return found;
        }
    }
    match difference(manifest, path, actual, built) {
        // That of another version is its own business.
        Ok(None) | Err(IndexError::OtherSchema(_)) => {}
        Ok(Some((expected, actual))) => {
            let message = "the index does not hold what the packs say".to_owned();
            found.push(problem(message).with(&expected, &actual));
        }
        Err(error) => found.push(problem(error.to_string())),
    }
    found
}

/// The digests, expected and actual, of what an index does not hold as it
/// should: of its rows, or of its words where one that is `built` from the packs
/// tells what they are.
fn difference(
    manifest: &Manifest,
    path: &Path,
    sha256: Sha256,
    built: Option<Built>,
) -> Result<Option<(Sha256, Sha256)>, IndexError> {
    let unlike = |expected, actual| (expected != actual).then_some((expected, actual));
    // One that was made at once, not edited, is the same to the byte.
    if let Some(built) = &built
        && built.artifact.sha256()? == sha256
    {
        return Ok(None);
    }
    let index = Index::open(path)?;
    let rows = unlike(manifest.index.logical, index.logical_digest()?);
    match built {
        Some(built) if rows.is_none() && index.meta().schema.written == WRITES => {
            let words = Index::from_artifact(&built.artifact)?.text_digest()?;
            Ok(unlike(words, index.text_digest()?))
        }
        Some(_) | None => Ok(rows),
    }
}
