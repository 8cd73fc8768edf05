//! Judges a release site: does every file say the same thing?
//!
//! Owns: comparing what stands on a site with what the project's own files say,
//! and each file with the others. A release is judged as a user meets it: from
//! the files alone, never from what `build` remembers. Never changes anything.
//! Every disagreement becomes a [`Finding`] that names file and field; judging
//! goes on to the end, so that one run shows them all.

mod archive;
mod binary;
mod derived;
mod elf;
mod formula;
mod index;
mod installer;
mod macho;
mod manifest;
mod marker;
mod repository;
mod sbom;
mod sdist;
mod wheel;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::facts::{Facts, Target};
use crate::plan::Plan;
use crate::python;
use crate::site::{Artifact, Kind, Marker, Published, Site, SiteError, sha256_hex};

/// One disagreement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Finding {
    /// The file, below the site.
    pub(crate) file: String,
    /// The field in it.
    pub(crate) field: String,
    /// What is wrong.
    pub(crate) problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.file, self.field, self.problem)
    }
}

/// What is tolerated.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Leniency {
    /// A site that lacks what another machine has to make.
    pub(crate) partial: bool,
    /// A site made from a tree with uncommitted changes.
    pub(crate) dirty: bool,
}

/// Contents and mode of each ordinary file of a package, by path.
type Members = BTreeMap<String, (Vec<u8>, u32)>;

/// Everything a check looks at; collects what it finds.
struct Checker<'a> {
    facts: &'a Facts,
    site: &'a Site,
    release: &'a Published,
    /// This machine's triple: executables for it are run.
    host: &'a str,
    leniency: Leniency,
    /// Files that follow from others: nobody has to list them.
    followed: BTreeSet<String>,
    findings: Vec<Finding>,
}

/// Judges the newest release of `site`.
///
/// # Errors
/// [`SiteError`] where there is no site at all; anything else is a finding.
pub(crate) fn check(
    facts: &Facts,
    site: &Site,
    host: &str,
    leniency: Leniency,
    progress: &dyn Fn(&str),
) -> Result<Vec<Finding>, SiteError> {
    let marker = Marker::read(site)?.ok_or_else(|| SiteError::Marker {
        path: site.path("site.json"),
        reason: "missing; `build` makes a site".into(),
    })?;
    let Some(release) = marker.newest() else {
        return Ok(vec![Finding {
            file: "site.json".into(),
            field: "releases".into(),
            problem: "empty".into(),
        }]);
    };
    let mut checker = Checker {
        facts,
        site,
        release,
        host,
        leniency,
        followed: BTreeSet::new(),
        findings: Vec::new(),
    };
    if let Some((theirs, here)) = checker.commits_apart() {
        progress("digests");
        checker.digests(&marker);
        checker.find(
            "site.json",
            "commit",
            format!(
                "is {theirs}, and {here} is checked out: nothing was compared with the \
                 project's own files; git checkout {theirs}, then check again"
            ),
        );
        checker.update_repository(progress);
        return Ok(checker.sorted());
    }
    progress("site.json against the files, Cargo.toml and dist-workspace.toml");
    let plan = Plan::of(facts, host, None);
    checker.marker(&marker, &plan);
    progress("digests");
    checker.digests(&marker);
    for target in facts.targets() {
        progress(&format!("{}: archive, wheel, executable", target.triple));
        checker.platform(&target);
    }
    for door in &plan.without {
        progress(&format!("that nothing is there for {door}"));
    }
    progress("installer and manifests");
    checker.installer();
    checker.manifests();
    if let Some(python) = python::Door::of(facts) {
        progress("source distribution and package index");
        checker.sdist(python);
        checker.index(python, &marker);
    }
    if let Some(homebrew) = &facts.release.homebrew {
        progress("formula");
        checker.formula(homebrew);
    }
    checker.front_door();
    checker.companions();
    checker.strays();
    checker.update_repository(progress);
    Ok(checker.sorted())
}

impl Checker<'_> {
    /// The release's commit and the one that is checked out, where they differ:
    /// what the project's own files say is of another release then, and would
    /// disagree everywhere.
    fn commits_apart(&self) -> Option<(String, String)> {
        let theirs = self.release.commit.clone()?;
        let here = self.facts.commit.id.clone()?;
        (theirs != here).then_some((theirs, here))
    }

    fn sorted(mut self) -> Vec<Finding> {
        self.findings.sort();
        self.findings.dedup();
        self.findings
    }

    /// Notes a disagreement.
    fn find(&mut self, file: &str, field: &str, problem: impl Into<String>) {
        self.findings.push(Finding {
            file: file.to_owned(),
            field: field.to_owned(),
            problem: problem.into(),
        });
    }

    /// Notes a disagreement between `found` and what `source` says.
    fn equal(
        &mut self,
        file: &str,
        field: &str,
        found: Option<&str>,
        expected: &str,
        source: &str,
    ) {
        if found != Some(expected) {
            let found = found.map_or("missing".into(), |found| format!("is `{found}`"));
            self.find(file, field, format!("{found}, {source} says `{expected}`"));
        }
    }

    /// The release's only artifact of `kind` for `target`.
    fn one(&self, kind: Kind, target: Option<&Target>) -> Option<Artifact> {
        let triple = target.map(|target| target.triple.as_str());
        let mut all = self.release.artifacts.iter();
        all.find(|artifact| artifact.kind == kind && artifact.target.as_deref() == triple)
            .cloned()
    }

    /// The artifact and its bytes. Missing is a finding, unless `site.json`
    /// names the platform as missing: then `marker` has judged that.
    fn load(
        &mut self,
        kind: Kind,
        name: &str,
        target: Option<&Target>,
    ) -> Option<(Artifact, Vec<u8>)> {
        let Some(artifact) = self.one(kind, target) else {
            let known = target.is_some_and(|target| {
                let missing = &self.release.missing;
                missing
                    .iter()
                    .any(|missing| missing.target == target.triple)
            });
            if !known {
                self.find("site.json", "artifacts", format!("no {name}"));
            }
            return None;
        };
        match self.site.read(&artifact.path) {
            Ok(bytes) => Some((artifact, bytes)),
            Err(_) => {
                self.find(&artifact.path, "file", "cannot be read");
                None
            }
        }
    }

    /// One platform's archive and wheel, and the executable in both.
    fn platform(&mut self, target: &Target) {
        let archive = self.load(
            Kind::Archive,
            &self.facts.archive_name(target),
            Some(target),
        );
        let executable = archive.and_then(|(artifact, bytes)| {
            let found = self.archive(&artifact, &bytes, target)?;
            self.executable(&artifact, &found, target);
            Some(found)
        });
        if let Some(python) = python::Door::of(self.facts)
            && let Some((tag, name)) = python.wheel_for(target)
            && let Some((artifact, bytes)) = self.load(Kind::Wheel, &name, Some(target))
        {
            let inside = self.wheel(python, &artifact, &bytes, &tag);
            if let (Some(one), Some(two)) = (&executable, &inside) {
                let (one, two) = (sha256_hex(one), sha256_hex(two));
                let field = format!("sha256 of {}", self.facts.package.binary);
                self.equal(&artifact.path, &field, Some(&two), &one, "the archive");
            }
        }
        let name = format!("{}.cdx.json", self.facts.archive_stem(target));
        if let Some((artifact, bytes)) = self.load(Kind::Sbom, &name, Some(target)) {
            self.sbom(&artifact.path, &bytes, executable.as_deref());
        }
    }
}

/// Whether a member's path could leave its folder or surprise a user.
fn odd_path(path: &str) -> Option<&'static str> {
    if path.starts_with('/') {
        return Some("absolute");
    }
    if path.contains('\\') || path.chars().any(char::is_control) {
        return Some("has a backslash or a control character");
    }
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    if parts.contains(&"..") {
        return Some("goes up");
    }
    if parts.iter().any(|part| part.is_empty() || *part == ".") {
        return Some("has an empty part");
    }
    None
}
