//! Faults from outside, into the binary as shipped: kills at every system call
//! that changes the disk, power cuts, a full disk, a second writer.
//!
//! Needs `strace` (`apt-get install strace`), so `cargo test` leaves it out;
//! `cargo verify` runs it, and so does `cargo test --test faults`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod kill;
mod limits;
mod power;
mod strace;
mod writers;

#[path = "../shared/disk.rs"]
#[allow(unreachable_pub, missing_docs)]
mod disk;
#[path = "../shared/stopped.rs"]
#[allow(unreachable_pub)]
mod stopped;
#[path = "../shared/trees.rs"]
mod trees;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

pub(crate) use trees::{contents, copy_tree};

/// A workspace in a sealed home.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// A few notes, ingested once.
    pub(crate) fn ingested() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(place.root()).unwrap();
        place.write("auditgraph.toml", "");
        for n in 0..4 {
            place.write(
                &format!("{n}.md"),
                &format!("# Note {n}\n\nSee [[{}]].\n", (n + 1) % 4),
            );
        }
        assert_done(&place.run(&["ingest"]));
        place
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("notes")
    }

    pub(crate) fn profile(&self) -> PathBuf {
        self.root().join(".pkg/profiles/default")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.root().join(path), text).unwrap();
    }

    /// A copy of this place as it stands now, with fresh file times.
    pub(crate) fn copy(&self) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        copy_tree(&self.root(), &place.root());
        place
    }

    /// The program's arguments, for a command on this place.
    pub(crate) fn arguments(&self, arguments: &[&str]) -> Vec<String> {
        let mut all: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        all.extend(["--root".to_owned(), self.root().display().to_string()]);
        all
    }

    pub(crate) fn seal<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", "/usr/bin:/bin")
            .env("RAYON_NUM_THREADS", "2")
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(BINARY);
        self.seal(command.args(self.arguments(arguments)))
            .output()
            .unwrap()
    }

    /// The run that is current, by the program's own word.
    pub(crate) fn current(&self) -> String {
        let bytes = fs::read(self.profile().join("current")).unwrap();
        let current: Value = serde_json::from_slice(&bytes).unwrap();
        current["run"].as_str().unwrap().to_owned()
    }

    /// Asserts that the current run verifies, sources that changed since
    /// apart.
    pub(crate) fn assert_sound(&self, when: &str) {
        let output = self.run(&["verify", "--json"]);
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{when}: {output:?}"));
        let problems = report["problems"]
            .as_array()
            .unwrap_or_else(|| panic!("{when}: {report}"));
        let damage: Vec<&Value> = problems.iter().filter(|p| p["kind"] != "source").collect();
        assert!(damage.is_empty(), "{when}: {damage:?}");
    }

    /// Asserts that the next ingest succeeds and leaves nothing behind.
    pub(crate) fn assert_next_command_recovers(&self, when: &str) {
        let output = self.run(&["ingest"]);
        assert!(output.status.success(), "{when}: {output:?}");
        assert!(
            !self.profile().join("staging").exists(),
            "{when}: staging is still there"
        );
        let named = self.named_files();
        for folder in ["runs", "packs", "cache"] {
            for name in names(&self.profile().join(folder)) {
                assert!(named.contains(&name), "{when}: debris {folder}/{name}");
            }
        }
        let output = self.run(&["verify"]);
        assert!(output.status.success(), "{when}: {output:?}");
    }

    /// The file names that the manifests account for.
    fn named_files(&self) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        for name in names(&self.profile().join("runs")) {
            let bytes = fs::read(self.profile().join("runs").join(&name)).unwrap();
            let manifest: Value = serde_json::from_slice(&bytes).unwrap();
            let run = name.strip_suffix(".json").unwrap();
            named.insert(format!("index-{run}.db"));
            named.insert(format!("index-{run}.db.sha256"));
            named.insert(format!("stat-{run}.bin"));
            for pack in manifest["packs"].as_array().unwrap() {
                named.insert(pack["file"].as_str().unwrap().to_owned());
            }
            named.insert(name);
        }
        named
    }
}

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_auditgraph");

pub(crate) fn assert_done(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
