//! Tests of the module's promises: extraction rules by example, their
//! invariants on random and hostile input, the walk on awkward trees.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod anchors;
mod chunks;
mod linear;
mod markdown;
mod plain;
mod properties;
mod workspace;

use super::extract;
use crate::graph::{Document, Format, Span};

fn markdown(text: &str) -> Document {
    extract(Format::Markdown, text)
}

fn tags(text: &str) -> Vec<String> {
    let document = markdown(text);
    for tag in &document.tags {
        let written = at(text, tag.span).to_lowercase();
        assert_eq!(
            written.trim_start_matches('#'),
            tag.tag,
            "evidence of {tag:?}"
        );
    }
    document.tags.into_iter().map(|tag| tag.tag).collect()
}

/// What stands in `text` at a place.
fn at(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}
