//! Types that are a text wherever they are written, and texts that are shown in part.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::str::FromStr;

use serde::Serializer;
use serde::de::{Error, Visitor};

/// The start of what stands in a file, for a message: at most `most` characters.
pub(crate) fn start_of(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// Serialises a type as what `Display` shows, and deserialises it by
/// `FromStr`: a document can hold nothing that the type refuses.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_str(crate::foundation::text::Parse::<$type>::default())
            }
        }
    };
}

pub(crate) use serde_as_text;

/// Serialises a path as text; what of it is not UTF-8 shows U+FFFD, as for
/// people.
pub(crate) fn lossy<S: Serializer>(path: impl AsRef<Path>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.as_ref().to_string_lossy())
}

/// Parses a text where it stands: digests are read by the ten thousand, and
/// a copy of each would cost more than its digits.
pub(crate) struct Parse<T>(PhantomData<T>);

impl<T> Default for Parse<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Parse<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}
