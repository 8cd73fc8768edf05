//! SQLite's variable-length integers: seven bits a byte, the highest first.

/// Appends `value`.
#[inline]
pub(super) fn put(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        out.push(value as u8);
    } else {
        put_long(out, value);
    }
}

/// Appends a value of more than one byte.
fn put_long(out: &mut Vec<u8>, value: u64) {
    let mut bytes = [0u8; 9];
    let mut at = bytes.len();
    let mut rest = value;
    if value >> 56 != 0 {
        // The ninth byte holds eight bits.
        at -= 1;
        bytes[at] = value as u8;
        rest >>= 8;
        while at > 0 {
            at -= 1;
            bytes[at] = (rest & 0x7f) as u8 | 0x80;
            rest >>= 7;
        }
    } else {
        while rest != 0 {
            at -= 1;
            bytes[at] = (rest & 0x7f) as u8 | 0x80;
            rest >>= 7;
        }
        bytes[8] &= 0x7f;
    }
    out.extend_from_slice(&bytes[at..]);
}

/// The integer at the start of `bytes` and its length; an integer that is cut
/// off ends where the bytes do.
pub(super) fn get(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(8).enumerate() {
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return (value, at + 1);
        }
    }
    match bytes.get(8) {
        Some(last) => (value << 8 | u64::from(*last), 9),
        None => (value, bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_back() {
        let near = (0..64).flat_map(|bit| {
            let power = 1u64 << bit;
            [power - 1, power, power + 1]
        });
        for value in near.chain([u64::MAX, 0x0102_0304_0506_0708]) {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            assert_eq!(get(&bytes), (value, bytes.len()), "{value:#x}");
        }
        let mut bytes = Vec::new();
        put(&mut bytes, 300);
        assert_eq!(bytes, [0x82, 0x2c]);
    }
}
