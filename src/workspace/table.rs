//! Reading a TOML table key by key: every refusal names file, line, column
//! and, for an unknown key, the nearest valid one.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::decimal;
use crate::foundation::text::start_of;

/// Most entries of one list.
pub(super) const MOST_STRINGS: usize = 1_000;

/// Most bytes of the entries of one list. As globs they become one automaton,
/// which takes some 300 bytes of memory for each and 10 MB at most.
pub(super) const MOST_STRING_BYTES: usize = 32 * 1024;

/// The text being read, to turn byte offsets into lines and columns.
pub(super) struct Input<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl Input<'_> {
    /// The refusal of what stands at byte `at`.
    pub(super) fn refuse(&self, at: usize, message: String, hint: Option<String>) -> ConfigError {
        let before = self.text.get(..at).unwrap_or(self.text);
        // A byte order mark is no character of the first line.
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ConfigError::Refused {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message,
            hint,
        }
    }

    /// Refuses the first key of the table [`section`] that is not among its
    /// keys.
    pub(super) fn check_keys(
        &self,
        table: &DeTable<'_>,
        (section, valid): (&str, &[&str]),
    ) -> Result<(), ConfigError> {
        let unknown = |key: &&Spanned<Cow<'_, str>>| !valid.contains(&key.get_ref().as_ref());
        let mut unknown: Vec<_> = table.keys().filter(unknown).collect();
        unknown.sort_by_key(|key| key.span().start);
        let Some(key) = unknown.first() else {
            return Ok(());
        };
        let name = key.get_ref().as_ref();
        let hint = match nearest(name, valid.iter().copied()) {
            Some(candidate) => format!("did you mean `{candidate}`?"),
            None => format!("valid keys: {}", valid.join(", ")),
        };
        let message = format!("unknown key `{name}` in [{section}]");
        Err(self.refuse(key.span().start, message, Some(hint)))
    }

    /// Refuses the first key of the top level that is no section of
    /// `sections`; a key of a section that stands above all of them is told
    /// where it belongs.
    pub(super) fn check_sections(
        &self,
        root: &DeTable<'_>,
        sections: &[(&str, &[&str])],
    ) -> Result<(), ConfigError> {
        let names = || sections.iter().map(|(name, _)| *name);
        let unknown = |key: &&Spanned<Cow<'_, str>>| !names().any(|name| name == key.get_ref());
        let mut unknown: Vec<_> = root.keys().filter(unknown).collect();
        unknown.sort_by_key(|key| key.span().start);
        let Some(key) = unknown.first() else {
            return Ok(());
        };
        let name = key.get_ref().as_ref();
        let home = sections.iter().find_map(|(section, keys)| {
            nearest(name, keys.iter().copied()).map(|key| (*section, key))
        });
        let hint = match (nearest(name, names()), home) {
            (Some(candidate), _) => format!("did you mean `{candidate}`?"),
            (None, Some((section, key))) => format!("did you mean `{key}`, below [{section}]?"),
            (None, None) => {
                let all: Vec<String> = names().map(|name| format!("[{name}]")).collect();
                format!("valid sections: {}", all.join(", "))
            }
        };
        let message = format!("unknown key `{name}` at the top level");
        Err(self.refuse(key.span().start, message, Some(hint)))
    }

    /// The table under `key`, if any.
    pub(super) fn table<'t, 'i>(
        &self,
        parent: &'t DeTable<'i>,
        key: &str,
    ) -> Result<Option<&'t DeTable<'i>>, ConfigError> {
        self.get(parent, key, "a table", |value| value.as_table())
    }

    /// The value under `key` read by `read`; a refusal says what is wanted.
    pub(super) fn get<'t, 'i, T>(
        &self,
        table: &'t DeTable<'i>,
        key: &str,
        wanted: &str,
        read: impl Fn(&'t DeValue<'i>) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = find(table, key) else {
            return Ok(None);
        };
        read(value.get_ref()).map(Some).ok_or_else(|| {
            let found = self.text.get(value.span()).unwrap_or_default();
            let message = format!("`{key}` must be {wanted}, not {}", excerpt(found));
            self.refuse(value.span().start, message, None)
        })
    }

    /// A whole number within `range`.
    pub(super) fn integer(
        &self,
        table: &DeTable<'_>,
        key: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, ConfigError> {
        let wanted = match *range.end() {
            u64::MAX => format!("a whole number from {}", range.start()),
            most => format!("a whole number from {} to {most}", range.start()),
        };
        self.get(table, key, &wanted, |value| {
            let integer = value.as_integer()?;
            let digits = integer.as_str().replace('_', "");
            u64::from_str_radix(&digits, integer.radix())
                .ok()
                .filter(|number| range.contains(number))
        })
    }

    /// A decimal as a whole number of `10^-places` within `range`; what lies
    /// between two of them must be within it as well.
    pub(super) fn decimal(
        &self,
        table: &DeTable<'_>,
        key: &str,
        places: u32,
        wanted: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, ConfigError> {
        self.get(table, key, wanted, |value| {
            let text = match value {
                DeValue::Float(float) => float.as_str(),
                DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
                _ => return None,
            };
            let (floor, ceiling) = decimal::parse(text, places)?.into_inner();
            (range.contains(&floor) && range.contains(&ceiling)).then_some(floor)
        })
    }

    /// A list of non-empty strings, each accepted by `accept`; at most
    /// [`MOST_STRINGS`] and [`MOST_STRING_BYTES`].
    pub(super) fn strings(
        &self,
        table: &DeTable<'_>,
        key: &str,
        wanted: &str,
        accept: impl Fn(&str) -> Result<(), String>,
    ) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(items) = self.get(table, key, wanted, |value| value.as_array())? else {
            return Ok(None);
        };
        let texts = items.iter().filter_map(|item| item.get_ref().as_str());
        let bytes: usize = texts.map(str::len).sum();
        if items.len() > MOST_STRINGS || bytes > MOST_STRING_BYTES {
            let at = find(table, key).map_or(0, |value| value.span().start);
            let message = format!(
                "`{key}` may have {MOST_STRINGS} entries of {MOST_STRING_BYTES} bytes in all, not {} of {bytes}",
                items.len()
            );
            let hint = "name folders instead of what is in them";
            return Err(self.refuse(at, message, Some(hint.to_owned())));
        }
        let mut strings = Vec::with_capacity(items.len());
        for item in items {
            let read = match item.get_ref().as_str() {
                None => Err("it holds something that is no string".to_owned()),
                Some("") => Err("it holds an empty string".to_owned()),
                Some(text) => accept(text).map(|()| text.to_owned()),
            };
            strings.push(read.map_err(|why| {
                let message = format!("`{key}` must be {wanted}: {why}");
                self.refuse(item.span().start, message, None)
            })?);
        }
        Ok(Some(strings))
    }
}

/// The start of what stands in a file, for a message.
pub(super) fn excerpt(text: &str) -> Cow<'_, str> {
    start_of(text, 40)
}

/// The one of `valid` that `name` most likely was meant to be.
fn nearest<'v>(name: &str, valid: impl Iterator<Item = &'v str>) -> Option<&'v str> {
    let name = name.to_lowercase().replace('-', "_");
    let (distance, candidate) = valid
        .map(|candidate| (strsim::damerau_levenshtein(&name, candidate), candidate))
        .min()?;
    let length = name.chars().count();
    (distance <= 3.max(length / 3) && distance < length).then_some(candidate)
}

fn find<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<&'t Spanned<DeValue<'i>>> {
    table
        .iter()
        .find(|(candidate, _)| *candidate.get_ref() == key)
        .map(|(_, value)| value)
}
