//! Words for a POSIX shell: commands that people are told to type.

use std::path::Path;

/// `path` as one word of a POSIX shell.
#[must_use]
pub fn quote(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_whatever_is_in_it() {
        let quoted = |text: &str| quote(Path::new(text));
        assert_eq!(quoted("/home/me/notes-1.0"), "/home/me/notes-1.0");
        assert_eq!(quoted("my notes"), "'my notes'");
        assert_eq!(quoted("don't $(rm)"), r"'don'\''t $(rm)'");
        assert_eq!(quoted(""), "''");
    }
}
