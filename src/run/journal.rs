//! The journal: when, where and by which command each run was made. For
//! people; never hashed, never needed. A line that cannot be read is skipped.

use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::RunId;
use super::manifest::Mode;
use crate::foundation::{durable, json};
use crate::workspace::Layout;

/// The largest journal that is read, in bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JournalEntry {
    /// The run.
    pub(super) run: RunId,
    /// What made it.
    pub(super) command: Mode,
    /// Seconds since 1970-01-01T00:00:00Z, by the clock of the machine.
    pub(super) unix_time: u64,
    /// The machine's own name.
    pub(super) host: String,
    /// Version of the program.
    pub(super) version: String,
}

impl JournalEntry {
    /// The entry for a run made here and now.
    pub(super) fn now(run: RunId, command: Mode) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            run,
            command,
            unix_time: since.map_or(0, |elapsed| elapsed.as_secs()),
            host: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// The entry as a line.
    pub(super) fn line(&self) -> String {
        let mut line = json::canonical_text(self);
        line.push('\n');
        line
    }
}

/// Appends a line, never following a link.
pub(super) fn append(layout: &Layout, line: &str) -> io::Result<()> {
    let mut file = durable::wary_options()
        .append(true)
        .create(true)
        .mode(0o644)
        .open(layout.journal())?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("the journal is not a regular file"));
    }
    file.write_all(line.as_bytes())
}

/// The journal's entries, oldest first; none when it cannot be read.
#[must_use]
pub(super) fn read(layout: &Layout) -> Vec<JournalEntry> {
    let bounds = json::Bounds {
        bytes: 64 * 1024,
        depth: 4,
    };
    let bytes = durable::read_bounded(&layout.journal(), MAX_BYTES).unwrap_or_default();
    bytes
        .split(|&byte| byte == b'\n')
        .filter_map(|line| json::parse(line, bounds).ok())
        .collect()
}
