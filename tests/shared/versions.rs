//! Builds versions of this program that differ from this source tree in
//! their version and schema window alone. The patch is made here; nothing in
//! the product knows of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::executable::copy_executable;
use crate::repository::first_root;

/// A version and its schema window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version {
    pub(crate) number: &'static str,
    pub(crate) writes: u32,
    pub(crate) reads_since: u32,
}

/// What is installed first.
pub(crate) const OLD: Version = Version {
    number: "0.1.0",
    writes: 1,
    reads_since: 1,
};
/// Newer, and reads what the old one wrote.
pub(crate) const COMPATIBLE: Version = Version {
    number: "0.2.0",
    writes: 2,
    reads_since: 1,
};
/// Newer, and does not.
pub(crate) const INCOMPATIBLE: Version = Version {
    number: "0.3.0",
    writes: 3,
    reads_since: 3,
};

/// The built executable of each version, in the order old, compatible,
/// incompatible. Built once a process; cargo's own cache does the rest.
pub(crate) fn built() -> &'static [PathBuf; 3] {
    static BUILT: OnceLock<[PathBuf; 3]> = OnceLock::new();
    BUILT.get_or_init(|| [OLD, COMPATIBLE, INCOMPATIBLE].map(|version| build(version, "dev")))
}

/// The executable of `version`, built with a profile of cargo's: `dev` or
/// `release`.
pub(crate) fn build(version: Version, profile: &str) -> PathBuf {
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("upgrade");
    let source = work.join(format!("source-{}", version.number));
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in fs::read_dir(manifest).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let left_out = ["target", "installers", "fuzz", "docs", "homebrew", "site"];
        if !name.starts_with('.') && !left_out.contains(&name.as_str()) {
            copy(&entry.path(), &source.join(&name), &|path, text| {
                patch(path, text, version)
            });
        }
    }
    let root = work.join("root.json");
    write_if_new(&root, &first_root());
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars() {
        if name.starts_with("CARGO_") && name != "CARGO_HOME" {
            cargo.env_remove(name);
        }
    }
    let status = cargo
        .args(["build", "--quiet", "--offline", "--bin", "auditgraph"])
        .args(["--profile", profile])
        .current_dir(&source)
        .env("CARGO_TARGET_DIR", work.join("target"))
        // Dependencies are those that were compiled for this very test.
        .env("CARGO_BUILD_BUILD_DIR", work.join("../.."))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_DEV_STRIP", "symbols")
        .env("AUDITGRAPH_ROOT", &root)
        .status()
        .unwrap();
    assert!(status.success(), "{version:?} does not build");
    let built = work.join(format!("auditgraph-{}-{profile}", version.number));
    let folder = if profile == "dev" { "debug" } else { profile };
    let executable = work.join("target").join(folder).join("auditgraph");
    copy_executable(&executable, &built);
    built
}

/// Copies a tree; files that did not change keep their time, so that cargo
/// builds only what it must.
fn copy(from: &Path, to: &Path, patch: &dyn Fn(&Path, Vec<u8>) -> Vec<u8>) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()), patch);
        }
    } else if from.is_file() {
        write_if_new(to, &patch(from, fs::read(from).unwrap()));
    }
}

fn write_if_new(path: &Path, bytes: &[u8]) {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn patch(path: &Path, bytes: Vec<u8>, version: Version) -> Vec<u8> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let replace = |bytes: Vec<u8>, changes: &[(String, String)]| {
        let mut text = String::from_utf8(bytes).unwrap();
        for (from, to) in changes {
            assert_eq!(text.matches(from).count(), 1, "{from} in {path:?}");
            text = text.replace(from, to);
        }
        text.into_bytes()
    };
    if path == manifest.join("Cargo.toml") {
        let own = format!("\nversion = \"{}\"\n", env!("CARGO_PKG_VERSION"));
        replace(
            bytes,
            &[
                (own, format!("\nversion = \"{}\"\n", version.number)),
                (
                    "members = [\".\", \"installers\"]".to_owned(),
                    "members = [\".\"]".to_owned(),
                ),
            ],
        )
    } else if path == manifest.join("src/schema/mod.rs") {
        use auditgraph::schema::{READABLE_SINCE, READS_SINCE, WRITES};
        let constant = |name: &str, from: u32, to: u32| {
            let line = |value| format!("pub const {name}: u32 = {value};");
            (line(from), line(to))
        };
        replace(
            bytes,
            &[
                constant("WRITES", WRITES, version.writes),
                constant("READS_SINCE", READS_SINCE, version.reads_since),
                // An older reader reads none of it.
                constant("READABLE_SINCE", READABLE_SINCE, version.writes),
            ],
        )
    } else {
        bytes
    }
}
