//! JSON, bounded before it is parsed and canonical when it is written.
//!
//! Everything under `.pkg` may come from a stranger, so size and depth are
//! checked on the bytes before any structure is built from them.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Upper bounds on a JSON text.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Largest length, in bytes.
    pub bytes: usize,
    /// Deepest nesting of arrays and objects.
    pub depth: usize,
}

/// Why a JSON text was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// Longer than its bound.
    #[error("{bytes} bytes, more than the {limit} allowed")]
    TooLarge {
        /// Length found.
        bytes: usize,
        /// Length allowed.
        limit: usize,
    },
    /// Nested deeper than its bound.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// Depth allowed.
        limit: usize,
    },
    /// Not JSON, or not of the expected shape.
    #[error("{0}")]
    Malformed(#[from] serde_json::Error),
}

/// Parses `bytes` into `T` after checking them against `bounds`.
///
/// # Errors
/// [`JsonError`] when a bound is exceeded or the text does not fit `T`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8], bounds: Bounds) -> Result<T, JsonError> {
    check(bytes, bounds)?;
    Ok(serde_json::from_slice(bytes)?)
}

/// As [`parse`], for a `T` that may borrow from `bytes`.
///
/// # Errors
/// As [`parse`].
pub fn parse_borrowed<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    bounds: Bounds,
) -> Result<T, JsonError> {
    check(bytes, bounds)?;
    Ok(serde_json::from_slice(bytes)?)
}

/// Checks size and nesting without building anything.
///
/// # Errors
/// [`JsonError::TooLarge`] or [`JsonError::TooDeep`].
pub fn check(bytes: &[u8], bounds: Bounds) -> Result<(), JsonError> {
    if bytes.len() > bounds.bytes {
        return Err(JsonError::TooLarge {
            bytes: bytes.len(),
            limit: bounds.bytes,
        });
    }
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'[' | b'{' => {
                depth += 1;
                if depth > bounds.depth {
                    return Err(JsonError::TooDeep {
                        limit: bounds.depth,
                    });
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Where the string ends whose text begins at `at`: one past its quote.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[at.min(bytes.len())..]) {
        at += found + 1;
        if bytes[at - 1] == b'"' {
            return at;
        }
        // Whatever is escaped does not end it.
        at += 1;
    }
    bytes.len()
}

/// The canonical bytes of `value`: no white space, fields in the order of
/// their type, maps in the order of their keys.
///
/// # Panics
/// Never for the types of this crate: their keys are strings and they hold
/// no number that JSON cannot write.
#[must_use]
pub fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "see Panics")]
    serde_json::to_vec(value).expect("plain data serialises")
}

/// [`canonical`] as text.
///
/// # Panics
/// As [`canonical`].
#[must_use]
pub fn canonical_text<T: Serialize>(value: &T) -> String {
    String::from_utf8_lossy(&canonical(value)).into_owned()
}

/// Like [`canonical`], indented by two spaces and ended by a line feed: for
/// files that people open.
///
/// # Panics
/// As [`canonical`].
#[must_use]
pub fn pretty<T: Serialize>(value: &T) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "see Panics of `canonical`")]
    let mut bytes = serde_json::to_vec_pretty(value).expect("plain data serialises");
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        bytes: 64,
        depth: 3,
    };

    #[test]
    fn depth_is_refused_before_parsing() {
        assert!(matches!(
            parse::<serde_json::Value>(b"[[[[1]]]]", BOUNDS),
            Err(JsonError::TooDeep { limit: 3 })
        ));
        assert!(parse::<serde_json::Value>(b"[[[1]]]", BOUNDS).is_ok());
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert!(parse::<serde_json::Value>(br#"["[[[[\"[[[["]"#, BOUNDS).is_ok());
    }

    #[test]
    fn length_is_refused_before_parsing() {
        let long = vec![b' '; 65];
        assert!(matches!(
            check(&long, BOUNDS),
            Err(JsonError::TooLarge { bytes: 65, .. })
        ));
    }
}
