//! The Homebrew door: the formula of one release.
//!
//! Owns: rendering `Formula/NAME.rb` from a release's archives and digests, in
//! the idiom `brew audit --strict` of Homebrew 6 accepts. Reads and writes no
//! file: `build` calls [`render`] and puts the result on the site; `check`
//! compares it with the site's digests. The formula installs the archive as it
//! is; it compiles nothing.
//!
//! Two things here are Homebrew's, not ours. `url` may stand in a block for an
//! operating system only inside one for a processor. And a formula without any
//! `url` for the machine at hand cannot even be loaded: so a platform without a
//! build names a neighbour's archive behind a requirement that refuses it.

mod license;
mod loaded;
mod words;

use std::fmt::Write as _;

use crate::facts::{System, Target};

pub(crate) use loaded::{LOADER, MACHINES, STYLE, complete};

/// Why there is no formula.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum HomebrewError {
    /// The release has no archive Homebrew could install.
    #[error("no archive for macOS or Linux to write a formula around")]
    Nothing,
    /// Homebrew has no block for this platform.
    #[error("{0}: a formula is for x86_64 and aarch64 on Linux and macOS")]
    Platform(String),
    /// `brew audit` would refuse the description.
    #[error("`homebrew.description` in release.toml: {0}")]
    Description(String),
    /// The licence expression has no equivalent in a formula.
    #[error("licence `{0}`: only names joined by all `OR` or all `AND` can stand in a formula")]
    License(String),
}

/// One archive of the release.
#[derive(Debug, Clone)]
pub(crate) struct Download<'a> {
    /// Platform it is for.
    pub(crate) target: &'a Target,
    /// Where it is downloaded from.
    pub(crate) url: String,
    /// Its digest, lower-case hex.
    pub(crate) sha256: &'a str,
}

/// What a formula says.
#[derive(Debug, Clone)]
pub(crate) struct Formula<'a> {
    /// Name of the formula.
    pub(crate) name: &'a str,
    /// Version of the release.
    pub(crate) version: &'a str,
    /// One line, by Homebrew's rules: no article, no full stop, 80 characters.
    pub(crate) description: &'a str,
    /// Page of the project.
    pub(crate) homepage: &'a str,
    /// SPDX expression.
    pub(crate) license: &'a str,
    /// Archives, in the order of `dist-workspace.toml`.
    pub(crate) downloads: &'a [Download<'a>],
    /// Name of the executable, at the top of the archive.
    pub(crate) binary: &'a str,
    /// Completions: shell, and file in the archive.
    pub(crate) completions: &'a [(String, String)],
    /// Folder of the man pages in the archive, where it has any.
    pub(crate) man: Option<&'a str>,
    /// Body of `test do`, in Ruby.
    pub(crate) test: &'a str,
}

/// Systems a formula can choose between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Os {
    Macos,
    Linux,
}

/// Renders the formula.
///
/// # Errors
/// See [`HomebrewError`].
pub(crate) fn render(formula: &Formula<'_>) -> Result<String, HomebrewError> {
    let first = formula.downloads.first().ok_or(HomebrewError::Nothing)?;
    let license = license(formula.name, formula.description, formula.license)?;
    for download in formula.downloads {
        platform(download.target)?;
    }
    let forge = first.url.starts_with("https://github.com/");
    let mut text = String::new();
    let _ = writeln!(
        text,
        "# Written by {tool} from the digests of release {version}.\nclass {class} < Formula\n  \
         desc {desc}\n  homepage {homepage}",
        tool = env!("CARGO_PKG_NAME"),
        version = formula.version,
        class = words::class(formula.name),
        desc = words::quoted(formula.description),
        homepage = words::quoted(formula.homepage),
    );
    let alone = formula.downloads.len() == 1;
    if alone {
        let _ = writeln!(text, "  url {}", words::quoted(&first.url));
    }
    if !reads_version_from(&first.url, formula.version) {
        let _ = writeln!(text, "  version {}", words::quoted(formula.version));
    }
    if alone {
        let _ = writeln!(text, "  sha256 {}", words::quoted(first.sha256));
    }
    let _ = writeln!(text, "  license {license}\n");
    text.push_str(if forge {
        "  livecheck do\n    url :stable\n    strategy :github_latest\n  end\n\n"
    } else {
        "  livecheck do\n    skip \"Releases are not listed where they are hosted\"\n  end\n\n"
    });
    if alone {
        requirements(&mut text, first)?;
    } else {
        choice(&mut text, formula.downloads)?;
    }
    install(&mut text, formula);
    text.push_str("  test do\n");
    for line in formula.test.trim().lines() {
        let indent = if line.is_empty() { "" } else { "    " };
        let _ = writeln!(text, "{indent}{line}");
    }
    text.push_str("  end\nend\n");
    Ok(text)
}

/// Whether a formula called `name` can say these things of a release for `targets`.
///
/// # Errors
/// See [`HomebrewError`].
pub(crate) fn sayable(
    name: &str,
    description: &str,
    expression: &str,
    targets: &[Target],
) -> Result<(), HomebrewError> {
    license(name, description, expression)?;
    // What this tool knows no way to make never comes to a formula.
    let made = |target: &&Target| target.system != System::Other;
    for target in targets.iter().filter(made) {
        platform(target)?;
    }
    Ok(())
}

/// The licence as a formula writes it, once the description is one.
fn license(name: &str, description: &str, expression: &str) -> Result<String, HomebrewError> {
    words::description(name, description).map_err(HomebrewError::Description)?;
    license::in_ruby(expression).ok_or(HomebrewError::License(expression.into()))
}

/// Whether Homebrew reads `version` from `url` by itself: then a `version` line
/// is a finding of its audit. It does from a GitHub release of plain numbers.
fn reads_version_from(url: &str, version: &str) -> bool {
    let plain = version.chars().all(|c| c.is_ascii_digit() || c == '.');
    plain
        && url.starts_with("https://github.com/")
        && url.contains(&format!("/releases/download/v{version}/"))
}

fn platform(target: &Target) -> Result<(Os, &'static str), HomebrewError> {
    let os = match target.system {
        System::MacOs { .. } => Os::Macos,
        System::LinuxGnu { .. } => Os::Linux,
        System::Other => return Err(HomebrewError::Platform(target.triple.clone())),
    };
    match target.arch.as_str() {
        "aarch64" => Ok((os, "arm")),
        "x86_64" => Ok((os, "intel")),
        _ => Err(HomebrewError::Platform(target.triple.clone())),
    }
}

/// Homebrew's name of a processor in a requirement.
fn required(processor: &str) -> &'static str {
    if processor == "arm" {
        ":arm64"
    } else {
        ":x86_64"
    }
}

/// What the machine must be, where there is one archive.
fn requirements(text: &mut String, download: &Download<'_>) -> Result<(), HomebrewError> {
    let (os, processor) = platform(download.target)?;
    let os = match os {
        Os::Macos => ":macos",
        Os::Linux => ":linux",
    };
    let _ = writeln!(
        text,
        "  depends_on arch: {}\n  depends_on {os}\n",
        required(processor)
    );
    Ok(())
}

/// The archive for each system and processor.
fn choice(text: &mut String, downloads: &[Download<'_>]) -> Result<(), HomebrewError> {
    let of = |os: Os| -> Result<Vec<(&'static str, &Download<'_>)>, HomebrewError> {
        let mut found = Vec::new();
        for download in downloads {
            let (system, processor) = platform(download.target)?;
            if system == os {
                found.push((processor, download));
            }
        }
        found.sort_by_key(|(processor, _)| *processor);
        Ok(found)
    };
    let (macos, linux) = (of(Os::Macos)?, of(Os::Linux)?);
    if linux.is_empty() {
        text.push_str("  depends_on :macos\n\n");
    } else if macos.is_empty() {
        text.push_str("  depends_on :linux\n\n");
    }
    for (block, found) in [("on_macos", macos), ("on_linux", linux)] {
        let Some((only, neighbour)) = found.first() else {
            continue;
        };
        let _ = writeln!(text, "  {block} do");
        if found.len() == 1 {
            let _ = writeln!(text, "    depends_on arch: {}\n", required(only));
        }
        let mut first = true;
        for processor in ["arm", "intel"] {
            if !std::mem::take(&mut first) {
                text.push('\n');
            }
            let own = found.iter().find(|(name, _)| *name == processor);
            let download = own.map_or(neighbour, |(_, download)| download);
            if own.is_none() {
                text.push_str(
                    "    # No build for this processor: the requirement above refuses it, and\n    \
                     # without any `url` Homebrew could not say so.\n",
                );
            }
            let _ = writeln!(
                text,
                "    on_{processor} do\n      url {}\n      sha256 {}\n    end",
                words::quoted(&download.url),
                words::quoted(download.sha256)
            );
        }
        text.push_str("  end\n\n");
    }
    Ok(())
}

fn install(text: &mut String, formula: &Formula<'_>) {
    let _ = writeln!(
        text,
        "  def install\n    bin.install {}",
        words::quoted(formula.binary)
    );
    for (shell, file) in formula.completions {
        let file = words::quoted(file);
        let binary = words::quoted(formula.binary);
        let _ = match shell.as_str() {
            // bash finds a completion by the command's bare name.
            "bash" => writeln!(text, "    bash_completion.install {file} => {binary}"),
            "fish" => writeln!(text, "    fish_completion.install {file}"),
            "zsh" => writeln!(text, "    zsh_completion.install {file}"),
            // Homebrew knows no place for completions of other shells.
            _ => Ok(()),
        };
    }
    if let Some(man) = formula.man {
        let pages = words::quoted(&format!("{man}/*.1"));
        let _ = writeln!(text, "    man1.install Dir[{pages}]");
    }
    text.push_str("  end\n\n");
}

#[cfg(test)]
mod tests;
