// SPDX-License-Identifier: GPL-2.0

//! Units, and the integer arithmetic that converts between them.
//!
//! The kernel has neither floating point nor a 128-bit division, and a 64-bit division per packet
//! is too slow. So whatever needs a division is prepared once, when a parameter is set.

/// Nanoseconds in a second.
pub const NANOS_PER_SEC: u64 = 1_000_000_000;

/// Most bits that one frame can have on the wire; more is taken as this many.
///
/// `MAX_WIRE_BITS * NANOS_PER_SEC` plus a remainder below the highest rate fits 64 bits, on which
/// the serialiser relies. It is 2 GiB; the kernel's longest super-packet is below 1 MiB.
pub const MAX_WIRE_BITS: u64 = 1 << 34;

/// Bits on the wire of `frames` wire frames with `bytes` L2 bytes together, each with `overhead`
/// bytes of its own.
///
/// Not limited to [`MAX_WIRE_BITS`]: it is used for whole queues, too. Does not overflow for fewer
/// than 2^59 bytes in total, and stops at `u64::MAX` beyond.
#[inline]
pub const fn wire_bits(bytes: u64, frames: u64, overhead: u32) -> u64 {
    frames
        .saturating_mul(overhead as u64)
        .saturating_add(bytes)
        .saturating_mul(8)
}

/// Bits that a line of `rate` bit/s carries in `ns` nanoseconds, rounded down, at most `u64::MAX`.
///
/// Divides, so it is for setting parameters only.
pub const fn bits_in(rate: u64, ns: u64) -> u64 {
    // rate * ns / 1e9, taken apart so that no partial product exceeds 64 bits: only the product of
    // the two parts below 1e9 needs the division.
    let (seconds, nanos) = (ns / NANOS_PER_SEC, ns % NANOS_PER_SEC);
    let (gigabits, bits) = (rate / NANOS_PER_SEC, rate % NANOS_PER_SEC);
    rate.saturating_mul(seconds)
        .saturating_add(gigabits.saturating_mul(nanos))
        .saturating_add(bits * nanos / NANOS_PER_SEC)
}

/// `a * b / c`, rounded down, exact, for `a < c` and `c < 2^63`; all ones for a `c` of zero.
///
/// One bit per step, for setting parameters only: the kernel lacks the 128-bit division that the
/// compiler would call.
pub const fn mul_div(a: u64, b: u64, c: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    let words = [(product >> 64) as u64, product as u64];
    let mut quotient: u64 = 0;
    let mut rest: u64 = 0;
    let mut step = 0;
    while step < 128 {
        let word = if step < 64 { words[0] } else { words[1] };
        let bit = (word >> (63 - (step & 63))) & 1;
        rest = (rest << 1) | bit;
        quotient <<= 1;
        if rest >= c {
            rest -= c;
            quotient |= 1;
        }
        step += 1;
    }
    quotient
}

/// `n / d` for `n < d` as a binary fraction of 128 bits, rounded down; all ones for a `d` of zero.
///
/// One bit per step, for setting parameters only.
pub const fn fraction(n: u64, d: u64) -> u128 {
    let mut quotient: u128 = 0;
    let mut rest = n;
    let mut step = 0;
    while step < 128 {
        let carry = rest >> 63 != 0;
        rest <<= 1;
        quotient <<= 1;
        if carry || rest >= d {
            rest = rest.wrapping_sub(d);
            quotient |= 1;
        }
        step += 1;
    }
    quotient
}

/// High half of the product of two 64-bit numbers: the product of two binary fractions.
#[inline]
pub const fn mul_high(a: u64, b: u64) -> u64 {
    ((a as u128 * b as u128) >> 64) as u64
}

/// High half of the product of two 128-bit numbers, less than 4 below the exact value.
pub const fn mul_high_128(a: u128, b: u128) -> u128 {
    let (a1, a0) = (a >> 64, a & u64::MAX as u128);
    let (b1, b0) = (b >> 64, b & u64::MAX as u128);
    // The product of the low halves only matters through its carry.
    (a1 * b1)
        .wrapping_add((a1 * b0) >> 64)
        .wrapping_add((a0 * b1) >> 64)
}

/// Greatest whole number whose square is not above `n`.
///
/// One bit per step, for setting parameters only.
pub const fn square_root(n: u64) -> u64 {
    let mut root: u64 = 0;
    let mut bit: u64 = 1 << 31;
    while bit != 0 {
        let candidate = root | bit;
        if candidate.wrapping_mul(candidate) <= n {
            root = candidate;
        }
        bit >>= 1;
    }
    root
}

/// Divides by a number that is known beforehand: a multiplication and a correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reciprocal {
    divisor: u64,
    /// `(2^64 - 1) / divisor`, rounded down.
    inverse: u64,
}

impl Reciprocal {
    /// Prepares division by `divisor`; zero is taken as one.
    pub const fn new(divisor: u64) -> Self {
        let divisor = if divisor == 0 { 1 } else { divisor };
        Self {
            divisor,
            inverse: u64::MAX / divisor,
        }
    }

    /// The number that is divided by.
    #[inline]
    pub const fn divisor(&self) -> u64 {
        self.divisor
    }

    /// Quotient and remainder of `n`, exact for all `n`.
    #[inline]
    pub const fn div_rem(&self, n: u64) -> (u64, u64) {
        // 2^64 - inverse * divisor lies in 1..=divisor, so the estimate falls short of n / divisor
        // by at most n / 2^64 < 1: its floor is the quotient or one less.
        let quotient = ((n as u128 * self.inverse as u128) >> 64) as u64;
        let rest = n.wrapping_sub(quotient.wrapping_mul(self.divisor));
        if rest >= self.divisor {
            (quotient.wrapping_add(1), rest.wrapping_sub(self.divisor))
        } else {
            (quotient, rest)
        }
    }
}
