//! What can go wrong with a build.

use std::path::PathBuf;

use super::command::CommandError;

/// Why a release could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    /// A program this runs failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A tool could not be installed.
    #[error(transparent)]
    Tool(#[from] crate::tools::ToolError),
    /// The site could not be read or written.
    #[error(transparent)]
    Site(#[from] crate::site::SiteError),
    /// The Python packages could not be made.
    #[error(transparent)]
    Python(#[from] crate::python::PythonError),
    /// The installer could not be put together.
    #[error(transparent)]
    Shell(#[from] crate::shell::ShellError),
    /// The formula could not be rendered.
    #[error(transparent)]
    Homebrew(#[from] crate::homebrew::HomebrewError),
    /// The root of trust is not the pinned one.
    #[error(transparent)]
    Repository(#[from] crate::repository::RepositoryError),
    /// Something is in the way that is known before anything is made.
    #[error("no release can be made of this yet:\n{}", .0.join("\n"))]
    InTheWay(Vec<String>),
    /// A file of the project could not be read.
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// A working file could not be written.
    #[error("cannot write {}", .0.display())]
    Write(PathBuf, #[source] std::io::Error),
    /// Something made is not what it should be.
    #[error("{what}: {reason}")]
    Unexpected {
        /// The file or program.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The platform asked for cannot be made on this machine.
    #[error("cannot make `{target}` here: {reason}")]
    NotHere {
        /// As asked.
        target: String,
        /// From the plan.
        reason: String,
    },
}
