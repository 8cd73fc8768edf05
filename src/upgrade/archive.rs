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
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PROGRAM: &[u8] = b"#!program";

    fn expected() -> Expected {
        Expected {
            folder: "tool-1".to_owned(),
            executable: "tool".to_owned(),
            length: PROGRAM.len() as u64,
            sha256: Sha256::of(PROGRAM),
        }
    }

    fn member(path: &str, kind: EntryType, bytes: &[u8]) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        // Written raw: the builder would refuse what an attacker writes.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        let mut block = header.as_bytes().to_vec();
        block.extend_from_slice(bytes);
        block.resize(block.len().div_ceil(512) * 512, 0);
        block
    }

    fn gzip(members: &[Vec<u8>]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        for member in members {
            writer.write_all(member).unwrap();
        }
        writer.write_all(&[0; 1024]).unwrap();
        writer.finish().unwrap()
    }

    fn program() -> Vec<u8> {
        member("tool-1/tool", EntryType::Regular, PROGRAM)
    }

    fn unpack(members: &[Vec<u8>]) -> Result<Vec<u8>, ArchiveError> {
        let mut out = Vec::new();
        unpack_executable(&mut &gzip(members)[..], &expected(), &mut out).map(|()| out)
    }

    #[test]
    fn the_executable_comes_out_whatever_lies_beside_it() {
        let members = [
            member("tool-1/", EntryType::Directory, b""),
            member("tool-1/man/tool.1", EntryType::Regular, b"other"),
            member("./tool-1/README.md", EntryType::Regular, b"other"),
            program(),
        ];
        assert_eq!(unpack(&members).unwrap(), PROGRAM);
    }

    #[test]
    fn members_outside_the_folder_are_refused() {
        for path in [
            "../tool",
            "/tool-1/tool",
            "tool-1/../../tool",
            "tool",
            "other/tool",
            "tool-1/a/../tool",
        ] {
            let outcome = unpack(&[program(), member(path, EntryType::Regular, PROGRAM)]);
            assert!(matches!(outcome, Err(ArchiveError::Path(_))), "{path}");
        }
    }

    #[test]
    fn symlink_hard_link_device_and_pipe_members_are_refused() {
        for (kind, name) in [
            (EntryType::Symlink, "symbolic link"),
            (EntryType::Link, "hard link"),
            (EntryType::Char, "device"),
            (EntryType::Block, "device"),
            (EntryType::Fifo, "named pipe"),
        ] {
            let error = unpack(&[member("tool-1/tool", kind, b"")]).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn an_archive_bomb_is_refused_before_it_fills_anything() {
        let big = vec![0u8; usize::try_from(MOST_OTHER_BYTES).unwrap() + 4096];
        let error =
            unpack(&[member("tool-1/big", EntryType::Regular, &big), program()]).unwrap_err();
        assert!(matches!(error, ArchiveError::Bomb { .. }), "{error}");
        let many: Vec<Vec<u8>> = (0..=MOST_MEMBERS)
            .map(|_| member("tool-1/a", EntryType::Regular, b""))
            .collect();
        assert!(matches!(unpack(&many), Err(ArchiveError::Members)));
    }

    #[test]
    fn another_executable_than_the_signed_one_is_refused() {
        let longer = member("tool-1/tool", EntryType::Regular, b"#!program!");
        assert!(matches!(
            unpack(&[longer]),
            Err(ArchiveError::Length { .. })
        ));
        let other = member("tool-1/tool", EntryType::Regular, b"#!pr0gram");
        assert!(matches!(unpack(&[other]), Err(ArchiveError::Digest { .. })));
        assert!(matches!(
            unpack(&[]),
            Err(ArchiveError::Executable { found: 0, .. })
        ));
        assert!(matches!(
            unpack(&[program(), program()]),
            Err(ArchiveError::Executable { found: 2, .. })
        ));
    }

    #[test]
    fn two_executables_in_one_archive_are_refused_however_they_are_called() {
        for name in [
            "tool-1/tool",
            "./tool-1/tool",
            "tool-1//tool",
            "tool-1/./tool",
        ] {
            let outcome = unpack(&[program(), member(name, EntryType::Regular, PROGRAM)]);
            let refused = matches!(outcome, Err(ArchiveError::Executable { found: 2, .. }));
            assert!(refused, "{name}: {outcome:?}");
        }
    }

    /// A name that another member gives, as GNU tar and pax do for long ones.
    fn renamed(to: &str, kind: EntryType) -> Vec<u8> {
        let record = |text: &str| {
            let mut length = text.len() + 3;
            while format!("{length} {text}\n").len() != length {
                length += 1;
            }
            format!("{length} {text}\n")
        };
        let bytes = match kind {
            EntryType::XHeader => record(&format!("path={to}")),
            _ => format!("{to}\0"),
        };
        let mut members = member("././@LongLink", kind, bytes.as_bytes());
        members.extend(member("tool-1/README", EntryType::Regular, PROGRAM));
        members
    }

    #[test]
    fn a_long_name_counts_as_the_name() {
        for kind in [EntryType::GNULongName, EntryType::XHeader] {
            for to in ["../tool", "/tmp/tool", "tool-1/../../tool"] {
                let outcome = unpack(&[program(), renamed(to, kind)]);
                let refused = matches!(&outcome, Err(ArchiveError::Path(path)) if path == to);
                assert!(refused, "{kind:?} {to}: {outcome:?}");
            }
            let outcome = unpack(&[program(), renamed("tool-1/tool", kind)]);
            let refused = matches!(outcome, Err(ArchiveError::Executable { found: 2, .. }));
            assert!(refused, "{kind:?}: {outcome:?}");
            let endless = "n".repeat(80 * 1024 * 1024);
            let outcome = unpack(&[program(), renamed(&endless, kind)]);
            assert!(
                matches!(outcome, Err(ArchiveError::Bomb { .. })),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn sparse_contiguous_and_unknown_members_are_refused() {
        let kinds = [
            EntryType::GNUSparse,
            EntryType::Continuous,
            EntryType::new(b'Z'),
        ];
        for kind in kinds {
            let outcome = unpack(&[program(), member("tool-1/a", kind, b"")]);
            assert!(outcome.is_err(), "{kind:?}: {outcome:?}");
        }
    }

    #[test]
    fn too_many_members_are_refused() {
        let mut members = vec![program()];
        members.extend(
            (0..1_000).map(|number| member(&format!("tool-1/{number}"), EntryType::Regular, b"")),
        );
        assert!(matches!(unpack(&members), Err(ArchiveError::Members)));
    }

    #[test]
    fn a_truncated_or_damaged_archive_is_refused() {
        let whole = gzip(&[program()]);
        for length in 0..whole.len() {
            let mut out = Vec::new();
            let outcome = unpack_executable(&mut &whole[..length], &expected(), &mut out);
            assert!(outcome.is_err(), "{length} of {} bytes", whole.len());
        }
        // The last eight bytes are the gzip stream's checksum and length.
        let mut flipped = whole.clone();
        let at = whole.len() - 6;
        flipped[at] ^= 1;
        let outcome = unpack_executable(&mut &flipped[..], &expected(), &mut Vec::new());
        assert!(matches!(outcome, Err(ArchiveError::Damaged(_))));
    }
}
