//! The same sources give the same bytes, whoever asks, where and when: the
//! binary as built, with 1, 2 and 8 threads, under other locales and time
//! zones, in folders of other lengths, with files created in another order and
//! at other times. And the same run twice costs nearly nothing.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "shared/trees.rs"]
mod trees;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use trees::contents;

/// Circumstances that must not matter.
struct Circumstances {
    threads: &'static str,
    locale: &'static str,
    time_zone: &'static str,
    /// The workspace's folder, below the temporary one.
    folder: &'static str,
    /// In which order the sources are created.
    order: fn(usize, usize) -> usize,
    /// Their age in seconds, by the order of creation.
    age: fn(u64) -> u64,
}

const CIRCUMSTANCES: [Circumstances; 4] = [
    Circumstances {
        threads: "1",
        locale: "C",
        time_zone: "UTC",
        folder: "w",
        order: |index, _| index,
        age: |_| 0,
    },
    Circumstances {
        threads: "2",
        locale: "de_DE.UTF-8",
        time_zone: "Asia/Kathmandu",
        folder: "a longer name/with blanks and ümlauts/of another length",
        order: |index, count| count - 1 - index,
        age: |created| 3_600 + created,
    },
    Circumstances {
        threads: "8",
        locale: "tr_TR.UTF-8",
        time_zone: "America/St_Johns",
        folder: "x/y",
        order: |index, count| index * 7 % count,
        age: |created| 1_000_000_000 - 7 * created,
    },
    // As the last one, to see that chance has no part in it either.
    Circumstances {
        threads: "8",
        locale: "C.UTF-8",
        time_zone: ":/nonexistent",
        folder: "z",
        order: |index, count| (index * 11 + 5) % count,
        age: |created| created % 3,
    },
];

/// A workspace of the same sources under some circumstances.
struct Place<'c> {
    folder: tempfile::TempDir,
    under: &'c Circumstances,
}

impl<'c> Place<'c> {
    fn new(sources: &[(String, Vec<u8>)], under: &'c Circumstances) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            under,
        };
        fs::create_dir_all(place.root()).unwrap();
        for created in 0..sources.len() {
            let (path, bytes) = &sources[(under.order)(created, sources.len())];
            place.write(path, bytes, (under.age)(created as u64));
        }
        place.run("init");
        place
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join(self.under.folder)
    }

    fn write(&self, path: &str, bytes: &[u8], age: u64) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        let then = SystemTime::now() - Duration::from_secs(age);
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(then)
            .unwrap();
    }

    fn run(&self, command: &str) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_auditgraph"))
            .args(command.split(' '))
            .arg("--root")
            .arg(self.root())
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("RAYON_NUM_THREADS", self.under.threads)
            .env("LANG", self.under.locale)
            .env("LC_ALL", self.under.locale)
            .env("TZ", self.under.time_zone)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}\n{text}\n{errors}");
        text
    }

    fn profile(&self) -> PathBuf {
        self.root().join(".pkg/profiles/default")
    }

    /// Every artifact a digest vouches for: manifests, packs, indexes, and
    /// which run is current. What a run may leave besides is named in
    /// docs/formats.md and tells of this machine: journal, stat cache, lock.
    fn artifacts(&self) -> BTreeMap<String, Vec<u8>> {
        let files = contents(&self.profile()).into_iter();
        let text = |path: PathBuf| path.into_os_string().into_string().unwrap();
        let mut files: BTreeMap<_, _> = files.map(|(path, bytes)| (text(path), bytes)).collect();
        files.retain(|path, _| {
            path != "journal.jsonl" && path != "lock" && !path.starts_with("cache/stat-")
        });
        for kind in ["runs/", "packs/", "cache/index-", "current"] {
            assert!(files.keys().any(|path| path.starts_with(kind)), "{kind}");
        }
        files
    }
}

/// Sources of every format and size, linked to each other, some refused: more
/// than one batch of work, and a folder large enough for its tree to be split.
fn sources() -> Vec<(String, Vec<u8>)> {
    let mut sources = Vec::new();
    for n in 0..300_u32 {
        let (next, far) = ((n + 1) % 310, n * 37 % 300);
        let mut text = format!(
            "---\ntags: [group-{}, all]\n---\n# Note {n}\n\nSee [the next](n{next:03}.md), [[n{far:03}]] and `term{}`.\n",
            n % 7,
            n % 23
        );
        for paragraph in 0..n % 40 {
            let word = (n * 31 + paragraph * 17) % 997;
            writeln!(
                text,
                "\n## Part {paragraph}\n\nWord{word} beacon lantern {} #part/{paragraph}\n",
                "filler ".repeat((word % 50) as usize)
            )
            .unwrap();
        }
        sources.push((format!("flat/n{n:03}.md"), text.into_bytes()));
    }
    for n in 0..40_u32 {
        let text = format!(
            "Guide {n}\n=========\n\nSee `the other <g{}.rst>`_ and ``code{n}``.\n\n.. _anchor-{n}:\n\nPart\n----\n\n{}\n",
            n * 3 % 41,
            "A line of restructured text.\n".repeat((n * 29 % 400) as usize)
        );
        sources.push((format!("deep/{}/er/g{n}.rst", n % 4), text.into_bytes()));
    }
    let large = "A paragraph of the largest file, with a https://example.org/link.\n\n";
    sources.push(("large.txt".into(), large.repeat(12_000).into_bytes()));
    sources.push(("zero.md".into(), Vec::new()));
    sources.push(("latin.md".into(), b"caf\xe9\n".to_vec()));
    sources.push(("Ünï/日本.md".into(), "# 日本\n\nÜber [[n007]]\n".into()));
    // Every order of creation above comes to each source once.
    while sources.len() % 7 == 0 || sources.len() % 11 == 0 {
        sources.push((format!("more/{}.md", sources.len()), b"# More\n".to_vec()));
    }
    sources
}

#[test]
fn circumstances_change_no_byte_of_a_run() {
    let sources = sources();
    let mut expected: Option<BTreeMap<String, Vec<u8>>> = None;
    for under in &CIRCUMSTANCES {
        let place = Place::new(&sources, under);
        place.run("ingest");
        // An edit, an addition and a removal: the index is updated in place.
        place.write("flat/n005.md", b"# Edited\n\nA beacon. [[g1]]\n", 0);
        place.write("flat/n305.md", b"# New\n\nSee [x](n004.md#part-1)\n", 0);
        fs::remove_file(place.root().join("flat/n010.md")).unwrap();
        let told = place.run("ingest --json");
        assert!(told.contains("\"extracted\": 2"), "{told}");
        // A pack and an index of everything once more.
        place.run("rebuild");
        let found = place.artifacts();
        match &expected {
            None => expected = Some(found),
            Some(expected) => same(expected, &found, under.threads),
        }
    }
}

fn same(expected: &BTreeMap<String, Vec<u8>>, found: &BTreeMap<String, Vec<u8>>, threads: &str) {
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(expected), names(found), "with {threads} threads");
    for (name, bytes) in expected {
        assert!(&found[name] == bytes, "{name} differs, {threads} threads");
    }
}

#[test]
fn a_rebuild_of_the_same_sources_is_the_same_run_at_almost_no_cost() {
    let place = Place::new(&sources(), &CIRCUMSTANCES[1]);
    place.run("ingest");
    let before = place.artifacts();
    place.run("rebuild");
    let after = place.artifacts();
    // Everything that was there still is, but for `current`.
    for (name, bytes) in before.iter().filter(|(name, _)| *name != "current") {
        assert!(after.get(name) == Some(bytes), "{name} changed");
    }
    let manifest = |files: &BTreeMap<String, Vec<u8>>, ordinal: &str| -> serde_json::Value {
        let name = format!("runs/{ordinal}-");
        let found = files.iter().find(|(path, _)| path.starts_with(&name));
        serde_json::from_slice(found.unwrap().1).unwrap()
    };
    let (first, second) = (manifest(&after, "r0001"), manifest(&after, "r0002"));
    assert_ne!(first["run"], second["run"]);
    for same in ["digest", "tree", "config", "packs", "counts", "index"] {
        assert_eq!(first[same], second[same], "{same}");
    }
    assert_eq!(second["bytes_added"], 0);
    let index = |ordinal: &str| {
        let name = format!("cache/index-{ordinal}-");
        let mut found = after
            .iter()
            .filter(|(path, _)| path.starts_with(&name) && path.ends_with(".db"));
        found.next().unwrap().1
    };
    assert!(index("r0001") == index("r0002"));
    let told: serde_json::Value = serde_json::from_str(&place.run("status --json")).unwrap();
    let used = told["budget"]["used_bytes"].as_u64().unwrap();
    let written: usize = before.values().map(Vec::len).sum();
    assert!(
        used < written as u64 * 11 / 10,
        "{used} bytes for two runs, {written} for one"
    );
}

#[test]
fn no_ordinal_is_used_twice() {
    let place = Place::new(&sources()[..20], &CIRCUMSTANCES[0]);
    place.run("ingest");
    place.run("rebuild");
    place.run("rebuild");
    let lost = |ordinal: &str| {
        let runs = place.profile().join("runs");
        let mut names = fs::read_dir(&runs).unwrap().map(|entry| entry.unwrap());
        let found = names.find(|entry| entry.file_name().to_str().unwrap().starts_with(ordinal));
        fs::remove_file(found.unwrap().path()).unwrap();
    };
    place.run("gc --keep 1");
    assert!(place.run("rebuild").contains("r0004-"));
    // The manifest of the newest run is lost.
    lost("r0004-");
    assert!(place.run("rebuild").contains("r0005-"));
    // So is what names the current run, and then both.
    fs::remove_file(place.profile().join("current")).unwrap();
    assert!(place.run("rebuild").contains("r0006-"));
    lost("r0006-");
    fs::remove_file(place.profile().join("current")).unwrap();
    assert!(place.run("rebuild").contains("r0007-"));
}
