//! Documents made ready together, so that a word they share is looked up once.

use crate::index::fulltext::{Lexicons, Postings};
use crate::index::prepare::{Prepared, search_text};

/// Consecutive documents with their words: what [`Builder::add`] takes. How
/// documents are cut into batches changes no byte of an index.
///
/// [`Builder::add`]: super::Builder::add
pub struct Batch {
    pub(super) documents: Vec<Prepared>,
    pub(super) postings: Postings,
}

/// Makes batches, on any number of threads.
#[derive(Default)]
pub struct Batches(Lexicons);

impl Batches {
    /// Of documents by ascending path.
    #[must_use]
    pub fn batch(&self, documents: Vec<Prepared>) -> Batch {
        let postings = self.0.postings(documents.iter().flat_map(chunks));
        Batch {
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
