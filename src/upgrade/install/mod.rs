//! Who installed this executable, and how that installation is upgraded.
//!
//! [`Facts`] are gathered by reading a few small files around the
//! executable; [`decide`] is pure. Nothing here is run and nothing is
//! written: it is cheap enough for `auditgraph version --json`, and works
//! in builds without self-update.
//!
//! Two owners may claim one file: `pip install --user` writes over what the
//! shell installer put into `~/.local/bin`. A package database that records
//! exactly this file wins over a receipt: replacing a file behind a package
//! manager's back breaks its records, leaving one alone breaks nothing.

mod command;
mod facts;
mod receipt;

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use command::Owner;
pub use facts::{CargoSource, Facts, PythonFacts};
pub use receipt::{Receipt, ReceiptError};

use crate::foundation::text::lossy;

/// How an executable came to be where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The shell installer; its receipt names this executable.
    Standalone,
    /// pip (or `uv pip`), in a virtual environment or not.
    Pip,
    /// `uv tool install`.
    UvTool,
    /// `pipx install`.
    Pipx,
    /// Homebrew: a keg in a Cellar.
    Homebrew,
    /// `cargo install`.
    Cargo,
    /// No receipt or package database explains it: it is left alone.
    Unknown,
}

impl Kind {
    /// The name, as in JSON output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Pip => "pip",
            Self::UvTool => "uv tool",
            Self::Pipx => "pipx",
            Self::Homebrew => "homebrew",
            Self::Cargo => "cargo",
            Self::Unknown => "unknown",
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An installation: what it is, where, and how it is upgraded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Install {
    /// Who installed it.
    pub kind: Kind,
    /// The executable, symbolic links resolved.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// The command that upgrades it, ready for a shell; none is known for
    /// [`Kind::Unknown`].
    pub upgrade: Option<String>,
    /// What led to the verdict, in one sentence.
    pub evidence: String,
    /// The installer's receipt; of [`Kind::Standalone`] only.
    #[serde(skip)]
    pub receipt: Option<Receipt>,
    #[serde(skip)]
    owner: Owner,
}

impl Install {
    /// The installation this process runs from.
    ///
    /// # Errors
    /// Any I/O error of finding the executable.
    pub fn current() -> std::io::Result<Self> {
        let executable = std::env::current_exe()?.canonicalize()?;
        Ok(decide(&Facts::gather(
            &executable,
            crate::workspace::user::config_base().as_deref(),
        )))
    }

    /// The command that brings it to exactly `version`; `None` where whoever
    /// installed it cannot be asked for one, as Homebrew.
    #[must_use]
    pub fn command_for(&self, version: impl fmt::Display) -> Option<String> {
        self.owner.command(Some(&version.to_string()))
    }
}

/// The verdict on `facts`.
#[must_use]
pub fn decide(facts: &Facts) -> Install {
    let install = |kind, owner: Owner, evidence: String| Install {
        kind,
        path: facts.executable.clone(),
        upgrade: owner.command(None),
        evidence,
        receipt: None,
        owner,
    };
    if let Some(keg) = &facts.homebrew_keg {
        let evidence = format!("it lies in the Homebrew keg {}", keg.display());
        return install(Kind::Homebrew, Owner::Homebrew, evidence);
    }
    if let Some(python) = &facts.python {
        let evidence = format!("{} records it", python.record.display());
        return install(python.kind(), Owner::Python(python.clone()), evidence);
    }
    if let Some((root, source)) = &facts.cargo {
        let owner = Owner::Cargo {
            source: source.clone(),
            root: (!root.ends_with(".cargo")).then(|| root.clone()),
        };
        let evidence = "cargo's .crates2.json records it".to_owned();
        return install(Kind::Cargo, owner, evidence);
    }
    match &facts.receipt {
        Some(receipt) if receipt.describes(&facts.executable) => Install {
            receipt: Some(receipt.clone()),
            ..install(
                Kind::Standalone,
                Owner::Standalone,
                format!("the receipt {} names it", receipt.path().display()),
            )
        },
        Some(receipt) => install(
            Kind::Unknown,
            Owner::Unknown,
            format!(
                "the receipt {} is of {}, not of this executable, and no package database records it",
                receipt.path().display(),
                receipt.directory().display()
            ),
        ),
        None => install(
            Kind::Unknown,
            Owner::Unknown,
            facts.receipt_error.clone().unwrap_or_else(|| {
                "no installer's receipt and no package database explains it".to_owned()
            }),
        ),
    }
}

#[cfg(test)]
mod tests;
