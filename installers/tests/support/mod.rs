//! What the tests of the release tool share: projects to ship, sites made from
//! them, a server, Pythons, and throwaway places to install into.

// Each test target uses its own part of this.
#![allow(dead_code, clippy::unwrap_used)]

pub(crate) mod broken;
pub(crate) mod products;
pub(crate) mod python;
pub(crate) mod releases;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

#[allow(unused_imports, reason = "each test target uses its own part")]
pub(crate) use products::{Shipped, forge, keys_beside, product, tiny, tiny_project};
#[allow(unused_imports, reason = "each test target uses its own part")]
pub(crate) use releases::{last_product, next_product};

/// Where tests keep what is worth keeping between runs.
pub(crate) const KEPT: &str = env!("CARGO_TARGET_TMPDIR");
/// The platform this test is compiled on and for.
pub(crate) const LINUX: &str = "x86_64-unknown-linux-gnu";

/// Says what a test cannot do on this machine; the ledger repeats it. Written
/// past the test harness, which keeps what a test prints to itself while it passes.
pub(crate) fn left_out(what: &str) {
    let line = format!("\nleft out: {what}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// The release tool, in `project`.
pub(crate) fn release(project: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auditgraph-release"));
    command
        .current_dir(project)
        // Cargo tells its children where its target directory is.
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("SOURCE_DATE_EPOCH");
    command
}

/// Runs `command`, which must succeed, and gives back its standard output.
pub(crate) fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{}\n{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// Runs `command`, which must fail, and gives back all it said.
pub(crate) fn fails(command: &mut Command) -> String {
    let output: Output = command.output().unwrap();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(!output.status.success(), "{command:?} succeeded:\n{said}");
    said
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// An empty folder that is there as long as the first value, and its real path.
pub(crate) fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    (folder, path)
}

/// The product of this workspace; its release tool is named after it.
pub(crate) fn product_name() -> &'static str {
    env!("CARGO_PKG_NAME").trim_end_matches("-release")
}

/// The workspace this package is part of.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .into()
}

/// git with a name of its own, whoever owns `folder`.
pub(crate) fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    // A file: what is said on the command line does not reach the git that reads
    // a repository to clone it.
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/gitconfig");
    git.current_dir(folder).env("GIT_CONFIG_GLOBAL", config);
    // Set where a hook of the user's own repository runs this.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        git.env_remove(name);
    }
    git
}

/// Holds off other processes until it is dropped.
pub(crate) fn lock(name: &str) -> fs::File {
    let file = fs::File::create(Path::new(KEPT).join(format!("{name}.lock"))).unwrap();
    file.lock().unwrap();
    file
}

/// A copy of `from` that a test may break.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}

/// Removes a file or a folder, if it is there.
pub(crate) fn remove(path: &Path) {
    if path.is_dir() {
        fs::remove_dir_all(path).unwrap();
    } else if path.exists() {
        fs::remove_file(path).unwrap();
    }
}

/// A site that is served until this is dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) url: String,
    /// The commands it says install from it.
    pub(crate) install: Vec<String>,
}

impl Served {
    pub(crate) fn new(site: &Path) -> Self {
        let mut child = release(site)
            .args(["serve", "--json"])
            .arg(site)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: serde_json::Value = serde_json::from_str(&line).unwrap();
        let url = said["url"].as_str().unwrap().to_owned();
        let install = said["install"].as_array().into_iter().flatten();
        let install = install.map(|command| command.as_str().unwrap().to_owned());
        Self {
            child,
            url,
            install: install.collect(),
        }
    }

    /// The script, as a user with an empty `home` types it.
    pub(crate) fn script(&self, home: &Path) -> Command {
        let mut sh = bare("sh", home);
        sh.args(["-c", &self.install[0]]);
        sh
    }

    /// The package index.
    pub(crate) fn index(&self) -> String {
        format!("{}/simple/", self.url)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command with nothing of this machine but a path, in an empty home.
pub(crate) fn bare(program: impl AsRef<OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .current_dir(home);
    command
}

/// SHA-256 of a file, by the tool a user would take.
pub(crate) fn sha256(path: &Path) -> String {
    let said = done(Command::new("sha256sum").arg("--").arg(path));
    said.split_whitespace().next().unwrap().to_owned()
}

/// Every file below `folder` with its mode and digest, sorted.
pub(crate) fn tree(folder: &Path) -> Vec<(PathBuf, u32, String)> {
    let mut all = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap();
            if kind.is_dir() {
                waiting.push(path);
            } else {
                let digest = if kind.is_file() {
                    sha256(&path)
                } else {
                    String::new()
                };
                let relative = path.strip_prefix(folder).unwrap().to_path_buf();
                all.push((relative, kind.permissions().mode(), digest));
            }
        }
    }
    all.sort();
    all
}

/// Gives `command` the settings that let package clients reach their registries.
pub(crate) fn with_registries(command: &mut Command) {
    for (name, value) in std::env::vars_os() {
        let text = name.to_string_lossy().to_lowercase();
        let registry = ["pip_", "ssl_", "http_", "https_", "no_proxy"]
            .iter()
            .any(|start| text.starts_with(start));
        if registry || text.ends_with("ca_bundle") {
            command.env(name, value);
        }
    }
    // A higher version of the same name elsewhere is not what is tested.
    command.env_remove("PIP_EXTRA_INDEX_URL");
}

/// Gives `command` this machine's Rust and registries.
pub(crate) fn with_rust_and_registries(command: &mut Command) {
    with_registries(command);
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let value = std::env::var_os(name).unwrap_or_else(|| home.join(folder).into());
        command.env(name, value);
    }
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
}

/// Lets `command` compile the product with this machine's Rust, on dependencies
/// that were compiled for the workspace. The product itself is not optimised:
/// whether it installs is what is asked here.
pub(crate) fn with_compiled(command: &mut Command) {
    let unoptimised = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/unoptimised.sh");
    with_rust_and_registries(command);
    command
        .env("CARGO_TARGET_DIR", Path::new(KEPT).parent().unwrap())
        .env("RUSTC_WORKSPACE_WRAPPER", unoptimised);
}

/// A tool that `release.toml` pins: on the path (where `cargo verify` puts it),
/// or where an earlier run of that installed it.
pub(crate) fn tool(name: &str) -> PathBuf {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let cache =
        std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from);
    let kept = cache.join(env!("CARGO_PKG_NAME")).join("python");
    let mut places: Vec<PathBuf> = fs::read_dir(kept)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let folder = entry.file_name().to_string_lossy().into_owned();
            let version = folder
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('-'));
            version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
        })
        .map(|entry| entry.path().join("bin").join(name))
        .collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    places.extend(std::env::split_paths(&path).map(|folder| folder.join(name)));
    places
        .into_iter()
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} is missing: run this test through `cargo verify`"))
}
