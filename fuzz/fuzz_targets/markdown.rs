//! libFuzzer on the extractor of Markdown.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| auditgraph_fuzz::markdown(data));
