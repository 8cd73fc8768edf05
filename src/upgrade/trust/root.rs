//! The root of trust: the `root.json` compiled into this build.
//!
//! `AUDITGRAPH_ROOT` names the file when the program is compiled; nothing
//! names one when it runs.

use crate::foundation::Sha256;

#[cfg(all(feature = "self-update", trusted_root))]
const ROOT: Option<&[u8]> = Some(include_bytes!(concat!(env!("OUT_DIR"), "/root.json")));
#[cfg(not(all(feature = "self-update", trusted_root)))]
const ROOT: Option<&[u8]> = None;

/// The trusted root metadata of this build. `None` in a build that was given
/// none, as a plain `cargo build` is: such a build cannot update itself.
#[must_use]
pub const fn root() -> Option<&'static [u8]> {
    ROOT
}

/// The digest of [`root`], as `version --json` shows it and `release.toml`
/// pins it.
#[must_use]
pub fn root_sha256() -> Option<Sha256> {
    ROOT.map(Sha256::of)
}
