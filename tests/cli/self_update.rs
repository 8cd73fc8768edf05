//! A build without update keys, as every plain `cargo build` is.

use std::fs;
#[cfg(feature = "self-update")]
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Outcome, Sandbox};

/// A copy of the binary at `path` below the home folder.
fn copy(sandbox: &Sandbox, path: &str) -> PathBuf {
    let path = sandbox.home().canonicalize().unwrap().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_auditgraph"), &path).unwrap();
    path
}

fn run(sandbox: &Sandbox, program: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(sandbox.root())
        .env_clear()
        .env("HOME", sandbox.home());
    Outcome::of(&mut command)
}

fn receipt(sandbox: &Sandbox, directory: &Path) {
    let folder = sandbox.home().join(".config/auditgraph");
    fs::create_dir_all(&folder).unwrap();
    let text = format!(
        r#"{{"binaries":["auditgraph"],"install_prefix":"{}","install_layout":"flat","version":"{}"}}"#,
        directory.display(),
        env!("CARGO_PKG_VERSION")
    );
    fs::write(folder.join("auditgraph-receipt.json"), text).unwrap();
}

#[test]
fn a_build_without_keys_says_how_to_upgrade_instead() {
    let sandbox = Sandbox::empty();
    let program = copy(&sandbox, ".local/bin/auditgraph");
    receipt(&sandbox, program.parent().unwrap());
    for arguments in [
        &["self-update"][..],
        &["self-update", "--check"],
        &["preflight"],
    ] {
        run(&sandbox, &program, arguments)
            .exits(1)
            .says("no update keys")
            .says("install.sh | sh");
    }
}

#[test]
fn an_installation_that_nothing_explains_is_left_alone() {
    let sandbox = Sandbox::empty();
    let program = copy(&sandbox, "elsewhere/auditgraph");
    run(&sandbox, &program, &["self-update"])
        .exits(1)
        .says("left alone");
}

#[test]
fn a_package_manager_is_told_by_its_own_command() {
    let sandbox = Sandbox::empty();
    let program = copy(&sandbox, "Cellar/auditgraph/0.1.0/bin/auditgraph");
    let keg = program.parent().unwrap().parent().unwrap();
    fs::write(keg.join("INSTALL_RECEIPT.json"), "{}").unwrap();
    run(&sandbox, &program, &["self-update"])
        .exits(6)
        .says("brew upgrade auditgraph");
    let document = run(&sandbox, &program, &["self-update", "--json"])
        .exits(6)
        .document("error");
    assert_eq!(
        document["error"]["details"]["command"],
        "brew upgrade auditgraph"
    );
}

#[cfg(feature = "self-update")]
#[test]
fn without_a_previous_version_there_is_no_way_back() {
    let sandbox = Sandbox::empty();
    let program = copy(&sandbox, ".local/bin/auditgraph");
    receipt(&sandbox, program.parent().unwrap());
    run(&sandbox, &program, &["self-update", "--rollback"])
        .exits(1)
        .says("no previous version");
    assert_eq!(fs::read_dir(program.parent().unwrap()).unwrap().count(), 1);
}

/// What a kill in the middle of staging leaves.
#[cfg(feature = "self-update")]
#[test]
fn any_command_cleans_up_after_an_interrupted_update() {
    let sandbox = Sandbox::empty();
    let program = copy(&sandbox, ".local/bin/auditgraph");
    let folder = program.parent().unwrap().join(".auditgraph");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("staged"), "half an executable").unwrap();
    run(&sandbox, &program, &["version"]).done();
    assert!(!folder.exists());
    // In a folder that cannot be written to, the command works all the same.
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("staged"), "half an executable").unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    run(&sandbox, &program, &["version"]).done();
    // Root may write there in spite of the mode, and has removed it then.
    let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o755));
}
