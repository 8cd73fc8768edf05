//! What a writer is about to publish, written down before it does, so that
//! the next writer can clean up exactly that after a crash.

use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

use super::file_names::{has_manifest, index_digest_file, index_file, manifest_file, stat_file};
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

/// Names in the staging folder: fixed, so that cleaning up needs no word of
/// anybody.
pub(super) mod staged {
    use super::Intent;

    /// The intent until it is whole: a torn one must not be taken for one.
    pub(in crate::run) const INTENT_DRAFT: &str = "intent.json.draft";
    pub(in crate::run) const PACK: &str = "pack.db";
    pub(in crate::run) const INDEX: &str = "index.db";
    pub(in crate::run) const INDEX_DIGEST: &str = "index.db.sha256";
    pub(in crate::run) const STAT: &str = "stat.bin";
    pub(in crate::run) const MANIFEST: &str = "manifest.json";
    pub(in crate::run) const CURRENT: &str = "current";

    /// All of them, in the order in which they are removed.
    pub(in crate::run) const ALL: [&str; 8] = [
        INTENT_DRAFT,
        PACK,
        INDEX,
        INDEX_DIGEST,
        STAT,
        MANIFEST,
        CURRENT,
        Intent::FILE,
    ];
}

/// The layout of an intent.
const FORMAT: u32 = 1;

const BOUNDS: json::Bounds = json::Bounds {
    bytes: 64 * 1024,
    depth: 4,
};

impl Intent {
    /// Name of the file in the staging folder.
    pub(super) const FILE: &str = "intent.json";

    /// To publish `run`, with the `pack` that it adds.
    pub(super) fn of(run: &RunId, pack: Option<&PackName>) -> Self {
        Self {
            format: FORMAT,
            run: run.clone(),
            pack: pack.cloned(),
        }
    }

    /// Reads the intent of an interrupted or running writer; `None` when
    /// there is none.
    ///
    /// # Errors
    /// [`RunError`] when the file cannot be read or parsed: nothing may be
    /// removed on its word then.
    pub(super) fn read(layout: &Layout) -> Result<Option<Self>, RunError> {
        let path = layout.staging().join(Self::FILE);
        let bytes = durable::if_there(durable::read_bounded(&path, BOUNDS.bytes as u64));
        let Some(bytes) = bytes.map_err(|error| RunError::io(&path, error))? else {
            return Ok(None);
        };
        // Typed names only: a run id and a pack name are one harmless
        // component each, so no word of this file leads elsewhere.
        let intent: Self = json::parse(&bytes, BOUNDS)
            .map_err(|error| RunError::io(&path, io::Error::other(error)))?;
        let refuse = |text: String| Err(RunError::io(&path, io::Error::other(text)));
        if intent.format != FORMAT {
            let other = intent.format;
            return refuse(format!("its layout is version {other}, not {FORMAT}"));
        }
        // A writer removes what its run published, and no pack of another.
        match &intent.pack {
            Some(pack) if !pack.is_of(&intent.run) => {
                let (pack, run) = (pack.as_str(), &intent.run);
                refuse(format!("{pack} is no pack of {run}"))
            }
            Some(_) | None => Ok(Some(intent)),
        }
    }

    /// The files it publishes: `(folder, name)`.
    #[must_use]
    pub(super) fn files(&self) -> Vec<(&'static str, String)> {
        let mut files = vec![
            ("runs", manifest_file(&self.run)),
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

    /// Whether its run can have been current: its manifest is shown, and the
    /// `current` that names it waits no longer.
    #[must_use]
    pub(super) fn may_be_done(&self, layout: &Layout) -> bool {
        let waits = fs::symlink_metadata(layout.staging().join(staged::CURRENT)).is_ok();
        has_manifest(layout, &self.run) && !waits
    }

    /// Whether it publishes `folder/name`.
    #[must_use]
    pub(super) fn publishes(&self, folder: &str, name: &str) -> bool {
        self.files()
            .iter()
            .any(|(candidate, file)| *candidate == folder && file == name)
    }
}
