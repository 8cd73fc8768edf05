//! Documents made ready together, so that a word they share is looked up once.

use crate::index::fulltext::Postings;
use crate::index::prepare::{Prepared, search_text};

/// Consecutive documents with their words: what [`Builder::add`] takes. Pure,
/// so that batches are made in parallel; how documents are cut into batches
/// changes no byte of an index.
///
/// [`Builder::add`]: super::Builder::add
pub struct Batch {
    pub(super) documents: Vec<Prepared>,
    pub(super) postings: Postings,
}

impl Batch {
    /// Of documents by ascending path.
    #[must_use]
    pub fn of(documents: Vec<Prepared>) -> Self {
        let bytes = documents.iter().map(|prepared| prepared.source.bytes);
        let bytes = bytes.sum::<u64>() as usize;
        let postings = Postings::of(documents.iter().flat_map(chunks), bytes);
        Self {
            documents,
            postings,
        }
    }
}

/// What `search` holds for the chunks of a document.
fn chunks(prepared: &Prepared) -> impl Iterator<Item = [&str; 3]> {
    let (path, document) = (&prepared.source.path, &prepared.document);
    (0..document.chunks.len()).map(move |number| {
        let text = search_text(path, document, number);
        [text.text, text.heading, text.title]
    })
}
