// SPDX-License-Identifier: GPL-2.0

//! The hash from which seeds, MAC addresses and subnets are derived.
//!
//! It is part of the format: changing it renumbers every lab. FNV-1a over the parts, each with its length, and the
//! finaliser of MurmurHash3, which spreads the result over all 64 bits.

/// Hash of a purpose and the names that it is for.
pub(crate) fn hash(purpose: &str, parts: &[&str]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325;
    for part in std::iter::once(&purpose).chain(parts) {
        for byte in (part.len() as u64).to_le_bytes() {
            state = step(state, byte);
        }
        for byte in part.bytes() {
            state = step(state, byte);
        }
    }
    finish(state)
}

/// Hash of a number and names.
pub(crate) fn hash_with(number: u64, purpose: &str, parts: &[&str]) -> u64 {
    finish(hash(purpose, parts) ^ finish(number.wrapping_add(0x9e37_79b9_7f4a_7c15)))
}

fn step(state: u64, byte: u8) -> u64 {
    (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
}

fn finish(mut state: u64) -> u64 {
    state ^= state >> 33;
    state = state.wrapping_mul(0xff51_afd7_ed55_8ccd);
    state ^= state >> 33;
    state = state.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    state ^ state >> 33
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_never_change() {
        assert_eq!(
            hash("mac", &["lab", "a-b", "a"]),
            hash("mac", &["lab", "a-b", "a"])
        );
        assert_ne!(hash("mac", &["ab", "c"]), hash("mac", &["a", "bc"]));
        assert_eq!(hash("mac", &["lab", "a-b"]), 0x3cd7_dfc8_379f_6104);
        assert_eq!(hash_with(1, "seed", &["a-b"]), 0x2cf5_a7e8_0bda_d253);
    }
}
