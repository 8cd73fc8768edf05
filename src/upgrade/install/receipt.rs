//! The receipt that dist's generated installer leaves at
//! `~/.config/auditgraph/auditgraph-receipt.json`.
//!
//! Read leniently (unknown fields are dist's business and are kept as they
//! are when the receipt is updated), written back atomically.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::foundation::{durable, json};

const BOUNDS: json::Bounds = json::Bounds {
    bytes: 256 * 1024,
    depth: 8,
};

/// Why a receipt could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// It could not be read or written.
    #[error("the installer's receipt {}: {source}", path.display())]
    Io {
        /// The receipt.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// It is not what the installer writes.
    #[error("the installer's receipt {} is damaged: {detail}", path.display())]
    Damaged {
        /// The receipt.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
}

/// An installer's receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    path: PathBuf,
    document: Value,
    directory: PathBuf,
    binaries: Vec<String>,
}

impl Receipt {
    /// The receipt below the user's configuration directory `config_base`
    /// (`$XDG_CONFIG_HOME`), or `None` when there is none.
    ///
    /// # Errors
    /// [`ReceiptError`] when there is one and it cannot be understood.
    pub fn find(config_base: &Path) -> Result<Option<Self>, ReceiptError> {
        let path = config_base.join("auditgraph/auditgraph-receipt.json");
        // Written where it lies: a link in its place stays one.
        let read = durable::own_file(&path).and_then(|file| {
            let bytes = durable::read_bounded(&file, BOUNDS.bytes as u64)?;
            Ok((file, bytes))
        });
        match durable::if_there(read) {
            Ok(Some((file, bytes))) => Self::parse(file, &bytes).map(Some),
            Ok(None) => Ok(None),
            Err(source) => Err(ReceiptError::Io { path, source }),
        }
    }

    /// The receipt in `bytes`, read from `path`.
    ///
    /// # Errors
    /// [`ReceiptError::Damaged`].
    pub fn parse(path: PathBuf, bytes: &[u8]) -> Result<Self, ReceiptError> {
        let damaged = |path: &Path, detail: &str| ReceiptError::Damaged {
            path: path.to_owned(),
            detail: detail.to_owned(),
        };
        let document: Value = match json::parse(bytes, BOUNDS) {
            Ok(document) => document,
            Err(error) => return Err(damaged(&path, &error.to_string())),
        };
        let Some(prefix) = document["install_prefix"].as_str() else {
            return Err(damaged(&path, "it names no install_prefix"));
        };
        // "hierarchical" and "cargo-home" keep the binary in PREFIX/bin.
        let directory = match document["install_layout"].as_str() {
            Some("hierarchical" | "cargo-home") => Path::new(prefix).join("bin"),
            _ => PathBuf::from(prefix),
        };
        let binaries = document["binaries"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        if document["version"].as_str().is_none() {
            return Err(damaged(&path, "it names no version"));
        }
        Ok(Self {
            path,
            document,
            directory,
            binaries,
        })
    }

    /// Where the receipt lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory it says the executable was installed into.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The version it records.
    #[must_use]
    pub fn version(&self) -> &str {
        self.document["version"].as_str().unwrap_or_default()
    }

    /// Whether it is the receipt of `executable` (symbolic links resolved):
    /// the name it installed, in the directory it installed into, resolves
    /// to that file.
    #[must_use]
    pub fn describes(&self, executable: &Path) -> bool {
        self.binaries.iter().any(|name| {
            self.directory
                .join(name)
                .canonicalize()
                .is_ok_and(|path| path == executable)
        })
    }

    /// The bytes of this receipt for `version`.
    #[must_use]
    pub fn with_version(&self, version: &str) -> Vec<u8> {
        let mut document = self.document.clone();
        document["version"] = Value::String(version.to_owned());
        json::pretty(&document)
    }

    /// Records `version` in the receipt's file.
    ///
    /// # Errors
    /// [`ReceiptError::Io`]; the old receipt is then still there.
    pub fn record(&self, version: &str) -> Result<(), ReceiptError> {
        durable::replace(&self.path, &self.with_version(version)).map_err(|source| {
            ReceiptError::Io {
                path: self.path.clone(),
                source,
            }
        })
    }
}
