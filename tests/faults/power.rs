//! A power cut: the writes of an ingest are recorded, and every prefix of them
//! is replayed with all that was not yet synced dropped.
//!
//! The model is strict: a file's bytes survive only up to its last fsync, and
//! a name (created, renamed or removed) only if its folder was fsynced since.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Place, contents, strace};

/// One recorded change.
#[derive(Debug)]
enum Change {
    MakeFolder(PathBuf),
    RemoveFolder(PathBuf),
    Create(PathBuf),
    Write(PathBuf, Vec<u8>),
    Sync(PathBuf),
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Unlink(PathBuf),
}

/// A disk with a volatile and a durable side.
#[derive(Clone, Default)]
struct Disk {
    /// Names as the program sees them, to file numbers.
    names: BTreeMap<PathBuf, usize>,
    /// Names that survive.
    durable_names: BTreeMap<PathBuf, usize>,
    /// Bytes by file number, as the program sees them and as they survive.
    files: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Disk {
    fn holding(files: BTreeMap<PathBuf, Vec<u8>>) -> Self {
        let mut disk = Self::default();
        for (path, bytes) in files {
            disk.names.insert(path, disk.files.len());
            disk.files.push((bytes.clone(), bytes));
        }
        disk.durable_names = disk.names.clone();
        disk
    }

    fn apply(&mut self, change: &Change) {
        match change {
            // Folders are kept by the file names inside them.
            Change::MakeFolder(_) | Change::RemoveFolder(_) => {}
            Change::Create(path) => {
                self.names.insert(path.clone(), self.files.len());
                self.files.push((Vec::new(), Vec::new()));
            }
            Change::Write(path, bytes) => {
                let file = self.names[path];
                self.files[file].0.extend_from_slice(bytes);
            }
            Change::Sync(path) => match self.names.get(path) {
                Some(&file) => self.files[file].1 = self.files[file].0.clone(),
                None => self.sync_folder(path),
            },
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
    }

    fn sync_folder(&mut self, folder: &Path) {
        let inside = |path: &PathBuf| path.parent() == Some(folder);
        self.durable_names.retain(|path, _| !inside(path));
        let now = self.names.iter().filter(|(path, _)| inside(path));
        self.durable_names
            .extend(now.map(|(path, file)| (path.clone(), *file)));
    }

    /// What is left after a power cut, written below `to` instead of `from`.
    fn restore(&self, from: &Path, to: &Path) {
        for (path, file) in &self.durable_names {
            let target = to.join(path.strip_prefix(from).unwrap());
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::write(target, &self.files[*file].1).unwrap();
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

/// The changes below `root` in a trace, in order.
fn parse(trace: &str, root: &Path) -> Vec<Change> {
    let mut changes = Vec::new();
    for line in trace.lines() {
        assert!(
            !line.contains("unfinished"),
            "one thread writes at a time: {line}"
        );
        let Some((call, rest)) = line
            .split_once(' ')
            .and_then(|(_, call)| call.trim().split_once('('))
        else {
            continue;
        };
        if rest.contains(" = -1 ") {
            continue;
        }
        let quoted: Vec<&str> = rest.split('"').skip(1).step_by(2).collect();
        // `-y` shows a descriptor's path in angle brackets.
        let descriptor = rest
            .split_once('<')
            .and_then(|(_, p)| p.split_once('>'))
            .map(|(p, _)| path(p));
        let change = match call {
            "mkdir" => Change::MakeFolder(path(quoted[0])),
            "rmdir" => Change::RemoveFolder(path(quoted[0])),
            "openat" if rest.contains("O_CREAT") && rest.contains("O_EXCL") => {
                Change::Create(path(quoted[0]))
            }
            "openat" if rest.contains("O_CREAT") => {
                let file = path(quoted[0]);
                // The lock and the journal, which no promise rests on.
                let name = file.file_name().unwrap();
                assert!(
                    !file.starts_with(root) || name == "lock" || name == "journal.jsonl",
                    "{line}"
                );
                continue;
            }
            "openat" => continue,
            "write" => Change::Write(descriptor.unwrap(), unquote(quoted[0])),
            "fsync" | "fdatasync" => Change::Sync(descriptor.unwrap()),
            "rename" => Change::Rename(path(quoted[0]), path(quoted[1])),
            "linkat" => Change::Link(path(quoted[0]), path(quoted[1])),
            "unlink" => Change::Unlink(path(quoted[0])),
            other => panic!("unknown call {other}: {line}"),
        };
        let touched = match &change {
            Change::MakeFolder(p)
            | Change::RemoveFolder(p)
            | Change::Create(p)
            | Change::Write(p, _)
            | Change::Sync(p)
            | Change::Rename(p, _)
            | Change::Link(p, _)
            | Change::Unlink(p) => p,
        };
        let journal = touched
            .file_name()
            .is_some_and(|name| name == "journal.jsonl");
        if touched.starts_with(root) && !journal {
            changes.push(change);
        }
    }
    changes
}

fn survives_every_power_cut(place: &Place, arguments: &[&str], published: bool) {
    let recorded = place.copy();
    let root = recorded.root().canonicalize().unwrap();
    let before = place.current();
    let mut disk = Disk::holding(contents(&root));
    let calls = "trace=openat,write,fsync,fdatasync,rename,linkat,unlink,mkdir,rmdir";
    let options = ["-y", "-xx", "-s", "100000000", "-e", calls];
    let (output, trace) = strace::run(&recorded, &options, arguments);
    assert!(output.status.success(), "{output:?}");
    let changes = parse(&trace, &root);
    assert!(changes.len() > 15, "{changes:?}");
    let mut outcomes = std::collections::BTreeSet::new();
    for cut in 0..=changes.len() {
        if cut > 0 {
            disk.apply(&changes[cut - 1]);
        }
        let when = format!("power cut after change {cut} of {}", changes.len());
        let after = Place::empty();
        disk.restore(&root, &after.root());
        outcomes.insert(after.current());
        after.assert_sound(&when);
        after.assert_next_command_recovers(&when);
    }
    assert!(outcomes.contains(&before));
    assert_eq!(
        outcomes.len(),
        if published { 2 } else { 1 },
        "old run, then new run"
    );
}

impl Place {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("notes")).unwrap();
        Self { folder }
    }
}

#[test]
fn an_ingest_survives_a_power_cut_at_any_instant() {
    let place = Place::ingested();
    place.write("1.md", "# Note 1\n\nRewritten.\n");
    survives_every_power_cut(&place, &["ingest"], true);
}

#[test]
fn a_rebuild_survives_a_power_cut_at_any_instant() {
    survives_every_power_cut(&Place::ingested(), &["rebuild"], true);
}

#[test]
fn the_model_forgets_what_was_not_synced() {
    let path = |text: &str| PathBuf::from(text);
    let mut disk = Disk::holding(BTreeMap::from([(path("/w/old"), b"old".to_vec())]));
    disk.apply(&Change::Create(path("/w/new")));
    disk.apply(&Change::Write(path("/w/new"), b"new".to_vec()));
    disk.apply(&Change::Rename(path("/w/new"), path("/w/old")));
    let restored = |disk: &Disk| {
        let to = tempfile::tempdir().unwrap();
        disk.restore(Path::new("/w"), to.path());
        fs::read(to.path().join("old")).unwrap()
    };
    assert_eq!(restored(&disk), b"old");
    disk.apply(&Change::Sync(path("/w")));
    assert_eq!(restored(&disk), b"", "renamed before it was synced: lost");
    disk.apply(&Change::Sync(path("/w/old")));
    assert_eq!(restored(&disk), b"new");
}
