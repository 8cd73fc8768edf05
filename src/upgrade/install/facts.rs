//! The files around an executable that tell who installed it.
//!
//! A few stats, one or two directory listings and a small file or two: no
//! process is started.

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use std::collections::BTreeMap;

use super::Kind;
use super::receipt::Receipt;
use crate::foundation::text::percent_decoded;
use crate::foundation::{durable, json};

/// What was found around an executable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The executable, symbolic links resolved.
    pub executable: PathBuf,
    /// The installer's receipt, whoever's it is.
    pub receipt: Option<Receipt>,
    /// Why a receipt that is there cannot be used.
    pub receipt_error: Option<String>,
    /// The Homebrew keg the executable lies in.
    pub homebrew_keg: Option<PathBuf>,
    /// The Python environment whose package database records it.
    pub python: Option<PythonFacts>,
    /// When cargo's database records it: the directory of that, which is
    /// cargo's `--root`, and where cargo got the crate from.
    pub cargo: Option<(PathBuf, CargoSource)>,
}

/// A Python environment that has this executable in a package's RECORD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonFacts {
    /// The RECORD file.
    pub record: PathBuf,
    /// The interpreter of the environment.
    pub interpreter: PathBuf,
    /// What the package's INSTALLER file says: `pip` or `uv`.
    pub installer: String,
    /// Whether `uv tool` made the environment.
    pub uv_tool: bool,
    /// Whether pipx made the environment.
    pub pipx: bool,
    /// The base of a user site (`pip install --user`); none for an environment
    /// with an interpreter of its own.
    pub user_base: Option<PathBuf>,
    /// Whether pip is to be told that it may install there all the same
    /// (PEP 668).
    pub externally_managed: bool,
}

impl PythonFacts {
    /// Which of the Python installers it was.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        if self.uv_tool {
            Kind::UvTool
        } else if self.pipx {
            Kind::Pipx
        } else {
            Kind::Pip
        }
    }
}

/// Where cargo got the crate from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CargoSource {
    /// crates.io.
    CratesIo,
    /// Another registry, by the address of its index.
    Index(String),
    /// A directory.
    Path(PathBuf),
    /// A repository.
    Git {
        /// Its address.
        url: String,
        /// The branch that was asked for. A tag or a commit that was is no
        /// place to look for another version.
        branch: Option<String>,
    },
}

impl CargoSource {
    /// Reads what cargo writes of a source: the kind, `+` and a URL.
    fn parse(source: &str) -> Self {
        if let Some(path) = source.strip_prefix("path+file://") {
            return Self::Path(PathBuf::from(percent_decoded(path).into_owned()));
        }
        if let Some(url) = source.strip_prefix("git+") {
            let (url, _commit) = url.split_once('#').unwrap_or((url, ""));
            let (url, query) = url.split_once('?').unwrap_or((url, ""));
            let branch = query
                .split('&')
                .find_map(|pair| pair.strip_prefix("branch="));
            return Self::Git {
                url: url.to_owned(),
                branch: branch.map(|branch| percent_decoded(branch).into_owned()),
            };
        }
        match source.strip_prefix("registry+").unwrap_or(source) {
            "https://github.com/rust-lang/crates.io-index" | "sparse+https://index.crates.io/" => {
                Self::CratesIo
            }
            // `sparse+` belongs to the address.
            index => Self::Index(index.to_owned()),
        }
    }
}

impl Facts {
    /// Looks around `executable` (symbolic links resolved) and into the
    /// user's configuration directory.
    #[must_use]
    pub fn gather(executable: &Path, config_base: Option<&Path>) -> Self {
        let (receipt, receipt_error) = match config_base.map(Receipt::find) {
            None => (
                None,
                Some("HOME is not set, so no installer's receipt can be found".to_owned()),
            ),
            Some(Ok(receipt)) => (receipt, None),
            Some(Err(error)) => (None, Some(error.to_string())),
        };
        Self {
            executable: executable.to_owned(),
            receipt,
            receipt_error,
            homebrew_keg: homebrew_keg(executable),
            python: python(executable),
            cargo: cargo(executable),
        }
    }
}

/// `…/Cellar/<formula>/<version>` above the executable, where Homebrew has
/// left its own receipt.
fn homebrew_keg(executable: &Path) -> Option<PathBuf> {
    let keg = executable.parent()?.parent()?;
    let cellar = keg.parent()?.parent()?;
    (cellar.ends_with("Cellar") && keg.join("INSTALL_RECEIPT.json").is_file())
        .then(|| keg.to_owned())
}

/// The environment whose `auditgraph-*.dist-info/RECORD` lists exactly this
/// file: same path, same length. (pip records a length and a digest; the
/// length tells another file apart for the price of a stat.)
fn python(executable: &Path) -> Option<PythonFacts> {
    let bin = executable.parent()?;
    let environment = bin.parent()?;
    let length = fs::metadata(executable).ok()?.len();
    for library in ["lib", "lib64"] {
        for version in sorted_children(&environment.join(library), "python") {
            for site in ["site-packages", "dist-packages"] {
                let site = version.join(site);
                for info in sorted_children(&site, "auditgraph-") {
                    let record = info.join("RECORD");
                    if !records(&record, &site, executable, length) {
                        continue;
                    }
                    let installer = durable::read_bounded(&info.join("INSTALLER"), 64)
                        .ok()
                        .and_then(|bytes| String::from_utf8(bytes).ok())
                        .map(|text| text.trim().to_owned())
                        .unwrap_or_default();
                    let (interpreter, user_site) = interpreter(environment, &version);
                    let externally_managed = is_managed(&interpreter);
                    return Some(PythonFacts {
                        record,
                        interpreter,
                        installer,
                        uv_tool: environment.join("uv-receipt.toml").is_file(),
                        pipx: environment.join("pipx_metadata.json").is_file(),
                        user_base: user_site.then(|| environment.to_owned()),
                        externally_managed,
                    });
                }
            }
        }
    }
    None
}

fn records(record: &Path, site: &Path, executable: &Path, length: u64) -> bool {
    let Ok(bytes) = durable::read_bounded(record, 1024 * 1024) else {
        return false;
    };
    String::from_utf8_lossy(&bytes).lines().any(|line| {
        // path,sha256=…,length; only the path may be quoted or hold a comma.
        let mut fields = line.rsplitn(3, ',');
        let (size, _digest, path) = (fields.next(), fields.next(), fields.next());
        let path = path.unwrap_or_default().trim_matches('"');
        size.and_then(|size| size.trim().parse::<u64>().ok()) == Some(length)
            && Path::new(path).file_name() == executable.file_name()
            && site
                .join(path)
                .canonicalize()
                .is_ok_and(|path| path == executable)
    })
}

/// The interpreter whose packages lie in `version` (`…/lib/python3.11`), and
/// whether that is a user site, which holds no interpreter.
fn interpreter(environment: &Path, version: &Path) -> (PathBuf, bool) {
    let mut versioned = version.file_name().unwrap_or_default().to_owned();
    if versioned == "python" {
        // A user site of a framework on macOS: ~/Library/Python/3.11/lib/python.
        versioned.push(environment.file_name().unwrap_or_default());
    }
    let bin = environment.join("bin");
    // A virtual environment's marker; its `python` is the right name to show.
    if environment.join("pyvenv.cfg").is_file() {
        return (bin.join("python"), false);
    }
    for candidate in [bin.join(&versioned), Path::new("/usr/bin").join(&versioned)] {
        let system = candidate.starts_with("/usr/bin");
        if candidate.is_file() {
            return (candidate, system && !environment.starts_with("/usr"));
        }
    }
    (PathBuf::from(versioned), !environment.starts_with("/usr"))
}

/// Whether the standard library of `interpreter` is marked as another package
/// manager's (PEP 668); a virtual environment has none of its own.
fn is_managed(interpreter: &Path) -> bool {
    let prefix = interpreter.parent().and_then(Path::parent);
    let library = prefix.zip(interpreter.file_name());
    library.is_some_and(|(prefix, name)| {
        let marker = prefix.join("lib").join(name).join("EXTERNALLY-MANAGED");
        marker.is_file()
    })
}

#[derive(Deserialize)]
struct Crates2 {
    installs: BTreeMap<String, Crate>,
}

#[derive(Deserialize)]
struct Crate {
    #[serde(default)]
    bins: Vec<String>,
}

/// cargo's own database (`.crates2.json`) above the executable's `bin`.
fn cargo(executable: &Path) -> Option<(PathBuf, CargoSource)> {
    const BOUNDS: json::Bounds = json::Bounds {
        bytes: 8 * 1024 * 1024,
        depth: 8,
    };
    let bin = executable.parent()?;
    let root = bin.parent()?;
    if bin.components().next_back() != Some(Component::Normal("bin".as_ref())) {
        return None;
    }
    let bytes = durable::read_bounded(&root.join(".crates2.json"), BOUNDS.bytes as u64).ok()?;
    let crates: Crates2 = json::parse(&bytes, BOUNDS).ok()?;
    let name = executable.file_name()?.to_str()?;
    let version = env!("CARGO_PKG_VERSION");
    // Keys read `name version (source)`; an entry of another version is of a
    // file that something else has since replaced.
    let source = crates.installs.iter().find_map(|(key, entry)| {
        let mut words = key.splitn(3, ' ');
        let ours = words.next() == Some("auditgraph") && words.next() == Some(version);
        (ours && entry.bins.iter().any(|bin| bin == name))
            .then(|| words.next()?.strip_prefix('(')?.strip_suffix(')'))
            .flatten()
    })?;
    Some((root.to_owned(), CargoSource::parse(source)))
}

/// The entries of `directory` whose name starts with `prefix`, in order; at
/// most 64 of them. None when it cannot be listed.
fn sorted_children(directory: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found.truncate(64);
    found
}
