//! Which releases exist, and that they are what their makers published.
//!
//! Owns: the root of trust compiled into this build, the client workflow of
//! The Update Framework (TUF 1.0.34, section 5) over a mirror or a local
//! copy, the metadata it remembers between runs, and the download of an
//! archive. Never decides whether to update, never unpacks, never runs
//! anything. Called by the rest of `upgrade`.
//!
//! What stands between a user and an attacker, in the order it is applied:
//!
//! 1. [`root`]: the keys that may speak, compiled in. A build without them
//!    has no self-update. Nothing typed or configured replaces them.
//! 2. `http`: https only, redirects included; bounded time, bounded bytes.
//! 3. `metadata`: signatures, thresholds, versions, expiries (tough).
//! 4. `store`: what was seen once is remembered, so that nothing older is
//!    accepted later, by any process of this user.
//! 5. `releases`: signed facts of each archive become a [`Release`].
//! 6. `download`: the archive's length and digest are the signed ones, or
//!    there is no [`VerifiedArchive`].

mod release;
mod root;

#[cfg(feature = "self-update")]
mod download;
#[cfg(feature = "self-update")]
mod error;
#[cfg(feature = "self-update")]
mod metadata;
#[cfg(feature = "self-update")]
mod origin;
#[cfg(feature = "self-update")]
mod releases;
#[cfg(feature = "self-update")]
mod store;

pub use release::{Channel, NotARelease, Release, Standing};
pub use root::{root, root_sha256};

#[cfg(feature = "self-update")]
pub use download::{TargetFile, VerifiedArchive, fetch_target};
#[cfg(feature = "self-update")]
pub use error::{Attack, TrustError};
#[cfg(feature = "self-update")]
pub use metadata::{TrustedMetadata, Validity};
#[cfg(feature = "self-update")]
pub use origin::{Body, Chunks, FetchError, Origin, shown};
#[cfg(feature = "self-update")]
pub use releases::{Source, TrustedReleases};
#[cfg(feature = "self-update")]
pub use store::Store;
