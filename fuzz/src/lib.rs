//! What is fuzzed: for each reader of untrusted bytes one function that feeds
//! it and asserts what must hold of any answer. `fuzz_targets/` gives them to
//! libFuzzer, `tests/fuzz.rs` of the product to a harness for stable Rust.

use std::path::Path;

use auditgraph::graph::{Document, Format, Span};
use auditgraph::run::Manifest;
use auditgraph::source::extract;
use auditgraph::workspace::{Config, ConfigError};

/// Any text is a configuration or is refused at a place that exists in it.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Config::parse(Path::new("auditgraph.toml"), &text) {
        Ok(config) => {
            let again = Config::parse(Path::new("elsewhere.toml"), &text).expect("accepted before");
            assert_eq!(config, again, "the same text means the same");
            assert!(config.budget.warn_ppm <= config.budget.block_ppm);
            assert!((1..=1_000_000).contains(&config.budget.block_ppm));
        }
        Err(ConfigError::Refused {
            line,
            column,
            message,
            ..
        }) => {
            assert!(!message.is_empty());
            let lines = text.matches('\n').count() + 1;
            assert!((1..=lines).contains(&line), "line {line} of {lines}");
            // A byte order mark has no width.
            let width = text
                .trim_start_matches('\u{feff}')
                .split('\n')
                .nth(line - 1)
                .map_or(0, |line| line.chars().count());
            assert!(
                (1..=width + 1).contains(&column),
                "column {column} of {width}"
            );
        }
        Err(ConfigError::Io { .. } | ConfigError::Unfit { .. }) => panic!("parsing reads no file"),
    }
}

/// Any text is a Markdown document whose evidence stands in that text.
pub fn markdown(data: &[u8]) {
    extraction(Format::Markdown, data);
}

/// Any text is a plain or reStructuredText document, likewise.
pub fn text(data: &[u8]) {
    extraction(Format::Text, data);
    extraction(Format::Rst, data);
}

fn extraction(format: Format, data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let document = extract(format, &text);
    evidence(&text, &document);
    assert_eq!(
        document,
        extract(format, &text),
        "the same text says the same"
    );
}

/// Asserts that every span of `document` is a piece of `text`, and that
/// whatever refers to a section or a chunk names one that is there.
fn evidence(text: &str, document: &Document) {
    let piece = |span: Span| {
        let range = span.start as usize..span.end as usize;
        assert!(span.line <= span.end_line && span.end_line <= document.lines.max(1));
        text.get(range)
            .unwrap_or_else(|| panic!("{span:?} is no piece of the text"))
    };
    let known =
        |section: Option<u32>| section.is_none_or(|at| (at as usize) < document.sections.len());
    for (index, section) in document.sections.iter().enumerate() {
        piece(section.heading);
        assert!((1..=6).contains(&section.level) && !section.anchor.is_empty());
        assert!(section.heading.end <= section.end && section.end as usize <= text.len());
        assert!(
            section
                .parent
                .is_none_or(|parent| (parent as usize) < index)
        );
    }
    let mut end = 0;
    for chunk in &document.chunks {
        assert_eq!(piece(chunk.span), chunk.text);
        assert!(end <= chunk.span.start, "chunks do not overlap");
        assert!(known(chunk.section));
        end = chunk.span.end;
    }
    for mention in &document.mentions {
        piece(mention.span);
        assert!((mention.chunk as usize) < document.chunks.len());
    }
    for tag in &document.tags {
        piece(tag.span);
        assert!(!tag.tag.is_empty());
    }
    for link in &document.links {
        piece(link.span);
        assert!(!link.target.is_empty() && known(link.section));
    }
    for anchor in &document.anchors {
        piece(anchor.span);
        assert!(known(anchor.section));
    }
}

/// Any bytes are a run's manifest or are refused for a reason; one that was
/// read is written so that it reads the same and its checksum fits.
pub fn manifest(data: &[u8]) {
    let artifact = "runs/r0001.json";
    match Manifest::read(data, artifact) {
        Ok(manifest) => {
            let bytes = manifest.to_bytes();
            assert_eq!(Manifest::check(&bytes), Ok(()));
            let mut again = Manifest::read(&bytes, artifact).expect("what is written can be read");
            again.checksum = manifest.checksum;
            assert_eq!(manifest, again);
        }
        Err(reason) => assert!(!reason.to_string().is_empty()),
    }
}
