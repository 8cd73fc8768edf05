//! Killed from outside at every system call, cut off from power, out of disk
//! space: what is on the path works and is one of the two versions, whole, and
//! the next command cleans up.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::disk::{self, Disk};
use crate::home::{Home, snapshot};
use crate::outcome::Outcome;
use crate::site::Site;
use crate::versions::{COMPATIBLE, OLD, built};

/// Calls by which the program changes the disk, opens what it will change, or
/// tells others.
const DISK: &str = "openat,write,pwrite64,copy_file_range,sendfile,ftruncate,fchmod,fchown,\
     fsync,fdatasync,fcntl,rename,renameat,renameat2,link,linkat,symlink,symlinkat,\
     unlink,unlinkat,mkdir,mkdirat,rmdir";
/// Calls by which it runs another version and waits for it.
const PROCESSES: [&str; 5] = ["execve", "clone", "clone3", "vfork", "wait4"];

/// A home, and a copy of the release site on a stick beside it.
struct Place {
    home: Home,
    stick: tempfile::TempDir,
    old: Vec<u8>,
    new: Vec<u8>,
}

impl Place {
    fn new() -> Self {
        let site = Site::with(&[OLD, COMPATIBLE]);
        let stick = tempfile::tempdir().unwrap();
        site.repository.copy_to(stick.path());
        Self {
            home: Home::new(&site),
            stick,
            old: fs::read(&built()[0]).unwrap(),
            new: fs::read(&built()[1]).unwrap(),
        }
    }

    /// The arguments of an update from the stick.
    fn update(&self) -> Vec<String> {
        let from = self.stick.path().to_str().unwrap().to_owned();
        vec!["self-update".to_owned(), "--from".to_owned(), from]
    }

    /// The old version, and nothing that an update leaves.
    fn reset(&self) {
        self.home.install(self.home.bin());
        let state = self.home.path().join(".local/state");
        let cache = self.home.path().join(".cache");
        for folder in [self.home.bin().join(".auditgraph"), state, cache] {
            let _ = fs::remove_dir_all(folder);
        }
    }

    /// The new version, with its way back.
    fn updated(&self) {
        self.reset();
        let update = self.update();
        let update: Vec<&str> = update.iter().map(String::as_str).collect();
        self.home.run(&update).exits(0);
    }

    fn strace(&self, options: &[&str], arguments: &[String]) -> Outcome {
        let mut command = self.home.command(Path::new("strace"));
        command.args(options).arg(self.home.program());
        Outcome::of(command.args(arguments))
    }

    fn log(&self) -> PathBuf {
        self.stick.path().join("trace")
    }

    /// Asserts what must hold wherever it ended; whether the new version is
    /// the one that is installed.
    fn assert_sound(&self, when: &str) -> bool {
        let home = &self.home;
        let installed = fs::read(home.program()).unwrap();
        let is_new = installed == self.new;
        assert!(is_new || installed == self.old, "{when}: neither version");
        let expected = if is_new { COMPATIBLE } else { OLD }.number;
        assert_eq!(home.version(), expected, "{when}");
        // That command cleaned up.
        assert_eq!(home.receipt(), expected, "{when}");
        let folder = home.bin().join(".auditgraph");
        for left in ["staged", "intent.json"] {
            assert!(!folder.join(left).exists(), "{when}: {left}");
        }
        let config = home.path().join(".config/auditgraph");
        let files = fs::read_dir(config).unwrap().count();
        assert_eq!(files, 2, "{when}: more than the receipt and the settings");
        let kept = fs::read_dir(&folder).map_or(0, |entries| {
            let names = entries.map(|entry| entry.unwrap().file_name());
            names
                .filter(|name| name.to_string_lossy().starts_with("previous-"))
                .count()
        });
        assert!(kept <= 1, "{when}: {kept} versions are kept");
        is_new
    }

    /// Asserts that what is asked for next is done.
    fn assert_goes_on(&self, is_new: bool, when: &str) {
        let (arguments, version) = if is_new {
            (vec!["self-update".into(), "--rollback".into()], OLD)
        } else {
            (self.update(), COMPATIBLE)
        };
        let mut command = self.home.command(&self.home.program());
        let next = Outcome::of(command.args(&arguments));
        assert_eq!(next.code, 0, "{when}: {next:?}");
        assert_eq!(self.home.version(), version.number, "{when}");
    }

    /// Where to kill an undisturbed run of `arguments`: every call of its one
    /// thread that acts, as its name and how many of that name went before.
    fn boundaries(&self, arguments: &[String]) -> Vec<(String, usize, String)> {
        let log = self.log();
        let trace = format!("trace={DISK}");
        let options = ["-y", "-o", log.to_str().unwrap(), "-e", &trace];
        self.strace(&options, arguments).exits(0);
        let text = fs::read_to_string(log).unwrap();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut all = Vec::new();
        for line in text.lines() {
            let Some((call, rest)) = line.split_once('(') else {
                continue;
            };
            let count = counts.entry(call).or_default();
            *count += 1;
            // The system's own files, which are only read.
            let foreign = ["\"/usr", "\"/lib", "\"/etc", "\"/proc", "\"/sys"]
                .iter()
                .any(|start| rest.contains(start));
            if call == "openat" && foreign && rest.contains("O_RDONLY") {
                continue;
            }
            // Which file; in a row of writes to it only its length differs.
            let file = rest.split(['<', '>', '"']).nth(1).unwrap_or_default();
            all.push((call.to_owned(), *count, file.to_owned()));
        }
        first_middle_and_last(&all)
    }
}

/// Of calls of one name on one file in a row: the first, one in the middle
/// and the last.
fn first_middle_and_last(calls: &[(String, usize, String)]) -> Vec<(String, usize, String)> {
    calls
        .chunk_by(|a, b| (&a.0, &a.2) == (&b.0, &b.2))
        .flat_map(|row| {
            let mut chosen = vec![0, row.len() / 2, row.len() - 1];
            chosen.dedup();
            chosen.into_iter().map(|index| row[index].clone())
        })
        .collect()
}

/// Kills `arguments`, started after `before`, at every boundary.
fn killed_everywhere(place: &Place, arguments: &[String], before: &dyn Fn()) {
    before();
    let boundaries = place.boundaries(arguments);
    let (mut olds, mut news) = (0, 0);
    for (call, number, file) in &boundaries {
        before();
        let when = format!("killed at {call} number {number} ({file})");
        let inject = format!("inject={call}:signal=SIGKILL:when={number}");
        let trace = format!("trace={call}");
        let options = ["-o", "/dev/null", "-e", &trace, "-e", &inject];
        let killed = place.strace(&options, arguments);
        assert_ne!(killed.code, 0, "{when}: {killed:?}");
        let is_new = place.assert_sound(&when);
        place.assert_goes_on(is_new, &when);
        olds += usize::from(!is_new);
        news += usize::from(is_new);
    }
    println!(
        "killed at {} calls: {olds} times the old version, {news} times the new one",
        boundaries.len()
    );
    assert!(olds > 5 && news > 5, "{boundaries:?}");
}

#[test]
fn an_update_killed_at_any_call_leaves_a_whole_version_and_the_next_command_cleans_up() {
    let place = Place::new();
    killed_everywhere(&place, &place.update(), &|| place.reset());
}

#[test]
fn a_rollback_killed_at_any_call_leaves_a_whole_version_and_the_next_command_cleans_up() {
    let place = Place::new();
    let rollback = ["self-update".to_owned(), "--rollback".to_owned()];
    killed_everywhere(&place, &rollback, &|| place.updated());
}

/// The versions that it runs are killed as well, and so is it while it starts
/// them or waits for them.
#[test]
fn an_update_whose_processes_are_killed_leaves_a_whole_version() {
    let place = Place::new();
    let mut kills = 0;
    for call in PROCESSES {
        for number in 1.. {
            place.reset();
            let when = format!("killed at {call} number {number}");
            let inject = format!("inject={call}:signal=SIGKILL:when={number}");
            let trace = format!("trace={call}");
            let options = ["-f", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            let killed = place.strace(&options, &place.update());
            let is_new = place.assert_sound(&when);
            if killed.code == 0 {
                break;
            }
            place.assert_goes_on(is_new, &when);
            kills += 1;
            assert!(number < 100, "{call} does not come to an end: {killed:?}");
        }
    }
    assert!(kills > 3, "{kills}");
}

/// The room was there when it was looked for, and is gone when it is needed.
#[test]
fn a_disk_that_is_full_at_any_call_is_told_and_changes_nothing() {
    let place = Place::new();
    let arguments = place.update();
    place.reset();
    let boundaries = place.boundaries(&arguments);
    let home = place.home.path().display().to_string();
    let takes_room = [
        "write",
        "copy_file_range",
        "fsync",
        "rename",
        "linkat",
        "mkdir",
    ];
    let (mut failed, mut done) = (0, 0);
    for (call, number, file) in &boundaries {
        if !takes_room.contains(&call.as_str()) || !file.starts_with(&home) {
            continue;
        }
        place.reset();
        let before = snapshot(place.home.bin());
        let when = format!("no space at {call} number {number} ({file})");
        let inject = format!("inject={call}:error=ENOSPC:when={number}");
        let trace = format!("trace={call}");
        let update = place.strace(
            &["-o", "/dev/null", "-e", &trace, "-e", &inject],
            &arguments,
        );
        if update.code == 0 {
            // The new version was confirmed, or there was another way.
            done += 1;
            assert!(place.assert_sound(&when), "{when}: {update:?}");
            continue;
        }
        failed += 1;
        assert_eq!(update.code, 1, "{when}: {update:?}");
        assert!(
            update.stderr.contains("No space left"),
            "{when}: {update:?}"
        );
        assert_eq!(snapshot(place.home.bin()), before, "{when}: {update:?}");
        assert_eq!(place.home.receipt(), OLD.number, "{when}");
        place.assert_goes_on(false, &when);
    }
    println!("full at {failed} calls that had to succeed, and at {done} that need not");
    assert!(failed > 10 && done > 0, "{failed} {done}");
}

/// What a power cut leaves at any instant, when all that was not synced is
/// lost.
fn survives_every_power_cut(place: &Place, arguments: &[String]) {
    let root = place.home.path();
    let log = place.log();
    let disk = Disk::of(&root);
    let options = [&["-f", "-o", log.to_str().unwrap()][..], &disk::OPTIONS].concat();
    place.strace(&options, arguments).exits(0);
    let trace = fs::read_to_string(log).unwrap();
    // A download is verified anew, the lock is empty, and what the metadata
    // is verified in is made anew by each process.
    let cache = root.join(".cache");
    let passed_over = |file: &Path| {
        file.starts_with(&cache)
            || file.ends_with("lock")
            || file.components().any(|part| part.as_os_str() == "scratch")
    };
    let (mut olds, mut news) = (0, 0);
    let changes = disk::replay(&trace, &root, &passed_over, disk, &mut |disk, when| {
        for entry in fs::read_dir(&root).unwrap() {
            fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
        disk.restore(&root, &root);
        let is_new = place.assert_sound(when);
        place.assert_goes_on(is_new, when);
        olds += usize::from(!is_new);
        news += usize::from(is_new);
    });
    println!("{changes} changes: {olds} times the old version, {news} times the new one");
    assert!(olds > 1 && news > 1, "{olds} old, {news} new");
}

#[test]
fn an_update_survives_a_power_cut_at_any_instant() {
    let place = Place::new();
    survives_every_power_cut(&place, &place.update());
}

#[test]
fn a_rollback_survives_a_power_cut_at_any_instant() {
    let place = Place::new();
    place.updated();
    let rollback = ["self-update".to_owned(), "--rollback".to_owned()];
    survives_every_power_cut(&place, &rollback);
}
