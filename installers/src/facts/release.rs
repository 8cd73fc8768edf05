//! `release.toml`: what a release needs and no other file has a field for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{FactsError, Package, read_toml};

/// Where the file may stand, below the project's root; the first found counts.
const PLACES: [&str; 2] = ["release.toml", "installers/release.toml"];

/// The whole file. Unknown fields are errors: a typing mistake must not ship.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Release {
    /// Package to ship; without it the one at the workspace's root.
    pub(crate) package: Option<String>,
    /// Pinned versions of the tools this runs, by registry name.
    #[expect(
        dead_code,
        reason = "`tools` reads this table; here it is only allowed to be there"
    )]
    tools: BTreeMap<String, toml::Value>,
    /// How the executable is compiled.
    #[serde(default)]
    pub(crate) build: Build,
    /// What the archive holds besides the executable.
    pub(crate) archive: Archive,
    /// What the executable is asked about itself.
    pub(crate) binary: Binary,
    /// The shell door.
    pub(crate) installer: Installer,
    /// The Python door, where the project has one.
    pub(crate) python: Option<Python>,
    /// The Homebrew door, where the project has one.
    pub(crate) homebrew: Option<Homebrew>,
    /// The update repository; its owner defines what is inside.
    #[serde(default)]
    pub(crate) repository: Option<toml::Table>,
}

/// How the executable is compiled.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Build {
    /// Cargo features of the release, besides the default ones.
    #[serde(default)]
    pub(crate) features: Vec<String>,
    /// Environment of the compilation. `{commit}` stands for the commit's hash,
    /// `{time}` for its time in seconds since 1970,
    /// `{target}` for the platform, `{project}` for the project's folder.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// Oldest macOS, by triple: the deployment target and the wheel's tag.
    #[serde(default)]
    pub(crate) macos_deployment_target: BTreeMap<String, String>,
}

/// What the archive holds besides the executable.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Archive {
    /// Files below the project's root, put at the top of the archive.
    pub(crate) include: Vec<String>,
    /// Which of them are licences: they go into the wheel as well.
    pub(crate) licenses: Vec<String>,
    /// The one with a heading per version.
    pub(crate) changelog: String,
    /// Largest archive allowed, in bytes.
    pub(crate) max_bytes: u64,
}

/// Arguments with which the executable describes itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Binary {
    /// Prints a JSON object with `version`, `commit`, `target` and, where the
    /// project has one, `schema`.
    pub(crate) version: Vec<String>,
    /// Its completions, where it has any.
    pub(crate) completions: Option<Completions>,
    /// Writes its man pages into the folder `{dir}`, where it has any.
    pub(crate) man: Option<Vec<String>>,
    /// Schema window the release promises, compared with what the binary says.
    #[serde(default)]
    pub(crate) schema: Option<toml::Table>,
}

/// Completions that the executable writes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Completions {
    /// Prints those for `{shell}`.
    pub(crate) arguments: Vec<String>,
    /// Shells it has them for.
    pub(crate) shells: Vec<String>,
}

/// The shell door.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Installer {
    /// Page that tells what is supported and how to install otherwise.
    pub(crate) documentation: String,
    /// Sentences by situation, for platforms that are not supported.
    #[serde(default)]
    pub(crate) messages: BTreeMap<String, String>,
}

/// The Python door.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Python {
    /// Name on the package index.
    pub(crate) name: String,
    /// Name of the importable module.
    pub(crate) module: String,
    /// Oldest Python, as `3.10`.
    pub(crate) oldest: String,
    /// Pythons that are tested and named in the classifiers.
    pub(crate) versions: Vec<String>,
    /// Further classifiers.
    pub(crate) classifiers: Vec<String>,
    /// Labelled links besides repository and homepage.
    #[serde(default)]
    pub(crate) urls: BTreeMap<String, String>,
    /// Version of the build backend the source distribution asks for.
    pub(crate) maturin: String,
    /// The sentence a build of the source distribution stops with on Windows.
    pub(crate) windows: String,
    /// Programs a build of the source distribution needs besides Rust: any one
    /// of each list.
    #[serde(default)]
    pub(crate) needs: Vec<Vec<String>>,
}

/// The Homebrew door.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Homebrew {
    /// `OWNER/TAP`, as `brew tap` writes it.
    pub(crate) tap: String,
    /// One line by Homebrew's rules: no article first, no full stop, at most 80
    /// characters. Without it the one of `Cargo.toml`.
    description: Option<String>,
    /// Body of the formula's `test do`, in Ruby.
    pub(crate) test: String,
}

impl Homebrew {
    /// The formula's one line about `package`.
    pub(crate) fn description<'a>(&'a self, package: &'a Package) -> &'a str {
        self.description.as_deref().unwrap_or(&package.description)
    }
}

impl Release {
    pub(super) fn read(path: &Path) -> Result<Self, FactsError> {
        read_toml(path)
    }

    /// Shells the executable has completions for.
    pub(crate) fn shells(&self) -> &[String] {
        let completions = self.binary.completions.as_ref();
        completions.map_or(&[], |completions| &completions.shells)
    }

    /// Oldest macOS promised for `triple`.
    pub(super) fn deployment_target(&self, triple: &str) -> Option<String> {
        self.build.macos_deployment_target.get(triple).cloned()
    }
}

/// Finds the project's `release.toml`.
pub(crate) fn find(root: &Path) -> Result<PathBuf, FactsError> {
    PLACES
        .iter()
        .map(|place| root.join(place))
        .find(|path| path.is_file())
        .ok_or_else(|| FactsError::Invalid {
            path: root.join(PLACES[0]),
            reason: "missing; it tells this tool what to ship".into(),
        })
}
