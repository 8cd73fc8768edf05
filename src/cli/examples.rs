//! The examples under each command's help: a table, so that the tests can
//! run every line of it.

/// The text of `Examples:` for pairs of a command line and what it does.
pub(crate) fn text(examples: &[(&str, &str)]) -> String {
    let width = examples.iter().map(|(line, _)| line.len()).max();
    let width = width.unwrap_or_default();
    let mut text = String::from("Examples:");
    for (line, what) in examples {
        text.push_str(&format!("\n  {line:width$}  # {what}"));
    }
    text
}
