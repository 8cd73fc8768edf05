//! libFuzzer on the extractor of plain text and reStructuredText.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| auditgraph_fuzz::text(data));
