//! The walk and reading, on awkward trees.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use crate::foundation::Sha256;
use crate::source::{Found, Refusal, Root, Scan, Selection, read, scan};
use crate::workspace::Sources;

fn write(root: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn scan_with(root: &Path, change: impl FnOnce(&mut Sources)) -> Scan {
    let mut sources = Sources::default();
    change(&mut sources);
    let selection = Selection::new(&sources).unwrap();
    scan(&Root::open(root).unwrap(), &selection).unwrap()
}

fn paths(scan: &Scan) -> Vec<&str> {
    scan.files.iter().map(|found| found.path.as_str()).collect()
}

fn refusals(scan: &Scan) -> Vec<(&str, Refusal)> {
    let refused = scan.refused.iter();
    refused
        .map(|refused| (refused.path.as_str(), refused.refusal))
        .collect()
}

#[test]
fn files_come_sorted_by_the_bytes_of_their_paths() {
    let dir = TempDir::new().unwrap();
    for path in [
        "b.md",
        "a/z.md",
        "a.md",
        "a-b.md",
        "a/b/c.rst",
        "é.md",
        "x.rs",
        ".hidden.md",
        ".git/x.md",
        ".pkg/x.md",
        "target/x.md",
    ] {
        write(dir.path(), path, "x");
    }
    let found = scan_with(dir.path(), |_| {});
    assert_eq!(
        paths(&found),
        ["a-b.md", "a.md", "a/b/c.rst", "a/z.md", "b.md", "é.md"]
    );
    assert!(found.refused.is_empty());
    let hidden = scan_with(dir.path(), |sources| sources.hidden = true);
    assert_eq!(paths(&hidden)[..2], [".git/x.md", ".hidden.md"]);
    assert!(!paths(&hidden).contains(&".pkg/x.md"));
}

#[test]
fn a_large_folder_is_found_whole_with_any_number_of_threads() {
    let dir = TempDir::new().unwrap();
    for index in 0..1500 {
        write(dir.path(), &format!("n{index:04}.md"), index.to_string());
    }
    let expected = scan_with(dir.path(), |_| {});
    assert_eq!(expected.files.len(), 1500);
    for threads in [1, 2, 8] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let found = pool.install(|| scan_with(dir.path(), |_| {}));
        assert_eq!(paths(&found), paths(&expected));
    }
}

#[test]
fn symbolic_links_are_followed_to_files_inside_only() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("root");
    write(dir.path(), "out/secret.md", "secret");
    write(&root, "a/real.md", "real");
    write(&root, ".pkg/own.md", "own");
    symlink("a/real.md", root.join("inside.md")).unwrap();
    symlink("../out/secret.md", root.join("outside.md")).unwrap();
    symlink("../out", root.join("out")).unwrap();
    symlink("..", root.join("a/up")).unwrap();
    symlink("a", root.join("b")).unwrap();
    symlink("nowhere.md", root.join("dangling.md")).unwrap();
    symlink("loop2.md", root.join("loop1.md")).unwrap();
    symlink("loop1.md", root.join("loop2.md")).unwrap();
    symlink(".pkg/own.md", root.join("own.md")).unwrap();
    symlink("/etc/passwd", root.join("not-selected")).unwrap();
    symlink("a/real.md", root.join("not-selected-either")).unwrap();
    let found = scan_with(&root, |_| {});
    assert_eq!(paths(&found), ["a/real.md", "inside.md"]);
    assert_eq!(found.files[1].real.as_ref().unwrap().as_str(), "a/real.md");
    assert_eq!(
        refusals(&found),
        [
            ("a/up", Refusal::SymlinkLoop),
            ("b", Refusal::SymlinkToFolder),
            ("dangling.md", Refusal::SymlinkDangling),
            ("loop1.md", Refusal::SymlinkLoop),
            ("loop2.md", Refusal::SymlinkLoop),
            ("out", Refusal::SymlinkOutside),
            ("outside.md", Refusal::SymlinkOutside),
            ("own.md", Refusal::SymlinkOutside),
        ]
    );
    let open = Root::open(&root).unwrap();
    assert_eq!(
        read(&open, &found.files[1], 100).unwrap().unwrap().text,
        "real"
    );
}

#[test]
fn what_is_no_regular_file_is_never_opened() {
    let dir = TempDir::new().unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        dir.path().join("fifo.md"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket.md")).unwrap();
    fs::create_dir(dir.path().join("folder.md")).unwrap();
    let found = scan_with(dir.path(), |_| {});
    assert!(found.files.is_empty());
    assert_eq!(
        refusals(&found),
        [
            ("fifo.md", Refusal::SpecialFile),
            ("socket.md", Refusal::SpecialFile)
        ]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf8_is_reported() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let dir = TempDir::new().unwrap();
    for name in [b"\xff.md".as_slice(), b"\xfe.rs"] {
        fs::write(dir.path().join(OsStr::from_bytes(name)), "x").unwrap();
    }
    fs::create_dir(dir.path().join(OsStr::from_bytes(b"\xfd"))).unwrap();
    let found = scan_with(dir.path(), |_| {});
    assert!(found.files.is_empty());
    assert_eq!(
        refusals(&found),
        [
            ("\u{fffd}", Refusal::NameNotUtf8),
            ("\u{fffd}.md", Refusal::NameNotUtf8)
        ]
    );
}

#[test]
fn odd_names_are_read_like_any_other() {
    let dir = TempDir::new().unwrap();
    let names = [
        " .md",
        "\n.md",
        "\u{1b}[31m.md",
        "a\\b.md",
        "--help.md",
        "*?[.md",
        "..md",
    ];
    for name in names {
        write(dir.path(), name, name);
    }
    let found = scan_with(dir.path(), |sources| sources.hidden = true);
    assert_eq!(found.files.len(), names.len());
    let root = Root::open(dir.path()).unwrap();
    for file in &found.files {
        assert_eq!(
            read(&root, file, 100).unwrap().unwrap().text,
            file.path.as_str()
        );
    }
}

#[test]
fn content_is_checked_and_hashed() {
    let dir = TempDir::new().unwrap();
    write(dir.path(), "good.md", "\u{feff}# ok\n");
    write(dir.path(), "latin1.md", b"caf\xe9");
    write(dir.path(), "nul.md", b"a\0b");
    write(dir.path(), "large.md", "x".repeat(101));
    write(dir.path(), "empty.md", "");
    let found = scan_with(dir.path(), |sources| sources.max_file_bytes = 100);
    assert_eq!(refusals(&found), [("large.md", Refusal::TooLarge)]);
    assert_eq!(found.refused[0].bytes, 101);
    let root = Root::open(dir.path()).unwrap();
    let results: Vec<_> = found
        .files
        .iter()
        .map(|file| read(&root, file, 100).unwrap())
        .collect();
    assert_eq!(
        paths(&found),
        ["empty.md", "good.md", "latin1.md", "nul.md"]
    );
    assert_eq!(results[0].as_ref().unwrap().text, "");
    let good = results[1].as_ref().unwrap();
    assert_eq!(good.sha256, Sha256::of("\u{feff}# ok\n".as_bytes()));
    assert_eq!(good.fingerprint.value, found.files[1].fingerprint.value);
    let rejected = |index: usize| {
        let rejected: &crate::source::Rejected = results[index].as_ref().unwrap_err();
        (rejected.refusal, rejected.sha256, rejected.bytes)
    };
    assert_eq!(
        rejected(2),
        (Refusal::NotUtf8, Some(Sha256::of(b"caf\xe9")), 4)
    );
    assert_eq!(
        rejected(3),
        (Refusal::ContainsNul, Some(Sha256::of(b"a\0b")), 3)
    );
}

#[test]
fn what_changes_between_walk_and_read_is_noticed() {
    let dir = TempDir::new().unwrap();
    for name in ["gone.md", "grown.md", "link.md", "fifo.md", "edited.md"] {
        write(dir.path(), name, "before");
    }
    write(dir.path(), "sub/file.md", "before");
    write(dir.path(), "elsewhere", "secret");
    let found = scan_with(dir.path(), |sources| sources.max_file_bytes = 10);
    let file = |name: &str| -> &Found {
        found
            .files
            .iter()
            .find(|found| found.path.as_str() == name)
            .unwrap()
    };
    fs::remove_file(dir.path().join("gone.md")).unwrap();
    write(dir.path(), "grown.md", "much longer than ten bytes");
    write(dir.path(), "edited.md", "after!");
    fs::remove_file(dir.path().join("link.md")).unwrap();
    symlink("elsewhere", dir.path().join("link.md")).unwrap();
    fs::remove_file(dir.path().join("fifo.md")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        dir.path().join("fifo.md"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    fs::rename(dir.path().join("sub"), dir.path().join("moved")).unwrap();
    symlink("moved", dir.path().join("sub")).unwrap();
    let root = Root::open(dir.path()).unwrap();
    let refusal = |name: &str| read(&root, file(name), 10).unwrap().unwrap_err().refusal;
    assert_eq!(refusal("gone.md"), Refusal::Vanished);
    assert_eq!(refusal("grown.md"), Refusal::TooLarge);
    assert_eq!(refusal("link.md"), Refusal::SymlinkOutside);
    assert_eq!(refusal("fifo.md"), Refusal::SpecialFile);
    assert_eq!(refusal("sub/file.md"), Refusal::SymlinkOutside);
    let edited = read(&root, file("edited.md"), 10).unwrap().unwrap();
    assert_eq!(edited.text, "after!");
    assert_ne!(
        edited.fingerprint.value,
        file("edited.md").fingerprint.value
    );
}

#[test]
fn a_fresh_file_is_not_settled_and_an_old_one_is() {
    let dir = TempDir::new().unwrap();
    write(dir.path(), "a.md", "x");
    let found = scan_with(dir.path(), |_| {});
    let first = found.files[0].fingerprint;
    let past = std::time::SystemTime::now() + std::time::Duration::from_secs(100);
    let stat = rustix::fs::stat(dir.path().join("a.md")).unwrap();
    let later = super::super::fingerprint::Fingerprint::of(&stat, past);
    assert!(later.settled);
    assert_eq!(later.value, first.value);
}

#[test]
fn a_folder_that_cannot_be_read_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    write(dir.path(), "closed/a.md", "x");
    write(dir.path(), "open/b.md", "x");
    let closed = dir.path().join("closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let enforced = fs::read_dir(&closed).is_err(); // not for root
    let found = scan_with(dir.path(), |_| {});
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    if enforced {
        assert_eq!(refusals(&found), [("closed", Refusal::Unreadable)]);
        assert_eq!(paths(&found), ["open/b.md"]);
    } else {
        assert_eq!(paths(&found), ["closed/a.md", "open/b.md"]);
    }
}

#[test]
fn a_missing_root_is_an_error() {
    assert!(Root::open(Path::new("/nonexistent/workspace")).is_err());
}
