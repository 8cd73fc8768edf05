//! Words for a POSIX shell: commands that people are told to type.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::terminal::acts;

/// `path` as one word of a POSIX shell.
#[must_use]
pub fn quote(path: &Path) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    match path.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(plain) => text.to_owned(),
        Some(text) if !text.chars().any(acts) => format!("'{}'", text.replace('\'', r"'\''")),
        _ => escaped(path.as_os_str().as_bytes()),
    }
}

/// What cannot be shown as it is: `$'\012'` (POSIX of 2024; bash, ksh and zsh have
/// long had it).
fn escaped(bytes: &[u8]) -> String {
    let word = bytes.iter().fold(String::new(), |mut word, byte| {
        match byte {
            b'\'' | b'\\' => word.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => word.push(char::from(*byte)),
            // To write to a text never fails.
            _ => drop(write!(word, "\\{byte:03o}")),
        }
        word
    });
    format!("$'{word}'")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_path_is_one_word_whatever_is_in_it() {
        let quoted = |text: &str| quote(Path::new(text));
        assert_eq!(quoted("/home/me/notes-1.0"), "/home/me/notes-1.0");
        assert_eq!(quoted("my notes"), "'my notes'");
        assert_eq!(quoted("don't $(rm)"), r"'don'\''t $(rm)'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("caf\u{e9}"), "'caf\u{e9}'");
        // What a terminal would act on, or what is no text, is typed all the same.
        assert_eq!(quoted("a\n1 \\'"), r"$'a\0121 \\\''");
        assert_eq!(quoted("a\u{202e}b"), r"$'a\342\200\256b'");
        assert_eq!(
            quote(Path::new(OsStr::from_bytes(b"caf\xe9"))),
            r"$'caf\351'"
        );
    }
}
