//! The pinned tools that checks and releases use, installed on demand.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a tool is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ToolError {
    /// `release.toml` does not pin it.
    #[error("no tool is called `{0}` in release.toml")]
    Unknown(String),
}

/// The tools of this project.
#[derive(Debug)]
pub(crate) struct Toolbox {}

impl Toolbox {
    /// Reads the pins.
    pub(crate) fn open(_root: &Path) -> Result<Self, ToolError> {
        Ok(Self {})
    }

    /// Makes sure that `tool` is there, and says where.
    pub(crate) fn ensure(&self, tool: &str) -> Result<PathBuf, ToolError> {
        Err(ToolError::Unknown(tool.into()))
    }

    /// What was installed by us, in this process.
    pub(crate) fn installed(&self) -> Vec<(String, Duration)> {
        Vec::new()
    }
}
