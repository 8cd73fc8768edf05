//! The project at hand: where its workspace is and what its product is called.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// Why the project could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProjectError {
    /// `cargo` itself could not be started.
    #[error("cannot run `{0}`")]
    Spawn(String, #[source] std::io::Error),
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
    /// Name of the product's executable.
    pub(crate) binary: String,
    /// Test targets that plain `cargo test` leaves out (`test = false`),
    /// because they need more than Rust: target name and the tools it needs.
    pub(crate) tool_tests: Vec<ToolTest>,
}

/// An integration test that only `verify` runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolTest {
    /// Package of the test target.
    pub(crate) package: String,
    /// Name of the test target.
    pub(crate) name: String,
    /// Tools it needs, by the names in `release.toml`.
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
    manifest_path: PathBuf,
    targets: Vec<Target>,
    metadata: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    test: bool,
}

impl Project {
    /// Finds the workspace around the current directory.
    ///
    /// # Errors
    /// See [`ProjectError`].
    pub(crate) fn find() -> Result<Self, ProjectError> {
        let output = Command::new(cargo())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .output()
            .map_err(|error| ProjectError::Spawn("cargo metadata".into(), error))?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(ProjectError::Metadata(message.trim().into()));
        }
        Self::from_metadata(&output.stdout)
    }

    fn from_metadata(json: &[u8]) -> Result<Self, ProjectError> {
        let metadata: Metadata = serde_json::from_slice(json)?;
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
        let tool_tests = metadata.packages.iter().flat_map(tool_tests).collect();
        Ok(Self {
            target: metadata.target_directory,
            package,
            binary,
            tool_tests,
            root,
        })
    }

    /// A cargo command that runs in the workspace.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(cargo());
        command.current_dir(&self.root);
        command
    }

    /// `path` below the workspace's root.
    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }
}

/// The cargo that runs us, or the one on the path.
fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn tool_tests(package: &Package) -> Vec<ToolTest> {
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
        .filter(|target| !target.test && target.kind.iter().any(|kind| kind == "test"))
        .map(|target| ToolTest {
            package: package.name.clone(),
            name: target.name.clone(),
            needs: needs(&target.name),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tests_that_plain_cargo_test_leaves_out_are_found_with_their_needs() {
        let json = br#"{"workspace_root":"/w","target_directory":"/w/target","packages":[
            {"name":"thing","manifest_path":"/w/Cargo.toml",
             "metadata":{"tool-tests":{"faults":["strace"]}},
             "targets":[{"name":"thing","kind":["bin"],"test":true},
                        {"name":"plain","kind":["test"],"test":true},
                        {"name":"faults","kind":["test"],"test":false}]}]}"#;
        let project = Project::from_metadata(json).unwrap();
        assert_eq!(project.binary, "thing");
        assert_eq!(
            project.tool_tests,
            [ToolTest {
                package: "thing".into(),
                name: "faults".into(),
                needs: vec!["strace".into()]
            }]
        );
    }
}
