//! libFuzzer on the reader of run manifests.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| auditgraph_fuzz::manifest(data));
