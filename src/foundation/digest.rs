//! SHA-256 as a type, so that a digest is never confused with other text.

use std::fmt;
use std::io::{self, BufRead};
use std::str::FromStr;

use sha2::Digest;

/// A SHA-256 digest; shown and serialised as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

/// Text that is not 64 lower-case hex digits.
#[derive(Debug, thiserror::Error)]
#[error("not a sha256 digest (64 lower-case hex digits)")]
pub struct NotADigest;

impl Sha256 {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The digest of all that `reader` gives.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn of_all(reader: &mut dyn BufRead) -> io::Result<Self> {
        let mut hasher = Sha256Hasher::default();
        each_piece(reader, |piece| hasher.update(piece))?;
        Ok(hasher.finish())
    }

    /// A digest from its 32 raw bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 12 hex digits: enough to tell runs and packs of one
    /// workspace apart, short enough to read.
    #[must_use]
    pub fn short(&self) -> String {
        let mut hex = self.to_string();
        hex.truncate(12);
        hex
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0u8; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        // Every byte comes from HEX, so this is ASCII.
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Stands for every byte that is no lower-case hex digit.
const NO_DIGIT: u8 = 0x10;

/// The value of each hex digit, by its byte.
const DIGIT: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    digits
};

impl FromStr for Sha256 {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let text: &[u8; 64] = text.as_bytes().try_into().map_err(|_| NotADigest)?;
        let mut bytes = [0u8; 32];
        let mut any = 0;
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            let (high, low) = (DIGIT[usize::from(pair[0])], DIGIT[usize::from(pair[1])]);
            any |= high | low;
            *byte = high << 4 | (low & 15);
        }
        if any & NO_DIGIT != 0 {
            return Err(NotADigest);
        }
        Ok(Self(bytes))
    }
}

crate::foundation::text::serde_as_text!(Sha256);

/// An incremental SHA-256.
#[derive(Default)]
pub struct Sha256Hasher(sha2::Sha256);

impl Sha256Hasher {
    /// Feeds `bytes` to the digest.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything fed so far.
    #[must_use]
    pub fn finish(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}

impl std::io::Write for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The CRC-32 (IEEE) of all that `reader` gives: not proof against a stranger,
/// but ten times as fast as [`Sha256::of_all`] at noticing an accident.
///
/// # Errors
/// Any I/O error.
pub fn crc32_of_all(reader: &mut dyn BufRead) -> io::Result<u32> {
    let mut hasher = crc32fast::Hasher::new();
    each_piece(reader, |piece| hasher.update(piece))?;
    Ok(hasher.finalize())
}

/// Shows `see` all that `reader` gives.
fn each_piece(reader: &mut dyn BufRead, mut see: impl FnMut(&[u8])) -> io::Result<()> {
    loop {
        let count = match reader.fill_buf() {
            Ok(&[]) => return Ok(()),
            Ok(piece) => {
                see(piece);
                piece.len()
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        reader.consume(count);
    }
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
        const PIECE: usize = 256 * 1024;
        let piece = buffer.len().min(PIECE);
        let count = self.reader.read(&mut buffer[..piece])?;
        match &mut self.so_far {
            SoFar::Crc32(hasher, _) => hasher.update(&buffer[..count]),
            SoFar::Sha256(hasher, _) => hasher.update(&buffer[..count]),
        }
        Ok(count)
    }
}

/// An order-independent digest of a multiset of rows: each row's SHA-256 is
/// read as a 256-bit number and the numbers are added modulo 2^256. Rows can
/// be taken out again, so an edit updates the digest at the edit's cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MultisetDigest([u64; 4]);

impl MultisetDigest {
    /// Adds one row.
    pub fn add(&mut self, row: Sha256) {
        let mut carry = false;
        for (limb, word) in self.0.iter_mut().zip(words(row)) {
            let (sum, over) = limb.overflowing_add(word);
            let (sum, over_carry) = sum.overflowing_add(u64::from(carry));
            *limb = sum;
            carry = over || over_carry;
        }
    }

    /// Takes one row out: the inverse of [`add`](Self::add).
    pub fn remove(&mut self, row: Sha256) {
        let mut borrow = false;
        for (limb, word) in self.0.iter_mut().zip(words(row)) {
            let (difference, under) = limb.overflowing_sub(word);
            let (difference, under_borrow) = difference.overflowing_sub(u64::from(borrow));
            *limb = difference;
            borrow = under || under_borrow;
        }
    }

    /// Adds every row of another multiset.
    pub fn merge(&mut self, other: Self) {
        self.add(other.finish());
    }

    /// The sum as a digest.
    #[must_use]
    pub fn finish(self) -> Sha256 {
        let mut bytes = [0u8; 32];
        for (chunk, limb) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&limb.to_le_bytes());
        }
        Sha256(bytes)
    }

    /// The multiset whose sum is `digest`.
    #[must_use]
    pub fn from_digest(digest: Sha256) -> Self {
        Self(words(digest))
    }
}

fn words(digest: Sha256) -> [u64; 4] {
    let mut words = [0u64; 4];
    for (word, chunk) in words.iter_mut().zip(digest.0.chunks_exact(8)) {
        let mut bytes = [0u8; 8];
        bytes.copy_from_slice(chunk);
        *word = u64::from_le_bytes(bytes);
    }
    words
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_back_what_it_shows() {
        let digest = Sha256::of(b"abc");
        assert_eq!(
            digest.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(digest.to_string().parse::<Sha256>().unwrap(), digest);
        assert!("BA78".parse::<Sha256>().is_err());
    }

    #[test]
    fn a_multiset_digest_ignores_order_and_counts_repeats() {
        let (a, b) = (Sha256::of(b"a"), Sha256::of(b"b"));
        let mut one = MultisetDigest::default();
        one.add(a);
        one.add(b);
        one.add(a);
        let mut two = MultisetDigest::default();
        two.add(a);
        two.add(a);
        assert_ne!(one, two);
        two.add(b);
        assert_eq!(one, two);
        one.remove(a);
        one.remove(b);
        one.remove(a);
        assert_eq!(one, MultisetDigest::default());
    }
}
