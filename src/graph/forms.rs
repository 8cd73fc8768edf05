//! The ways to write one name: capitals, and the normal forms of Unicode.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// `name` in lower case: itself, where it is.
pub(crate) fn lower(name: &str) -> Cow<'_, str> {
    let is_lower = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    match name.bytes().all(is_lower) {
        true => Cow::Borrowed(name),
        false => Cow::Owned(name.to_lowercase()),
    }
}

/// `name` in lower case and composed form: the same for names that differ in
/// case, or in nothing that can be seen.
pub(crate) fn folded(name: &str) -> Cow<'_, str> {
    match lower(name) {
        lower if lower.is_ascii() => lower,
        lower => Cow::Owned(composed(&lower).into_owned()),
    }
}

/// `name` in the normal forms of Unicode that it is not written in: the name
/// of a file may be composed and a link to it decomposed, or the reverse,
/// without anybody seeing a difference.
pub(super) fn other_forms(name: &str) -> Vec<String> {
    if name.is_ascii() {
        return Vec::new();
    }
    let mut forms = vec![composed(name).into_owned(), name.nfd().collect()];
    forms.retain(|form| form != name);
    forms
}

/// `name` as it is written, and then in the other normal forms of Unicode.
pub fn all_forms(name: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let others = other_forms(name).into_iter().map(Cow::Owned);
    std::iter::once(Cow::Borrowed(name)).chain(others)
}

/// `name` in composed form: equal for names that look equal.
#[must_use]
pub fn composed(name: &str) -> Cow<'_, str> {
    match name.is_ascii() {
        true => Cow::Borrowed(name),
        false => Cow::Owned(name.nfc().collect()),
    }
}
