//! libFuzzer on the configuration reader.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| auditgraph_fuzz::config(data));
