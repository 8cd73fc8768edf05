//! Verifying: reads everything again and reports each mismatch. Changes
//! nothing.

mod index;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;

use super::objects::written_digest;
use super::standing::{self, Standing};
use super::tree::Entry;
use super::{
    Manifest, Objects, PackRef, RunError, RunId, document, file_names, manifest, manifest_file,
};
use crate::foundation::progress::{Phase, Progress};
use crate::foundation::threads::start_pool;
use crate::foundation::{Sha256, durable};
use crate::schema::Reason;
use crate::workspace::{Layout, ProfileName, Workspace};

/// What a verification came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The runs whose manifests and packs were read.
    pub runs: Vec<RunId>,
    /// Runs this version cannot read: listed, not judged.
    pub incompatible: Vec<Incompatible>,
    /// Packs read.
    pub packs: u64,
    /// Objects read and checked against their ids.
    pub objects: u64,
    /// Sources read and compared with the current run.
    pub sources: u64,
    /// Whether the index of the current run was checked: the cached one, or, where
    /// none is, one made from the packs.
    pub index_checked: bool,
    /// Everything that is not as it must be.
    pub problems: Vec<Problem>,
}

/// A run this version cannot read.
#[derive(Clone, Debug, Serialize)]
pub struct Incompatible {
    /// The run.
    pub run: RunId,
    /// Why.
    #[serde(flatten)]
    pub reason: Reason,
}

/// What kind of thing is not as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What names the current run.
    Current,
    /// A run manifest.
    Manifest,
    /// A pack.
    Pack,
    /// An object inside a pack.
    Object,
    /// An index.
    Index,
    /// A source: it changed since the run, or came, or went.
    Source,
}

/// One mismatch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Where: relative to the profile, for a source to the workspace.
    pub path: String,
    /// What was found, as a sentence.
    pub message: String,
    /// The digest recorded, where there is one.
    pub expected: Option<String>,
    /// The digest found, where there is one.
    pub actual: Option<String>,
}

impl Problem {
    fn new(kind: Kind, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind,
            path: path.into(),
            message: message.into(),
            expected: None,
            actual: None,
        }
    }

    /// With the digests recorded and found.
    fn with(self, expected: &impl ToString, actual: &impl ToString) -> Self {
        Self {
            expected: Some(expected.to_string()),
            actual: Some(actual.to_string()),
            ..self
        }
    }
}

impl Report {
    fn problem(&mut self, kind: Kind, path: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem::new(kind, path, message));
    }
}

/// Verifies every readable run of the profile, their indexes as far as they are
/// cached, and the sources against the current one. Writers may go on
/// meanwhile: what they remove is not missed.
///
/// # Errors
/// [`RunError::RebuildRequired`] when this version is not one to read the
/// current run, [`RunError::NoRun`] when there is none; damage is reported,
/// not an error.
pub fn verify(
    workspace: &Workspace,
    profile: &ProfileName,
    progress: &dyn Progress,
) -> Result<Report, RunError> {
    start_pool().map_err(RunError::Threads)?;
    let layout = workspace.layout(profile);
    let mut report = Report::default();
    let current = match Standing::judge(&layout)? {
        Standing::Empty => return Err(RunError::NoRun),
        Standing::Ready(manifest) => Some(*manifest),
        Standing::RebuildRequired {
            run,
            reason: Reason::Unreadable { artifact, detail },
        } => {
            // A manifest that is there is told of with the others.
            let kind = run.map_or(Kind::Current, |_| Kind::Manifest);
            if kind == Kind::Current || !layout.profile().join(&artifact).exists() {
                report.problem(kind, artifact, detail);
            }
            None
        }
        Standing::RebuildRequired { run, reason } => {
            return Err(RunError::RebuildRequired { run, reason });
        }
    };
    let manifests = manifests(&layout, &mut report)?;
    let sound = packs(&layout, &manifests, &mut report, progress)?;
    let is_current = |run: &RunId| matches!(&current, Some(current) if current.run == *run);
    for manifest in &manifests {
        let found = objects(&layout, manifest, &sound, &mut report);
        // A collection removes the manifest before all that only this run needs.
        if file_names::has_manifest(&layout, &manifest.run) {
            report.problems.extend(found);
        }
        let of_current = is_current(&manifest.run);
        let index = index::check(&layout, manifest, of_current, progress);
        report.index_checked |= of_current && index.is_some();
        report.problems.extend(index.into_iter().flatten());
    }
    if let Some(current) = current {
        let listing = Objects::of(&layout, &current).listing(current.tree);
        if let Ok(listing) = listing {
            sources::check(workspace, &listing.files, &mut report, progress)?;
        }
    }
    progress.finish();
    report.problems.sort();
    report.problems.dedup();
    Ok(report)
}

/// Reads every manifest; those that can be read come back.
fn manifests(layout: &Layout, report: &mut Report) -> Result<Vec<Manifest>, RunError> {
    let mut manifests = Vec::new();
    for run in standing::list_runs(layout)? {
        let path = format!("runs/{}", manifest_file(&run));
        let file = layout.profile().join(&path);
        let read = durable::read_bounded(&file, manifest::BOUNDS.bytes as u64);
        let bytes = match durable::if_there(read) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => continue,
            Err(error) => {
                report.problem(Kind::Manifest, path, error.to_string());
                continue;
            }
        };
        match standing::judge_manifest(&bytes, &run) {
            Ok(manifest) => {
                check_manifest(&path, &bytes, &manifest, report);
                report.runs.push(run);
                manifests.push(manifest);
            }
            Err(reason) => match damage(&bytes, &reason) {
                Some(message) => {
                    let (expected, actual) = Manifest::check(&bytes).err().unzip();
                    report.problems.push(Problem {
                        expected,
                        actual,
                        ..Problem::new(Kind::Manifest, path, message)
                    });
                }
                None => report.incompatible.push(Incompatible { run, reason }),
            },
        }
    }
    Ok(manifests)
}

const NOT_AS_WRITTEN: &str = "the manifest is not what was written";

/// What is wrong with a manifest that cannot be read for `reason`; `None` when
/// it is just another schema's.
fn damage(bytes: &[u8], reason: &Reason) -> Option<String> {
    if let Reason::Unreadable { detail, .. } = reason {
        // Every version can read JSON.
        return Some(detail.clone());
    }
    // Every version sums it up alike.
    let (recorded, _) = Manifest::check(bytes).err()?;
    (!recorded.is_empty()).then(|| NOT_AS_WRITTEN.to_owned())
}

fn check_manifest(path: &str, bytes: &[u8], manifest: &Manifest, report: &mut Report) {
    if let Err((expected, actual)) = Manifest::check(bytes) {
        let problem = Problem::new(Kind::Manifest, path, NOT_AS_WRITTEN);
        report.problems.push(problem.with(&expected, &actual));
    }
    let digest = Manifest::run_digest(manifest.tree, manifest.config, manifest.schema.written);
    let named = manifest.run.digest_prefix() == manifest.digest.short();
    if digest != manifest.digest || !named {
        let message = "the run's digest is not that of its tree, configuration and schema";
        let problem = Problem::new(Kind::Manifest, path, message);
        report
            .problems
            .push(problem.with(&manifest.digest, &digest));
    }
}

/// Reads every pack that some manifest names; the sound ones come back.
fn packs(
    layout: &Layout,
    manifests: &[Manifest],
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<BTreeSet<String>, RunError> {
    let mut packs: BTreeMap<(String, Sha256), u64> = BTreeMap::new();
    for pack in manifests.iter().flat_map(|manifest| &manifest.packs) {
        let most = packs.entry((pack.file.as_str().to_owned(), pack.sha256));
        let most = most.or_default();
        *most = pack.bytes.max(*most);
    }
    progress.begin(Phase::files("reading packs", Some(packs.len() as u64)));
    let mut sound = BTreeSet::new();
    // A collection may remove a run, and then its packs, meanwhile.
    let is_needed = |file: &str| {
        let names_it =
            |manifest: &&Manifest| manifest.packs.iter().any(|p| p.file.as_str() == file);
        let mut runs = manifests.iter().filter(names_it);
        runs.any(|manifest| file_names::has_manifest(layout, &manifest.run))
    };
    for ((file, expected), most) in packs {
        let path = format!("packs/{file}");
        report.packs += 1;
        let digest = written_digest(&layout.packs().join(&file), most);
        match digest.map(|(digest, _)| digest) {
            Ok(actual) if actual == expected => {
                sound.insert(file);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_needed(&file) => {
                report.packs -= 1;
            }
            Ok(actual) => {
                let problem = Problem::new(Kind::Pack, path, "the pack is not what was written");
                report.problems.push(problem.with(&expected, &actual));
            }
            Err(error) if durable::is_exhausted(&error) => {
                return Err(RunError::io(&layout.packs().join(file), error));
            }
            Err(error) => {
                let message = match error.kind() {
                    io::ErrorKind::NotFound => "the pack is missing".to_owned(),
                    _ => format!("the pack cannot be read: {error}"),
                };
                report.problems.push(Problem {
                    expected: Some(expected.to_string()),
                    ..Problem::new(Kind::Pack, path, message)
                });
            }
        }
        progress.advance(1);
    }
    Ok(sound)
}

/// Reads every object a run needs, unless its packs are known to be damaged.
fn objects(
    layout: &Layout,
    manifest: &Manifest,
    sound: &BTreeSet<String>,
    report: &mut Report,
) -> Vec<Problem> {
    let is_sound = |pack: &PackRef| sound.contains(pack.file.as_str());
    if !manifest.packs.iter().all(is_sound) {
        return Vec::new();
    }
    let path = format!("runs/{}", manifest_file(&manifest.run));
    let problem = |error: RunError| Problem::new(Kind::Object, &path, error.to_string());
    let mut objects = Objects::of(layout, manifest);
    let listing = match objects.listing(manifest.tree) {
        Ok(listing) => listing,
        Err(error) => return vec![problem(error)],
    };
    report.objects += listing.trees.len() as u64;
    let mut problems = Vec::new();
    for (source, entry) in &listing.files {
        let Entry::Source { sha256, bytes } = entry else {
            continue;
        };
        report.objects += 1;
        let read = objects.source(*sha256, *bytes);
        let document = read.and_then(|bytes| document::decode(source, *sha256, &bytes));
        problems.extend(document.err().map(problem));
    }
    problems
}
