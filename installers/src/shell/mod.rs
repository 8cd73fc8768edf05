//! The shell door: `install.sh`, the script behind `curl … | sh`.
//!
//! Owns: the prelude that stands in front of the script dist generates, and
//! putting the two together. The prelude refuses machines the release has no
//! executable for, makes sure that the download is verified with whatever tool
//! exists, and leaves nothing temporary behind; dist's script does the rest and
//! is never changed. Reads and writes no file: `build` calls [`compose`] and
//! puts the result on the site; `check` calls [`generated`] and [`verifies`].

mod quote;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::facts::{System, Target};
pub(crate) use quote::quoted;

// Templates: neither is a script by itself, so neither has a `#!` line.
const PRELUDE: &str = include_str!("prelude.sh.in");
const EPILOGUE: &str = include_str!("epilogue.sh.in");

/// Situations a project can have a sentence for, in `installer.messages` of
/// `release.toml`; the prelude prints it below its own.
const SITUATIONS: [&str; 6] = [
    "windows",
    "system",
    "processor",
    "musl",
    "glibc",
    "checksum",
];

/// Why there is no front door.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum ShellError {
    /// dist's script would install this archive without verifying it.
    #[error("the generated installer does not hold the sha256 of {0}: it would not verify it")]
    Unverified(String),
    /// The project has a sentence for a situation the prelude does not know.
    #[error("`installer.messages.{0}` in release.toml: no such situation (there are: {list})", list = SITUATIONS.join(", "))]
    Situation(String),
    /// The prelude has no words for this platform.
    #[error("{0}: the shell installer is for Linux with glibc and for macOS")]
    Platform(String),
    /// A name or version that cannot stand in a script.
    #[error("`{0}` cannot stand in a shell script")]
    Name(String),
    /// The release has no archive for any platform.
    #[error("no archive to install")]
    Nothing,
}

/// What the prelude says and asks for.
#[derive(Debug, Clone)]
pub(crate) struct Front<'a> {
    /// The package, after which dist names the installer's variables.
    pub(crate) app: &'a str,
    /// The program.
    pub(crate) name: &'a str,
    /// Its version.
    pub(crate) version: &'a str,
    /// Page that tells what is supported and how to install otherwise.
    pub(crate) documentation: &'a str,
    /// Sentences by situation; see [`SITUATIONS`].
    pub(crate) messages: &'a BTreeMap<String, String>,
    /// Platforms this release has an archive for, and no others: of a partial
    /// release the script must not promise more.
    pub(crate) targets: &'a [Target],
}

/// Puts the prelude in front of `generated`, dist's script for this release,
/// which must hold the digest of each archive in `digests` (file name to
/// lower-case sha256).
///
/// # Errors
/// See [`ShellError`]; above all [`ShellError::Unverified`].
pub(crate) fn compose(
    front: &Front<'_>,
    generated: &str,
    digests: &BTreeMap<String, String>,
) -> Result<String, ShellError> {
    for (archive, digest) in digests {
        if !verifies(generated, archive, digest) {
            return Err(ShellError::Unverified(archive.clone()));
        }
    }
    let mut script = prelude(front)?;
    script.push_str(generated);
    if !generated.ends_with('\n') {
        script.push('\n');
    }
    script.push_str(EPILOGUE);
    Ok(script)
}

/// Whether dist's script compares `archive` with `digest` before it unpacks it.
pub(crate) fn verifies(generated: &str, archive: &str, digest: &str) -> bool {
    let Some(start) = generated.find(&format!("\"{archive}\")\n")) else {
        return false;
    };
    let branch = &generated[start..];
    let branch = &branch[..branch.find(";;").unwrap_or(branch.len())];
    branch.contains("_checksum_style=\"sha256\"")
        && branch.contains(&format!("_checksum_value=\"{digest}\""))
}

/// The part of `script` that dist generated.
pub(crate) fn generated(script: &str) -> Option<&str> {
    let mark = PRELUDE.lines().next_back()?;
    let start = script.find(mark)? + mark.len() + 1;
    let end = script.rfind(EPILOGUE)?;
    script.get(start..end)
}

/// How the names of the variables start that the installer of `app` heeds.
pub(crate) fn variable(app: &str) -> String {
    app.replace('-', "_").to_uppercase()
}

/// Whether the prelude knows every situation that `messages` has a sentence for.
///
/// # Errors
/// [`ShellError::Situation`].
pub(crate) fn known(messages: &BTreeMap<String, String>) -> Result<(), ShellError> {
    let unknown = messages
        .keys()
        .find(|key| !SITUATIONS.contains(&key.as_str()));
    unknown.map_or(Ok(()), |key| Err(ShellError::Situation(key.clone())))
}

/// The prelude for one release.
fn prelude(front: &Front<'_>) -> Result<String, ShellError> {
    if front.targets.is_empty() {
        return Err(ShellError::Nothing);
    }
    known(front.messages)?;
    for word in [front.app, front.name, front.version] {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
        if word.is_empty() || !word.chars().all(plain) {
            return Err(ShellError::Name(word.to_owned()));
        }
    }
    let mut script = format!("#!/bin/sh\n{PRELUDE}")
        .replace("@SUPPORTED@", &supported(front.targets)?)
        .replace("@TARGETS@", &targets(front.targets).join(" | "))
        .replace("@NEED_GLIBC@", &need(front.targets, "glibc"))
        .replace("@NEED_MACOS@", &need(front.targets, "macOS"))
        .replace("@DOCUMENTATION@", &quoted(front.documentation))
        .replace("@VARIABLE@", &variable(front.app))
        .replace("@APP@", front.app)
        .replace("@NAME@", front.name)
        .replace("@VERSION@", front.version);
    for situation in SITUATIONS {
        let sentence = front.messages.get(situation).map_or("", String::as_str);
        let mark = format!("@SAY_{}@", situation.to_uppercase());
        script = script.replace(&mark, &quoted(sentence));
    }
    Ok(script)
}

/// One `echo` per platform.
fn supported(targets: &[Target]) -> Result<String, ShellError> {
    let mut lines = String::new();
    for target in targets {
        let words = in_words(target).ok_or_else(|| ShellError::Platform(target.triple.clone()))?;
        let line = quoted(&format!("  {words}"));
        let _ = writeln!(lines, "        echo {line}");
    }
    lines.pop();
    Ok(lines)
}

/// A platform as its users call it.
fn in_words(target: &Target) -> Option<String> {
    let arch = target.arch.as_str();
    match &target.system {
        System::LinuxGnu { glibc: Some(glibc) } => {
            Some(format!("Linux on {arch} with glibc {glibc} or newer"))
        }
        System::LinuxGnu { glibc: None } => Some(format!("Linux on {arch} with glibc")),
        System::MacOs { version } => {
            let processor = match arch {
                "aarch64" => "Apple Silicon",
                "x86_64" => "Intel",
                other => other,
            };
            let version = version
                .as_ref()
                .map_or_else(String::new, |version| format!(" {version} or newer"));
            Some(format!("macOS{version} on {processor}"))
        }
        System::Other => None,
    }
}

/// The machines that are accepted, as patterns of a `case`.
fn targets(targets: &[Target]) -> Vec<&str> {
    let mut triples: Vec<&str> = targets
        .iter()
        .map(|target| target.triple.as_str())
        .collect();
    // Apple Silicon runs Intel executables; dist's script knows it too.
    let intel = "x86_64-apple-darwin";
    let silicon = "aarch64-apple-darwin";
    if triples.contains(&intel) && !triples.contains(&silicon) {
        triples.push(silicon);
    }
    triples
}

/// A `case` over processors that refuses a `what` (`glibc` or `macOS`) older
/// than each platform needs; a comment where no platform needs any.
fn need(targets: &[Target], what: &str) -> String {
    let mut branches = String::new();
    for target in targets {
        let oldest = match &target.system {
            System::LinuxGnu { glibc } if what == "glibc" => glibc,
            System::MacOs { version } if what == "macOS" => version,
            _ => continue,
        };
        let Some(oldest) = oldest else { continue };
        let (major, minor) = oldest.split_once('.').unwrap_or((oldest, "0"));
        let (subject, say) = if what == "glibc" {
            ("this Linux has glibc", "@SAY_GLIBC@")
        } else {
            ("this is macOS", "@SAY_SYSTEM@")
        };
        let _ = write!(
            branches,
            "        {arch})
            if front_older {major} {minor}; then
                front_refuse \"{subject} $_front_version; {oldest} or newer is needed.\" {say}
            fi
            ;;
",
            arch = target.arch
        );
    }
    if branches.is_empty() {
        return format!("    : # no oldest {what} is stated");
    }
    format!("    case \"$_front_cpu\" in\n{branches}    esac")
}

#[cfg(test)]
mod tests;
