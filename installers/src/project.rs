//! The project at hand: where its workspace is and what its product is called.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Why the project could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProjectError {
    /// `cargo` itself could not be started.
    #[error("cannot run `cargo metadata`")]
    Spawn(#[source] std::io::Error),
    /// `cargo metadata` refused; its own message is included.
    #[error("`cargo metadata` failed here: {0}")]
    Metadata(String),
    /// `cargo metadata` answered something unexpected.
    #[error("cannot read what `cargo metadata` printed")]
    Json(#[from] serde_json::Error),
    /// No package of the workspace has a binary.
    #[error("no package at {} has a binary to ship", .0.display())]
    NoProduct(PathBuf),
}

/// A cargo workspace and the product in it.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    /// Directory of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
    /// Name of the product's package: the one at the root of the workspace.
    pub(crate) package: String,
    /// Version of the product.
    #[allow(dead_code, reason = "only the demo asks")]
    pub(crate) version: String,
    /// Name of the product's executable.
    #[allow(dead_code, reason = "only the demo asks")]
    pub(crate) binary: String,
    /// Integration tests of all packages.
    pub(crate) tests: Vec<TestTarget>,
}

/// An integration test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TestTarget {
    /// Package of the test target.
    pub(crate) package: String,
    /// Name of the test target.
    pub(crate) name: String,
    /// Plain `cargo test` runs it. One that needs more than Rust says
    /// `test = false` in its manifest, and only `verify` runs it.
    pub(crate) plain: bool,
    /// The first sentence of its documentation: what it is about.
    pub(crate) about: String,
    /// Tools it needs, by the names in `release.toml`: what its package says
    /// in `[package.metadata.tool-tests]`.
    pub(crate) needs: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    metadata: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    test: bool,
    src_path: PathBuf,
}

impl Project {
    /// Finds the workspace around the current directory.
    ///
    /// # Errors
    /// See [`ProjectError`].
    pub(crate) fn find() -> Result<Self, ProjectError> {
        Self::of(cargo_metadata(None)?)
    }

    fn of(metadata: Metadata) -> Result<Self, ProjectError> {
        let root = metadata.workspace_root;
        let product = metadata
            .packages
            .iter()
            .find(|package| package.manifest_path.parent() == Some(root.as_path()))
            .ok_or_else(|| ProjectError::NoProduct(root.clone()))?;
        let binary = product
            .targets
            .iter()
            .find(|target| target.kind.iter().any(|kind| kind == "bin"))
            .ok_or_else(|| ProjectError::NoProduct(root.clone()))?
            .name
            .clone();
        let package = product.name.clone();
        let version = product.version.clone();
        let tests = metadata.packages.iter().flat_map(test_targets).collect();
        Ok(Self {
            target: metadata.target_directory,
            package,
            version,
            binary,
            tests,
            root,
        })
    }

    /// A cargo command that runs in the workspace.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(cargo_program());
        command.current_dir(&self.root);
        command
    }
}

/// The cargo that runs us, or the one on the path.
pub(crate) fn cargo_program() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// What `cargo metadata` says of the workspace of `manifest`, or else of the
/// current directory.
pub(crate) fn cargo_metadata<T: DeserializeOwned>(
    manifest: Option<&Path>,
) -> Result<T, ProjectError> {
    let mut command = Command::new(cargo_program());
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    if let Some(manifest) = manifest {
        command.arg("--manifest-path").arg(manifest);
        // The settings of cargo that hold there.
        command.current_dir(manifest.parent().unwrap_or(manifest));
    }
    let output = command.output().map_err(ProjectError::Spawn)?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(ProjectError::Metadata(message.trim().into()));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn test_targets(package: &Package) -> Vec<TestTarget> {
    let needs = |name: &str| -> Vec<String> {
        package
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.get("tool-tests")?.get(name)?.as_array())
            .map(|tools| {
                tools
                    .iter()
                    .filter_map(|tool| tool.as_str().map(String::from))
                    .collect()
            })
            .unwrap_or_default()
    };
    package
        .targets
        .iter()
        .filter(|target| target.kind.iter().any(|kind| kind == "test"))
        .map(|target| TestTarget {
            package: package.name.clone(),
            name: target.name.clone(),
            plain: target.test,
            about: about(&target.src_path),
            needs: needs(&target.name),
        })
        .collect()
}

/// The first sentence of a source file's `//!` lines; empty if it has none.
fn about(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().map_while(|line| line.strip_prefix("//! "));
    let paragraph = lines.collect::<Vec<_>>().join(" ");
    let sentence = paragraph.split(". ").next().unwrap_or_default();
    let sentence = match sentence.split_once(": ") {
        Some((head, _)) if head.contains(' ') => head,
        _ => sentence,
    };
    sentence.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tests_that_plain_cargo_test_leaves_out_are_found_with_their_needs() {
        let json = br#"{"workspace_root":"/w","target_directory":"/w/target","packages":[
            {"name":"thing","version":"1.0.0","manifest_path":"/w/Cargo.toml",
             "metadata":{"tool-tests":{"faults":["strace"]}},
             "targets":[{"name":"thing","kind":["bin"],"test":true,"src_path":"/w/a"},
                        {"name":"plain","kind":["test"],"test":true,"src_path":"/w/b"},
                        {"name":"faults","kind":["test"],"test":false,"src_path":"/w/c"}]}]}"#;
        let project = Project::of(serde_json::from_slice(json).unwrap()).unwrap();
        assert_eq!(project.binary, "thing");
        let plain = project
            .tests
            .iter()
            .map(|test| (test.name.as_str(), test.plain));
        assert_eq!(
            plain.collect::<Vec<_>>(),
            [("plain", true), ("faults", false)]
        );
        assert_eq!(project.tests[1].needs, ["strace"]);
    }
}
