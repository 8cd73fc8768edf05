//! Floor 2: from the files of a workspace to documents.
//!
//! Owns the walk ([`scan`]), reading and hashing one source ([`read`]) and
//! the extraction rules ([`extract`]; `docs/extraction.md` states them with
//! examples). `run` calls all three. Never writes, never follows a symbolic
//! link out of the workspace, never looks into `.pkg`.
//!
//! [`extract`] is a pure function of a source's format and text: it reads no
//! file, knows no path, and works in time linear in the text on any input.

mod bare_url;
mod beneath;
mod builder;
mod chunks;
mod density;
mod fingerprint;
mod front_matter;
mod html;
mod inline;
mod lines;
mod markdown;
mod nesting;
mod plain;
mod read;
mod refusal;
mod rst;
mod scan;
mod selection;
mod slugs;

#[cfg(test)]
mod tests;

pub use beneath::{CannotRead, Root};
pub use fingerprint::Fingerprint;
pub use read::{Rejected, SourceText, read};
pub use refusal::Refusal;
pub use scan::{Found, Refused, Scan, scan, scan_unsorted, sort_by_path};
pub use selection::{InvalidGlob, Selection};

use crate::graph::{Document, Format};

/// What the source `text` says. Never fails: any text is a document.
#[must_use]
pub fn extract(format: Format, text: &str) -> Document {
    match format {
        Format::Markdown => markdown::extract(text),
        Format::Rst | Format::Text => plain::extract(format, text),
    }
}
