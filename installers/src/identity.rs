//! What a shipped executable says of itself.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::facts::Facts;

/// Runs `executable` as `[binary] version` of `release.toml` says, with an empty
/// environment and an empty home below cargo's target directory.
///
/// # Errors
/// Why there is no JSON document, in words.
pub(crate) fn ask(facts: &Facts, executable: &[u8]) -> Result<Value, String> {
    let tool = facts.package.target_directory.join(env!("CARGO_PKG_NAME"));
    let folder = tool.join(format!("describe-{}", std::process::id()));
    let outcome = run(facts, executable, &folder);
    // A working folder: what is left of it harms nobody.
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

fn run(facts: &Facts, executable: &[u8], folder: &Path) -> Result<Value, String> {
    let path = folder.join(&facts.package.binary);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, executable))
        .and_then(|()| std::fs::set_permissions(&path, Permissions::from_mode(0o755)))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let output = Command::new(&path)
        .args(&facts.release.binary.version)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("ended with {}", output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}
