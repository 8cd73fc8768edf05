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
        hint.contains("valid sections: [sources], [budget], [search]"),
        "{hint}"
    );
    let (_, _, _, hint) = refusal("multiplier = 2\n");
    assert_eq!(hint, "did you mean `multiplier`, below [budget]?");
    let (_, _, _, hint) = refusal("[budget]\nWarn-Threshold = 0.5\n");
    assert_eq!(hint, "did you mean `warn_threshold`?");
    // The first in the file, not in the alphabet.
    let (line, ..) = refusal("[search]\nzz = 1\naa = 2\n");
    assert_eq!(line, 2);
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
        "[sources]\ninclude = [\"/etc/**\"]",
        "[sources]\ninclude = [\"../other/**\"]",
        "[sources]\nexclude = [\"./drafts\"]",
        "[budget]\nmultiplier = 1000000.0001",
        "[budget]\nwarn_threshold = 1.0000001",
        "[budget]\nblock_threshold = 1.0000001",
        "[search]\nheading_weight = 1000.0001",
        "[sources]\ninclude = [\"\"]",
        "[sources]\nextensions = [\".md\"]",
        "[sources]\nextensions = [\"md \"]",
        "[sources]\nextensions = [\"?\"]",
        "[sources]\nextensions = ['m\\d']",
        "[sources]\nextensions = \"md\"",
        "[sources]\nhidden = 1",
        "[sources]\nmax_file_bytes = 0",
        "[sources]\nmax_file_bytes = 104857601",
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
fn a_list_is_bounded_and_no_message_repeats_it() {
    let list = |count: usize, text: &str| {
        let globs = format!("{text:?}, ").repeat(count);
        format!("[sources]\n exclude = [{globs}]\n")
    };
    let most = 1_000;
    parse(&list(most, "some/folder/*.md")).unwrap();
    for text in [list(most + 1, "a"), list(most, &"a*".repeat(17))] {
        let (line, column, message, hint) = refusal(&text);
        assert_eq!((line, column), (2, 12));
        assert!(message.starts_with("`exclude` may have 1000"), "{message}");
        assert!(hint.contains("folders"), "{hint}");
    }
    let (_, _, message, _) = refusal(&list(1, &format!("{}[", "a".repeat(9_000))));
    assert!(message.len() < 200, "{message}");
}

/// Whatever the reader accepts can be compiled.
#[test]
fn the_most_costly_lists_compile() {
    for costly in ["*?", "{a*,?}"] {
        let one = costly.repeat(32 * 1024 / costly.len());
        let text = format!("[sources]\ninclude = [{one:?}]\n");
        crate::source::Selection::new(&parse(&text).unwrap().sources).unwrap();
    }
}

#[test]
fn a_list_that_holds_something_else_says_what() {
    let (_, _, message, _) = refusal("[sources]\ninclude = [\"\"]\n");
    assert!(message.ends_with("it holds an empty string"), "{message}");
    let (_, _, message, _) = refusal("[sources]\ninclude = [1]\n");
    assert!(
        message.ends_with("something that is no string"),
        "{message}"
    );
}

#[test]
fn what_is_no_toml_is_shown() {
    let (line, column, message, _) = refusal("[search]\nlimit = 1\nlimit = 2\n");
    assert_eq!((line, column), (3, 1));
    assert_eq!(message, "duplicate key: `limit`");
}

#[test]
fn a_byte_order_mark_has_no_column() {
    let (line, column, ..) = refusal("\u{feff}foo = 1\n");
    assert_eq!((line, column), (1, 1));
    let (line, column, ..) = refusal("\u{feff}\n foo = 1\n");
    assert_eq!((line, column), (2, 2));
}

#[test]
fn a_warning_after_the_block_is_refused() {
    let (line, _, message, _) = refusal("[budget]\nblock_threshold = 0.5\nwarn_threshold = 0.9\n");
    assert_eq!(line, 3);
    assert_eq!(
        message,
        "`warn_threshold` (0.9) must not be above `block_threshold` (0.5)"
    );
    let (line, _, message, _) = refusal("[budget]\n\nblock_threshold = 0.5\n");
    assert_eq!(line, 3);
    assert!(message.contains("(0.8, the default)"), "{message}");
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
fn deep_nesting_is_refused() {
    for text in ["[", "{a=", "a.", "[a."] {
        let text = text.repeat(100_000);
        assert!(parse(&format!("a = {text}")).is_err());
        assert!(parse(&text).is_err());
        assert!(parse(&format!("[a]\n{text}a = 1")).is_err());
    }
    // Brackets in text and comments are no nesting.
    let comments = "# see [1\n".repeat(50);
    assert!(parse(&format!("{comments}[search]\nlimit = 3 # [\n")).is_ok());
}

#[test]
fn what_is_not_utf8_has_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("auditgraph.toml");
    std::fs::write(&path, b"[budget]\n# caf\xe9\n").unwrap();
    let error = Config::load(&path).unwrap_err();
    assert!(
        error.to_string().ends_with(":2:6: this is not UTF-8"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = parse(&text);
    }
}
