//! Floor 3: runs.
mod id;
pub mod pack;
pub use id::{ParseRunIdError, RunId};
