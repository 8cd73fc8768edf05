//! Reading one source: bounded, hashed, checked.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::time::SystemTime;

use rustix::fs::FileType;
use rustix::io::Errno;

use super::beneath::{CannotRead, Root};
use super::fingerprint::{self, Fingerprint};
use super::refusal::Refusal;
use super::scan::Found;
use crate::foundation::Sha256;
use crate::foundation::durable::is_exhausted;

/// A source's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    /// The whole file, a byte order mark included.
    pub text: String,
    /// The digest of the file's bytes.
    pub sha256: Sha256,
    /// What `stat` told of the file as it was read. Not settled when the
    /// file changed meanwhile.
    pub fingerprint: Fingerprint,
}

/// A file that is not a source after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Why.
    pub refusal: Refusal,
    /// The digest of the bytes, where they could be read.
    pub sha256: Option<Sha256>,
    /// How many bytes the file holds, as far as known.
    pub bytes: u64,
    /// What `stat` told, where the file could be opened: equal and settled
    /// next time means the same refusal.
    pub fingerprint: Option<Fingerprint>,
}

/// Reads the file `found`, at most `max_bytes` of it. It is [`Rejected`] when it
/// cannot be opened or read, vanished, became a symbolic link or something else
/// than a regular file, grew beyond `max_bytes`, holds a NUL byte or is not UTF-8.
///
/// # Errors
/// [`CannotRead`] when the machine is out of what it takes to read it.
pub fn read(
    root: &Root,
    found: &Found,
    max_bytes: u64,
) -> Result<Result<SourceText, Rejected>, CannotRead> {
    let path = found.real.as_ref().unwrap_or(&found.path);
    match root.file(path.as_str()) {
        Err(errno) if is_exhausted(&errno.into()) => {
            Err(CannotRead::new(root, path.as_str(), errno))
        }
        file => Ok(read_opened(file, found, max_bytes)),
    }
}

fn read_opened(
    file: rustix::io::Result<OwnedFd>,
    found: &Found,
    max_bytes: u64,
) -> Result<SourceText, Rejected> {
    let now = SystemTime::now();
    let reject = |refusal| Rejected {
        refusal,
        sha256: None,
        bytes: found.bytes,
        fingerprint: None,
    };
    let file = file.map_err(|errno| reject(unopened(errno)))?;
    let stat = rustix::fs::fstat(&file).map_err(|_| reject(Refusal::Unreadable))?;
    if !FileType::from_raw_mode(stat.st_mode).is_file() {
        return Err(reject(Refusal::SpecialFile));
    }
    let mut fingerprint = Fingerprint::of(&stat, now);
    let (bytes, file) =
        read_bounded(file, fingerprint::size(&stat), max_bytes).map_err(|refusal| Rejected {
            bytes: fingerprint::size(&stat),
            fingerprint: Some(fingerprint),
            ..reject(refusal)
        })?;
    let after = rustix::fs::fstat(&file).map(|stat| Fingerprint::of(&stat, now));
    if after.map(|after| after.value) != Ok(fingerprint.value) {
        fingerprint.settled = false;
    }
    let sha256 = Sha256::of(&bytes);
    let reject = |refusal, bytes: usize| Rejected {
        refusal,
        sha256: Some(sha256),
        bytes: bytes as u64,
        fingerprint: Some(fingerprint),
    };
    if memchr::memchr(0, &bytes).is_some() {
        return Err(reject(Refusal::ContainsNul, bytes.len()));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(SourceText {
            text,
            sha256,
            fingerprint,
        }),
        Err(error) => Err(reject(Refusal::NotUtf8, error.as_bytes().len())),
    }
}

/// Reads to the end, or to the first byte beyond `max_bytes`.
fn read_bounded(file: OwnedFd, size: u64, max_bytes: u64) -> Result<(Vec<u8>, File), Refusal> {
    if size > max_bytes {
        return Err(Refusal::TooLarge);
    }
    // One byte more than expected: a file that did not grow is read to its
    // end without a second buffer.
    let capacity = usize::try_from(size).map_err(|_| Refusal::TooLarge)? + 1;
    let mut bytes = Vec::with_capacity(capacity);
    let mut file = File::from(file);
    let mut bounded = (&mut file).take(max_bytes.saturating_add(1));
    match bounded.read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > max_bytes => Err(Refusal::TooLarge),
        Ok(_) => Ok((bytes, file)),
        Err(_) => Err(Refusal::Unreadable),
    }
}

fn unopened(errno: Errno) -> Refusal {
    match errno {
        Errno::NOENT | Errno::NOTDIR => Refusal::Vanished,
        // A link where a file or folder was when the workspace was walked.
        Errno::LOOP | Errno::XDEV => Refusal::SymlinkOutside,
        Errno::NXIO | Errno::NODEV => Refusal::SpecialFile,
        _ => Refusal::Unreadable,
    }
}
