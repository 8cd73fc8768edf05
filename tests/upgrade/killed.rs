//! Killed from outside at every system call that changes something: what is
//! on the path works and is one of the two versions, whole, and the next
//! command cleans up.

use std::fs;
use std::path::Path;

use crate::home::{Home, outcome};
use crate::site::Site;
use crate::versions::{COMPATIBLE, OLD, built};

/// System calls after which the disk, or who runs, is another.
const CHANGING: &[&str] = &[
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "fsync",
    "fdatasync",
    "fchmod",
    "ftruncate",
    "execve",
    "clone",
    "clone3",
    "vfork",
    "wait4",
];

#[test]
fn a_kill_at_any_change_leaves_a_whole_version_and_the_next_command_cleans_up() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    let stick = home.path().join("stick");
    site.repository.copy_to(&stick);
    let old = fs::read(&built()[0]).unwrap();
    let new = fs::read(&built()[1]).unwrap();
    let (mut kills, mut olds, mut news) = (0, 0, 0);
    for call in CHANGING {
        for number in 1.. {
            home.install(home.bin());
            let _ = fs::remove_dir_all(home.bin().join(".auditgraph"));
            let mut command = home.command(Path::new("strace"));
            command
                .args(["-f", "-o", "/dev/null", "-e", &format!("trace={call}")])
                .args(["-e", &format!("inject={call}:signal=SIGKILL:when={number}")])
                .arg(home.program())
                .args(["self-update", "--from"])
                .arg(&stick);
            let run = outcome(&mut command);
            let installed = fs::read(home.program()).unwrap();
            let is_new = installed == new;
            assert!(is_new || installed == old, "{call} {number}: {run:?}");
            let expected = if is_new { "0.2.0" } else { "0.1.0" };
            assert_eq!(home.version(), expected, "{call} {number}");
            // That command cleaned up.
            assert_eq!(home.receipt(), expected, "{call} {number}");
            let folder = home.bin().join(".auditgraph");
            for left in ["staged", "intent.json"] {
                assert!(!folder.join(left).exists(), "{call} {number}: {left}");
            }
            if is_new {
                home.run(&["self-update", "--rollback"]).exits(0);
                assert_eq!(home.version(), "0.1.0", "{call} {number}");
            }
            if run.code == Some(0) {
                break;
            }
            kills += 1;
            olds += usize::from(!is_new);
            news += usize::from(is_new);
            assert!(number < 500, "{call} does not come to an end: {run:?}");
        }
    }
    println!("{kills} kills: {olds} times the old version, {news} times the new one");
    assert!(olds > 10 && news > 3, "{olds} old, {news} new");
}
