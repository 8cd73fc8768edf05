//! Two builds of one commit are the same bytes, whoever builds where and when:
//! another user (where this one may become another), another directory, another
//! CARGO_HOME, umask and time, and empty target directories.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{copy, done, sha256, text};

/// A user without rights, known to every Unix.
const NOBODY: u32 = 65534;
/// Files that must be the same; their names end so.
const SAME: [&str; 4] = ["gnu.tar.gz", "x86_64.whl", ".tar.gz", ".cdx.json"];

/// A clone of `project` in `to`, at the commit the first site was made from.
fn checkout(project: &Path, first: &Path, to: &Path) {
    let marker = support::json(&first.join("site.json"));
    let commit = marker["releases"][0]["commit"].as_str().unwrap();
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    // Not file by file: another process may be at work in it.
    let mut git = support::git(project);
    done(git.args(["clone", "--quiet", "--no-local", "."]).arg(to));
    let mut git = support::git(to);
    done(git.args(["checkout", "--quiet", "--detach", commit]));
}

/// A second CARGO_HOME that shares the sources already downloaded.
fn cargo_home(folder: &Path) {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let own = std::env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    let shared = own.join("registry");
    if shared.is_dir() {
        copy(&shared.join("index"), &folder.join("registry/index"));
        copy(&shared.join("cache"), &folder.join("registry/cache"));
    }
}

/// A command that runs as [`NOBODY`], who may read whatever this user may: the
/// toolchain is often in a home that is closed to others. `None` where this
/// process may not become somebody else.
fn as_nobody() -> Option<std::process::Command> {
    let command = || {
        let mut command = std::process::Command::new("setpriv");
        let id = NOBODY.to_string();
        command
            .args(["--reuid", &id, "--regid", &id, "--clear-groups"])
            .args([
                "--inh-caps=+dac_read_search",
                "--ambient-caps=+dac_read_search",
            ]);
        command
    };
    let said = command().args(["id", "-u"]).output().ok()?;
    (text(&said.stdout).trim() == NOBODY.to_string()).then(command)
}

/// Hard links in `to` to everything in `from`. A compiler asks whether it may
/// run its linker, and the home it is in may be closed to [`NOBODY`].
fn link(from: &Path, to: &Path) {
    let cp = |how: &str| {
        let mut cp = std::process::Command::new("cp");
        cp.arg(how).arg(from).arg(to).output().unwrap()
    };
    if !cp("-al").status.success() {
        support::remove(to);
        let output = cp("-a");
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
}

/// The folder of the zig that the release tool installed.
fn zig(cache: &Path) -> PathBuf {
    let tools = cache.join(env!("CARGO_PKG_NAME")).join("python");
    let find = "find \"$0\" -path '*/cargo-zigbuild-*/ziglang/zig' -type f";
    let mut sh = std::process::Command::new("sh");
    let found = done(sh.args(["-c", find]).arg(tools));
    Path::new(found.trim()).parent().unwrap().to_path_buf()
}

/// Builds `project` again as differently as this machine allows, and compares.
fn builds_again_the_same(project: &Path, first: &Path, name: &str) {
    let folder = tempfile::Builder::new().prefix("again").tempdir().unwrap();
    let again = folder.path().join("elsewhere/deep").join(name);
    checkout(project, first, &again);
    let home = folder.path().join("cargo-home");
    cargo_home(&home);
    let site = folder.path().join("site");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"),
        PathBuf::from,
    );
    let rustc = done(std::process::Command::new("rustc").args(["--print", "sysroot"]));
    let toolchain = folder.path().join("toolchain");
    link(Path::new(rustc.trim()), &toolchain);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(toolchain.join("bin")).chain(std::env::split_paths(&path));
    // Of two releases with self-update, both must know the same keys.
    let root = first.join("metadata/1.root.json");
    let mut build = match as_nobody() {
        Some(mut nobody) => {
            let linked = folder.path().join("zig");
            link(&zig(&cache), &linked);
            let id = format!("{NOBODY}:{NOBODY}");
            let mut chown = std::process::Command::new("chown");
            done(chown.args(["-R", &id]).args([&again, &home]));
            done(
                std::process::Command::new("chown")
                    .arg(&id)
                    .arg(folder.path()),
            );
            nobody
                .arg("sh")
                .env("CARGO_ZIGBUILD_ZIG_PATH", linked.join("zig"))
                .env("CARGO_ZIGBUILD_CACHE_DIR", folder.path().join("zigbuild"))
                .env("ZIG_GLOBAL_CACHE_DIR", folder.path().join("zig-cache"));
            nobody
        }
        None => {
            support::left_out("a build by another user, which this one may not become");
            std::process::Command::new("sh")
        }
    };
    build
        .args(["-c", "umask 077 && exec \"$0\" build --out \"$@\""])
        .arg(env!("CARGO_BIN_EXE_auditgraph-release"))
        .arg(&site)
        .args(root.exists().then(|| format!("--root={}", root.display())))
        .current_dir(&again)
        .env("PATH", std::env::join_paths(path).unwrap())
        .env("HOME", folder.path())
        .env("CARGO_HOME", &home)
        .env("XDG_CACHE_HOME", &cache)
        .env("TZ", "Pacific/Kiritimati")
        .env("LC_ALL", "C")
        .env("RUSTFLAGS", "-C debuginfo=2")
        .env_remove("CARGO")
        // Cargo's, and it would lead rustc back to the first toolchain.
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("RUSTC")
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("SOURCE_DATE_EPOCH");
    let output = build.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(site.join("site.json")).unwrap());
    eprintln!("built again as user {owner} in {}", again.display());
    let marker = support::json(&site.join("site.json"));
    let artifacts = marker["releases"][0]["artifacts"].as_array().unwrap();
    let mut compared = Vec::new();
    for artifact in artifacts {
        let path = artifact["path"].as_str().unwrap();
        if SAME.iter().any(|end| path.ends_with(end)) {
            assert_eq!(
                sha256(&site.join(path)),
                sha256(&first.join(path)),
                "{path}"
            );
            compared.push(path.to_owned());
        }
    }
    assert_eq!(
        compared.len(),
        4,
        "archive, wheel, sdist and list: {compared:?}"
    );
}

#[test]
fn the_tiny_product_is_reproducible() {
    let shipped = support::tiny();
    builds_again_the_same(&shipped.project, &shipped.site, "tiny");
}

#[test]
fn the_product_is_reproducible() {
    let shipped = support::product();
    builds_again_the_same(&shipped.project, &shipped.site, "product");
}
