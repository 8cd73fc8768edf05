//! `cache/index-<run>.db.sha256`: the digest of the index's file as it was
//! written, for `sha256sum --check`, for `verify`, and to notice an index that
//! was changed since.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{RunId, intent};
use crate::foundation::{Sha256, durable};
use crate::workspace::Layout;

/// What the record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// There is none: an index that was made again and not yet recorded.
    None,
    /// It is not as it was written.
    Damaged,
    /// The digest.
    Digest(Sha256),
}

/// The content of the record.
pub(super) fn line(digest: Sha256, run: &RunId) -> String {
    format!("{digest}  {}\n", intent::index_file(run))
}

/// How long the record of the index of `run` is, whatever its digest.
pub(super) fn bytes(run: &RunId) -> u64 {
    line(Sha256::from_bytes([0; 32]), run).len() as u64
}

/// Reads the record of the index of `run`.
///
/// # Errors
/// Any I/O error but a missing file.
pub(super) fn read(layout: &Layout, run: &RunId) -> io::Result<Record> {
    let path = layout.cache().join(intent::index_digest_file(run));
    let bytes = match durable::read_bounded(&path, 4_096) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Record::None),
        Err(error) => return Err(error),
    };
    let text = String::from_utf8_lossy(&bytes);
    let digest = text.split(' ').next().and_then(|word| word.parse().ok());
    Ok(digest
        .filter(|digest| line(*digest, run) == text)
        .map_or(Record::Damaged, Record::Digest))
}

/// What a cached index has to show before it is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// That nobody touched its file since its digest was recorded. If somebody
    /// did, its bytes are compared.
    #[default]
    Times,
    /// That its bytes have the recorded digest.
    Bytes,
    /// Nothing helps: it was found damaged while it was read.
    Nothing,
}

/// Whether the index of `run` is still the file that was written, as far as
/// `trust` asks.
///
/// # Errors
/// Any I/O error of the index.
pub(super) fn vouches_for(layout: &Layout, run: &RunId, trust: Trust) -> io::Result<bool> {
    let index = layout.cache().join(intent::index_file(run));
    let record = layout.cache().join(intent::index_digest_file(run));
    // Of all times the one that no program can set: what is written, renamed,
    // copied or put back has a new one. The record is always made after.
    let changed = |path: &Path| {
        let metadata = fs::symlink_metadata(path)?;
        Ok::<_, io::Error>((metadata.ctime(), metadata.ctime_nsec()))
    };
    let before = changed(&index)?;
    match trust {
        Trust::Nothing => return Ok(false),
        Trust::Bytes => {}
        Trust::Times if changed(&record).is_ok_and(|recorded| before <= recorded) => {
            return Ok(true);
        }
        Trust::Times => {}
    }
    let same = match read(layout, run)? {
        Record::Digest(expected) => durable::file_digest(&index)? == expected,
        Record::None | Record::Damaged => false,
    };
    if same && trust == Trust::Times && changed(&index)? == before {
        // The record is given the time stamp it has: that alone is a change of
        // it, after that of the index, and the next command need not read it
        // all. Where this cannot be done, it does.
        let _ = durable::open_regular(&record)
            .and_then(|record| record.set_modified(record.metadata()?.modified()?));
    }
    Ok(same)
}
