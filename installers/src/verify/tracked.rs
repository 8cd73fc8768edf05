//! The files that git knows of.

use std::io;
use std::path::Path;
use std::process::Command;

/// The files below `root` that `git ls-files` lists with these `arguments`.
///
/// # Errors
/// Where git does not run, or refuses: then nothing is known of them.
pub(super) fn tracked(root: &Path, arguments: &[&str]) -> io::Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .args(arguments)
        .current_dir(root)
        .output()?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(told));
    }
    let listed = String::from_utf8_lossy(&output.stdout);
    let names = listed.split('\0').filter(|name| !name.is_empty());
    Ok(names.map(String::from).collect())
}
