//! Floor 4: replacing this program by a newer one, after proving that the
//! user's workspaces will survive it.
//!
//! Owns: who installed this binary (`install`), which release is next
//! (`trust`), what the next version would do to the workspaces
//! (`preflight`), and the swap with its way back (`swap`). Never touches a
//! workspace; never skips verification. Called by the commands
//! `self-update`, `preflight`, `workspaces` and `version`, and by all to clean up
//! after a swap that was interrupted.
//!
//! The story of an update, each step a value that only the one before makes:
//!
//! 1. `Install`: facts about this executable decide who owns it. Only a
//!    standalone one is replaced; for the others the right command is told.
//! 2. `Release`: signed metadata says which version is next and what it
//!    reads and writes.
//! 3. `Preflight`: would a workspace become unreadable, or pass its budget?
//! 4. `VerifiedArchive`, then `StagedBinary`: downloaded, verified, unpacked
//!    beside the target, run once, asked for its own preflight.
//! 5. Swapped by a rename, checked again, or rolled back.

#[cfg(feature = "self-update")]
pub mod archive;
#[cfg(feature = "self-update")]
pub mod child;
pub mod choice;
#[cfg(feature = "self-update")]
pub mod http;
pub mod install;
pub mod preflight;
pub mod settings;
#[cfg(feature = "self-update")]
pub mod swap;
pub mod trust;

use preflight::Build;

/// The platform this program was compiled for, as a Rust target triple.
pub const TARGET: &str = env!("AUDITGRAPH_TARGET");

/// This build, as a preflight names it.
#[must_use]
pub fn this_build() -> Build {
    Build {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        target: TARGET.to_owned(),
        schema: crate::schema::Reader::this_build(),
    }
}
