//! Compiles the executable: the same bytes for the same commit, on any machine
//! with the same toolchain, in any directory, for any user.
//!
//! What could differ is taken out one by one: paths of sources, cargo's home and
//! the target directory are remapped (panic messages carry them), of the caller's
//! environment only what is known to be harmless is kept, the C compiler and the C library come
//! with zig in a pinned version, `SOURCE_DATE_EPOCH` never changes.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BuildError, Builder, command, source};
use crate::facts::{System, Target};
use crate::project::cargo_program;
use crate::shell;

/// Of the caller's environment, what says where things are and how registries
/// are reached. All else stays outside: a variable such as `CFLAGS`,
/// `CARGO_PROFILE_RELEASE_LTO` or `LIBSQLITE3_FLAGS` would change the executable.
const KEPT: [&str; 11] = [
    "HOME",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "CARGO_BUILD_JOBS",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "DEVELOPER_DIR",
    "SDKROOT",
];
/// The same, by how the name starts, in any case.
const KEPT_STARTS: [&str; 10] = [
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "cargo_http_",
    "cargo_net_",
    "cargo_registry_",
    "cargo_registries_",
    "cargo_zigbuild_",
    "zig_",
];

/// What C compilers take for the time, in seconds since 1970: 1 January 1980,
/// the first time a zip can hold. Were it the commit's, all C would be compiled
/// anew for each commit. A project that wants the commit's time in its
/// executable has `{time}` in `build.env`.
const COMPILED: &str = "315532800";

/// Tells zigbuild which zig to run.
const ZIG: &str = "CARGO_ZIGBUILD_ZIG_PATH";
/// Tells zigbuild which Python to look for zig with.
const ZIG_PYTHON: &str = "CARGO_ZIGBUILD_PYTHON_PATH";

impl Builder<'_> {
    /// Compiles the executable for `target` and says where it is.
    pub(super) fn compile(
        &self,
        target: &Target,
        sources: &source::Crate,
    ) -> Result<PathBuf, BuildError> {
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
        self.environment(&mut cargo, target, &folder, &path, sources)?;
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
        sources: &source::Crate,
    ) -> Result<(), BuildError> {
        cargo.env_clear();
        cargo.envs(std::env::vars_os().filter(|(name, _)| is_kept(name)));
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
        let wrapper = self.wrapper(&remapped)?;
        let own_c = has_c(sources);
        let spaced =
            |(from, _): &(PathBuf, String)| from.to_string_lossy().contains(char::is_whitespace);
        let quote = remapped.iter().any(spaced);
        let c: Vec<String> = remapped
            .iter()
            .filter(|(from, _)| own_c || *from != self.facts.root)
            .map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()))
            .map(|flag| if quote { shell::quoted(&flag) } else { flag })
            .collect();
        if quote {
            cargo.env("CC_SHELL_ESCAPED_FLAGS", "1");
        }
        let for_target = target.triple.replace(['-', '.'], "_");
        cargo
            .env("PATH", joined)
            .env("RUSTC_WRAPPER", wrapper)
            // Set, so that flags in the caller's own configuration do not count.
            .env(
                "CARGO_ENCODED_RUSTFLAGS",
                self.own_flags(target)?.join("\x1f"),
            )
            .env(format!("CFLAGS_{for_target}"), c.join(" "))
            .env("SOURCE_DATE_EPOCH", COMPILED)
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
                .replace("{time}", &self.facts.commit.time.to_string())
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

    /// The flags that the project's own `.cargo/config.toml` asks for: they are
    /// part of the commit. Those below a `cfg(…)` are not read.
    fn own_flags(&self, target: &Target) -> Result<Vec<String>, BuildError> {
        let path = self.facts.root.join(".cargo/config.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(BuildError::Read(path, error)),
        };
        flags(&text, &target.triple).map_err(|error| BuildError::Unexpected {
            what: path.display().to_string(),
            reason: error.to_string(),
        })
    }

    /// A program for cargo to start rustc through: it adds the `remapped` names.
    /// As flags they would be part of what cargo compares, and nothing that was
    /// compiled could serve another checkout with the same target directory.
    fn wrapper(&self, remapped: &[(PathBuf, String)]) -> Result<PathBuf, BuildError> {
        let mut text = String::from("#!/bin/sh\nexec \"$@\"");
        for (from, to) in remapped {
            let flag = format!("--remap-path-prefix={}={to}", from.display());
            text += &format!(" {}", shell::quoted(&flag));
        }
        text.push('\n');
        let path = self.work.join("rustc.sh");
        let failed = |error| BuildError::Write(path.clone(), error);
        // Cargo asks rustc all it must know again when the wrapper's time changes.
        if std::fs::read(&path).ok() != Some(text.as_bytes().to_vec()) {
            std::fs::write(&path, text).map_err(failed)?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
                .map_err(failed)?;
        }
        Ok(path)
    }

    /// Folders whose names must not reach the executable, and what stands there
    /// instead. The last match counts for rustc, so inner folders come last.
    fn remapped(&self, target_folder: &Path) -> Result<Vec<(PathBuf, String)>, BuildError> {
        let ask = |arguments: &[&str]| -> Result<String, BuildError> {
            let mut command = Command::new("rustc");
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

/// Whether a variable of the caller's environment reaches the compilation.
fn is_kept(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    KEPT.contains(&&*name)
        || (KEPT_STARTS.iter()).any(|start| name.to_ascii_lowercase().starts_with(start))
}

/// `rustflags` for `triple` in a configuration of cargo's: those of the
/// platform, or else those of every build.
fn flags(config: &str, triple: &str) -> Result<Vec<String>, toml::de::Error> {
    let config: toml::Table = toml::from_str(config)?;
    let of = |table: Option<&toml::Value>| match table?.get("rustflags")? {
        toml::Value::Array(flags) => {
            let flags = flags.iter().filter_map(toml::Value::as_str);
            Some(flags.map(str::to_owned).collect())
        }
        flags => Some(
            flags
                .as_str()?
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
        ),
    };
    let platform = config.get("target").and_then(|all| all.get(triple));
    Ok(of(platform)
        .or_else(|| of(config.get("build")))
        .unwrap_or_default())
}

/// Whether the project has sources in C of its own, through which its folder's
/// name could reach the executable.
fn has_c(sources: &source::Crate) -> bool {
    let c = |path: &String| {
        let end = Path::new(path).extension().unwrap_or_default();
        ["c", "cc", "cpp", "cxx", "h", "s", "S"]
            .iter()
            .any(|known| end == *known)
    };
    sources.files.iter().any(|(path, _, _)| c(path))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_projects_own_flags_are_those_of_the_platform_or_of_every_build() {
        let config = "[build]\nrustflags = [\"--cfg\", \"loud\"]\n\
                      [target.one]\nrustflags = \"-C  target-cpu=v2\"\n";
        assert_eq!(flags(config, "one").unwrap(), ["-C", "target-cpu=v2"]);
        assert_eq!(flags(config, "other").unwrap(), ["--cfg", "loud"]);
        assert_eq!(flags("[alias]\nx = \"y\"\n", "one").unwrap(), [""; 0]);
        assert!(flags("[build", "one").is_err());
    }

    #[test]
    fn nothing_of_the_environment_that_changes_an_executable_is_kept() {
        let dangerous = [
            "RUSTFLAGS",
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_BUILD_TARGET",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
            "CFLAGS_x86_64-unknown-linux-gnu",
            "LIBSQLITE3_FLAGS",
            "RUSTC_BOOTSTRAP",
            "LD_PRELOAD",
        ];
        for name in dangerous {
            assert!(!is_kept(name.as_ref()), "{name}");
        }
        for name in ["HOME", "HTTPS_PROXY", "https_proxy", "CARGO_HTTP_CAINFO"] {
            assert!(is_kept(name.as_ref()), "{name}");
        }
    }
}
