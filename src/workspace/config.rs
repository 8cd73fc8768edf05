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

use super::table::Input;
use crate::budget::Policy;
use crate::foundation::{Sha256, durable, json};

/// The largest configuration file that is read, in bytes.
pub const MAX_BYTES: u64 = 1024 * 1024;

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
        let refuse = |source| ConfigError::Io {
            path: path.to_owned(),
            source,
        };
        let bytes = match durable::read_bounded(path, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(refuse(error)),
        };
        let text = String::from_utf8(bytes)
            .map_err(|_| refuse(io::Error::new(io::ErrorKind::InvalidData, "not UTF-8")))?;
        Self::parse(path, &text)
    }

    /// Parses `text`; `path` is only named in errors.
    ///
    /// # Errors
    /// [`ConfigError::Refused`] for the first thing that is not accepted.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let input = Input { path, text };
        let depth = deepest_nesting(text);
        if depth > 16 {
            return Err(input.refuse(0, "nested deeper than 16 levels".to_owned(), None));
        }
        let root = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            input.refuse(at, error.message().to_owned(), None)
        })?;
        let root = root.get_ref();
        if let Some((key, _)) = root.iter().find(|(key, _)| key.get_ref() == "update") {
            return Err(input.refuse(
                key.span().start,
                "a workspace cannot set where updates come from: whoever can change these notes could then choose your next program".to_owned(),
                Some("move [update] to your own auditgraph/config.toml in ~/.config (or $XDG_CONFIG_HOME)".to_owned()),
            ));
        }
        input.check_keys(root, &["sources", "budget", "search"], "the top level")?;
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

fn read_sources(input: &Input<'_>, root: &DeTable<'_>) -> Result<Sources, ConfigError> {
    let mut sources = Sources::default();
    let Some(table) = input.table(root, "sources")? else {
        return Ok(sources);
    };
    let valid = [
        "include",
        "exclude",
        "extensions",
        "max_file_bytes",
        "hidden",
    ];
    input.check_keys(table, &valid, "[sources]")?;
    let glob = |text: &str| {
        globset::Glob::new(text)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    if let Some(include) = input.strings(table, "include", "a list of globs", glob)? {
        sources.include = include;
    }
    if let Some(exclude) = input.strings(table, "exclude", "a list of globs", glob)? {
        sources.exclude = exclude;
    }
    let extension = |text: &str| {
        if text.contains(['.', '/', '*']) {
            Err(format!("write {text:?} as letters only, such as \"md\""))
        } else {
            Ok(())
        }
    };
    if let Some(list) = input.strings(table, "extensions", "a list of extensions", extension)? {
        sources.extensions = list.iter().map(|text| text.to_ascii_lowercase()).collect();
        sources.extensions.sort();
        sources.extensions.dedup();
    }
    if let Some(bytes) = input.integer(table, "max_file_bytes", 1)? {
        // Spans are 32-bit; a source of 1 GiB is refused long before.
        sources.max_file_bytes = bytes.min(1024 * 1024 * 1024);
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
    let valid = [
        "multiplier",
        "warn_threshold",
        "block_threshold",
        "max_bytes",
    ];
    input.check_keys(table, &valid, "[budget]")?;
    let multiplier = "a number from 0.001 to 1000000";
    let accept = |thousandths| (1..=1_000_000_000).contains(&thousandths);
    if let Some(value) = input.decimal(table, "multiplier", 3, multiplier, accept)? {
        policy.multiplier_thousandths = value;
    }
    let share = "a number above 0 and at most 1";
    let accept = |ppm| (1..=1_000_000).contains(&ppm);
    if let Some(value) = input.decimal(table, "warn_threshold", 6, share, accept)? {
        policy.warn_ppm = value;
    }
    if let Some(value) = input.decimal(table, "block_threshold", 6, share, accept)? {
        policy.block_ppm = value;
    }
    if policy.warn_ppm > policy.block_ppm {
        let at = table.keys().map(|key| key.span().start).min().unwrap_or(0);
        let message = "`warn_threshold` must not be above `block_threshold`".to_owned();
        return Err(input.refuse(at, message, None));
    }
    policy.max_bytes = input.integer(table, "max_bytes", 1)?;
    Ok(policy)
}

fn read_search(input: &Input<'_>, root: &DeTable<'_>) -> Result<Search, ConfigError> {
    let mut search = Search::default();
    let Some(table) = input.table(root, "search")? else {
        return Ok(search);
    };
    input.check_keys(table, &["heading_weight", "limit"], "[search]")?;
    let accept = |thousandths| thousandths <= 1_000_000;
    let wanted = "a number from 0 to 1000";
    if let Some(value) = input.decimal(table, "heading_weight", 3, wanted, accept)? {
        search.heading_weight_thousandths = value;
    }
    if let Some(limit) = input.integer(table, "limit", 1)? {
        search.limit = limit;
    }
    Ok(search)
}

/// The deepest bracket nesting of `text`, an upper bound of TOML's own: the
/// parser must not be asked to recurse without limit.
fn deepest_nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    for line in text.lines() {
        // A header opens and closes its brackets on its line.
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        if line.trim_start().starts_with('#') {
            depth = 0;
        }
    }
    deepest
}

#[cfg(test)]
mod tests;
