// SPDX-License-Identifier: GPL-2.0

//! Exponential decay in fixed point: survival of many small chances, averages that fade.
//!
//! A decay is 2^-x. The exponent is kept with 88 binary places: enough for a relative error below
//! 10^-11 where one step's chance is 10^-15. What has decayed, 1 - 2^-x, is a polynomial of the
//! fractional part and a shift by the whole part; its error is below 2^-58, and below 2^-62 where
//! it is itself below 2^-10.

use super::units::{
    mul_high,
    mul_high_128, //
};

/// Places of the fixed point of exponents.
pub const PLACES: u32 = 88;

/// 1/ln 2 - 1 in parts of 2^128.
const LOG2_E_LESS_1: u128 = 0x7154_7652_b82f_e177_7d0f_fda0_d23a_7d11;

/// (ln 2)^k / k! in parts of 2^64, from k = 1 on: the series of 2^x - 1.
const SERIES: [u64; 18] = [
    0xb172_17f7_d1cf_79ac,
    0x3d7f_7bff_058b_1d51,
    0x0e35_846b_8250_5fc6,
    0x0276_556d_f749_cee5,
    0x0057_61ff_9e29_9cc4,
    0x000a_1848_97c3_63c4,
    0x0000_ffe5_fe2c_4586,
    0x0000_162c_0223_a5c8,
    0x0000_01b5_253d_395e,
    0x0000_001e_4cf5_158c,
    0x0000_0001_e8ca_c735,
    0x0000_0000_1c3b_d651,
    0x0000_0000_0181_6193,
    0x0000_0000_0013_1496,
    0x0000_0000_0000_e1b7,
    0x0000_0000_0000_09c7,
    0x0000_0000_0000_0066,
    0x0000_0000_0000_0004,
];

/// -log2(1 - p) with [`PLACES`] places, for p in parts of 2^128 up to one half.
///
/// Loops, so it is for setting parameters only.
pub const fn hazard(p: u128) -> u128 {
    // -ln(1 - p) = p + p^2 / 2 + p^3 / 3 + ..., at most ln 2.
    let mut power = p;
    let mut sum: u128 = 0;
    let mut k = 1;
    while power != 0 && k < 256 {
        sum = sum.wrapping_add(divide(power, k));
        power = mul_high_128(power, p);
        k += 1;
    }
    // The logarithm to base 2 can be 1, which needs the 128th place.
    let half = sum >> 1;
    half.wrapping_add(mul_high_128(half, LOG2_E_LESS_1)) >> (127 - PLACES)
}

/// 1 - 2^-x in parts of 2^64 for an exponent with [`PLACES`] places; none if it is one.
#[inline]
pub const fn decayed(exponent: u128) -> Option<u64> {
    let whole = (exponent >> PLACES) as u64;
    let part = (exponent >> (PLACES - 64)) as u64;
    let loss = decayed_part(part);
    if whole == 0 {
        return Some(loss);
    }
    if whole > 63 {
        return None;
    }
    // 2^-whole of what survives the fractional part, which can be all 2^64 parts.
    let survival = if loss == 0 {
        1 << (64 - whole)
    } else {
        loss.wrapping_neg() >> whole
    };
    Some(survival.wrapping_neg())
}

/// 1 - 2^-part, both in parts of 2^64.
#[inline]
const fn decayed_part(part: u64) -> u64 {
    let mut sum: u64 = 0;
    let mut k = SERIES.len();
    while k > 0 {
        k -= 1;
        sum = SERIES[k].wrapping_sub(mul_high(sum, part));
    }
    mul_high(sum, part)
}

/// `n / d`, rounded down.
const fn divide(n: u128, d: u32) -> u128 {
    let mut quotient: u128 = 0;
    let mut rest: u64 = 0;
    let mut limb = 4;
    while limb > 0 {
        limb -= 1;
        let part = rest << 32 | (n >> (32 * limb)) as u32 as u64;
        quotient = quotient << 32 | (part / d as u64) as u128;
        rest = part % d as u64;
    }
    quotient
}
