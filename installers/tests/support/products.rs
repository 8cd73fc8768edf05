//! Projects to ship and the sites made from them.
//!
//! A site is made once for each state of this source tree and kept: whichever
//! test asks first waits for it, in whatever process. All of them are made in one
//! place each, where compiled dependencies are kept as well.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{KEPT, copy, done, git, json, lock, release, remove, workspace};

/// The second product.
const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny");
/// Takes the pinned root out of a `release.toml`.
const DROP_PIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/drop-pin.sh");
/// A project and the site made from it.
#[derive(Debug, Clone)]
pub(crate) struct Shipped {
    pub(crate) project: PathBuf,
    pub(crate) site: PathBuf,
}

impl Shipped {
    /// The only file of the newest release whose name ends so.
    pub(crate) fn file(&self, end: &str) -> PathBuf {
        let newest = self.newest();
        let artifacts = newest["artifacts"].as_array().unwrap();
        let mut all = artifacts
            .iter()
            .map(|artifact| artifact["path"].as_str().unwrap())
            .filter(|path| path.ends_with(end));
        let one = all
            .next()
            .unwrap_or_else(|| panic!("no file ends with {end}"));
        assert_eq!(all.next(), None, "several files end with {end}");
        self.site.join(one)
    }

    /// Version of the newest release.
    pub(crate) fn version(&self) -> String {
        self.newest()["version"].as_str().unwrap().to_owned()
    }

    /// What the newest release writes, and since when it reads.
    pub(crate) fn window(&self) -> [u64; 2] {
        let schema = &self.newest()["schema"];
        ["writes", "reads_since"].map(|field| schema[field].as_u64().unwrap())
    }

    /// Name of what is shipped.
    pub(crate) fn name(&self) -> String {
        let marker = json(&self.site.join("site.json"));
        marker["name"].as_str().unwrap().to_owned()
    }

    fn newest(&self) -> serde_json::Value {
        let marker = json(&self.site.join("site.json"));
        marker["releases"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone()
    }
}

/// The second product and its site.
pub(crate) fn tiny() -> &'static Shipped {
    static TINY_SITE: OnceLock<Shipped> = OnceLock::new();
    TINY_SITE.get_or_init(|| {
        let _lock = lock("tiny");
        let project = tiny_project(&Path::new(KEPT).join("tiny"));
        let site = made_once("tiny", &project, |site| build(&project, site));
        Shipped { project, site }
    })
}

/// A checkout of the second product in `folder`, always of the same commit. One
/// that is there already is left alone: other processes may be at work in it.
pub(crate) fn tiny_project(folder: &Path) -> PathBuf {
    let fresh = tempfile::tempdir().unwrap();
    let commit = tiny_commit(fresh.path());
    let said = |arguments: &[&str]| {
        let output = git(folder).args(arguments).output().ok()?;
        output.status.success().then(|| super::text(&output.stdout))
    };
    fs::create_dir_all(folder).unwrap();
    let same = said(&["rev-parse", "--show-cdup", "HEAD"]) == Some(format!("\n{commit}"))
        && said(&["status", "--porcelain"]) == Some(String::new());
    if !same {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name() != Some(OsStr::new("target")) {
                remove(&path);
            }
        }
        copy(fresh.path(), folder);
    }
    folder.to_path_buf()
}

/// The second product as the only commit of a repository in `folder`, and the
/// name of that commit.
fn tiny_commit(folder: &Path) -> String {
    copy(Path::new(TINY), folder);
    fs::write(folder.join(".gitignore"), "/target/\n").unwrap();
    let run = |arguments: &[&str]| done(dated(&mut git(folder)).args(arguments));
    run(&["init", "--quiet"]);
    run(&["add", "--all"]);
    run(&["commit", "--quiet", "--message", "Ship"]);
    run(&["rev-parse", "HEAD"])
}

/// The product of this workspace and its site, made from a clean clone: with a
/// root of trust, as it is shipped, and an update repository without targets.
pub(crate) fn product() -> &'static Shipped {
    static PRODUCT: OnceLock<Shipped> = OnceLock::new();
    PRODUCT.get_or_init(|| {
        let _lock = lock("product");
        let project = checkout();
        let site = made_once("product", &project, |site| {
            let mut init = release(&project);
            init.args(["repository", "init", "--site"]).arg(site);
            for keys in keys_beside(site) {
                init.arg("--keys").arg(keys);
            }
            done(&mut init);
            build(&project, site);
        });
        Shipped { project, site }
    })
}

/// Where the root keys of the product's site are; the first folder has all the
/// others as well.
pub(crate) fn keys_beside(site: &Path) -> [PathBuf; 3] {
    ["key-1", "key-2", "key-3"].map(|name| site.with_file_name(name))
}

/// A later release of the product, on a copy of the site of the one before,
/// from the tree that `change` makes of this one.
pub(super) fn later_product(name: &str, before: &Shipped, change: impl FnOnce(&Path)) -> Shipped {
    let _lock = lock("product");
    let project = clone();
    change(&project);
    done(dated(&mut git(&project)).args(["commit", "--quiet", "--all", "--message", name]));
    let site = made_once(name, &project, |site| {
        copy(&before.site, site);
        build(&project, site);
    });
    Shipped { project, site }
}

/// Makes a release of `project` on `site`, with the root of trust that is there.
fn build(project: &Path, site: &Path) {
    let mut build = release(project);
    if project == clone_place() {
        // It shares what the workspace compiled, and cargo goes by time.
        let touch = "git ls-files -z | xargs -0 touch";
        done(Command::new("sh").args(["-c", touch]).current_dir(project));
        build.env("CARGO_TARGET_DIR", Path::new(KEPT).parent().unwrap());
    }
    build.arg("build").arg("--out").arg(site);
    let root = site.join("metadata/1.root.json");
    if root.exists() {
        build.arg("--root").arg(root);
    }
    done(&mut build);
}

/// The site of `project`: made by `make`, unless it is there for this very tree,
/// this commit and this compiler.
fn made_once(name: &str, project: &Path, make: impl FnOnce(&Path)) -> PathBuf {
    let commit = done(git(project).args(["rev-parse", "HEAD"]));
    let rustc = done(Command::new("rustc").arg("--version"));
    let key = [commit.trim(), &at_hand(&workspace()), rustc.trim()].join("-");
    let all = Path::new(KEPT).join("sites").join(name);
    let folder = all.join(key.replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
    if !folder.exists() {
        remove(&all);
        // Half of a site is never taken for one.
        let draft = all.join("draft");
        fs::create_dir_all(&draft).unwrap();
        make(&draft.join("site"));
        fs::rename(draft, &folder).unwrap();
    }
    folder.join("site")
}

/// Where the workspace is cloned to.
fn clone_place() -> PathBuf {
    Path::new(KEPT).join("product")
}

/// A checkout of the tree at hand: this workspace, or a clone where it differs
/// from its commit.
fn checkout() -> PathBuf {
    let (workspace, commit) = (workspace(), at_hand(&workspace()));
    let head = done(git(&workspace).args(["rev-parse", "HEAD"]));
    if head.trim() == commit {
        return workspace;
    }
    clone()
}

/// A bare repository whose only branch is the tree at hand, as a forge has it:
/// nothing else works in it, so it never changes under who clones it.
pub(crate) fn forge() -> &'static Path {
    static FORGE: OnceLock<PathBuf> = OnceLock::new();
    FORGE.get_or_init(|| {
        let _lock = lock("forge");
        let place = Path::new(KEPT).join("forge");
        remove(&place);
        done(git(Path::new(KEPT)).args(["init", "--quiet", "--bare", "forge"]));
        let branch = format!("+{}:refs/heads/main", at_hand(&workspace()));
        let fetch = ["fetch", "--quiet", "--no-tags", "--update-shallow"];
        done(git(&place).args(fetch).arg(workspace()).arg(branch));
        place
    })
}

/// A clean clone of the tree at hand, always in the same place; for who holds
/// the lock of the product.
pub(crate) fn clone() -> PathBuf {
    let place = clone_place();
    if !place.join(".git").is_dir() {
        remove(&place);
        done(git(Path::new(KEPT)).args(["init", "--quiet", "product"]));
    }
    let commit = at_hand(&workspace());
    let fetch = ["fetch", "--quiet", "--no-tags", "--update-shallow"];
    done(git(&place).args(fetch).arg(workspace()).arg(&commit));
    done(git(&place).args(["reset", "--quiet", "--hard", &commit]));
    place
}

/// The tree of `project` as a commit: the current one, or one made of what differs
/// from it. It is on no branch. It pins no root, since tests make keys of their own.
pub(crate) fn at_hand(project: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut git = git(project);
        git.env("GIT_INDEX_FILE", folder.path().join("index"));
        done(dated(&mut git).args(arguments)).trim().to_owned()
    };
    run(&["read-tree", "HEAD"]);
    run(&["add", "--all"]);
    for place in ["release.toml", "installers/release.toml"] {
        if !project.join(place).is_file() {
            continue;
        }
        let unpinned = folder.path().join("release.toml");
        fs::copy(project.join(place), &unpinned).unwrap();
        done(Command::new("sh").arg(DROP_PIN).arg(&unpinned));
        let blob = run(&["hash-object", "-w", unpinned.to_str().unwrap()]);
        run(&["update-index", "--cacheinfo", "100644", &blob, place]);
    }
    let tree = run(&["write-tree"]);
    if tree == run(&["rev-parse", "HEAD^{tree}"]) {
        return run(&["rev-parse", "HEAD"]);
    }
    run(&["commit-tree", "-p", "HEAD", "-m", "At hand", &tree])
}

/// Lets what git commits depend on the files alone.
fn dated(git: &mut Command) -> &mut Command {
    git.env("GIT_AUTHOR_DATE", "2026-02-03T04:05:06Z")
        .env("GIT_COMMITTER_DATE", "2026-02-03T04:05:06Z")
}
