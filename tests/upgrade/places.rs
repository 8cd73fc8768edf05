//! Places where an update is hard: each either works or says why not, and
//! the old version still runs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::home::{Home, outcome, snapshot};
use crate::site::Site;
use crate::versions::{COMPATIBLE, OLD, built};

#[test]
fn a_symlinked_bin_directory_and_a_binary_behind_a_symlink_stay_links() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    let store = home.path().join("store");
    fs::rename(home.bin(), &store).unwrap();
    symlink(&store, home.bin()).unwrap();
    let link = home.path().join("link");
    symlink(home.program(), &link).unwrap();
    outcome(home.command(&link).arg("self-update")).exits(0);
    assert_eq!(home.version(), "0.2.0");
    assert!(fs::symlink_metadata(home.bin()).unwrap().is_symlink());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn a_directory_of_root_is_told_before_anything_is_downloaded() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: needs root to make a directory of somebody else's");
        return;
    }
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    // Everything but the bin directory belongs to the user.
    let own = |path: &Path| {
        let status = Command::new("chown")
            .arg("-R")
            .arg("65534")
            .arg(path)
            .status();
        assert!(status.unwrap().success());
    };
    own(&home.path());
    let status = Command::new("chown")
        .arg("-R")
        .arg("0")
        .arg(home.bin())
        .status();
    assert!(status.unwrap().success());
    fs::set_permissions(
        site.authority().parent().unwrap(),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    let before = snapshot(home.bin());
    let mut command = home.command(Path::new("/usr/bin/setpriv"));
    command
        .args(["--reuid", "65534", "--clear-groups"])
        .arg(home.program())
        .arg("self-update");
    outcome(&mut command)
        .exits(1)
        .says("cannot write to")
        .says("belongs to root");
    assert_eq!(snapshot(home.bin()), before);
    assert!(!home.path().join(".cache/auditgraph/downloads").exists());
}

#[test]
fn without_home_nothing_is_guessed() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    let before = snapshot(home.bin());
    let mut command = home.command(&home.program());
    command.env_remove("HOME").arg("self-update");
    outcome(&mut command).exits(1).says("HOME is not set");
    assert_eq!(snapshot(home.bin()), before);
}

#[test]
fn a_temporary_directory_is_not_needed() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    let mut command = home.command(&home.program());
    command.env("TMPDIR", "/nonexistent").arg("self-update");
    outcome(&mut command).exits(0);
    assert_eq!(home.version(), "0.2.0");
    // It opens nothing in /tmp either.
    let other = Home::new(&site);
    let trace = other.path().join("trace");
    let mut command = other.command(Path::new("strace"));
    command
        .args(["-f", "-e", "trace=openat,open,mkdir,mkdirat", "-o"])
        .arg(&trace)
        .arg(other.program())
        .arg("self-update");
    outcome(&mut command).exits(0);
    let home_path = other.path().display().to_string();
    let site_path = site.authority().parent().unwrap().display().to_string();
    for line in fs::read_to_string(trace).unwrap().lines() {
        let elsewhere = line.contains(&home_path) || line.contains(&site_path);
        assert!(elsewhere || !line.contains("\"/tmp"), "{line}");
    }
}

#[test]
fn a_running_program_is_replaced_all_the_same() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    // Waits for its standard input, so the file is busy as long as we like.
    let mut running = home
        .command(&home.program())
        .args(["preflight", "--protocol", "1"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    home.run(&["self-update"]).exits(0);
    assert_eq!(home.version(), "0.2.0");
    drop(running.stdin.take());
    running.wait().unwrap();
}

#[test]
fn a_full_disk_is_told_and_changes_nothing() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    let small = home.path().join("small");
    fs::create_dir(&small).unwrap();
    let bytes = fs::metadata(&built()[0]).unwrap().len() + 1024 * 1024;
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "none"])
        .arg(&small)
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        println!("skipped: needs the right to mount a small file system");
        return;
    }
    home.install(&small);
    let before = snapshot(&small);
    let outcome = outcome(home.command(&small.join("auditgraph")).arg("self-update"));
    let after = snapshot(&small);
    let unmounted = Command::new("umount").arg(&small).status().unwrap();
    assert!(unmounted.success());
    outcome.exits(1).says("not enough disk space");
    assert_eq!(after, before);
}
