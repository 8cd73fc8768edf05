//! Places where an update is hard: each either works or says why not, and
//! the old version still runs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::home::{Home, snapshot};
use crate::outcome::Outcome;
use crate::site::Site;
use crate::stopped::Stopped;
use crate::terminal::Session;
use crate::versions::{COMPATIBLE, OLD, built};

/// Somebody who is not root.
const NOBODY: &str = "65534";

/// Some of these tests make what only root can make. Without that right they
/// fail and say so: a test that did not run is none that passed.
#[track_caller]
fn must_be_root(what: &str) {
    let root = rustix::process::geteuid().is_root();
    assert!(root, "run this check as root: {what}");
}

fn give(path: &Path, owner: &str) {
    let status = Command::new("chown").args(["-R", owner]).arg(path).status();
    assert!(status.unwrap().success());
}

/// A home that belongs to somebody who is not root, and their command.
fn home_of_nobody(site: &Site) -> (Home, Command) {
    must_be_root("the update is run by another user");
    let home = Home::new(site);
    give(&home.path(), NOBODY);
    let mut command = home.command(Path::new("/usr/bin/setpriv"));
    command
        .args(["--reuid", NOBODY, "--clear-groups"])
        .arg(home.program())
        .arg("self-update");
    (home, command)
}

#[test]
fn a_symlinked_bin_directory_stays_a_link() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    let store = home.path().join("store");
    fs::rename(home.bin(), &store).unwrap();
    symlink(&store, home.bin()).unwrap();
    home.run(&["self-update"]).exits(0);
    assert_eq!(home.version(), "0.2.0");
    assert!(fs::symlink_metadata(home.bin()).unwrap().is_symlink());
    assert!(store.join(".auditgraph/previous.json").is_file());
}

#[test]
fn a_binary_behind_a_symlink_is_replaced_and_the_link_stays() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    // A link elsewhere that leads to what was installed.
    let home = Home::new(&site);
    let link = home.path().join("link");
    symlink(home.program(), &link).unwrap();
    Outcome::of(home.command(&link).arg("self-update")).exits(0);
    assert_eq!(home.version(), "0.2.0");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    // What was installed was moved, and a link put in its place.
    let home = Home::new(&site);
    let moved = home.path().join("opt/auditgraph");
    fs::create_dir(moved.parent().unwrap()).unwrap();
    fs::rename(home.program(), &moved).unwrap();
    symlink(&moved, home.program()).unwrap();
    home.run(&["self-update"]).exits(0);
    assert_eq!(home.version(), "0.2.0");
    let installed = fs::symlink_metadata(home.program()).unwrap();
    assert!(installed.is_symlink());
    assert_eq!(fs::read(&moved).unwrap(), fs::read(&built()[1]).unwrap());
    home.run(&["self-update", "--rollback"]).exits(0);
    assert_eq!(home.version(), "0.1.0");
}

#[test]
fn a_directory_of_root_is_told_before_anything_is_downloaded() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let (home, mut command) = home_of_nobody(&site);
    give(home.bin(), "0");
    let before = snapshot(home.bin());
    Outcome::of(&mut command)
        .exits(1)
        .says("cannot write to")
        .says("belongs to root");
    assert_eq!(snapshot(home.bin()), before);
    assert!(!home.path().join(".cache/auditgraph/downloads").exists());
}

#[test]
fn a_read_only_directory_is_told_before_anything_is_downloaded() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let (home, mut command) = home_of_nobody(&site);
    fs::set_permissions(home.bin(), fs::Permissions::from_mode(0o555)).unwrap();
    let before = snapshot(home.bin());
    Outcome::of(&mut command)
        .exits(1)
        .says("cannot write to")
        .says(home.bin().to_str().unwrap());
    assert_eq!(snapshot(home.bin()), before);
    assert!(!home.path().join(".cache/auditgraph/downloads").exists());
    // A read-only file system refuses root as well.
    let home = Home::new(&site);
    let before = snapshot(home.bin());
    let mounted = Mount::new(&["--bind"], home.bin(), home.bin());
    mounted.again(&["-o", "remount,bind,ro"]);
    let update = home.run(&["self-update"]);
    drop(mounted);
    let update = update.exits(1).says("Read-only file system");
    assert!(!update.stderr.contains("belongs to"), "{update:?}");
    assert_eq!(snapshot(home.bin()), before);
}

#[test]
fn without_home_nothing_is_guessed() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    let before = snapshot(home.bin());
    let mut command = home.command(&home.program());
    command.env_remove("HOME").arg("self-update");
    Outcome::of(&mut command).exits(1).says("HOME is not set");
    assert_eq!(snapshot(home.bin()), before);
}

#[test]
fn a_temporary_directory_is_not_needed() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    let mut command = home.command(&home.program());
    command.env("TMPDIR", "/nonexistent").arg("self-update");
    Outcome::of(&mut command).exits(0);
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
    Outcome::of(&mut command).exits(0);
    let home_path = other.path().display().to_string();
    let site_path = site.authority().parent().unwrap().display().to_string();
    for line in fs::read_to_string(trace).unwrap().lines() {
        let elsewhere = line.contains(&home_path) || line.contains(&site_path);
        assert!(elsewhere || !line.contains("\"/tmp"), "{line}");
    }
}

#[test]
fn what_stands_in_place_of_the_download_is_told_and_left() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    let place = home.path().join(".cache/auditgraph/downloads");
    let download = place.join("auditgraph-0.2.0-x86_64-unknown-linux-gnu.tar.gz");
    fs::create_dir_all(&place).unwrap();
    std::os::unix::fs::symlink(home.program(), &download).unwrap();
    home.run(&["self-update"])
        .exits(1)
        .says(&format!("cannot write the download {}", download.display()))
        .says("move it away");
    assert!(download.is_symlink());
    assert_eq!(home.version(), "0.1.0");
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
fn a_second_update_is_told_who_is_first_and_changes_nothing() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    // The first one keeps the version before when it is stopped.
    let strace = home.command(Path::new("strace"));
    let first = Stopped::at("linkat", strace, |command| {
        command.arg(home.program()).arg("self-update");
    });
    let before = snapshot(home.bin());
    home.run(&["self-update"])
        .exits(7)
        .says(&format!("process {}", first.pid));
    home.run(&["self-update", "--json"]).exits(7);
    assert_eq!(snapshot(home.bin()), before);
    // Whoever only looks is not kept from it.
    home.run(&["self-update", "--check"]).exits(10);
    first.goes_on();
    assert_eq!(home.version(), "0.2.0");
}

/// A file system that is there for one test.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    fn new(options: &[&str], what: &Path, at: &'a Path) -> Self {
        must_be_root("it mounts a small file system");
        let status = Command::new("mount")
            .args(options)
            .arg(what)
            .arg(at)
            .status();
        let why = "mounting needs the right to (CAP_SYS_ADMIN; in a container: --privileged)";
        assert!(status.unwrap().success(), "{why}");
        Self(at)
    }

    fn again(&self, options: &[&str]) {
        let status = Command::new("mount").args(options).arg(self.0).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let status = Command::new("umount").arg(self.0).status();
        assert!(status.unwrap().success() || std::thread::panicking());
    }
}

#[test]
fn a_full_disk_is_told_and_changes_nothing() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    let small = home.path().join("small");
    fs::create_dir(&small).unwrap();
    let bytes = fs::metadata(&built()[0]).unwrap().len() + 1024 * 1024;
    let size = format!("size={bytes}");
    let mounted = Mount::new(&["-t", "tmpfs", "-o", &size], Path::new("none"), &small);
    home.install(&small);
    let before = snapshot(&small);
    let outcome = Outcome::of(home.command(&small.join("auditgraph")).arg("self-update"));
    let after = snapshot(&small);
    drop(mounted);
    outcome.exits(1).says("not enough disk space");
    assert_eq!(after, before);
}

#[test]
fn on_a_terminal_it_asks_first_and_no_leaves_everything_as_it_is() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    let before = snapshot(home.bin());
    let start = |arguments: &[&str]| {
        let mut command = home.command(&home.program());
        command.args(arguments);
        Session::start(command)
    };
    for answer in ["n\n", "\u{4}"] {
        let mut session = start(&["self-update"]);
        session
            .expect("Update auditgraph 0.1.0 to 0.2.0? [Y/n]")
            .types(answer);
        let (code, shown) = session.end();
        assert_eq!(code, Some(0), "{shown}");
        assert!(shown.contains("Nothing was changed."), "{shown}");
        assert_eq!(snapshot(home.bin()), before);
        let downloads = home.path().join(".cache/auditgraph/downloads");
        assert!(!downloads.exists(), "asked before the download");
    }
    for quiet in ["--check", "--dry-run"] {
        let (_, shown) = start(&["self-update", quiet]).end();
        assert!(!shown.contains("[Y/n]"), "{shown}");
    }
    let mut session = start(&["self-update"]);
    session.expect("[Y/n]").types("y\n");
    let (code, shown) = session.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(home.version(), "0.2.0");
}
