//! Decimals in the configuration, read as integers: no floating point ever
//! decides a budget.

use std::ops::RangeInclusive;

/// Reads a non-negative decimal such as `0.80` or `3`: the two neighbouring
/// whole numbers of `10^-places` that it lies between, or the one that it is,
/// twice. `None` for anything else or when it does not fit.
pub(super) fn parse(text: &str, places: u32) -> Option<RangeInclusive<u64>> {
    let text = text.replace('_', "");
    let text = text.strip_prefix('+').unwrap_or(&text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > 40 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value: u128 = digits.parse().ok()?;
    let scale = i32::try_from(places).ok()?.checked_add(exponent)?;
    let scale = scale.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let (floor, exact) = match u32::try_from(scale) {
        Ok(up) => (value.checked_mul(10u128.checked_pow(up)?)?, true),
        Err(_) => match 10u128.checked_pow(scale.unsigned_abs()) {
            Some(power) => (value / power, value.is_multiple_of(power)),
            None => (0, value == 0),
        },
    };
    let floor = u64::try_from(floor).ok()?;
    Some(floor..=if exact { floor } else { floor.checked_add(1)? })
}

/// A whole number of `10^-places` as a decimal, without zeros at its end.
pub(crate) fn show(value: u64, places: usize) -> String {
    let digits = format!("{value:0width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let shown = format!("{whole}.{fraction}");
    shown.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{parse, show};

    #[test]
    fn decimals_are_shown_as_they_are_written() {
        let shown = [
            (800_000, "0.8"),
            (1_000_000, "1"),
            (1, "0.000001"),
            (0, "0"),
        ];
        for (value, text) in shown {
            assert_eq!(show(value, 6), text);
        }
        assert_eq!(show(2_050, 3), "2.05");
    }

    #[test]
    fn decimals_are_exact() {
        assert_eq!(parse("0.80", 6), Some(800_000..=800_000));
        assert_eq!(parse("1", 6), Some(1_000_000..=1_000_000));
        assert_eq!(parse("3.0005", 3), Some(3_000..=3_001));
        assert_eq!(parse("3.0000", 3), Some(3_000..=3_000));
        assert_eq!(parse("8e-1", 6), Some(800_000..=800_000));
        assert_eq!(parse("1_000.5", 3), Some(1_000_500..=1_000_500));
        assert_eq!(parse("1e-90", 3), Some(0..=1));
        for bad in [
            "-1",
            "nan",
            "inf",
            "",
            ".",
            "1.2.3",
            "1e400",
            "1e2147483647",
            "0.0000001e-2147483648",
        ] {
            assert_eq!(parse(bad, 6), None, "{bad}");
        }
    }
}
