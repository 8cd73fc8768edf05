//! `cache/index-<run>.db.sha256`: the digest of the index's file as it was
//! written, for `sha256sum --check`, for `verify`, and to notice an index that
//! was changed since.
//!
//! Its own modification time tells, less a day, when the file of the index was
//! last changed in the eyes of the file system (`ctime`), which no program can
//! set. So it vouches for that one file, and not for a copy: one that is copied
//! with its index has the time of the copy, or the one it had.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{RunId, file_names};
use crate::foundation::{Sha256, durable};
use crate::workspace::Layout;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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
    format!("{digest}  {}\n", file_names::index_file(run))
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
    let path = file_names::index_digest_path(layout, run);
    let Some(bytes) = durable::if_there(durable::read_bounded(&path, 4_096))? else {
        return Ok(Record::None);
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
    /// That it is the file its digest was recorded of, and nobody touched it
    /// since. If not, its bytes are compared.
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
    let index = file_names::index_path(layout, run);
    let record = file_names::index_digest_path(layout, run);
    let before = mark(&index)?;
    let recorded = || fs::symlink_metadata(&record)?.modified();
    match trust {
        Trust::Nothing => return Ok(false),
        Trust::Bytes => {}
        Trust::Times if recorded().is_ok_and(|recorded| recorded == before) => return Ok(true),
        Trust::Times => {}
    }
    let same = match read(layout, run)? {
        Record::Digest(expected) => durable::file_digest(&index)? == expected,
        Record::None | Record::Damaged => false,
    };
    if same && trust == Trust::Times {
        // The next command need not read it all.
        let _ = date(&record, before);
    }
    Ok(same)
}

/// Lets the record of the index of `run`, both in place, vouch for it. Where
/// that cannot be done, the next command compares the bytes.
pub(super) fn bind(layout: &Layout, run: &RunId) {
    let record = file_names::index_digest_path(layout, run);
    let _ = mark(&file_names::index_path(layout, run)).and_then(|mark| date(&record, mark));
}

fn date(record: &Path, time: SystemTime) -> io::Result<()> {
    durable::open_regular(record)?.set_modified(time)
}

/// A day before the file was last changed: written, renamed, linked, copied or
/// put back.
fn mark(file: &Path) -> io::Result<SystemTime> {
    let metadata = fs::symlink_metadata(file)?;
    let (seconds, nanoseconds) = (metadata.ctime(), metadata.ctime_nsec());
    let since = u64::try_from(seconds)
        .ok()
        .zip(u32::try_from(nanoseconds).ok());
    since
        .map(|(seconds, nanoseconds)| Duration::new(seconds, nanoseconds))
        .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since)?.checked_sub(DAY))
        .ok_or_else(|| io::Error::other("its change time is none"))
}
