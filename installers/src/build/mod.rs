//! Makes a release: from a plan to files on a release site.
//!
//! The story of one build, in order:
//! 1. compile the executable of each platform this machine can make, the same
//!    bytes whoever compiles it where and when (`executable`);
//! 2. ask it for its version, completions and man pages (`describe`);
//! 3. list what went into it (`sbom`), then pack archive and wheel around it;
//! 4. take platforms made on other machines from where they were put (`import`);
//! 5. let dist write the installer around the archives' digests (`dist`), put
//!    the front door before it, render the formula, write the package index;
//! 6. say in `site.json` what was made and what is missing.
//!
//! Never publishes, never guesses: a platform that cannot be made here is
//! named as missing. Called by the `build` command; `plan` and `check` ask it what
//! a release should hold.

mod archive;
mod command;
mod describe;
mod dist;
mod error;
mod executable;
mod import;
mod ready;
mod sbom;
mod source;
mod texts;

use std::path::{Path, PathBuf};

use crate::facts::{Facts, Target};
use crate::plan::Plan;
use crate::python;
use crate::repository::{TrustedRoot, trusted_root};
use crate::site::{Artifact, Kind, Marker, Missing, Published, Site, sha256_hex};
use crate::tools::Toolbox;

pub(crate) use archive::{Member, completion_path, man_path, tar_gz};
pub(crate) use error::BuildError;
pub(crate) use ready::{has_heading, in_the_way};
pub(crate) use texts::{checksums, formula, front_door};

/// What `build` was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    /// The one platform to make; no global files then.
    pub(crate) only: Option<String>,
    /// Folders with what other machines made.
    pub(crate) with: Vec<PathBuf>,
    /// The site to write.
    pub(crate) site: PathBuf,
    /// Root of trust to compile in, in place of the pinned one.
    pub(crate) root: Option<PathBuf>,
}

/// Everything the steps share.
struct Builder<'a> {
    facts: &'a Facts,
    tools: &'a Toolbox,
    site: Site,
    work: PathBuf,
    root: Option<TrustedRoot>,
    progress: &'a dyn Fn(&str),
}

/// Makes the release `plan` describes.
///
/// # Errors
/// [`BuildError`]; what was written before stays, `site.json` is written last.
pub(crate) fn build(
    facts: &Facts,
    plan: &Plan,
    tools: &Toolbox,
    options: &Options,
    progress: &dyn Fn(&str),
) -> Result<Published, BuildError> {
    let site = Site::new(&options.site);
    let mut in_the_way = in_the_way(facts);
    // Its platforms would be called missing, as if nobody had made them.
    let gone = options.with.iter().filter(|folder| !folder.is_dir());
    in_the_way.extend(gone.map(|folder| format!("--with {}: no such folder", folder.display())));
    if !in_the_way.is_empty() {
        return Err(BuildError::InTheWay(in_the_way));
    }
    let work = facts.package.target_directory.join(env!("CARGO_PKG_NAME"));
    // One build at a time in one project: they share the working folders.
    make_folder(&work)?;
    let lock = work.join("lock");
    let _lock = std::fs::File::create(&lock)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|error| BuildError::Write(lock, error))?;
    let _site = site.lock()?;
    // Read once nobody else changes it.
    if let Some(newest) = Marker::read(&site)?.as_ref().and_then(Marker::newest)
        && let Some(problem) = goes_back(&facts.package.version, &newest.version)
    {
        return Err(BuildError::InTheWay(vec![problem]));
    }
    let builder = Builder {
        facts,
        tools,
        site,
        work,
        root: trusted_root(facts, options.root.as_deref())?,
        progress,
    };
    builder.run(plan, options)
}

impl Builder<'_> {
    fn run(&self, plan: &Plan, options: &Options) -> Result<Published, BuildError> {
        for door in &plan.without {
            (self.progress)(&format!("nothing is made for {door}"));
        }
        let crate_file = self.crate_file()?;
        let untracked = self.untracked(&crate_file);
        for name in &untracked {
            (self.progress)(&format!("{name}: packed, though git does not track it"));
        }
        let mut artifacts = Vec::new();
        let mut missing = Vec::new();
        let mut made = Vec::new();
        for target in self.facts.targets() {
            let planned = plan.targets.iter().find(|p| p.target == target.triple);
            let Some(planned) = planned else {
                missing.push(Missing {
                    target: target.triple,
                    files: Vec::new(),
                    reason: "not asked for".into(),
                });
                continue;
            };
            if let Some(files) = self.import(&target, &options.with)? {
                artifacts.extend(files);
                made.push(target);
            } else if let Some(reason) = &planned.missing {
                if options.only.is_some() {
                    return Err(BuildError::NotHere {
                        target: target.triple,
                        reason: reason.clone(),
                    });
                }
                missing.push(Missing {
                    files: planned.files.iter().map(|file| file.name.clone()).collect(),
                    reason: reason.clone(),
                    target: target.triple,
                });
            } else {
                artifacts.extend(self.make_target(&target, &crate_file)?);
                made.push(target);
            }
        }
        if options.only.is_none() {
            if let Some(python) = python::Door::of(self.facts) {
                artifacts.push(self.source_distribution(python, &crate_file)?);
            }
            self.global(&made, &crate_file, &mut artifacts)?;
        }
        artifacts.sort_by(|a, b| a.path.cmp(&b.path));
        let published = Published {
            version: self.facts.package.version.clone(),
            tag: self.facts.tag(),
            commit: self.facts.commit.id.clone(),
            dirty: self.facts.commit.dirty || !untracked.is_empty(),
            time: self.facts.commit.time,
            schema: self.facts.schema(),
            artifacts,
            missing,
        };
        self.publish(published.clone())?;
        Ok(published)
    }

    /// Compiles and packs one platform.
    fn make_target(
        &self,
        target: &Target,
        crate_file: &source::Crate,
    ) -> Result<Vec<Artifact>, BuildError> {
        let path = self.compile(target, crate_file)?;
        let executable =
            std::fs::read(&path).map_err(|error| BuildError::Read(path.clone(), error))?;
        let said = self.describe(target, &path)?;
        let sbom = self.sbom(target, crate_file)?;
        let mut artifacts = Vec::new();
        let archive = archive::pack(self.facts, target, &executable, said)?;
        artifacts.push(self.add_archive(target, &archive)?);
        let stem = self.facts.archive_stem(target);
        let name = format!("{stem}.cdx.json");
        artifacts.push(self.add(Kind::Sbom, Some(target), &name, &sbom)?);
        if let Some(python) = python::Door::of(self.facts)
            && let Some((tag, name)) = python.wheel_for(target)
        {
            (self.progress)(&format!("{}: packing the wheel", target.triple));
            let wheel = python.wheel(&tag, &executable, &sbom)?;
            artifacts.push(self.add_package(python, Kind::Wheel, Some(target), &name, &wheel)?);
        }
        let manifest = self.target_manifest(target, &sha256_hex(&archive), crate_file)?;
        let name = format!("{}-dist-manifest.json", target.triple);
        artifacts.push(self.add(Kind::TargetManifest, Some(target), &name, &manifest)?);
        Ok(artifacts)
    }

    fn source_distribution(
        &self,
        python: python::Door<'_>,
        crate_file: &source::Crate,
    ) -> Result<Artifact, BuildError> {
        (self.progress)("packing the source distribution");
        let bytes = python.sdist(&crate_file.files)?;
        self.add_package(python, Kind::Sdist, None, &python.sdist_name(), &bytes)
    }

    /// Files made once, from the platforms in `made`.
    fn global(
        &self,
        made: &[Target],
        crate_file: &source::Crate,
        artifacts: &mut Vec<Artifact>,
    ) -> Result<(), BuildError> {
        (self.progress)("writing installer, checksums and what other doors need");
        let (script, manifest) = self.dist_global(made, crate_file)?;
        let door = texts::front_door(self.facts, &script, artifacts)?;
        let name = format!("{}-installer.sh", self.facts.package.name);
        artifacts.push(self.add(Kind::GeneratedInstaller, None, &name, script.as_bytes())?);
        artifacts.push(self.add(Kind::Installer, None, "install.sh", door.as_bytes())?);
        self.site.write("install.sh", door.as_bytes())?;
        artifacts.push(self.add(Kind::DistManifest, None, "dist-manifest.json", &manifest)?);
        artifacts.sort_by(|a, b| a.path.cmp(&b.path));
        let sums = texts::checksums(artifacts);
        artifacts.push(self.add(Kind::Checksums, None, "sha256.sum", sums.as_bytes())?);
        if let Some(homebrew) = &self.facts.release.homebrew {
            let formula = texts::formula(self.facts, homebrew, artifacts, &manifest)?;
            let place = Site::formula(&self.facts.package.name);
            self.site.write(&place, formula.as_bytes())?;
            artifacts.push(self.site.artifact(Kind::Formula, None, &place)?);
        }
        Ok(())
    }

    /// Writes `site.json`, after the package index that lists all releases.
    fn publish(&self, published: Published) -> Result<(), BuildError> {
        let name = &self.facts.package.name;
        let mut marker = Marker::read(&self.site)?.unwrap_or_else(|| Marker::empty(name));
        marker.publish(published);
        if let Some(python) = python::Door::of(self.facts) {
            for (place, bytes) in python.index(&self.site, &marker)? {
                self.site.write(&place, &bytes)?;
            }
        }
        marker.write(&self.site)?;
        Ok(())
    }

    /// Writes an archive, and beside it the file with its digest that dist's
    /// manifest announces.
    fn add_archive(&self, target: &Target, bytes: &[u8]) -> Result<Artifact, BuildError> {
        let name = self.facts.archive_name(target);
        let line = format!("{} *{name}\n", sha256_hex(bytes));
        self.write(&format!("{name}.sha256"), line.as_bytes())?;
        self.add(Kind::Archive, Some(target), &name, bytes)
    }

    /// Writes a Python package, and beside it the metadata that the package
    /// index offers by itself.
    fn add_package(
        &self,
        python: python::Door<'_>,
        kind: Kind,
        target: Option<&Target>,
        name: &str,
        bytes: &[u8],
    ) -> Result<Artifact, BuildError> {
        let metadata = python.metadata()?;
        self.write(&format!("{name}.metadata"), metadata.as_bytes())?;
        self.add(kind, target, name, bytes)
    }

    /// Writes `bytes` into the release's folder and describes them.
    fn add(
        &self,
        kind: Kind,
        target: Option<&Target>,
        name: &str,
        bytes: &[u8],
    ) -> Result<Artifact, BuildError> {
        let place = self.write(name, bytes)?;
        let target = target.map(|target| target.triple.as_str());
        Ok(self.site.artifact(kind, target, &place)?)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<String, BuildError> {
        let place = format!("{}/{name}", self.facts.tag());
        self.site.write(&place, bytes)?;
        Ok(place)
    }

    /// An empty folder for one step's working files.
    fn scratch(&self, name: &str) -> Result<PathBuf, BuildError> {
        let folder = self.work.join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .map_err(|error| BuildError::Write(folder.clone(), error))?;
        }
        make_folder(&folder)?;
        Ok(folder)
    }
}

/// Why `version` cannot become the newest of a site whose newest is `newest`: what
/// is at its front (installer, formula, package index) is that of the newest.
fn goes_back(version: &str, newest: &str) -> Option<String> {
    let parse = |text: &str| semver::Version::parse(text).ok();
    let (new, old) = (parse(version)?, parse(newest)?);
    let why = if new < old {
        "older than"
    } else if !new.pre.is_empty() && old.pre.is_empty() {
        "a pre-release, and everybody would get it in place of"
    } else {
        return None;
    };
    Some(format!(
        "{version} is {why} {newest}, the newest on this site; build it on a site of its own"
    ))
}

fn make_folder(folder: &Path) -> Result<(), BuildError> {
    std::fs::create_dir_all(folder).map_err(|error| BuildError::Write(folder.into(), error))
}

#[cfg(test)]
mod tests {
    use super::goes_back;

    #[test]
    fn nobody_is_led_back_or_to_a_pre_release() {
        for (version, newest) in [
            ("0.2.0", "0.1.9"),
            ("0.10.0", "0.9.0"),
            ("0.2.0", "0.2.0"),
            ("0.2.0", "0.2.0-rc.1"),
            ("0.2.0-rc.2", "0.2.0-rc.1"),
        ] {
            assert_eq!(goes_back(version, newest), None, "{version}");
        }
        for (version, newest) in [("0.1.9", "0.2.0"), ("0.3.0-rc.1", "0.2.0")] {
            assert!(goes_back(version, newest).is_some(), "{version}");
        }
    }
}
