// SPDX-License-Identifier: GPL-2.0

//! The random source of the generators: the same numbers for the same seed, on every machine and in every version.

use crate::hash::hash_with;

/// SplitMix64.
pub(super) struct Random {
    state: u64,
}

impl Random {
    pub fn new(seed: u64, purpose: &str) -> Self {
        Random {
            state: hash_with(seed, "generate", &[purpose]),
        }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // The bias is below 2^-32 for the sizes of networks.
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// A number from 0 to below 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
