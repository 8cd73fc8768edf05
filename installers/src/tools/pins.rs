//! The `[tools]` table: which tool, from where, in which version. Pure.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Deserialize;

use super::ToolError;

/// Where a tool comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Registry {
    /// crates.io, through `cargo install`.
    Cargo,
    /// PyPI, through `pip` in a virtual environment.
    Pip,
    /// The npm registry, through `npm`.
    Npm,
    /// Debian's packages, through `apt-get`; not pinned to a version, since a
    /// release of Debian has one.
    Debian,
}

/// One pinned tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pin {
    /// Name of the tool.
    pub(crate) name: String,
    /// Name of its package in the registry, often the same.
    pub(crate) package: String,
    /// Where it comes from.
    pub(crate) registry: Registry,
    /// The version; empty for Debian's packages.
    pub(crate) version: String,
    /// The command that it provides.
    pub(crate) command: String,
    /// Further packages in the same environment, each `NAME==VERSION`.
    pub(crate) with: Vec<String>,
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.registry {
            Registry::Debian => f.write_str(&self.name),
            _ => write!(f, "{} {}", self.name, self.version),
        }
    }
}

/// The part of `release.toml` that is read here; other tables belong to others.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    tools: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    from: Registry,
    version: Option<String>,
    command: Option<String>,
    package: Option<String>,
    #[serde(default)]
    with: Vec<String>,
}

/// Reads the pins from the file at `path`.
pub(crate) fn read(path: &Path) -> Result<Vec<Pin>, ToolError> {
    let failed = |reason: String| ToolError::Pins {
        path: path.into(),
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    parse(&text).map_err(failed)
}

fn parse(text: &str) -> Result<Vec<Pin>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    file.tools
        .into_iter()
        .map(|(name, entry)| pin(name, entry))
        .collect()
}

fn pin(name: String, entry: Entry) -> Result<Pin, String> {
    let version = match (entry.from, entry.version) {
        (Registry::Debian, None) => String::new(),
        (Registry::Debian, Some(_)) => {
            return Err(format!("`{name}`: a Debian package takes no version"));
        }
        (_, Some(version)) => version,
        (_, None) => return Err(format!("`{name}` has no version: every tool is pinned")),
    };
    Ok(Pin {
        command: entry.command.unwrap_or_else(|| name.clone()),
        package: entry.package.unwrap_or_else(|| name.clone()),
        name,
        registry: entry.from,
        version,
        with: entry.with,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_pin_has_a_registry_a_version_and_a_command() {
        let pins = parse(
            "[other]\nx = 1\n[tools]\na = { from = \"pip\", version = \"1.2\", command = \"python\" }\n\
             b = { from = \"debian\", package = \"b-light\" }\n",
        )
        .unwrap();
        assert_eq!(pins[0].to_string(), "a 1.2");
        assert_eq!(pins[0].command, "python");
        assert_eq!(
            (pins[1].command.as_str(), pins[1].version.as_str()),
            ("b", "")
        );
        assert_eq!(
            (pins[0].package.as_str(), pins[1].package.as_str()),
            ("a", "b-light")
        );
    }

    #[test]
    fn a_tool_without_a_version_is_refused() {
        let error = parse("[tools]\na = { from = \"cargo\" }\n").unwrap_err();
        assert!(error.contains("`a` has no version"), "{error}");
    }
}
