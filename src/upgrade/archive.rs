//! Takes the executable, and nothing else, out of a release archive.
//!
//! An archive is a hostile input even though its digest was signed: a build
//! machine that was broken into signs too. So nothing is unpacked by name;
//! one regular file is copied out, and a member that has no business in a
//! release (a path that leaves the archive's folder, a link, a device) means
//! that the archive is refused as a whole. Length and digest of the
//! executable are signed by themselves; everything else has bounds.

use std::io::{self, Read, Write};
use std::path::{Component, Path};

use tar::EntryType;

use crate::foundation::{Sha256, Sha256Hasher};

/// Most members of an archive.
const MOST_MEMBERS: usize = 1_000;
/// Most bytes of all members besides the executable, unpacked.
const MOST_OTHER_BYTES: u64 = 64 * 1024 * 1024;

/// What is expected in the archive; all of it signed.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The folder that every member lies in: the archive's name without
    /// `.tar.gz`.
    pub folder: String,
    /// The executable's name in it.
    pub executable: String,
    /// The executable's length in bytes.
    pub length: u64,
    /// The executable's digest.
    pub sha256: Sha256,
}

/// Why an archive was refused.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It cannot be read to its end as a gzipped tar.
    #[error("the archive is damaged: {0}")]
    Damaged(io::Error),
    /// A member's path is not below the archive's folder.
    #[error("the archive has a member that is not in its folder: {0:?}")]
    Path(String),
    /// A member is neither a file nor a folder.
    #[error("the archive has a member that is a {kind}: {path:?}")]
    Kind {
        /// What it is.
        kind: &'static str,
        /// Its path.
        path: String,
    },
    /// It unpacks to more than any release does.
    #[error("the archive unpacks to more than {most} bytes besides its executable")]
    Bomb {
        /// Bytes allowed.
        most: u64,
    },
    /// It has more members than any release.
    #[error("the archive has more than {MOST_MEMBERS} members")]
    Members,
    /// The executable is not in it, or twice.
    #[error("the archive holds {found} executables called {name}, not one")]
    Executable {
        /// How many.
        found: usize,
        /// The name looked for.
        name: String,
    },
    /// The executable's length is not the signed one.
    #[error("the executable in the archive has {found} bytes, signed were {signed}")]
    Length {
        /// Bytes found.
        found: u64,
        /// Bytes signed.
        signed: u64,
    },
    /// The executable's digest is not the signed one.
    #[error("the executable in the archive has sha256 {found}, signed was {signed}")]
    Digest {
        /// Digest found.
        found: Sha256,
        /// Digest signed.
        signed: Sha256,
    },
    /// The executable cannot be written.
    #[error(transparent)]
    Write(io::Error),
}

/// Copies the executable of the gzipped tar `archive` into `out`, and reads
/// the archive to its end.
///
/// # Errors
/// [`ArchiveError`]; `out` then holds bytes that must not be used.
pub fn unpack_executable(
    archive: &mut dyn Read,
    expected: &Expected,
    out: &mut dyn Write,
) -> Result<(), ArchiveError> {
    let most = expected.length.saturating_add(MOST_OTHER_BYTES);
    let bounded = Bounded {
        inner: flate2::read::GzDecoder::new(archive),
        left: most,
    };
    let damaged = |error: io::Error| {
        if error.kind() == io::ErrorKind::FileTooLarge {
            ArchiveError::Bomb {
                most: MOST_OTHER_BYTES,
            }
        } else {
            ArchiveError::Damaged(error)
        }
    };
    let mut tar = tar::Archive::new(bounded);
    let mut found = 0usize;
    for (number, entry) in tar.entries().map_err(damaged)?.enumerate() {
        let mut entry = entry.map_err(damaged)?;
        if number >= MOST_MEMBERS {
            return Err(ArchiveError::Members);
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        let inside = below(&path, &expected.folder).ok_or(ArchiveError::Path(path.clone()))?;
        match kind {
            EntryType::Directory => continue,
            EntryType::Regular => {}
            _ => {
                return Err(ArchiveError::Kind {
                    kind: kind_name(kind),
                    path,
                });
            }
        }
        if inside != expected.executable {
            continue;
        }
        found += 1;
        if found > 1 {
            break;
        }
        if entry.size() != expected.length {
            return Err(ArchiveError::Length {
                found: entry.size(),
                signed: expected.length,
            });
        }
        copy(&mut entry, expected, out).map_err(|error| match error {
            ArchiveError::Damaged(error) => damaged(error),
            other => other,
        })?;
    }
    if found != 1 {
        return Err(ArchiveError::Executable {
            found,
            name: expected.executable.clone(),
        });
    }
    // What follows the last member is read as well, so that the checksum at
    // the end of the gzip stream is compared.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(damaged)?;
    Ok(())
}

fn copy(
    entry: &mut dyn Read,
    expected: &Expected,
    out: &mut dyn Write,
) -> Result<(), ArchiveError> {
    let mut hasher = Sha256Hasher::default();
    let mut buffer = vec![0u8; 256 * 1024];
    let mut length = 0u64;
    loop {
        let count = match entry.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(ArchiveError::Damaged(error)),
        };
        length += count as u64;
        hasher.update(&buffer[..count]);
        out.write_all(&buffer[..count])
            .map_err(ArchiveError::Write)?;
    }
    if length != expected.length {
        return Err(ArchiveError::Length {
            found: length,
            signed: expected.length,
        });
    }
    let found = hasher.finish();
    if found != expected.sha256 {
        return Err(ArchiveError::Digest {
            found,
            signed: expected.sha256,
        });
    }
    Ok(())
}

/// The part of `path` below `folder`; `None` when it is not a plain path
/// below it. The folder itself is the empty path.
fn below(path: &str, folder: &str) -> Option<String> {
    let mut parts = Path::new(path.strip_prefix("./").unwrap_or(path)).components();
    if parts.next() != Some(Component::Normal(folder.as_ref())) {
        return None;
    }
    let rest: Vec<&str> = parts
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    Some(rest.join("/"))
}

const fn kind_name(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Symlink => "symbolic link",
        EntryType::Link => "hard link",
        EntryType::Char | EntryType::Block => "device",
        EntryType::Fifo => "named pipe",
        _ => "special file",
    }
}

/// Refuses to give out more bytes than it was told.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
