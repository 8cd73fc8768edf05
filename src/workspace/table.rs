//! Reading a TOML table key by key: every refusal names file, line, column
//! and, for an unknown key, the nearest valid one.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::decimal;

/// The text being read, to turn byte offsets into lines and columns.
pub(super) struct Input<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl Input<'_> {
    /// The refusal of what stands at byte `at`.
    pub(super) fn refuse(&self, at: usize, message: String, hint: Option<String>) -> ConfigError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ConfigError::Refused {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message,
            hint,
        }
    }

    /// Refuses the first key of `table` that is not among `valid`.
    pub(super) fn check_keys(
        &self,
        table: &DeTable<'_>,
        valid: &[&str],
        place: &str,
    ) -> Result<(), ConfigError> {
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if valid.contains(&name) {
                continue;
            }
            let nearest = valid
                .iter()
                .map(|candidate| (strsim::damerau_levenshtein(name, candidate), *candidate))
                .min();
            let hint = match nearest {
                Some((distance, candidate)) if distance <= 3.max(name.chars().count() / 3) => {
                    format!("did you mean `{candidate}`?")
                }
                _ => format!("valid keys: {}", valid.join(", ")),
            };
            let message = format!("unknown key `{name}` in {place}");
            return Err(self.refuse(key.span().start, message, Some(hint)));
        }
        Ok(())
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
            let found: String = found.chars().take(40).collect();
            let message = format!("`{key}` must be {wanted}, not {found}");
            self.refuse(value.span().start, message, None)
        })
    }

    /// A whole number of at least `least`.
    pub(super) fn integer(
        &self,
        table: &DeTable<'_>,
        key: &str,
        least: u64,
    ) -> Result<Option<u64>, ConfigError> {
        let wanted = format!("a whole number from {least}");
        self.get(table, key, &wanted, |value| {
            let integer = value.as_integer()?;
            let digits = integer.as_str().replace('_', "");
            u64::from_str_radix(&digits, integer.radix())
                .ok()
                .filter(|number| *number >= least)
        })
    }

    /// A decimal as a whole number of `10^-places`, accepted by `accept`.
    pub(super) fn decimal(
        &self,
        table: &DeTable<'_>,
        key: &str,
        places: u32,
        wanted: &str,
        accept: impl Fn(u64) -> bool,
    ) -> Result<Option<u64>, ConfigError> {
        self.get(table, key, wanted, |value| {
            let text = match value {
                DeValue::Float(float) => float.as_str(),
                DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
                _ => return None,
            };
            decimal::parse(text, places).filter(|number| accept(*number))
        })
    }

    /// A list of non-empty strings, each accepted by `accept`.
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
        let mut strings = Vec::with_capacity(items.len());
        for item in items {
            let text = item.get_ref().as_str().filter(|text| !text.is_empty());
            let refusal = match text.map(&accept) {
                Some(Ok(())) => None,
                Some(Err(why)) => Some(why),
                None => Some("it holds something that is no string".to_owned()),
            };
            if let Some(why) = refusal {
                let message = format!("`{key}` must be {wanted}: {why}");
                return Err(self.refuse(item.span().start, message, None));
            }
            strings.extend(text.map(str::to_owned));
        }
        Ok(Some(strings))
    }
}

fn find<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<&'t Spanned<DeValue<'i>>> {
    table
        .iter()
        .find(|(candidate, _)| *candidate.get_ref() == key)
        .map(|(_, value)| value)
}
