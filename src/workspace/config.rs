//! `auditgraph.toml`: what a workspace says of itself.
//!
//! Two types: the file (all optional, read key by key in [`Config::parse`])
//! and [`Config`] (nothing optional, what the program uses). A key that is
//! not known, or a value that makes no sense, is refused: a typing error must
//! never silently change what is ingested or how much may be written.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use toml::de::DeTable;

use super::decimal;
use super::table::{Input, excerpt};
use crate::budget::Policy;
use crate::foundation::{Sha256, durable, json};

/// The largest configuration file that is read, in bytes.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// The largest `max_file_bytes`: a source is held in memory, several times.
pub const MOST_FILE_BYTES: u64 = 100 * 1024 * 1024;

/// The configuration in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Which files are sources. The only part that affects what is derived.
    pub sources: Sources,
    /// The footprint budget.
    pub budget: Policy,
    /// How `query` ranks and how much it shows.
    pub search: Search,
}

/// Which files are sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sources {
    /// Globs of paths to include.
    pub include: Vec<String>,
    /// Globs of paths to leave out; wins over `include`.
    pub exclude: Vec<String>,
    /// Extensions, without dot, lower case.
    pub extensions: Vec<String>,
    /// Larger files are reported and left out, in bytes.
    pub max_file_bytes: u64,
    /// Whether names that start with a dot are considered.
    pub hidden: bool,
}

impl Default for Sources {
    fn default() -> Self {
        let owned = |items: &[&str]| items.iter().map(ToString::to_string).collect();
        Self {
            include: owned(&["**"]),
            exclude: owned(&["**/node_modules/**", "**/target/**"]),
            extensions: owned(&["markdown", "md", "rst", "txt"]),
            max_file_bytes: 16 * 1024 * 1024,
            hidden: false,
        }
    }
}

/// How `query` ranks and how much it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Weight of a match in titles and headings against one in the text
    /// (1.000), in thousandths.
    pub heading_weight_thousandths: u64,
    /// Hits shown unless `--limit` says otherwise.
    pub limit: u64,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            heading_weight_thousandths: 4_000,
            limit: 10,
        }
    }
}

/// Why a configuration is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What has its name is not a file that can be one.
    #[error("{} cannot be a configuration: {source}", .path.display())]
    Unfit {
        /// What has the name.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Something in it is not accepted.
    #[error("{}:{line}:{column}: {message}", .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
}

/// The commented file that `init` writes: every key with its default.
pub const TEMPLATE: &str = include_str!("template.toml");

impl Config {
    /// Reads the file at `path`; a missing file is all defaults.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let bytes = match durable::read_bounded(path, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(source) => {
                let path = path.to_owned();
                return match source.kind() {
                    io::ErrorKind::NotFound => Ok(Self::default()),
                    io::ErrorKind::FileTooLarge | io::ErrorKind::InvalidInput => {
                        Err(ConfigError::Unfit { path, source })
                    }
                    _ => Err(ConfigError::Io { path, source }),
                };
            }
        };
        match std::str::from_utf8(&bytes) {
            Ok(text) => Self::parse(path, text),
            Err(error) => {
                let at = error.valid_up_to();
                // What stands before is text, so the place can be told.
                let text = &String::from_utf8_lossy(&bytes[..at]);
                let hint = Some("save the file as UTF-8".to_owned());
                Err(Input { path, text }.refuse(at, "this is not UTF-8".to_owned(), hint))
            }
        }
    }

    /// Parses `text`; `path` is only named in errors.
    ///
    /// # Errors
    /// [`ConfigError::Refused`] for the first thing that is not accepted.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let input = Input { path, text };
        let root = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let message = match text.get(span.clone()).map(str::trim) {
                None | Some("") => error.message().to_owned(),
                Some(found) => format!("{}: `{}`", error.message(), excerpt(found)),
            };
            input.refuse(span.start, message, None)
        })?;
        let root = root.get_ref();
        if let Some((key, _)) = root.iter().find(|(key, _)| key.get_ref() == "update") {
            return Err(input.refuse(
                key.span().start,
                "a workspace cannot set where updates come from: whoever can change these notes could then choose your next program".to_owned(),
                Some("move [update] to your own auditgraph/config.toml in ~/.config (or $XDG_CONFIG_HOME)".to_owned()),
            ));
        }
        input.check_sections(root, &[SOURCES, BUDGET, SEARCH])?;
        Ok(Self {
            sources: read_sources(&input, root)?,
            budget: read_budget(&input, root)?,
            search: read_search(&input, root)?,
        })
    }

    /// The digest of the part that affects what is derived: part of a run's
    /// identity.
    #[must_use]
    pub fn derivation_digest(&self) -> Sha256 {
        Sha256::of(&json::canonical(&self.sources))
    }
}

const SOURCES: (&str, &[&str]) = (
    "sources",
    &[
        "include",
        "exclude",
        "extensions",
        "max_file_bytes",
        "hidden",
    ],
);
const BUDGET: (&str, &[&str]) = (
    "budget",
    &[
        "multiplier",
        "warn_threshold",
        "block_threshold",
        "max_bytes",
    ],
);
const SEARCH: (&str, &[&str]) = ("search", &["heading_weight", "limit"]);

/// Accepts a glob that can match a path of the workspace.
fn glob(text: &str) -> Result<(), String> {
    let parts = || text.split('/');
    if text.starts_with('/') || parts().any(|part| matches!(part, "." | "..")) {
        return Err(format!(
            "{:?} matches nothing: paths start with a name below this file's folder",
            excerpt(text)
        ));
    }
    globset::Glob::new(text)
        .map(|_| ())
        .map_err(|error| format!("{:?}: {}", excerpt(text), error.kind()))
}

/// Accepts what can follow the last dot of a file's name.
fn extension(text: &str) -> Result<(), String> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+');
    if text.chars().all(fits) {
        return Ok(());
    }
    let text = excerpt(text);
    Err(format!(
        "write {text:?} as letters and digits only, such as \"md\""
    ))
}

fn read_sources(input: &Input<'_>, root: &DeTable<'_>) -> Result<Sources, ConfigError> {
    let mut sources = Sources::default();
    let Some(table) = input.table(root, "sources")? else {
        return Ok(sources);
    };
    input.check_keys(table, SOURCES)?;
    if let Some(include) = input.strings(table, "include", "a list of globs", glob)? {
        sources.include = include;
    }
    if let Some(exclude) = input.strings(table, "exclude", "a list of globs", glob)? {
        sources.exclude = exclude;
    }
    if let Some(list) = input.strings(table, "extensions", "a list of extensions", extension)? {
        sources.extensions = list.iter().map(|text| text.to_ascii_lowercase()).collect();
        sources.extensions.sort();
        sources.extensions.dedup();
    }
    if let Some(bytes) = input.integer(table, "max_file_bytes", 1..=MOST_FILE_BYTES)? {
        sources.max_file_bytes = bytes;
    }
    let hidden = input.get(table, "hidden", "true or false", toml::de::DeValue::as_bool)?;
    sources.hidden = hidden.unwrap_or(sources.hidden);
    Ok(sources)
}

fn read_budget(input: &Input<'_>, root: &DeTable<'_>) -> Result<Policy, ConfigError> {
    let mut policy = Policy::default();
    let Some(table) = input.table(root, "budget")? else {
        return Ok(policy);
    };
    input.check_keys(table, BUDGET)?;
    let wanted = "a number from 0.001 to 1000000";
    if let Some(value) = input.decimal(table, "multiplier", 3, wanted, 1..=1_000_000_000)? {
        policy.multiplier_thousandths = value;
    }
    let share = "a number above 0 and at most 1";
    if let Some(value) = input.decimal(table, "warn_threshold", 6, share, 1..=1_000_000)? {
        policy.warn_ppm = value;
    }
    if let Some(value) = input.decimal(table, "block_threshold", 6, share, 1..=1_000_000)? {
        policy.block_ppm = value;
    }
    if policy.warn_ppm > policy.block_ppm {
        let set = |name: &str| table.keys().find(|key| key.get_ref() == name);
        let at = set("warn_threshold").or_else(|| set("block_threshold"));
        let at = at.map_or(0, |key| key.span().start);
        let shown = |name: &str, ppm: u64| {
            let from = if set(name).is_some() {
                ""
            } else {
                ", the default"
            };
            format!("`{name}` ({}{from})", decimal::show(ppm, 6))
        };
        let message = format!(
            "{} must not be above {}",
            shown("warn_threshold", policy.warn_ppm),
            shown("block_threshold", policy.block_ppm)
        );
        return Err(input.refuse(at, message, None));
    }
    policy.max_bytes = input.integer(table, "max_bytes", 1..=u64::MAX)?;
    Ok(policy)
}

fn read_search(input: &Input<'_>, root: &DeTable<'_>) -> Result<Search, ConfigError> {
    let mut search = Search::default();
    let Some(table) = input.table(root, "search")? else {
        return Ok(search);
    };
    input.check_keys(table, SEARCH)?;
    let wanted = "a number from 0 to 1000";
    if let Some(value) = input.decimal(table, "heading_weight", 3, wanted, 0..=1_000_000)? {
        search.heading_weight_thousandths = value;
    }
    if let Some(limit) = input.integer(table, "limit", 1..=u64::MAX)? {
        search.limit = limit;
    }
    Ok(search)
}

#[cfg(test)]
mod tests;
