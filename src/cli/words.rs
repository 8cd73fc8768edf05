//! Words for people.

use crate::foundation::size::grouped;

/// `1 run`, `2 runs`, `1,130 runs`.
pub(crate) fn count(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    match count {
        1 => format!("1 {noun}"),
        count => format!("{} {noun}s", grouped(count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_naturally() {
        assert_eq!(count(1_u64, "run"), "1 run");
        assert_eq!(count(0_usize, "run"), "0 runs");
        assert_eq!(count(1_130_u64, "source"), "1,130 sources");
    }
}
