//! The two small documents beside the executable.

use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::SwapError;
use crate::foundation::{Sha256, Sha256Hasher, durable, json};

const BOUNDS: json::Bounds = json::Bounds {
    bytes: 64 * 1024,
    depth: 4,
};

/// Which executable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its version.
    pub version: String,
    /// Its digest.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Identity {
    /// The executable at `path`, which is known to be of `version`.
    ///
    /// # Errors
    /// [`SwapError::Io`].
    pub fn read(path: &Path, version: &str) -> Result<Self, SwapError> {
        let (sha256, bytes) = digest(path).map_err(SwapError::io("read", path))?;
        Ok(Self {
            version: version.to_owned(),
            sha256,
            bytes,
        })
    }
}

/// The digest and length of a file.
pub(super) fn digest(path: &Path) -> io::Result<(Sha256, u64)> {
    let mut hasher = Sha256Hasher::default();
    let bytes = io::copy(&mut durable::open_regular(path)?, &mut hasher)?;
    Ok((hasher.finish(), bytes))
}

/// The format of both records: 1. Another one, of a version to come, is not
/// understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Format;

impl From<Format> for u32 {
    fn from(_: Format) -> Self {
        1
    }
}

impl TryFrom<u32> for Format {
    type Error = String;

    fn try_from(format: u32) -> Result<Self, String> {
        if format == u32::from(Self) {
            Ok(Self)
        } else {
            Err(format!("format {format} is not known to this version"))
        }
    }
}

/// `intent.json`: a swap is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Format of this document.
    pub format: Format,
    /// What is installed.
    pub from: Identity,
    /// What is about to be.
    pub to: Identity,
    /// The installer's receipt to keep in step.
    pub receipt: Option<PathBuf>,
}

/// `previous.json`: the way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Format of this document.
    pub format: Format,
    /// The executable that was kept.
    pub previous: Identity,
    /// What replaced it.
    pub replaced_by: Identity,
}

/// Reads a record; `None` when there is none.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, SwapError> {
    let bytes = durable::if_there(durable::read_bounded(path, BOUNDS.bytes as u64));
    let Some(bytes) = bytes.map_err(SwapError::io("read", path))? else {
        return Ok(None);
    };
    json::parse(&bytes, BOUNDS)
        .map(Some)
        .map_err(|error| SwapError::Record {
            path: path.to_owned(),
            detail: error.to_string(),
        })
}

/// Writes a record, durably and in one step.
pub(super) fn write<T: Serialize>(path: &Path, record: &T) -> Result<(), SwapError> {
    durable::replace(path, &json::pretty(record)).map_err(SwapError::io("write", path))
}
