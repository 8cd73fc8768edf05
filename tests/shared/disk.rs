//! A power cut: what a program does to the disk is recorded by `strace`, and
//! replayed with all that was not yet synced dropped.
//!
//! The model is strict: a file's bytes and mode survive only up to its last
//! fsync, and a name (created, renamed or removed) only if its folder was
//! fsynced since. Folders are kept by the names inside them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Options of `strace` for a trace that [`parse`] reads.
pub const OPTIONS: [&str; 6] = [
    "-y",
    "-xx",
    "-s",
    "100000000",
    "-e",
    "trace=openat,write,pwrite64,ftruncate,copy_file_range,sendfile,splice,fchmod,chmod,\
     fsync,fdatasync,rename,renameat,renameat2,link,linkat,symlink,symlinkat,\
     unlink,unlinkat,mkdir,mkdirat,rmdir",
];

/// One recorded change.
#[derive(Debug)]
pub enum Change {
    Create(PathBuf, u32),
    Truncate(PathBuf),
    Write(PathBuf, Vec<u8>),
    /// So many bytes of the first file, after those the second one has.
    Copy(PathBuf, PathBuf, usize),
    Mode(PathBuf, u32),
    Sync(PathBuf),
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Unlink(PathBuf),
}

impl Change {
    fn touches(&self) -> &Path {
        match self {
            Self::Create(path, _)
            | Self::Truncate(path)
            | Self::Write(path, _)
            | Self::Copy(_, path, _)
            | Self::Mode(path, _)
            | Self::Sync(path)
            | Self::Rename(path, _)
            | Self::Link(path, _)
            | Self::Unlink(path) => path,
        }
    }
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Content {
    bytes: Vec<u8>,
    mode: u32,
}

/// A disk with a volatile and a durable side.
#[derive(Default)]
pub struct Disk {
    /// Names as the program sees them, to file numbers.
    names: BTreeMap<PathBuf, usize>,
    /// Names that survive.
    durable_names: BTreeMap<PathBuf, usize>,
    /// By file number, as the program sees them and as they survive.
    files: Vec<(Content, Content)>,
}

impl Disk {
    /// The files below `root` as they are, all of them durable.
    pub fn of(root: &Path) -> Self {
        let mut disk = Self::default();
        let mut pending = vec![root.to_owned()];
        while let Some(folder) = pending.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    pending.push(path);
                } else {
                    let mode = fs::metadata(&path).unwrap().permissions().mode();
                    disk.hold(path.clone(), fs::read(&path).unwrap(), mode);
                }
            }
        }
        disk.durable_names = disk.names.clone();
        disk
    }

    fn hold(&mut self, path: PathBuf, bytes: Vec<u8>, mode: u32) {
        let content = Content { bytes, mode };
        self.names.insert(path, self.files.len());
        self.files.push((content.clone(), content));
    }

    fn file(&mut self, path: &Path) -> &mut (Content, Content) {
        let number = self.names.get(path);
        let number = *number.unwrap_or_else(|| panic!("{path:?} was never created"));
        &mut self.files[number]
    }

    /// Makes `change`; true if what survives a power cut is another now.
    pub fn apply(&mut self, change: &Change) -> bool {
        match change {
            Change::Create(path, mode) => {
                self.names.insert(path.clone(), self.files.len());
                let new = Content {
                    bytes: Vec::new(),
                    mode: *mode,
                };
                self.files.push((new.clone(), new));
            }
            Change::Truncate(path) => self.file(path).0.bytes.clear(),
            Change::Write(path, bytes) => self.file(path).0.bytes.extend_from_slice(bytes),
            Change::Copy(from, to, count) => {
                let source = self.file(from).0.bytes.clone();
                let target = &mut self.file(to).0.bytes;
                let start = target.len();
                target.extend_from_slice(&source[start..start + count]);
            }
            Change::Mode(path, mode) => self.file(path).0.mode = *mode,
            Change::Sync(path) if self.names.contains_key(path) => {
                let (seen, durable) = self.file(path);
                let changed = seen != durable;
                durable.clone_from(seen);
                return changed;
            }
            Change::Sync(folder) => return self.sync_folder(folder),
            Change::Rename(from, to) => {
                let file = self.names.remove(from).unwrap();
                self.names.insert(to.clone(), file);
            }
            Change::Link(from, to) => {
                let file = self.names[from];
                self.names.insert(to.clone(), file);
            }
            Change::Unlink(path) => {
                self.names.remove(path);
            }
        }
        false
    }

    fn sync_folder(&mut self, folder: &Path) -> bool {
        let before = self.durable_names.clone();
        let inside = |path: &PathBuf| path.parent() == Some(folder);
        self.durable_names.retain(|path, _| !inside(path));
        let now = self.names.iter().filter(|(path, _)| inside(path));
        self.durable_names
            .extend(now.map(|(path, file)| (path.clone(), *file)));
        before != self.durable_names
    }

    /// What is left after a power cut, written below `to` instead of `from`.
    pub fn restore(&self, from: &Path, to: &Path) {
        for (path, file) in &self.durable_names {
            let target = to.join(path.strip_prefix(from).unwrap());
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            let content = &self.files[*file].1;
            fs::write(&target, &content.bytes).unwrap();
            let mode = fs::Permissions::from_mode(content.mode & 0o7777);
            fs::set_permissions(&target, mode).unwrap();
        }
    }
}

/// Undoes strace's `-xx` quoting.
fn unquote(text: &str) -> Vec<u8> {
    text.split("\\x")
        .skip(1)
        .map(|hex| u8::from_str_radix(&hex[..2], 16).unwrap())
        .collect()
}

fn path(text: &str) -> PathBuf {
    String::from_utf8(unquote(text)).unwrap().into()
}

/// The calls of a trace, whole: what another thread or process interrupted
/// is put together again, where it ended.
fn calls(trace: &str) -> Vec<String> {
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        // `-f -o` puts the process before each call.
        let (process, call) = line.split_once(' ').unwrap_or(("", line));
        let call = call.trim_start();
        if let Some(start) = call.strip_suffix("<unfinished ...>") {
            begun.insert(process, start);
        } else if let Some((_, end)) = call.split_once(" resumed>") {
            let start = begun.remove(process).unwrap_or_default();
            calls.push(format!("{start}{end}"));
        } else {
            calls.push(call.to_owned());
        }
    }
    calls
}

/// Makes on `disk` what `trace`, made with [`OPTIONS`], did below `root`, and
/// calls `check` with what would survive a power cut: at first, and again
/// whenever that is something else. Files that `passed_over` names are left
/// out: no promise rests on them. Gives the number of changes.
pub fn replay(
    trace: &str,
    root: &Path,
    passed_over: &dyn Fn(&Path) -> bool,
    mut disk: Disk,
    check: &mut dyn FnMut(&Disk, &str),
) -> usize {
    let mut count = 0;
    check(&disk, "power cut before any change");
    for line in calls(trace) {
        if let Some(change) = change(&line, &disk) {
            let touched = change.touches();
            if !touched.starts_with(root) || passed_over(touched) {
                continue;
            }
            count += 1;
            if disk.apply(&change) {
                let what = line.split('(').next().unwrap_or_default();
                let file = change.touches().display();
                check(
                    &disk,
                    &format!("power cut after change {count}, {what} of {file}"),
                );
            }
        }
    }
    count
}

/// What one call changes; most change nothing.
fn change(line: &str, disk: &Disk) -> Option<Change> {
    let (call, rest) = line.split_once('(')?;
    let (arguments, outcome) = rest.rsplit_once(" = ")?;
    if outcome.starts_with('-') || outcome.starts_with('?') {
        return None;
    }
    let quoted: Vec<&str> = arguments.split('"').skip(1).step_by(2).collect();
    // `-y` shows each descriptor's path in angle brackets.
    let descriptors: Vec<PathBuf> = arguments
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .map(|(name, _)| path(name))
        .collect();
    let below = |folder: usize, name: usize| match descriptors.get(folder) {
        Some(folder) => folder.join(path(quoted[name])),
        None => path(quoted[name]),
    };
    let octal = || {
        let last = arguments.trim_end_matches([')', ' ']).rsplit(", ").next();
        u32::from_str_radix(last.unwrap_or_default(), 8).unwrap_or_else(|_| panic!("{line}"))
    };
    let count = || -> usize { outcome.split(' ').next().unwrap_or("0").parse().unwrap() };
    Some(match call {
        "openat" if arguments.contains("O_TMPFILE") => return None,
        "openat" if arguments.contains("O_CREAT") => {
            let file = below(0, 0);
            if !disk.names.contains_key(&file) {
                Change::Create(file, octal() & !0o022)
            } else if arguments.contains("O_TRUNC") {
                Change::Truncate(file)
            } else {
                return None;
            }
        }
        "openat" if arguments.contains("O_TRUNC") => Change::Truncate(below(0, 0)),
        "openat" => return None,
        "mkdir" | "mkdirat" | "rmdir" => return None,
        "unlinkat" if arguments.contains("AT_REMOVEDIR") => return None,
        "write" => Change::Write(descriptors[0].clone(), unquote(quoted[0])),
        "copy_file_range" => Change::Copy(descriptors[0].clone(), descriptors[1].clone(), count()),
        "sendfile" => Change::Copy(descriptors[1].clone(), descriptors[0].clone(), count()),
        "fchmod" => Change::Mode(descriptors[0].clone(), octal()),
        "chmod" => Change::Mode(path(quoted[0]), octal()),
        "fsync" | "fdatasync" => Change::Sync(descriptors[0].clone()),
        "rename" | "link" => {
            let (from, to) = (path(quoted[0]), path(quoted[1]));
            if call == "link" {
                Change::Link(from, to)
            } else {
                Change::Rename(from, to)
            }
        }
        "renameat" | "renameat2" => Change::Rename(below(0, 0), below(1, 1)),
        "linkat" => Change::Link(below(0, 0), below(1, 1)),
        "unlink" => Change::Unlink(path(quoted[0])),
        "unlinkat" => Change::Unlink(below(0, 0)),
        other => panic!("the model of a disk knows no {other}: {line}"),
    })
}

#[test]
fn the_model_forgets_what_was_not_synced() {
    let path = |text: &str| PathBuf::from(text);
    let mut disk = Disk::default();
    disk.hold(path("/w/old"), b"old".to_vec(), 0o600);
    disk.durable_names = disk.names.clone();
    disk.apply(&Change::Create(path("/w/new"), 0o644));
    disk.apply(&Change::Write(path("/w/new"), b"new".to_vec()));
    disk.apply(&Change::Rename(path("/w/new"), path("/w/old")));
    let restored = |disk: &Disk| {
        let to = tempfile::tempdir().unwrap();
        disk.restore(Path::new("/w"), to.path());
        fs::read(to.path().join("old")).unwrap()
    };
    assert_eq!(restored(&disk), b"old");
    assert!(disk.apply(&Change::Sync(path("/w"))));
    assert_eq!(restored(&disk), b"", "renamed before it was synced: lost");
    assert!(disk.apply(&Change::Sync(path("/w/old"))));
    assert_eq!(restored(&disk), b"new");
    assert!(!disk.apply(&Change::Sync(path("/w/old"))), "nothing new");
}

#[test]
fn an_interrupted_call_counts_where_it_ends() {
    let trace = "1 write(1, \"a\" <unfinished ...>\n2  fsync(3) = 0\n1 <... write resumed>) = 1";
    assert_eq!(calls(trace), ["fsync(3) = 0", "write(1, \"a\" ) = 1"]);
}
