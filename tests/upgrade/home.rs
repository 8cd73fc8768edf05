//! A throwaway home with an installed program, and workspaces in it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use auditgraph::foundation::Sha256;

use crate::executable::copy_executable;
use crate::outcome::Outcome;
use crate::site::Site;
use crate::versions::{OLD, built};

/// A user's home.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    authority: PathBuf,
    bin: PathBuf,
}

impl Home {
    /// A home in which the old version is installed as the shell installer
    /// does it, and updates come from `site`.
    pub(crate) fn new(site: &Site) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let home = Self {
            bin: path.join(".local/bin"),
            authority: site.authority(),
            folder,
        };
        home.install(&home.bin.clone());
        let config = home.path().join(".config/auditgraph");
        fs::write(
            config.join("config.toml"),
            format!("[update]\nurl = \"{}\"\n", site.url()),
        )
        .unwrap();
        home
    }

    /// Installs the old version into `bin` with a receipt.
    pub(crate) fn install(&self, bin: &Path) {
        fs::create_dir_all(bin).unwrap();
        let [old, ..] = built();
        let target = bin.join("auditgraph");
        let _ = fs::remove_file(&target);
        copy_executable(old, &target);
        fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
        self.write_receipt(bin);
    }

    /// Writes the receipt of the old version in `bin`.
    pub(crate) fn write_receipt(&self, bin: &Path) {
        let config = self.path().join(".config/auditgraph");
        fs::create_dir_all(&config).unwrap();
        let receipt = serde_json::json!({
            "binaries": ["auditgraph"],
            "install_layout": "flat",
            "install_prefix": bin,
            "modify_path": true,
            "provider": { "source": "cargo-dist", "version": "0.34.0" },
            "source": { "app_name": "auditgraph" },
            "version": OLD.number,
        });
        fs::write(config.join("auditgraph-receipt.json"), receipt.to_string()).unwrap();
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn bin(&self) -> &Path {
        &self.bin
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.bin.join("auditgraph")
    }

    /// The version that the receipt names.
    pub(crate) fn receipt(&self) -> String {
        let path = self
            .path()
            .join(".config/auditgraph/auditgraph-receipt.json");
        let text = fs::read_to_string(path).unwrap();
        let receipt: serde_json::Value = serde_json::from_str(&text).unwrap();
        receipt["version"].as_str().unwrap().to_owned()
    }

    /// A command with this home's environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let path = format!("{}:/usr/bin:/bin", self.bin.display());
        command
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("PATH", path)
            .env("SSL_CERT_FILE", &self.authority)
            .stdin(std::process::Stdio::null());
        command
    }

    /// Runs the installed program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(&self.program()).args(arguments))
    }

    /// The version that the installed program says it is.
    pub(crate) fn version(&self) -> String {
        let outcome = self.run(&["version", "--json"]).exits(0);
        let document: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        document["version"].as_str().unwrap().to_owned()
    }

    /// Makes a workspace with one note and a run of it.
    pub(crate) fn workspace(&self, name: &str) -> PathBuf {
        let root = self.path().join(name);
        let at = root.to_str().unwrap();
        self.run(&["init", at]).exits(0);
        fs::write(root.join("note.md"), "# Beacon\n\nThe beacon is lit.\n").unwrap();
        self.run(&["ingest", "--root", at]).exits(0);
        root
    }

    /// What the ancestor of this tool left.
    pub(crate) fn foreign_workspace(&self, name: &str) -> PathBuf {
        let root = self.path().join(name);
        self.run(&["init", root.to_str().unwrap()]).exits(0);
        let run = root.join(".pkg/profiles/default/runs/2024-01-01");
        fs::create_dir_all(&run).unwrap();
        fs::write(
            run.join("ingest-manifest.json"),
            r#"{"schema_version":"v1"}"#,
        )
        .unwrap();
        root
    }
}

/// What one path is: its mode, and of a file its length and digest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    mode: u32,
    pub(crate) bytes: u64,
    sha256: Sha256,
}

/// Everything under `folder`, by path.
pub(crate) fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut entries = BTreeMap::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(path) = pending.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let mut content = Vec::new();
        if metadata.is_dir() {
            for entry in fs::read_dir(&path).unwrap() {
                pending.push(entry.unwrap().path());
            }
        } else if metadata.is_file() {
            content = fs::read(&path).unwrap();
        }
        let entry = Entry {
            mode: metadata.mode(),
            bytes: content.len() as u64,
            sha256: Sha256::of(&content),
        };
        entries.insert(path, entry);
    }
    entries
}
