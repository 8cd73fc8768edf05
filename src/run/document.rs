//! Document objects: a source's text and how it is parsed.
//!
//! Sections, links, terms and tags are not stored: `source::extract` gives
//! them back, and the artifact schema version names the rules it follows. So
//! an object costs what its compressed text costs, and shows the source as it
//! was when the run was made.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::RunError;
use super::pack::MAX_OBJECT_BYTES;
use crate::foundation::{Sha256, json};
use crate::graph::{Document, Format};
use crate::source::extract;

const BOUNDS: json::Bounds = json::Bounds {
    bytes: MAX_OBJECT_BYTES,
    depth: 2,
};

/// The content of a document object.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<'a> {
    kind: Tag,
    format: Format,
    text: Cow<'a, str>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tag {
    Document,
}

/// The canonical bytes of the object for a source with this text.
pub(super) fn encode(format: Format, text: &str) -> Vec<u8> {
    json::canonical(&Stored {
        kind: Tag::Document,
        format,
        text: Cow::Borrowed(text),
    })
}

/// What the source said, from the bytes of its object.
///
/// # Errors
/// [`RunError::Damaged`] when they are no document.
pub(super) fn decode(id: Sha256, bytes: &[u8]) -> Result<Document, RunError> {
    let stored = stored(id, bytes)?;
    Ok(extract(stored.format, &stored.text))
}

/// The source's text, from the bytes of its object.
///
/// # Errors
/// As [`decode`].
pub(super) fn text(id: Sha256, bytes: &[u8]) -> Result<String, RunError> {
    stored(id, bytes).map(|stored| stored.text.into_owned())
}

fn stored(id: Sha256, bytes: &[u8]) -> Result<Stored<'_>, RunError> {
    json::parse_borrowed(bytes, BOUNDS)
        .map_err(|error| RunError::Damaged(format!("object {id} is no document: {error}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_object_gives_back_what_the_source_said() {
        let text = "# Title\n\nText with `code`, \"quotes\" and [a link](b.md).\r\n";
        let bytes = encode(Format::Markdown, text);
        let document = decode(Sha256::of(&bytes), &bytes).unwrap();
        assert_eq!(document, extract(Format::Markdown, text));
        assert_eq!(document.links.len(), 1);
        assert_eq!(super::text(Sha256::of(&bytes), &bytes).unwrap(), text);
    }

    #[test]
    fn anything_else_is_refused() {
        for bytes in [&b"{}"[..], b"[[[[", br#"{"kind":"tree"}"#] {
            assert!(decode(Sha256::of(bytes), bytes).is_err());
        }
    }
}
