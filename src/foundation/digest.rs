//! SHA-256 as a type, so that a digest is never confused with other text.

use std::fmt;
use std::io::{self, BufRead};
use std::str::FromStr;

use sha2::Digest;

use super::pieces::each_piece;

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
        each_piece(reader, |piece| {
            hasher.update(piece);
            Ok(())
        })?;
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
        hex.truncate(SHORT);
        hex
    }

    /// Whether `text` may be the [`short`](Self::short) form of a digest.
    #[must_use]
    pub fn is_short(text: &str) -> bool {
        let hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        text.len() == SHORT && text.bytes().all(hex)
    }
}

/// Digits of a short digest.
const SHORT: usize = 12;

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
