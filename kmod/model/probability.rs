// SPDX-License-Identifier: GPL-2.0

//! Probabilities.
//!
//! A [`Probability`] is a number of parts of 10^19: every decimal fraction of up to 19 places is
//! exact, so that what a user sets is what he reads back, from one in 10^19 up to certainty. The
//! control interface carries it in this form; text is parsed where there is text. For the packet
//! path it becomes a [`Chance`], which compares it with 64 random bits.

use super::units::fraction;
use core::num::NonZeroU64;

/// A probability in parts of 10^19.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Probability(u64);

impl Probability {
    /// How many parts are certainty.
    pub const PARTS: u64 = 10_000_000_000_000_000_000;
    /// Never.
    pub const ZERO: Self = Self(0);
    /// Always.
    pub const ONE: Self = Self(Self::PARTS);

    /// As likely as not.
    pub const HALF: Self = Self(Self::PARTS / 2);

    /// So many parts of 10^19, unless that is more than one.
    pub const fn new(parts: u64) -> Option<Self> {
        if parts <= Self::PARTS {
            Some(Self(parts))
        } else {
            None
        }
    }

    /// In parts of 10^19.
    pub const fn parts(self) -> u64 {
        self.0
    }

    /// The probability of the opposite.
    pub const fn complement(self) -> Self {
        Self(Self::PARTS.saturating_sub(self.0))
    }

    /// The sum, unless it is more than one.
    pub const fn plus(self, other: Self) -> Option<Self> {
        // Two times 10^19 does not fit.
        match self.0.checked_add(other.0) {
            Some(parts) => Self::new(parts),
            None => None,
        }
    }

    /// As a binary fraction of 128 bits; certainty is all ones.
    pub const fn fraction(self) -> u128 {
        if self.0 >= Self::PARTS {
            u128::MAX
        } else {
            fraction(self.0, Self::PARTS)
        }
    }

    /// For the packet path; none if it never happens.
    pub const fn chance(self) -> Option<Chance> {
        if self.0 >= Self::PARTS {
            return Some(Chance::CERTAIN);
        }
        Chance::new((self.fraction() >> 64) as u64)
    }
}

/// A probability that 64 random bits decide, at least 2^-63.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    /// The greatest draw that is a hit. Never zero, so that no chance at all takes no room.
    last: NonZeroU64,
}

impl Chance {
    /// Certainty.
    pub const CERTAIN: Self = Self {
        last: NonZeroU64::MAX,
    };

    /// `parts` of 2^64, one being taken as two; none if it never happens.
    #[inline]
    pub const fn new(parts: u64) -> Option<Self> {
        let last = if parts == 1 {
            1
        } else {
            parts.saturating_sub(1)
        };
        match NonZeroU64::new(last) {
            Some(last) => Some(Self { last }),
            None => None,
        }
    }

    /// Whether a uniform draw is a hit.
    #[inline]
    pub const fn hits(&self, draw: u64) -> bool {
        draw <= self.last.get()
    }

    /// How many of the 2^64 draws are hits, less one.
    pub const fn last(&self) -> u64 {
        self.last.get()
    }
}
