//! The tools that checks and releases use, installed on demand.
//!
//! `release.toml` says which tool comes from where and, except for Debian's
//! packages, in which version ([`pins`]); [`install`] fetches one through its
//! registry's own client into the user's cache, outside the checkout, so that
//! every checkout shares it. Debian's go into the system.
//! [`Toolbox`] hands them out and may be used from several threads. What
//! cannot be installed is an error that carries the command to type.

mod install;
mod pins;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use pins::{Pin, Registry};

/// A build or download of one tool that takes longer than this is stopped.
const INSTALL_LIMIT: Duration = Duration::from_secs(25 * 60);

/// Why a tool is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ToolError {
    /// The pins could not be read.
    #[error("cannot read the tools pinned in {}: {reason}", .path.display())]
    Pins {
        /// The file that pins them.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// `release.toml` does not pin it.
    #[error("no tool is called `{0}` in the [tools] table of release.toml")]
    Unknown(String),
    /// There is no home directory to keep tools in.
    #[error("cannot tell where to keep tools: set HOME or XDG_CACHE_HOME")]
    NoCache,
    /// It could not be installed.
    #[error("{tool} is needed; {reason}")]
    Install {
        /// The tool.
        tool: String,
        /// What happened, and what to type.
        reason: String,
    },
    /// The cache could not be used.
    #[error("cannot use the tool cache at {}", .path.display())]
    Cache {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// The tools of this project.
#[derive(Debug)]
pub(crate) struct Toolbox {
    tools: BTreeMap<String, Slot>,
    cache: PathBuf,
    logs: PathBuf,
    installed: Mutex<Vec<(String, Duration)>>,
}

/// A pinned tool and, once somebody asked for it, where it is.
#[derive(Debug)]
struct Slot {
    pin: Pin,
    found: Mutex<Option<Result<PathBuf, String>>>,
}

impl Toolbox {
    /// Reads the pins from the `[tools]` table of `pins`; whatever is installed
    /// later logs into `logs`.
    pub(crate) fn open(pins: &Path, logs: &Path) -> Result<Self, ToolError> {
        let tools = pins::read(pins)?
            .into_iter()
            .map(|pin| {
                let slot = Slot {
                    pin,
                    found: Mutex::new(None),
                };
                (slot.pin.name.clone(), slot)
            })
            .collect();
        Ok(Self {
            tools,
            cache: cache_dir()?,
            logs: logs.to_path_buf(),
            installed: Mutex::default(),
        })
    }

    /// Makes sure that `tool` is there and answers the path of its command.
    /// Installs it if need be; a failure is remembered, not tried again.
    pub(crate) fn ensure(&self, tool: &str) -> Result<PathBuf, ToolError> {
        let slot = self.slot(tool)?;
        let mut found = slot
            .found
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = found.take().map_or_else(|| self.provide(&slot.pin), Ok)?;
        let known = found.insert(known).clone();
        known.map_err(|reason| ToolError::Install {
            tool: tool.into(),
            reason,
        })
    }

    /// A command that runs `tool`, with the tools of its own registry on the
    /// path, since some call each other.
    pub(crate) fn command(&self, tool: &str) -> Result<Command, ToolError> {
        let path = self.ensure(tool)?;
        let mut command = Command::new(&path);
        if let Some(dir) = path.parent() {
            command.env("PATH", path_with([dir]));
        }
        Ok(command)
    }

    /// What this process installed, with how long that took.
    pub(crate) fn installed(&self) -> Vec<(String, Duration)> {
        self.installed
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    fn slot(&self, tool: &str) -> Result<&Slot, ToolError> {
        self.tools
            .get(tool)
            .ok_or_else(|| ToolError::Unknown(tool.into()))
    }

    /// Finds or installs, holding a lock file against other processes. The
    /// inner result is the tool's own fate, to be remembered.
    fn provide(&self, pin: &Pin) -> Result<Result<PathBuf, String>, ToolError> {
        if let Some(path) = install::present(pin, &self.cache) {
            return Ok(Ok(path));
        }
        let started = Instant::now();
        let _lock = self.lock(pin)?;
        if let Some(path) = install::present(pin, &self.cache) {
            return Ok(Ok(path));
        }
        let outcome = install::install(pin, &self.cache, &self.logs);
        let outcome = outcome.and_then(|()| {
            install::present(pin, &self.cache)
                .ok_or_else(|| format!("it was installed but has no command `{}`", pin.command))
        });
        if outcome.is_ok() {
            self.installed
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .push((pin.to_string(), started.elapsed()));
        }
        Ok(outcome)
    }

    /// Debian's packages share one lock; every other tool has its own.
    fn lock(&self, pin: &Pin) -> Result<File, ToolError> {
        let name = match pin.registry {
            Registry::Debian => "debian",
            Registry::Cargo => "cargo",
            Registry::Pip | Registry::Npm => &pin.name,
        };
        let path = self.cache.join(format!("{}.lock", name.replace('/', "-")));
        let locked = fs::create_dir_all(&self.cache)
            .and_then(|()| File::create(&path))
            .and_then(|file| file.lock().map(|()| file));
        locked.map_err(|source| ToolError::Cache { path, source })
    }
}

/// `dirs`, then everything on the path.
pub(crate) fn path_with<'a>(dirs: impl IntoIterator<Item = &'a Path>) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = dirs.into_iter().map(Path::to_path_buf);
    let all = dirs.chain(std::env::split_paths(&path));
    std::env::join_paths(all).unwrap_or(path)
}

fn cache_dir() -> Result<PathBuf, ToolError> {
    let named = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    named("XDG_CACHE_HOME")
        .or_else(|| named("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join(env!("CARGO_PKG_NAME")))
        .ok_or(ToolError::NoCache)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn toolbox(pins: &str) -> (tempfile::TempDir, Result<Toolbox, ToolError>) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("release.toml");
        fs::write(&file, pins).unwrap();
        let tools = Toolbox::open(&file, dir.path());
        (dir, tools)
    }

    #[test]
    fn a_tool_that_is_not_pinned_is_refused_by_name() {
        let (_dir, tools) = toolbox("[tools]\n");
        let error = tools.unwrap().ensure("hammer").unwrap_err();
        assert!(error.to_string().contains("`hammer`"), "{error}");
    }

    #[test]
    fn a_command_that_the_system_has_needs_no_installation() {
        let (_dir, tools) = toolbox("[tools]\nshell = { from = \"debian\", command = \"sh\" }\n");
        let tools = tools.unwrap();
        assert!(tools.ensure("shell").unwrap().ends_with("sh"));
        assert!(tools.installed().is_empty());
    }
}
