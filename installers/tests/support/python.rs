//! Pythons of this machine, and fresh environments of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{bare, done, tool, with_registries};

/// An interpreter of Python `version` (`3.12`), wherever this machine keeps it.
pub(crate) fn interpreter(version: &str) -> Option<PathBuf> {
    let works = |path: &Path| {
        let mut python = Command::new(path);
        python.args([
            "-c",
            "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])",
        ]);
        let said = python.output().ok()?;
        let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        (said == version).then(|| path.to_path_buf())
    };
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let mut candidates: Vec<PathBuf> = Vec::new();
    for kept in [
        home.join(".pyenv/versions"),
        home.join(".local/share/uv/python"),
    ] {
        let entries = std::fs::read_dir(kept).into_iter().flatten().flatten();
        candidates
            .extend(entries.map(|entry| entry.path().join("bin").join(format!("python{version}"))));
    }
    candidates.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    candidates.extend(std::env::split_paths(&path).map(|dir| dir.join(format!("python{version}"))));
    candidates
        .iter()
        .filter(|path| path.is_file())
        .find_map(|path| works(path))
}

/// Says that a Python is missing, since its test then proves nothing.
pub(crate) fn skipped(version: &str) {
    super::left_out(&format!(
        "Python {version} with venv and pip, which this machine lacks"
    ));
}

/// A fresh environment in `folder`; its own programs are in `bin`.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) folder: PathBuf,
    home: PathBuf,
}

impl Environment {
    /// Of Python `version`, or `None` where there is no such interpreter.
    pub(crate) fn new(version: &str, folder: &Path) -> Option<Self> {
        let Some(python) = interpreter(version) else {
            skipped(version);
            return None;
        };
        let home = folder.join("home");
        std::fs::create_dir_all(&home).ok()?;
        let environment = Self {
            folder: folder.join("venv"),
            home,
        };
        done(
            bare(python, &environment.home)
                .args(["-m", "venv"])
                .arg(&environment.folder),
        );
        Some(environment)
    }

    /// A program of the environment, with nothing else of this machine.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = bare(self.folder.join("bin").join(program), &self.home);
        command
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .env("PIP_NO_INPUT", "1");
        command
    }

    /// `pip` with these arguments.
    pub(crate) fn pip(&self, arguments: &[&str]) -> Command {
        let mut command = self.command("python");
        command.args(["-m", "pip"]).args(arguments);
        command
    }

    /// What is in the environment, less what Python itself caches.
    pub(crate) fn installed(&self) -> Vec<PathBuf> {
        super::tree(&self.folder)
            .into_iter()
            .map(|(path, _, _)| path)
            .filter(|path| path.extension().is_none_or(|end| end != "pyc"))
            .collect()
    }
}

/// uv, keeping everything in `home`, with a Python of this machine.
pub(crate) fn uv(home: &Path) -> Command {
    let mut uv = bare(tool("uv"), home);
    uv.env("UV_PYTHON_DOWNLOADS", "never")
        .env("UV_CACHE_DIR", home.join("uv-cache"))
        .env("UV_NO_CONFIG", "1");
    if let Some(python) = interpreter("3.12") {
        uv.env("UV_PYTHON", python);
    }
    uv
}

/// pipx, keeping everything in `home`, with a Python of this machine.
pub(crate) fn pipx(home: &Path) -> Command {
    let mut pipx = bare(tool("pipx"), home);
    with_registries(&mut pipx);
    if let Some(python) = interpreter("3.12") {
        pipx.env("PIPX_DEFAULT_PYTHON", python);
    }
    pipx.env("PIPX_HOME", home.join("pipx"));
    pipx
}
