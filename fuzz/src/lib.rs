//! What is fuzzed: for each reader of untrusted bytes one function that feeds
//! it and asserts what must hold of any answer. `fuzz_targets/` gives them to
//! libFuzzer, `tests/fuzz.rs` of the product to a harness for stable Rust.

use std::path::Path;

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
            let width = text
                .split('\n')
                .nth(line - 1)
                .map_or(0, |line| line.chars().count());
            assert!(
                (1..=width + 1).contains(&column),
                "column {column} of {width}"
            );
        }
        Err(ConfigError::Io { .. }) => panic!("parsing reads no file"),
    }
}
