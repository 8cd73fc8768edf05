//! Finds a tool, or installs it through its registry's own client.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::INSTALL_LIMIT;
use super::pins::{Pin, Registry};
use crate::process::{Log, shown};

/// The path of the tool's command in the pinned version, if it is there.
pub(super) fn present(pin: &Pin, cache: &Path) -> Option<PathBuf> {
    match pin.registry {
        Registry::Debian => on_path(&pin.command),
        Registry::Cargo => {
            let root = cargo_root(cache);
            let listed = fs::read_to_string(root.join(".crates.toml")).ok()?;
            let wanted = format!("\"{} {} (", pin.package, pin.version);
            let path = root.join("bin").join(&pin.command);
            (listed.contains(&wanted) && path.is_file()).then_some(path)
        }
        Registry::Pip => {
            complete(pin, &venv(pin, cache)).map(|dir| dir.join("bin").join(&pin.command))
        }
        Registry::Npm => complete(pin, &npm_dir(pin, cache))
            .map(|dir| dir.join("node_modules/.bin").join(&pin.command)),
    }
}

/// Installs the tool; an error says what happened and what to type.
pub(super) fn install(pin: &Pin, cache: &Path, logs: &Path) -> Result<(), String> {
    // npm packages have names such as `@owner/tool`.
    let name = format!("tool-{}", pin.name.replace('/', "-"));
    let mut log = Log::create(logs, &name, INSTALL_LIMIT).map_err(|error| error.to_string())?;
    eprintln!("      installing {pin}");
    match pin.registry {
        Registry::Debian => debian(&pin.package, &mut log),
        Registry::Cargo => cargo(pin, cache, &mut log),
        Registry::Pip => pip(pin, cache, &mut log),
        Registry::Npm => npm(pin, cache, &mut log),
    }
}

fn cargo_root(cache: &Path) -> PathBuf {
    cache.join("tools")
}

fn venv(pin: &Pin, cache: &Path) -> PathBuf {
    cache
        .join("python")
        .join(format!("{}-{}", pin.name, pin.version))
}

fn npm_dir(pin: &Pin, cache: &Path) -> PathBuf {
    let name = pin.name.replace('/', "-");
    cache.join("npm").join(format!("{name}-{}", pin.version))
}

/// An installation that ran to its end leaves this mark in its folder. It holds
/// what was asked for, so that another list of packages is another installation.
const MARK: &str = ".complete";

fn complete<'a>(pin: &Pin, dir: &'a Path) -> Option<&'a Path> {
    let mark = fs::read_to_string(dir.join(MARK)).ok()?;
    (mark == pin.with.join("\n")).then_some(dir)
}

fn mark_complete(pin: &Pin, dir: &Path) -> Result<(), String> {
    fs::write(dir.join(MARK), pin.with.join("\n")).map_err(|error| error.to_string())
}

/// Tools only have to work, not be fast: without optimisation they compile in
/// half the time. One target directory lets them share what they have in common.
fn cargo(pin: &Pin, cache: &Path, log: &mut Log) -> Result<(), String> {
    let mut command = Command::new("cargo");
    command
        .args(["install", "--locked", "--force", "--root"])
        .arg(cargo_root(cache))
        .args(["--version", &pin.version, &pin.package])
        .current_dir(cache)
        .env("CARGO_TARGET_DIR", cache.join("target"))
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    done(&mut command, log)
}

fn pip(pin: &Pin, cache: &Path, log: &mut Log) -> Result<(), String> {
    let dir = venv(pin, cache);
    let mut create = Command::new("python3");
    create.args(["-m", "venv", "--clear"]).arg(&dir);
    if done(&mut create, log).is_err() {
        // Debian keeps the venv module in a package of its own.
        debian("python3-venv", log)?;
        done(&mut create, log)?;
    }
    let mut command = Command::new(dir.join("bin/python"));
    command
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["--no-input", "--progress-bar", "off"])
        .arg(format!("{}=={}", pin.package, pin.version))
        .args(&pin.with);
    done(&mut command, log)?;
    mark_complete(pin, &dir)
}

fn npm(pin: &Pin, cache: &Path, log: &mut Log) -> Result<(), String> {
    if on_path("npm").is_none() {
        debian("npm", log)?;
    }
    let dir = npm_dir(pin, cache);
    fs::create_dir_all(&dir).map_err(|error| error.to_string())?;
    let mut command = Command::new("npm");
    command
        .args([
            "install",
            "--no-audit",
            "--no-fund",
            "--no-progress",
            "--prefix",
        ])
        .arg(&dir)
        .arg(format!("{}@{}", pin.package, pin.version))
        .current_dir(&dir);
    done(&mut command, log)?;
    mark_complete(pin, &dir)
}

fn debian(package: &str, log: &mut Log) -> Result<(), String> {
    let by_hand = format!(
        "install it: `sudo apt-get install {package}` on Debian, or the package of that name elsewhere"
    );
    if on_path("apt-get").is_none() || !is_root() {
        return Err(by_hand);
    }
    let get = |arguments: &[&str], log: &mut Log| {
        let mut command = Command::new("apt-get");
        command
            .args(["-q", "-y", "-o", "DPkg::Lock::Timeout=300"])
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        done(&mut command, log)
    };
    let install = ["install", "--no-install-recommends", package];
    // The lists may be missing or old: refresh them only if it fails as it is.
    if get(&install, log).is_ok() {
        return Ok(());
    }
    get(&["update"], log)?;
    get(&install, log).map_err(|error| format!("{error}; {by_hand}"))
}

fn done(command: &mut Command, log: &mut Log) -> Result<(), String> {
    let typed = shown(command);
    match log.expect_success(command) {
        Ok(None) => Ok(()),
        Ok(Some(failure)) => {
            let tail = log.tail(3).unwrap_or_default();
            let path = log.path().display();
            Err(format!("{failure} ({tail}; whole log: {path})"))
        }
        Err(error) => Err(format!("`{typed}`: {error}")),
    }
}

/// The full path of a command on the path.
pub(super) fn on_path(command: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(command))
        .find(|file| {
            fs::metadata(file)
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        })
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
