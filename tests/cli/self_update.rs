//! A build without update keys, as every plain `cargo build` is.

use std::fs;
#[cfg(feature = "self-update")]
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::executable::copy_executable;
use crate::support::{Outcome, Sandbox};

/// A copy of the binary at `path` below the home folder.
fn copy(sandbox: &Sandbox, path: &str) -> PathBuf {
    let path = sandbox.home().canonicalize().unwrap().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    copy_executable(Path::new(env!("CARGO_BIN_EXE_auditgraph")), &path);
    path
}

fn command(sandbox: &Sandbox, program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(sandbox.root())
        .env_clear()
        .env("HOME", sandbox.home());
    command
}

fn run(sandbox: &Sandbox, program: &Path, arguments: &[&str]) -> Outcome {
    Outcome::of(&mut command(sandbox, program, arguments))
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

/// Not the one that upgrades: that leads the other way.
#[cfg(feature = "self-update")]
#[test]
fn whoever_wants_back_is_told_how_to_name_a_version_to_the_package_manager() {
    let sandbox = Sandbox::empty();
    let program = copy(&sandbox, ".cargo/bin/auditgraph");
    let version = env!("CARGO_PKG_VERSION");
    let source = "registry+https://github.com/rust-lang/crates.io-index";
    let database = format!(
        r#"{{"installs":{{"auditgraph {version} ({source})":{{"bins":["auditgraph"]}}}}}}"#
    );
    fs::write(sandbox.home().join(".cargo/.crates2.json"), database).unwrap();
    run(&sandbox, &program, &["self-update", "--rollback"])
        .exits(6)
        .says("next: cargo install --locked auditgraph@VERSION");
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

/// A version to return to, as an update keeps it: a shell script that answers
/// as 0.0.9, after what `first` does.
#[cfg(feature = "self-update")]
fn kept_version(sandbox: &Sandbox, program: &Path, first: &str) {
    use auditgraph::foundation::Sha256;

    let version = run(sandbox, program, &["version", "--json"]).done();
    let version: serde_json::Value = serde_json::from_str(&version.stdout).unwrap();
    let said = serde_json::json!({
        "version": "0.0.9", "target": version["target"], "schema": version["schema"],
    });
    let script = format!("#!/bin/sh\n{first}\necho '{said}'\n");
    let folder = program.parent().unwrap().join(".auditgraph");
    fs::create_dir_all(&folder).unwrap();
    let identity = |bytes: &[u8], version: &str| {
        serde_json::json!({
            "version": version, "sha256": Sha256::of(bytes).to_string(), "bytes": bytes.len(),
        })
    };
    let previous = identity(script.as_bytes(), "0.0.9");
    let name = format!("previous-{}", &previous["sha256"].as_str().unwrap()[..12]);
    fs::write(folder.join(name), &script).unwrap();
    let installed = identity(&fs::read(program).unwrap(), env!("CARGO_PKG_VERSION"));
    let record = serde_json::json!({"format": 1, "previous": previous, "replaced_by": installed});
    fs::write(folder.join("previous.json"), record.to_string()).unwrap();
}

/// Neither the folder of the executable, where links lead to it, nor that of
/// the receipt need have a name in UTF-8.
#[cfg(all(feature = "self-update", target_os = "linux"))]
#[test]
fn names_that_are_not_utf_8_are_shown_and_bar_nothing() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let sandbox = Sandbox::empty();
    let home = sandbox.home().canonicalize().unwrap();
    copy(&sandbox, "bin/auditgraph");
    let odd = home.join(OsStr::from_bytes(b"b\xff"));
    fs::rename(home.join("bin"), &odd).unwrap();
    std::os::unix::fs::symlink(&odd, home.join("bin")).unwrap();
    let program = home.join("bin/auditgraph");
    receipt(&sandbox, &home.join("bin"));
    let config = home.join(OsStr::from_bytes(b"c\xff"));
    fs::rename(home.join(".config"), &config).unwrap();
    kept_version(&sandbox, &program, "");
    let run = |arguments: &[&str]| {
        Outcome::of(command(&sandbox, &program, arguments).env("XDG_CONFIG_HOME", &config))
    };
    let document = run(&["version", "--json"]).done().document("version");
    assert_eq!(document["install"]["kind"], "standalone");
    let path = document["install"]["path"].as_str().unwrap();
    assert!(path.ends_with("/b\u{fffd}/auditgraph"), "{path}");
    let document = run(&["self-update", "--rollback", "--json"])
        .done()
        .document("self-update");
    assert_eq!(document["outcome"], "rolled_back");
    let receipt = fs::read(config.join("auditgraph/auditgraph-receipt.json")).unwrap();
    let receipt: serde_json::Value = serde_json::from_slice(&receipt).unwrap();
    assert_eq!(receipt["version"], "0.0.9");
}

/// The other update waits for us while it holds the lock, for as long as we
/// like: the version that it proves reads a named pipe, the first time.
#[cfg(feature = "self-update")]
#[test]
fn a_second_update_at_the_same_time_is_told_who_is_first() {
    let sandbox = Sandbox::empty();
    let program = copy(&sandbox, ".local/bin/auditgraph");
    receipt(&sandbox, program.parent().unwrap());
    let pipe = sandbox.home().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let waited = sandbox.home().join("waited");
    let wait = format!(
        "if mkdir '{}' 2>/dev/null; then read line < '{}'; fi",
        waited.display(),
        pipe.display()
    );
    kept_version(&sandbox, &program, &wait);
    let rollback = ["self-update", "--rollback", "--yes"];
    let mut first = command(&sandbox, &program, &rollback)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let pipe = writer(&pipe, || assert!(first.try_wait().unwrap().is_none()));
    run(&sandbox, &program, &rollback)
        .exits(7)
        .says(&format!("process {}", first.id()));
    // Other commands are not kept from anything.
    run(&sandbox, &program, &["version"]).done();
    drop(pipe);
    assert!(first.wait().unwrap().success());
}

/// The writing end of a named pipe, once somebody reads it.
#[cfg(feature = "self-update")]
fn writer(pipe: &Path, mut meanwhile: impl FnMut()) -> fs::File {
    use std::os::unix::fs::OpenOptionsExt;

    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    loop {
        let opened = fs::File::options()
            .write(true)
            .custom_flags(flags)
            .open(pipe);
        match opened {
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                meanwhile();
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            opened => return opened.unwrap(),
        }
    }
}

#[cfg(feature = "self-update")]
#[test]
fn on_a_terminal_it_asks_and_no_leaves_everything_as_it_is() {
    use crate::support::snapshot;
    use crate::terminal::Session;

    let sandbox = Sandbox::empty();
    let program = copy(&sandbox, ".local/bin/auditgraph");
    let bin = program.parent().unwrap();
    receipt(&sandbox, bin);
    kept_version(&sandbox, &program, "");
    let before = snapshot(bin);
    let question = format!(
        "Return from auditgraph {} to 0.0.9?",
        env!("CARGO_PKG_VERSION")
    );
    let start = |arguments: &[&str]| Session::start(command(&sandbox, &program, arguments));
    // No, anything that is not yes, and the end of input.
    for answer in ["n\n", "No\n", "what?\n", "\u{4}"] {
        let mut session = start(&["self-update", "--rollback"]);
        session.expect(&question).expect("[Y/n]").types(answer);
        let (code, shown) = session.end();
        assert_eq!(code, Some(0), "{shown}");
        assert!(
            shown.contains("Nothing was changed."),
            "{answer:?}: {shown}"
        );
        assert_eq!(snapshot(bin), before, "{answer:?}");
    }
    let (code, shown) = start(&["self-update", "--rollback", "--dry-run"]).end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("[Y/n]"), "a plan needs no yes: {shown}");
    assert_eq!(snapshot(bin), before);
    let mut session = start(&["self-update", "--rollback"]);
    session.expect("[Y/n]").types("\n");
    let (code, shown) = session.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(
        fs::read(&program).unwrap().starts_with(b"#!/bin/sh"),
        "{shown}"
    );
}

#[cfg(feature = "self-update")]
#[test]
fn without_a_terminal_or_with_yes_or_json_nothing_is_asked() {
    use crate::terminal::Session;

    for arguments in [&["--yes"][..], &["--json"]] {
        let sandbox = Sandbox::empty();
        let program = copy(&sandbox, ".local/bin/auditgraph");
        receipt(&sandbox, program.parent().unwrap());
        kept_version(&sandbox, &program, "");
        let arguments = [&["self-update", "--rollback"], arguments].concat();
        let (code, shown) = Session::start(command(&sandbox, &program, &arguments)).end();
        assert_eq!(code, Some(0), "{shown}");
        assert!(!shown.contains("[Y/n]"), "{shown}");
    }
    let sandbox = Sandbox::empty();
    let program = copy(&sandbox, ".local/bin/auditgraph");
    receipt(&sandbox, program.parent().unwrap());
    kept_version(&sandbox, &program, "");
    // Its answer would be no, if it were asked for one.
    let no = sandbox.home().join("no");
    fs::write(&no, "n\n").unwrap();
    let mut command = command(&sandbox, &program, &["self-update", "--rollback"]);
    let outcome = Outcome::of(command.stdin(fs::File::open(no).unwrap())).done();
    assert_eq!(outcome.stderr, "");
    assert!(fs::read(&program).unwrap().starts_with(b"#!/bin/sh"));
}
