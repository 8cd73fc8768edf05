//! A sealed place to run the binary in: its own home, no inherited
//! environment, no network.

pub(crate) mod schemas;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

pub(crate) use crate::outcome::Outcome;
pub(crate) use crate::trees::snapshot;

/// A home and a workspace folder, removed when dropped.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
}

impl Sandbox {
    /// An empty folder, not yet a workspace.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "notes"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    /// A workspace with these sources.
    pub(crate) fn with(sources: &[(&str, &str)]) -> Self {
        let sandbox = Self::empty();
        sandbox.run(&["init"]).done();
        for (path, text) in sources {
            sandbox.write(path, text);
        }
        sandbox
    }

    /// A workspace with [`NOTES`], ingested.
    pub(crate) fn ingested() -> Self {
        let sandbox = Self::with(NOTES);
        sandbox.run(&["ingest"]).done();
        sandbox
    }

    /// The workspace's folder.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("notes").canonicalize().unwrap()
    }

    /// The home folder.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes a file of the workspace.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The binary, in the workspace's folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_auditgraph"));
        command
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .env("HOME", self.home())
            .env("LC_ALL", "C");
        command
    }

    /// Runs the binary with `arguments`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(arguments))
    }
}

impl Outcome {
    /// The one JSON document on standard output, checked against a schema.
    #[track_caller]
    pub(crate) fn document(&self, schema: &str) -> Value {
        let document: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}\n{}", self.what, self.stdout));
        schemas::check(schema, &document);
        document
    }
}

/// A handful of notes that link to each other.
pub(crate) const NOTES: &[(&str, &str)] = &[
    (
        "plan.md",
        "# Plan\n\nThe beacon is lit at dawn. #release\n\n## Next steps\n\nSee [the log](log.md#day-one) and [nothing](missing.md).\n",
    ),
    (
        "log.md",
        "---\ntags: [journal]\n---\n# Log\n\n## Day one\n\nWe built a `lantern` from brass.\n",
    ),
    (
        "deep/er.txt",
        "Deeper\n======\n\nA text without markup speaks of the beacon too.\n",
    ),
];
