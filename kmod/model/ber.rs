// SPDX-License-Identifier: GPL-2.0

//! Bit errors: which frames they hit.
//!
//! With a bit error rate *b*, a frame of *n* bits on the wire survives with (1 - b)^n. That is
//! 2^-nh, where the hazard h = -log2(1 - b) of one bit is prepared when the rate is set. For the
//! precision see [`super::exponential`].

use super::{
    exponential::{
        decayed,
        hazard, //
    },
    probability::{
        Chance,
        Probability, //
    },
    units::MAX_WIRE_BITS, //
};

/// A bit error rate, prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorRate {
    /// -log2(1 - rate). A rate of one half has the hazard 1, and the longest frame 2^34 bits: the
    /// product stays below 2^122.
    hazard: [u64; 2],
}

impl ErrorRate {
    /// Prepares a rate; none if it is zero or above one half.
    pub const fn new(rate: Probability) -> Option<Self> {
        if rate.parts() == 0 || rate.parts() > Probability::PARTS / 2 {
            return None;
        }
        let hazard = hazard(rate.fraction());
        // Halves, as a number of 128 bits would want to be aligned.
        Some(Self {
            hazard: [(hazard >> 64) as u64, hazard as u64],
        })
    }

    /// The chance that a frame of `bits` bits on the wire is hit; none if it is below 2^-64.
    #[inline]
    pub const fn loss(&self, bits: u64) -> Option<Chance> {
        let bits = if bits < MAX_WIRE_BITS {
            bits
        } else {
            MAX_WIRE_BITS
        };
        let hazard = (self.hazard[0] as u128) << 64 | self.hazard[1] as u128;
        match decayed(hazard.wrapping_mul(bits as u128)) {
            Some(loss) => Chance::new(loss),
            None => Some(Chance::CERTAIN),
        }
    }
}

/// The chances of the last frame sizes, as most frames have one of a few sizes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memo {
    entries: [(u64, Option<Chance>); 4],
}

impl Memo {
    /// The same as [`ErrorRate::loss`]; the memo belongs to one error rate.
    #[inline]
    pub fn loss(&mut self, rate: &ErrorRate, bits: u64) -> Option<Chance> {
        // Bits are whole bytes.
        let Some(entry) = self.entries.get_mut((bits >> 3) as usize & 3) else {
            return rate.loss(bits);
        };
        // A frame without bits is never hit, which is what an empty entry says.
        if entry.0 != bits {
            *entry = (bits, rate.loss(bits));
        }
        entry.1
    }
}
