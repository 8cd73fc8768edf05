//! Compiles the executable: the same bytes for the same commit, on any machine
//! with the same toolchain, in any directory, for any user.
//!
//! What could differ is taken out one by one: paths of sources, cargo's home and
//! the target directory are remapped (panic messages carry them), flags from
//! the caller's environment are removed, the C compiler and the C library come
//! with zig in a pinned version, `SOURCE_DATE_EPOCH` is the commit's time.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BuildError, Builder, command};
use crate::facts::{System, Target, cargo_program};

/// Environment variables of the caller that would change the executable.
const REMOVED: [&str; 12] = [
    "RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_INCREMENTAL",
    "CFLAGS",
    "CPPFLAGS",
    "CXXFLAGS",
    "LDFLAGS",
    "CC",
    "AR",
];

/// Tells zigbuild which zig to run.
const ZIG: &str = "CARGO_ZIGBUILD_ZIG_PATH";
/// Tells zigbuild which Python to look for zig with.
const ZIG_PYTHON: &str = "CARGO_ZIGBUILD_PYTHON_PATH";

impl Builder<'_> {
    /// Compiles the executable for `target` and says where it is.
    pub(super) fn compile(&self, target: &Target) -> Result<PathBuf, BuildError> {
        (self.progress)(&format!("{}: compiling", target.triple));
        let auditable = self.tools.ensure("cargo-auditable")?;
        let mut path = vec![folder_of(&auditable)];
        let zig = matches!(target.system, System::LinuxGnu { .. });
        let mut zig_program = None;
        if zig {
            let bin = folder_of(&self.tools.ensure("cargo-zigbuild")?);
            zig_program = zig_beside(&bin);
            path.push(bin);
        }
        let package = &self.facts.package;
        let folder = self.work.join("target");
        let mut cargo = Command::new(cargo_program());
        cargo
            .current_dir(&self.facts.root)
            .args(["auditable", if zig { "zigbuild" } else { "build" }])
            .args(["--release", "--locked", "--package", &package.name])
            .args(["--bin", &package.binary, "--target", &target.zig_triple()])
            .arg("--target-dir")
            .arg(&folder);
        if !self.facts.release.build.features.is_empty() {
            cargo.args(["--features", &self.facts.release.build.features.join(",")]);
        }
        self.environment(&mut cargo, target, &folder, &path)?;
        if let Some(program) = zig_program.filter(|_| std::env::var_os(ZIG).is_none()) {
            // Otherwise each C file starts a Python first to start zig.
            cargo.env(ZIG, program).env(ZIG_PYTHON, "none");
        }
        command::output(&mut cargo)?;
        Ok(folder
            .join(&target.triple)
            .join("release")
            .join(&package.binary))
    }

    fn environment(
        &self,
        cargo: &mut Command,
        target: &Target,
        folder: &Path,
        path: &[PathBuf],
    ) -> Result<(), BuildError> {
        for name in REMOVED {
            cargo.env_remove(name);
        }
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let all = path
            .iter()
            .cloned()
            .chain(std::env::split_paths(&inherited));
        let joined = std::env::join_paths(all).map_err(|error| BuildError::Unexpected {
            what: "PATH".into(),
            reason: error.to_string(),
        })?;
        let remapped = self.remapped(folder)?;
        let rust: Vec<OsString> = remapped
            .iter()
            .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()).into())
            .collect();
        let c: Vec<OsString> = remapped
            .iter()
            .map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()).into())
            .collect();
        let for_target = target.triple.replace(['-', '.'], "_");
        cargo
            .env("PATH", joined)
            .env("CARGO_ENCODED_RUSTFLAGS", rust.join("\x1f".as_ref()))
            .env(format!("CFLAGS_{for_target}"), c.join(" ".as_ref()))
            .env("SOURCE_DATE_EPOCH", self.facts.commit.time.to_string())
            .env("ZERO_AR_DATE", "1")
            .env("LC_ALL", "C")
            .env("TZ", "UTC");
        if let System::MacOs {
            version: Some(version),
        } = &target.system
        {
            cargo.env("MACOSX_DEPLOYMENT_TARGET", version);
        }
        self.root_of_trust(cargo);
        let commit = self.facts.commit.id.as_deref().unwrap_or("unknown");
        for (name, value) in &self.facts.release.build.env {
            let value = value
                .replace("{commit}", commit)
                .replace("{target}", &target.triple)
                .replace("{project}", &self.facts.root.to_string_lossy());
            cargo.env(name, value);
        }
        Ok(())
    }

    /// Tells the compilation which root of trust updates must come from.
    fn root_of_trust(&self, cargo: &mut Command) {
        let Some(root) = &self.root else {
            return;
        };
        if let Some(path) = &root.path {
            cargo.env(&root.variable, path);
        } else {
            cargo.env_remove(&root.variable);
            (self.progress)(
                "warning: release.toml pins no root of trust; built without self-update",
            );
        }
    }

    /// Folders whose names must not reach the executable, and what stands there
    /// instead. The last match counts for rustc, so inner folders come last.
    fn remapped(&self, target_folder: &Path) -> Result<Vec<(PathBuf, String)>, BuildError> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let ask = |arguments: &[&str]| -> Result<String, BuildError> {
            let mut command = Command::new(&rustc);
            command.args(arguments).current_dir(&self.facts.root);
            let said = command::output(&mut command)?;
            Ok(String::from_utf8_lossy(&said).trim().to_owned())
        };
        let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?);
        let version = ask(&["-vV"])?;
        let hash = version
            .lines()
            .find_map(|line| line.strip_prefix("commit-hash: "))
            .unwrap_or("unknown");
        Ok(vec![
            (cargo_home(), "/cargo".into()),
            (self.facts.root.clone(), "/source".into()),
            (target_folder.to_path_buf(), "/target".into()),
            (
                sysroot.join("lib/rustlib/src/rust"),
                format!("/rustc/{hash}"),
            ),
        ])
    }
}

/// Where cargo keeps downloaded sources.
fn cargo_home() -> PathBuf {
    std::env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo"),
        PathBuf::from,
    )
}

fn folder_of(program: &Path) -> PathBuf {
    program.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The zig that pip installed into the environment whose programs are in `bin`.
fn zig_beside(bin: &Path) -> Option<PathBuf> {
    let pythons = std::fs::read_dir(bin.parent()?.join("lib")).ok()?;
    let mut found: Vec<PathBuf> = pythons
        .flatten()
        .map(|python| python.path().join("site-packages/ziglang/zig"))
        .filter(|zig| zig.is_file())
        .collect();
    found.sort();
    found.into_iter().next()
}
