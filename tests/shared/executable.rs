//! Copies of a program that are started at once.

use std::path::Path;
use std::process::Command;

/// Copies an executable with its mode, by `cp`. Had this process the copy open
/// for writing, a child that another thread starts at that moment would hold it
/// open as well, and it could not be run: "Text file busy".
pub(crate) fn copy_executable(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-p").arg(from).arg(to).status();
    assert!(status.is_ok_and(|status| status.success()), "{to:?}");
}
