// SPDX-License-Identifier: GPL-2.0

//! The serialiser: when a frame's last bit leaves, to the nanosecond and without drift.
//!
//! A frame of *b* bits takes *b* x 10^9 / rate nanoseconds, which is rarely whole. The model's clock
//! is, so a frame ends at the last whole nanosecond not after its exact end, and the fraction (the
//! remainder of the division, in units of 1/rate nanoseconds) is carried to the next frame. The
//! error of any end is below 1 ns whatever the number of frames before it.
//!
//! When the wire falls idle the fraction means nothing: the next frame starts at the whole
//! nanosecond at which it arrives, which is after the exact end. Only a frame that starts in the
//! very nanosecond in which the last one ended is back to back with it, and inherits the fraction.

use super::units::{
    mul_div,
    Reciprocal,
    MAX_WIRE_BITS,
    NANOS_PER_SEC, //
};

/// A line's rate, prepared for division.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRate(Reciprocal);

impl LineRate {
    /// Prepares a rate of `bits_per_second`, which is not zero and below 2^60.
    pub const fn new(bits_per_second: u64) -> Self {
        Self(Reciprocal::new(bits_per_second))
    }

    /// The rate in bit/s.
    #[inline]
    pub const fn bits_per_second(&self) -> u64 {
        self.0.divisor()
    }

    /// Time to send `bits`, ns, to a few parts of 2^-32.
    #[inline]
    pub const fn time_of(&self, bits: u64) -> u64 {
        // More than 2^34 bits times 10^9 do not fit.
        let scale = 30u32.saturating_sub(bits.leading_zeros());
        let time = self
            .0
            .div_rem((bits >> scale).wrapping_mul(NANOS_PER_SEC))
            .0;
        if scale > time.leading_zeros() {
            u64::MAX
        } else {
            time << scale
        }
    }
}

/// State of one serialiser.
///
/// # Invariants
///
/// `remainder` is below the rate at which the last frame was sent (or the rate it was rescaled to).
#[derive(Clone, Copy, Debug, Default)]
pub struct Serialiser {
    /// Whole nanosecond at which the last frame ended.
    free_at: u64,
    /// What the last frame's exact end is later than `free_at`, in 1/rate nanoseconds.
    remainder: u64,
}

impl Serialiser {
    /// Sends `bits` from `start` on, which is not before the last frame's end, and returns the end.
    ///
    /// Without a rate a frame ends when it starts.
    #[inline]
    pub fn send(&mut self, start: u64, bits: u64, rate: Option<&LineRate>) -> u64 {
        let carried = if start == self.free_at {
            self.remainder
        } else {
            0
        };
        let (nanos, rest) = match rate {
            // The sum stays below 2^34 * 10^9 + 2^60 < 2^64.
            Some(rate) => rate.0.div_rem(
                (bits.min(MAX_WIRE_BITS))
                    .wrapping_mul(NANOS_PER_SEC)
                    .wrapping_add(carried),
            ),
            None => (0, 0),
        };
        self.free_at = start.saturating_add(nanos);
        self.remainder = rest;
        self.free_at
    }

    /// Follows a change of the rate between two frames.
    ///
    /// The carried fraction is a time, and stays the same time in units of the new rate, rounded
    /// down: a change advances the wire by less than 1/rate nanoseconds. Towards or from an
    /// unlimited rate it is dropped, which is less than a nanosecond.
    pub fn change_rate(&mut self, old: Option<&LineRate>, new: Option<&LineRate>) {
        self.remainder = match (old, new) {
            (Some(old), Some(new)) => {
                mul_div(self.remainder, new.bits_per_second(), old.bits_per_second())
            }
            _ => 0,
        };
    }

    /// Since when the wire is free, or when it will be.
    #[inline]
    pub const fn free_at(&self) -> u64 {
        self.free_at
    }

    /// Forgets what was sent: the wire is idle at `now`.
    pub fn reset(&mut self, now: u64) {
        self.free_at = now;
        self.remainder = 0;
    }
}
