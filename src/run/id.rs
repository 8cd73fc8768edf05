//! Run ids: the ordinal gives order, the digest gives identity.

use std::fmt;
use std::str::FromStr;

use crate::foundation::Sha256;

/// The id of a run, `r0007-3fa9c0d21b44`: `r`, an ordinal of at least four
/// digits, `-`, the first 12 hex digits of the run's digest. Ordered by
/// ordinal, then digest; never by name, clock or directory order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId {
    ordinal: u32,
    digest: String,
}

/// Text that is not a run id.
#[derive(Debug, thiserror::Error)]
#[error("not a run id: {0:?} (for example r0007-3fa9c0d21b44; `auditgraph runs` lists them)")]
pub struct ParseRunIdError(String);

impl RunId {
    /// The highest ordinal there can be: nine digits.
    pub const LAST_ORDINAL: u32 = 999_999_999;

    /// The id of the run with this ordinal and digest.
    #[must_use]
    pub fn new(ordinal: u32, digest: Sha256) -> Self {
        Self {
            ordinal,
            digest: digest.short(),
        }
    }

    /// The ordinal: one more than the highest ever used in its profile.
    #[must_use]
    pub const fn ordinal(&self) -> u32 {
        self.ordinal
    }

    /// The first 12 hex digits of the run's digest.
    #[must_use]
    pub fn digest_prefix(&self) -> &str {
        &self.digest
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{:04}-{}", self.ordinal, self.digest)
    }
}

impl FromStr for RunId {
    type Err = ParseRunIdError;

    fn from_str(text: &str) -> Result<Self, ParseRunIdError> {
        let parse = || {
            let (ordinal, digest) = text.strip_prefix('r')?.split_once('-')?;
            let fits = (4..=9).contains(&ordinal.len())
                && ordinal.bytes().all(|b| b.is_ascii_digit())
                && (ordinal.len() == 4 || !ordinal.starts_with('0'))
                && Sha256::is_short(digest);
            fits.then(|| {
                Some(Self {
                    ordinal: ordinal.parse().ok().filter(|&ordinal| ordinal > 0)?,
                    digest: digest.to_owned(),
                })
            })?
        };
        parse().ok_or_else(|| ParseRunIdError(text.chars().take(100).collect()))
    }
}

crate::foundation::text::serde_as_text!(RunId);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_and_sort_by_ordinal() {
        let digest = Sha256::of(b"x");
        let (two, ten_thousand) = (RunId::new(2, digest), RunId::new(10_000, digest));
        assert!(two < ten_thousand);
        assert_eq!(two.to_string(), format!("r0002-{}", digest.short()));
        assert_eq!(
            ten_thousand.to_string().parse::<RunId>().unwrap(),
            ten_thousand
        );
    }

    #[test]
    fn an_id_is_one_harmless_path_component() {
        for bad in [
            "r0001-../../../etc",
            "r0000-000000000000",
            "r00001-000000000000",
            "r0001-00000000000",
            "r0001-00000000000G",
            "0001-000000000000",
            "r9999999999-000000000000",
            "r+001-000000000000",
        ] {
            assert!(bad.parse::<RunId>().is_err(), "{bad}");
        }
    }
}
