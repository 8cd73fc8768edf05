//! What a source said, from the object that holds its bytes.
//!
//! A source's object is the source itself: its id is the source's SHA-256.
//! Sections, links, terms and tags are not stored: `source::extract` gives
//! them back, and the artifact schema version names the rules it follows. So
//! an object costs what its compressed text costs, and shows the source as it
//! was when the run was made.

use super::RunError;
use crate::foundation::Sha256;
use crate::graph::{Document, Format, WorkspacePath};
use crate::source::extract;

/// How the source at `path` is parsed.
pub(super) fn format_of(path: &WorkspacePath) -> Format {
    Format::of_extension(path.extension())
}

/// What the source at `path` said, from the bytes of its object.
///
/// # Errors
/// [`RunError::Damaged`] when they are no text: no source is anything else.
pub(super) fn decode(path: &WorkspacePath, id: Sha256, bytes: &[u8]) -> Result<Document, RunError> {
    Ok(extract(format_of(path), text(id, bytes)?))
}

/// The source's text, from the bytes of its object.
///
/// # Errors
/// As [`decode`].
pub(super) fn text(id: Sha256, bytes: &[u8]) -> Result<&str, RunError> {
    std::str::from_utf8(bytes)
        .map_err(|error| RunError::Damaged(format!("object {id} is no source: {error}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_object_gives_back_what_the_source_said() {
        let text = "# Title\n\nText with `code`, \"quotes\" and [a link](b.md).\r\n";
        let path = "a.md".parse().unwrap();
        let document = decode(&path, Sha256::of(text.as_bytes()), text.as_bytes()).unwrap();
        assert_eq!(document, extract(Format::Markdown, text));
        assert_eq!(document.links.len(), 1);
        assert_eq!(
            super::text(Sha256::of(text.as_bytes()), text.as_bytes()).unwrap(),
            text
        );
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let path = "a.md".parse().unwrap();
        let bytes = b"\xff\xfe";
        assert!(decode(&path, Sha256::of(bytes), bytes).is_err());
    }
}
