//! What a writer is about to publish, written down before it does, so that
//! the next writer can clean up exactly that after a crash.

use std::io;

use serde::{Deserialize, Serialize};

use super::{PackName, RunError, RunId};
use crate::foundation::{durable, json};
use crate::workspace::Layout;

/// The content of `staging/intent.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Intent {
    /// Version of this document's layout: 1.
    pub format: u32,
    /// The run being published.
    pub run: RunId,
    /// The pack it adds, if any.
    pub pack: Option<PackName>,
}

const BOUNDS: json::Bounds = json::Bounds {
    bytes: 64 * 1024,
    depth: 4,
};

impl Intent {
    /// Name of the file in the staging folder.
    pub(super) const FILE: &str = "intent.json";

    /// Reads the intent of an interrupted or running writer; `None` when
    /// there is none.
    ///
    /// # Errors
    /// [`RunError`] when the file cannot be read or parsed: nothing may be
    /// removed on its word then.
    pub(super) fn read(layout: &Layout) -> Result<Option<Self>, RunError> {
        let path = layout.staging().join(Self::FILE);
        let bytes = match durable::read_bounded(&path, BOUNDS.bytes as u64) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(RunError::io(&path, error)),
        };
        // Typed names only: a run id and a pack name are one harmless
        // component each, so no word of this file leads elsewhere.
        json::parse(&bytes, BOUNDS)
            .map(Some)
            .map_err(|error| RunError::io(&path, io::Error::other(error)))
    }

    /// The files it publishes: `(folder, name)`.
    #[must_use]
    pub(super) fn files(&self) -> Vec<(&'static str, String)> {
        let mut files = vec![
            ("runs", format!("{}.json", self.run)),
            ("cache", index_file(&self.run)),
            ("cache", index_digest_file(&self.run)),
            ("cache", stat_file(&self.run)),
        ];
        files.extend(
            self.pack
                .iter()
                .map(|pack| ("packs", pack.as_str().to_owned())),
        );
        files
    }

    /// Whether it publishes `folder/name`.
    #[must_use]
    pub(super) fn publishes(&self, folder: &str, name: &str) -> bool {
        self.files()
            .iter()
            .any(|(candidate, file)| *candidate == folder && file == name)
    }
}

/// The index of a run, under `cache/`.
#[must_use]
pub fn index_file(run: &RunId) -> String {
    format!("index-{run}.db")
}

/// The digest of that file, under `cache/`, as `sha256sum` writes it.
#[must_use]
pub fn index_digest_file(run: &RunId) -> String {
    format!("index-{run}.db.sha256")
}

/// What `stat` said of a run's sources, under `cache/`.
#[must_use]
pub fn stat_file(run: &RunId) -> String {
    format!("stat-{run}.bin")
}
