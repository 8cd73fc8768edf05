//! What a configuration accepts, and how it refuses.

#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("auditgraph.toml"), text)
}

fn refusal(text: &str) -> (usize, usize, String, String) {
    match parse(text).unwrap_err() {
        ConfigError::Refused {
            line,
            column,
            message,
            hint,
            ..
        } => (line, column, message, hint.unwrap_or_default()),
        other => panic!("{other}"),
    }
}

#[test]
fn the_template_is_the_defaults() {
    assert_eq!(parse(TEMPLATE).unwrap(), Config::default());
    assert_eq!(parse("").unwrap(), Config::default());
}

#[test]
fn an_unknown_key_names_its_place_and_the_nearest_key() {
    let (line, column, message, hint) = refusal("[budget]\nmultiplier = 2\n warn_treshold = 0.5\n");
    assert_eq!((line, column), (3, 2));
    assert!(message.contains("`warn_treshold` in [budget]"), "{message}");
    assert!(hint.contains("`warn_threshold`"), "{hint}");
    let (_, _, _, hint) = refusal("[source]\n");
    assert!(hint.contains("`sources`"), "{hint}");
    let (_, _, _, hint) = refusal("completely_different = 1\n");
    assert!(
        hint.contains("valid keys: sources, budget, search"),
        "{hint}"
    );
}

#[test]
fn impossible_values_are_refused_where_they_stand() {
    for text in [
        "[budget]\nmultiplier = 0",
        "[budget]\nmultiplier = -1.0",
        "[budget]\nmultiplier = nan",
        "[budget]\nmultiplier = \"3\"",
        "[budget]\nwarn_threshold = 1.1",
        "[budget]\nblock_threshold = 0.0",
        "[budget]\nmax_bytes = 0",
        "[budget]\nmax_bytes = 1.5",
        "[sources]\ninclude = [\"a[\"]",
        "[sources]\nextensions = [\".md\"]",
        "[sources]\nextensions = \"md\"",
        "[sources]\nhidden = 1",
        "[search]\nlimit = 0",
        "[sources]\n= 1",
        "sources = 1\n#",
    ] {
        let (line, ..) = refusal(text);
        assert!(
            line == 2 || text.starts_with("sources"),
            "{text}: line {line}"
        );
    }
}

#[test]
fn a_warning_after_the_block_is_refused() {
    let (_, _, message, _) = refusal("[budget]\nwarn_threshold = 0.9\nblock_threshold = 0.5\n");
    assert!(message.contains("must not be above"), "{message}");
}

#[test]
fn a_workspace_cannot_choose_where_updates_come_from() {
    let (line, _, message, _) = refusal("\n[update]\nurl = \"https://evil.example/\"\n");
    assert_eq!(line, 2);
    assert!(message.contains("updates"), "{message}");
}

#[test]
fn only_sources_affect_what_is_derived() {
    let base = Config::default().derivation_digest();
    let budget = parse("[budget]\nmultiplier = 9\n[search]\nlimit = 3\n").unwrap();
    assert_eq!(budget.derivation_digest(), base);
    let sources = parse("[sources]\nhidden = true\n").unwrap();
    assert_ne!(sources.derivation_digest(), base);
}

#[test]
fn deep_nesting_is_refused_before_parsing() {
    let (_, _, message, _) = refusal(&format!("a = {}", "[".repeat(100_000)));
    assert!(message.contains("nested deeper"), "{message}");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = parse(&text);
    }
}
