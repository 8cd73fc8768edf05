//! From a genuinely older release of ours to this one, through each door:
//! workspaces stay usable in silence, or are refused and left as they are.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::python::{Environment, pipx, uv};
use support::{Served, Shipped, bare, done, next_product, product, scratch, text, tree};

/// Two workspaces made by the older release: one as it is, one whose current
/// run was written by a schema that no release reads.
struct Workspaces {
    home: PathBuf,
    good: PathBuf,
    bad: PathBuf,
}

impl Workspaces {
    fn made_by(binary: &Path, home: &Path) -> Self {
        let make = |name: &str| {
            let root = home.join(name);
            fs::create_dir_all(&root).unwrap();
            fs::write(root.join("a.md"), "# Alpha\n\nThe beacon is lit.\n").unwrap();
            for command in ["init", "ingest"] {
                done(bare(binary, home).current_dir(&root).arg(command));
            }
            root
        };
        let (good, bad) = (make("good"), make("bad"));
        let manifest = tree(&bad)
            .into_iter()
            .map(|(path, _, _)| path)
            .find(|path| path.parent().is_some_and(|parent| parent.ends_with("runs")))
            .expect("a run manifest");
        let manifest = bad.join(manifest);
        let text = fs::read_to_string(&manifest).unwrap();
        let changed = text.replacen("\"written\":1", "\"written\":0", 1);
        let changed = changed.replacen("\"written\": 1", "\"written\": 0", 1);
        assert_ne!(text, changed, "{text}");
        fs::write(&manifest, changed).unwrap();
        Self {
            home: home.to_path_buf(),
            good,
            bad,
        }
    }

    /// What holds after the upgrade, when `binary` is the newer release.
    fn stand(&self, binary: &Path, from: &Shipped, to: &Shipped) {
        assert_ne!(from.version(), to.version());
        let said = done(bare(binary, &self.home).args(["version", "--json"]));
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["version"], to.version().as_str());
        let query = |root: &Path| {
            let mut query = bare(binary, &self.home);
            query
                .current_dir(root)
                .args(["query", "beacon"])
                .output()
                .unwrap()
        };
        let before = tree(&self.good);
        let answer = query(&self.good);
        assert_eq!(answer.status.code(), Some(0), "{}", text(&answer.stderr));
        assert!(
            text(&answer.stdout).contains("a.md"),
            "{}",
            text(&answer.stdout)
        );
        assert_eq!(text(&answer.stderr), "", "in silence");
        assert_eq!(tree(&self.good), before);

        let before = tree(&self.bad);
        for command in [&["query", "beacon"][..], &["ingest"]] {
            let mut refused = bare(binary, &self.home);
            let output = refused
                .current_dir(&self.bad)
                .args(command)
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
            assert!(
                text(&output.stderr).contains("rebuild"),
                "{}",
                text(&output.stderr)
            );
            assert_eq!(tree(&self.bad), before, "left as it is");
        }
    }
}

#[test]
fn pip_install_upgrade() {
    let (_folder, scratch) = scratch();
    let Some(python) = Environment::new("3.12", &scratch) else {
        return;
    };
    let (old, new) = (
        Served::new(&product().site),
        Served::new(&next_product().site),
    );
    done(&mut python.pip(&["install", "--index-url", &old.index(), "auditgraph"]));
    let binary = python.folder.join("bin/auditgraph");
    let workspaces = Workspaces::made_by(&binary, &scratch);
    done(&mut python.pip(&["install", "-U", "--index-url", &new.index(), "auditgraph"]));
    workspaces.stand(&binary, product(), next_product());
}

#[test]
fn uv_tool_upgrade() {
    let (_folder, home) = scratch();
    let (old, new) = (
        Served::new(&product().site),
        Served::new(&next_product().site),
    );
    done(uv(&home).args([
        "tool",
        "install",
        "--default-index",
        &old.index(),
        "auditgraph",
    ]));
    let binary = home.join(".local/bin/auditgraph");
    let workspaces = Workspaces::made_by(&binary, &home);
    done(uv(&home).args([
        "tool",
        "upgrade",
        "--default-index",
        &new.index(),
        "auditgraph",
    ]));
    workspaces.stand(&binary, product(), next_product());
}

#[test]
fn pipx_upgrade() {
    let (_folder, home) = scratch();
    let (old, new) = (
        Served::new(&product().site),
        Served::new(&next_product().site),
    );
    // pipx has a pip of its own, which is not on our index.
    done(pipx(&home).arg("upgrade-shared"));
    done(pipx(&home).args(["install", "--index-url", &old.index(), "auditgraph"]));
    let binary = home.join(".local/bin/auditgraph");
    let workspaces = Workspaces::made_by(&binary, &home);
    done(pipx(&home).args(["upgrade", "--index-url", &new.index(), "auditgraph"]));
    workspaces.stand(&binary, product(), next_product());
}

#[test]
fn the_script_run_again() {
    let (_folder, home) = scratch();
    let (old, new) = (
        Served::new(&product().site),
        Served::new(&next_product().site),
    );
    done(&mut old.script(&home));
    let binary = home.join(".local/bin/auditgraph");
    let workspaces = Workspaces::made_by(&binary, &home);
    done(&mut new.script(&home));
    workspaces.stand(&binary, product(), next_product());
}
