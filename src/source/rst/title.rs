//! Titles of reStructuredText without their markup.

use super::inline::{closing, embedded, opens, prefix, underscores, word_reference};

/// The marks around what a title says, each before those that it starts with.
const MARKS: [&str; 4] = ["``", "`", "**", "*"];

/// `title` as it is read: without the marks of literals, roles, references and
/// emphasis, and without escapes.
pub(in crate::source) fn unmarked(title: &str) -> String {
    let mut plain = String::with_capacity(title.len());
    // Once one kind of closing mark is not found there is none further on.
    let mut possible = [true; MARKS.len()];
    let mut rest = title;
    while let Some(at) = rest.find(['`', '*', '\\', '_']) {
        let (before, marked) = rest.split_at(at);
        plain.push_str(before);
        if let Some(escaped) = marked.strip_prefix('\\') {
            let mut chars = escaped.chars();
            plain.extend(chars.next().filter(|c| !c.is_whitespace()));
            rest = chars.as_str();
            continue;
        }
        if marked.starts_with('_') {
            let (word, marks) = word_reference(title, title.len() - marked.len());
            let kept = if word.is_empty() { marks } else { 0 };
            plain.push_str(&marked[..kept]);
            rest = &marked[marks..];
            continue;
        }
        let kind = MARKS.iter().position(|mark| marked.starts_with(mark));
        let kind = kind.unwrap_or(MARKS.len() - 1);
        let mark = MARKS[kind];
        let inside = &marked[mark.len()..];
        let before = &title[..title.len() - marked.len()];
        let prefix = if mark == "`" { prefix(before) } else { "" };
        let opens = opens(&before[..before.len() - prefix.len()], inside);
        let end = (opens && possible[kind]).then(|| closing(inside, mark));
        possible[kind] &= !matches!(end, Some(None));
        let Some(end) = end.flatten() else {
            plain.push_str(mark);
            rest = inside;
            continue;
        };
        let content = &inside[..end];
        rest = &inside[end + mark.len()..];
        if mark == "`" {
            let kept = plain.strip_suffix(prefix).unwrap_or(&plain).len();
            plain.truncate(kept);
            let text = embedded(content).map_or(content, |(text, _)| text);
            plain.push_str(text.trim());
            rest = &rest[underscores(rest.as_bytes(), 0)..];
        } else {
            plain.push_str(content);
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_read_without_its_marks() {
        for (written, read) in [
            (
                "The ``lit*er*al`` of *emph* and **strong**",
                "The lit*er*al of emph and strong",
            ),
            (":func:`len` and :ref:`text <label>`", "len and text"),
            (
                "`Site <https://x.org>`_, `it`_ and `them`__",
                "Site, it and them",
            ),
            (
                "Docutils_, a_b__ and _`this` :my_role:`one`, __init__ or a_b",
                "Docutils, a_b and this one, __init__ or a_b",
            ),
            (
                "*args and **kwargs, 2 * 3 * 4",
                "*args and **kwargs, 2 * 3 * 4",
            ),
            (
                "f(*args), a*b*c and \\*escaped\\*",
                "f(*args), a*b*c and *escaped*",
            ),
            ("(*a*)\\ s, an `open one", "(a)s, an `open one"),
            ("** a ** ``", "** a ** ``"),
        ] {
            assert_eq!(unmarked(written), read);
        }
    }
}
