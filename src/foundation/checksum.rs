//! Whether bytes are what was written.

use std::io::{self, BufRead};

use super::digest::{Sha256, Sha256Hasher};
use super::pieces::{PIECE_BYTES, each_piece};

/// The CRC-32 (IEEE) of all that `reader` gives: not proof against a stranger,
/// but ten times as fast as [`Sha256::of_all`] at noticing an accident.
///
/// # Errors
/// Any I/O error.
pub fn crc32_of_all(reader: &mut dyn BufRead) -> io::Result<u32> {
    let mut hasher = crc32fast::Hasher::new();
    each_piece(reader, |piece| {
        hasher.update(piece);
        Ok(())
    })?;
    Ok(hasher.finalize())
}

/// What a file should hold, to be found out while it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// Bytes with this CRC-32 (IEEE).
    Crc32(u32),
    /// Bytes with this digest.
    Sha256(Sha256),
}

/// A reader that finds out whether what is read through it has a [`Checksum`].
pub struct Checking<R> {
    reader: R,
    so_far: SoFar,
}

enum SoFar {
    Crc32(crc32fast::Hasher, u32),
    Sha256(Sha256Hasher, Sha256),
}

impl<R> Checking<R> {
    /// Reads from `reader` what should have the checksum `expected`.
    pub fn new(reader: R, expected: Checksum) -> Self {
        let so_far = match expected {
            Checksum::Crc32(crc) => SoFar::Crc32(crc32fast::Hasher::new(), crc),
            Checksum::Sha256(digest) => SoFar::Sha256(Sha256Hasher::default(), digest),
        };
        Self { reader, so_far }
    }

    /// Whether everything read so far has the checksum.
    #[must_use]
    pub fn is_as_expected(self) -> bool {
        match self.so_far {
            SoFar::Crc32(hasher, expected) => hasher.finalize() == expected,
            SoFar::Sha256(hasher, expected) => hasher.finish() == expected,
        }
    }
}

impl<R: io::Read> io::Read for Checking<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A piece at a time is hashed while it is near.
        let piece = buffer.len().min(PIECE_BYTES);
        let count = self.reader.read(&mut buffer[..piece])?;
        match &mut self.so_far {
            SoFar::Crc32(hasher, _) => hasher.update(&buffer[..count]),
            SoFar::Sha256(hasher, _) => hasher.update(&buffer[..count]),
        }
        Ok(count)
    }
}
