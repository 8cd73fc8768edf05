//! `cache/index-<run>.db.sha256`: the digest of the index's file as it was
//! written, for `sha256sum --check`, for `verify`, and to notice an index that
//! was changed since.

use std::fs;
use std::io;

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

/// Whether the index of `run` is still the file that was written. Its record
/// is written after it, so an index that is not newer is taken to be; another
/// one is read and compared.
///
/// # Errors
/// Any I/O error of the index.
pub(super) fn vouches_for(layout: &Layout, run: &RunId) -> io::Result<bool> {
    let index = layout.cache().join(intent::index_file(run));
    let record = layout.cache().join(intent::index_digest_file(run));
    let Ok(recorded) = fs::symlink_metadata(record).and_then(|metadata| metadata.modified()) else {
        return Ok(true);
    };
    if fs::symlink_metadata(&index)?.modified()? <= recorded {
        return Ok(true);
    }
    Ok(match read(layout, run)? {
        Record::Digest(expected) => durable::file_digest(&index)? == expected,
        // It went away meanwhile, as it does before an index is made again.
        Record::None => true,
        Record::Damaged => false,
    })
}
