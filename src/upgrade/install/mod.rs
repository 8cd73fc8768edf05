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

mod facts;
mod receipt;

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::foundation::shell::quote;

pub use facts::{CargoSource, Facts, PythonFacts};
pub use receipt::{Receipt, ReceiptError};

/// How an executable came to be where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Kind {
    /// The shell installer; its receipt names this executable.
    #[serde(rename = "standalone")]
    Standalone,
    /// pip (or `uv pip`), in a virtual environment or not.
    #[serde(rename = "pip")]
    Pip,
    /// `uv tool install`.
    #[serde(rename = "uv tool")]
    UvTool,
    /// `pipx install`.
    #[serde(rename = "pipx")]
    Pipx,
    /// Homebrew: a keg in a Cellar.
    #[serde(rename = "homebrew")]
    Homebrew,
    /// `cargo install`.
    #[serde(rename = "cargo")]
    Cargo,
    /// No receipt or package database explains it: it is left alone.
    #[serde(rename = "unknown")]
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
    pub path: PathBuf,
    /// The command that upgrades it, ready for a shell; none is known for
    /// [`Kind::Unknown`].
    pub upgrade: Option<String>,
    /// What led to the verdict, in one sentence.
    pub evidence: String,
    /// The installer's receipt; of [`Kind::Standalone`] only.
    #[serde(skip)]
    pub receipt: Option<Receipt>,
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
}

/// The verdict on `facts`.
#[must_use]
pub fn decide(facts: &Facts) -> Install {
    let install = |kind, upgrade, evidence: String| Install {
        kind,
        path: facts.executable.clone(),
        upgrade,
        evidence,
        receipt: None,
    };
    if let Some(keg) = &facts.homebrew_keg {
        return install(
            Kind::Homebrew,
            Some("brew upgrade auditgraph".to_owned()),
            format!("it lies in the Homebrew keg {}", keg.display()),
        );
    }
    if let Some(python) = &facts.python {
        let (kind, command) = python_upgrade(python);
        let record = python.record.display();
        return install(kind, Some(command), format!("{record} records it"));
    }
    if let Some(source) = &facts.cargo {
        let root = facts
            .cargo_root
            .as_deref()
            .filter(|root| !root.ends_with(".cargo"))
            .map(|root| format!(" --root {}", quote(root)))
            .unwrap_or_default();
        let from = match source {
            CargoSource::Registry => " auditgraph".to_owned(),
            CargoSource::Path(path) => format!(" --path {}", quote(path)),
            CargoSource::Git(url) => format!(" --git {url} auditgraph"),
        };
        return install(
            Kind::Cargo,
            Some(format!("cargo install --locked{root}{from}")),
            "cargo's .crates2.json records it".to_owned(),
        );
    }
    match &facts.receipt {
        Some(receipt) if receipt.describes(&facts.executable) => Install {
            receipt: Some(receipt.clone()),
            ..install(
                Kind::Standalone,
                Some("auditgraph self-update".to_owned()),
                format!("the receipt {} names it", receipt.path().display()),
            )
        },
        Some(receipt) => install(
            Kind::Unknown,
            None,
            format!(
                "the receipt {} is of {}, not of this executable, and no package database records it",
                receipt.path().display(),
                receipt.directory().display()
            ),
        ),
        None => install(
            Kind::Unknown,
            None,
            facts.receipt_error.clone().unwrap_or_else(|| {
                "no installer's receipt and no package database explains it".to_owned()
            }),
        ),
    }
}

fn python_upgrade(python: &PythonFacts) -> (Kind, String) {
    if python.uv_tool {
        return (Kind::UvTool, "uv tool upgrade auditgraph".to_owned());
    }
    if python.pipx {
        return (Kind::Pipx, "pipx upgrade auditgraph".to_owned());
    }
    let interpreter = quote(&python.interpreter);
    let user = if python.user_site { " --user" } else { "" };
    let command = if python.installer == "uv" {
        format!("uv pip install --python {interpreter} -U auditgraph")
    } else {
        format!("{interpreter} -m pip install{user} -U auditgraph")
    };
    (Kind::Pip, command)
}

#[cfg(test)]
mod tests;
