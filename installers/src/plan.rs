//! What a release will consist of, as a value, before anything is made.
//!
//! Owns: deciding which files are made, from what, and which of them this
//! machine cannot make. Reads only [`Facts`], the machine's own triple and
//! whether the project's files are there. `plan` prints it, `build` executes it, `check` compares with it.

use serde::Serialize;

use crate::build::in_the_way;
use crate::facts::{Facts, System, Target};
use crate::python;
use crate::site::{Kind, Site};

/// A release that could be made here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Plan {
    /// Layout of this value in `--json`: 1.
    pub(crate) format: u32,
    /// Package.
    pub(crate) name: String,
    /// Version.
    pub(crate) version: String,
    /// Tag, and folder of the release on the site.
    pub(crate) tag: String,
    /// Commit, where known.
    pub(crate) commit: Option<String>,
    /// Whether tracked files differ from the commit.
    pub(crate) dirty: bool,
    /// Time every file carries: seconds since 1970.
    pub(crate) time: u64,
    /// Per platform, in the order of `dist-workspace.toml`.
    pub(crate) targets: Vec<PlannedTarget>,
    /// Files made once, from all platforms.
    pub(crate) global: Vec<PlannedFile>,
    /// What users will type, one command a door.
    pub(crate) install: Vec<String>,
    /// Doors that the project has not, and why.
    pub(crate) without: Vec<String>,
    /// What has to be put right before this can be made.
    pub(crate) in_the_way: Vec<String>,
}

/// One platform's part of the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PlannedTarget {
    /// Rust target triple.
    pub(crate) target: String,
    /// Oldest system it runs on, in words.
    pub(crate) runs_on: String,
    /// Why this machine cannot make it; `None` where it can.
    pub(crate) missing: Option<String>,
    /// Its files.
    pub(crate) files: Vec<PlannedFile>,
}

/// One file that will be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PlannedFile {
    /// What it is for.
    pub(crate) kind: Kind,
    /// Name below the release's folder, or below the site where it has a `/`.
    pub(crate) name: String,
    /// What it is made from.
    pub(crate) from: String,
}

impl Plan {
    /// Decides what a release of `facts` consists of on a machine called `host`
    /// (a Rust target triple); `only` narrows it to one platform.
    pub(crate) fn of(facts: &Facts, host: &str, only: Option<&str>) -> Self {
        let targets = facts
            .targets()
            .iter()
            .filter(|target| only.is_none_or(|only| target.triple == only))
            .map(|target| PlannedTarget::of(facts, target, host))
            .collect();
        Self {
            format: 1,
            name: facts.package.name.clone(),
            version: facts.package.version.clone(),
            tag: facts.tag(),
            commit: facts.commit.id.clone(),
            dirty: facts.commit.dirty,
            time: facts.commit.time,
            targets,
            global: if only.is_none() {
                global_files(facts)
            } else {
                Vec::new()
            },
            install: install(facts),
            without: without(facts),
            in_the_way: in_the_way(facts),
        }
    }

    /// Every file, of all platforms.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PlannedFile> + Clone {
        let targets = self.targets.iter().flat_map(|target| &target.files);
        targets.chain(&self.global)
    }
}

impl PlannedFile {
    fn new(kind: Kind, name: String, from: &str) -> Self {
        Self {
            kind,
            name,
            from: from.into(),
        }
    }

    /// Where it will stand, below the site.
    pub(crate) fn place(&self, plan: &Plan) -> String {
        if self.name.contains('/') {
            self.name.clone()
        } else {
            format!("{}/{}", plan.tag, self.name)
        }
    }
}

/// The command of each door.
fn install(facts: &Facts) -> Vec<String> {
    let mut commands = Vec::new();
    let site = facts.dist.simple_download_url.as_deref();
    if let Some(site) = site.and_then(|url| url.strip_suffix("/{tag}")) {
        commands.push(format!("curl -LsSf {site}/install.sh | sh"));
    }
    if let Some(python) = python::Door::of(facts) {
        commands.push(format!("pip install {}", python.name()));
    }
    if let Some(homebrew) = &facts.release.homebrew {
        let (tap, name) = (&homebrew.tap, &facts.package.name);
        commands.push(format!("brew install {tap}/{name}"));
    }
    commands
}

/// The doors that the project has not, for a platform or at all.
fn without(facts: &Facts) -> Vec<String> {
    let release = &facts.release;
    let doors = [
        ("pip", "[python]", release.python.is_some()),
        ("Homebrew", "[homebrew]", release.homebrew.is_some()),
    ];
    let mut without: Vec<String> = doors
        .into_iter()
        .filter(|(_, _, there)| !there)
        .map(|(door, table, _)| format!("{door}: release.toml has no {table}"))
        .collect();
    if release.python.is_some() {
        without.extend(facts.targets().iter().filter_map(without_wheel));
    }
    without
}

/// Why no wheel is made for a platform: its tag would promise what nobody states.
fn without_wheel(target: &Target) -> Option<String> {
    let unstated = match &target.system {
        System::LinuxGnu { glibc: None } => "dist-workspace.toml has no `dist.min-glibc-version`",
        System::MacOs { version: None } => "release.toml has no `build.macos-deployment-target`",
        _ => return None,
    };
    let triple = &target.triple;
    Some(format!(
        "pip on {triple}, but its source: {unstated} for it"
    ))
}

impl PlannedTarget {
    fn of(facts: &Facts, target: &Target, host: &str) -> Self {
        let file = PlannedFile::new;
        let stem = facts.archive_stem(target);
        let mut files = vec![
            file(
                Kind::Archive,
                facts.archive_name(target),
                "the executable, what it writes about itself, and the files release.toml lists",
            ),
            file(
                Kind::Sbom,
                format!("{stem}.cdx.json"),
                "Cargo.lock, for this platform",
            ),
            file(
                Kind::TargetManifest,
                format!("{}-dist-manifest.json", target.triple),
                "the archive's digest",
            ),
        ];
        let wheel = python::Door::of(facts).and_then(|python| python.wheel_for(target));
        if let Some((_, name)) = wheel {
            files.push(file(Kind::Wheel, name, "the same executable"));
        }
        Self {
            target: target.triple.clone(),
            runs_on: runs_on(target),
            missing: why_not_here(target, host),
            files,
        }
    }
}

/// The oldest system in words.
fn runs_on(target: &Target) -> String {
    match &target.system {
        System::LinuxGnu { glibc: Some(glibc) } => format!("Linux, glibc {glibc} or newer"),
        System::LinuxGnu { glibc: None } => "Linux; oldest glibc not stated".into(),
        System::MacOs {
            version: Some(version),
        } => format!("macOS {version} or newer"),
        System::MacOs { version: None } => "macOS; oldest version not stated".into(),
        System::Other => "a system this tool does not know".into(),
    }
}

/// Why a machine called `host` cannot make `target`.
fn why_not_here(target: &Target, host: &str) -> Option<String> {
    match &target.system {
        System::LinuxGnu { .. } if host.ends_with("-linux-gnu") => {
            // Completions and man pages come from running the executable.
            let own = host.split('-').next() == Some(target.arch.as_str());
            (!own).then(|| format!("its executable cannot run on {host}"))
        }
        System::LinuxGnu { .. } => Some(format!("needs a Linux machine; this is {host}")),
        System::MacOs { .. } if host.ends_with("-apple-darwin") => {
            // Apple Silicon runs Intel executables, not the other way round.
            let runs = host.starts_with(&target.arch) || host.starts_with("aarch64");
            (!runs).then(|| format!("its executable cannot run on {host}"))
        }
        System::MacOs { .. } => Some(format!(
            "needs Apple's SDK, so a macOS machine; this is {host}"
        )),
        System::Other => Some("this tool knows no way to make it".into()),
    }
}

fn global_files(facts: &Facts) -> Vec<PlannedFile> {
    let name = &facts.package.name;
    let file = PlannedFile::new;
    let mut files = vec![
        file(
            Kind::GeneratedInstaller,
            format!("{name}-installer.sh"),
            "dist, with the archives' digests",
        ),
        file(
            Kind::Installer,
            "install.sh".into(),
            "dist's script behind a prelude",
        ),
        file(
            Kind::DistManifest,
            "dist-manifest.json".into(),
            "dist's own plan of the release",
        ),
    ];
    if let Some(python) = python::Door::of(facts) {
        let sdist = python.sdist_name();
        files.push(file(Kind::Sdist, sdist, "the files `cargo package` lists"));
    }
    files.push(file(
        Kind::Checksums,
        "sha256.sum".into(),
        "all files above",
    ));
    if facts.release.homebrew.is_some() {
        let place = Site::formula(name);
        files.push(file(Kind::Formula, place, "the archives' digests"));
    }
    files
}
