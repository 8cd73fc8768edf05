//! Words for a POSIX shell.

/// `text` as one word of a shell command, whatever is in it.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_quoted_word_is_taken_literally() {
        assert_eq!(quoted("plain"), "'plain'");
        assert_eq!(quoted("don't $(rm) `x`"), r"'don'\''t $(rm) `x`'");
        assert_eq!(quoted(""), "''");
    }
}
