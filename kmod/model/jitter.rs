// SPDX-License-Identifier: GPL-2.0

//! Jitter: how much a frame's delay differs from the configured one.
//!
//! A draw becomes a *tail* (the probability of a greater deviation), the tail becomes a deviation
//! in units of the amount by the distribution's quantile function, from a table with linear
//! interpolation: below 10^-4 from the exact distribution everywhere. Every distribution but a
//! user's own table has the mean 0; the amount is the standard deviation of all but the uniform one,
//! where it is the greatest deviation to either side.
//!
//! A correlated jitter has the distribution of an uncorrelated one, too: an autoregressive normal
//! process is carried through the normal distribution function and the quantile function (the
//! "autoregressive to anything" process; netem's mixing of draws narrows the distribution instead).
//! The correlation is that of the normal process; for the normal distribution it is the jitter's.

mod tables;

use self::tables::{
    CUBE_ROOTS,
    NORMAL,
    NORMAL_TAIL, //
};
use super::{
    probability::Probability,
    units::{
        mul_high,
        square_root, //
    }, //
};

/// One, as a deviation: deviations are in parts of 2^32 of the amount.
const ONE: i64 = 1 << 32;
/// 2 / sqrt(3) in parts of 2^24: one over the standard deviation of 1 / u^(1/3).
const PARETO_SCALE: i64 = 19_372_660;
/// One over the standard deviation of a quarter normal and three quarters Pareto, in parts of 2^24.
const PARETO_NORMAL_SCALE: i64 = 17_890_853;
/// 2^(i / 3) in parts of 2^30.
const POWERS: [u64; 3] = [1 << 30, 1_352_829_926, 1_704_458_901];
/// One, in a user's table.
const TABLE_ONE_SHIFT: u32 = 13;

/// Distribution of the deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Uniform between the amount to either side.
    Uniform,
    /// Normal, cut 6.3 standard deviations out.
    Normal,
    /// Pareto with the shape 3, cut where its tail is 2^-32. The smallest deviation is -0.58.
    Pareto,
    /// A quarter of the normal and three quarters of the Pareto quantile, as netem's.
    ParetoNormal,
    /// A table in the form of netem's: quantiles at even distances, 8192 being the amount. The
    /// table is memory of the direction's owner.
    Table,
}

/// Whether frames may overtake each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// A frame waits until its predecessors are out, which shifts the mean of the delay.
    Keep,
    /// Each frame has the delay that it drew.
    Free,
}

/// Jitter as a user sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter {
    /// Standard deviation, or half width, in ns.
    pub amount: u64,
    /// Distribution of the deviation.
    pub distribution: Distribution,
    /// Correlation with the previous frame's.
    pub correlation: Probability,
    /// Whether frames may overtake.
    pub order: Order,
}

impl Jitter {
    /// Prepares the jitter.
    pub const fn prepare(&self) -> PreparedJitter {
        // 1 - rho^2 in parts of 2^64; rho is cut to a multiple of 2^-32.
        let rho = (self.correlation.fraction() >> 96) as u64;
        let rest = if rho == 0 {
            u64::MAX
        } else {
            (rho * rho).wrapping_neg()
        };
        PreparedJitter {
            amount: self.amount,
            distribution: self.distribution,
            rho,
            innovation: square_root(rest),
        }
    }
}

/// [`Jitter`], prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreparedJitter {
    amount: u64,
    distribution: Distribution,
    /// Correlation in parts of 2^32.
    rho: u64,
    /// sqrt(1 - rho^2) in parts of 2^32.
    innovation: u64,
}

/// State of the correlation: the last value of the normal process.
#[derive(Clone, Copy, Debug, Default)]
pub struct JitterState {
    last: Option<i64>,
}

impl JitterState {
    /// The deviation from the delay, in ns, that belongs to `draw`.
    #[inline]
    pub fn deviation(&mut self, jitter: &PreparedJitter, draw: u64, table: &[i16]) -> i64 {
        let parts = if jitter.rho == 0 {
            jitter.quantile(draw, table)
        } else {
            let value = self.step(jitter, normal(draw));
            match jitter.distribution {
                Distribution::Normal => value,
                _ => jitter.quantile(normal_tail(value), table),
            }
        };
        let product = i128::from(jitter.amount).wrapping_mul(i128::from(parts));
        (product.wrapping_add(1 << 31) >> 32) as i64
    }

    /// The next value of the normal process.
    fn step(&mut self, jitter: &PreparedJitter, innovation: i64) -> i64 {
        let value = match self.last {
            // It starts in its long-run distribution.
            None => innovation,
            Some(last) => {
                let kept = i128::from(last).wrapping_mul(i128::from(jitter.rho));
                let new = i128::from(innovation).wrapping_mul(i128::from(jitter.innovation));
                (kept.wrapping_add(new).wrapping_add(1 << 31) >> 32) as i64
            }
        };
        self.last = Some(value);
        value
    }
}

impl PreparedJitter {
    /// The deviation with a tail of `tail`.
    #[inline]
    fn quantile(&self, tail: u64, table: &[i16]) -> i64 {
        match self.distribution {
            Distribution::Uniform => uniform(tail),
            Distribution::Normal => normal(tail),
            Distribution::Pareto => pareto(tail),
            Distribution::ParetoNormal => {
                // Four times the deviation, below 2^45, by a scale below 2^25.
                let sum = pareto(tail).wrapping_mul(3).wrapping_add(normal(tail));
                (sum >> 10).wrapping_mul(PARETO_NORMAL_SCALE) >> 16
            }
            Distribution::Table => from_table(tail, table),
        }
    }
}

#[inline]
fn uniform(tail: u64) -> i64 {
    // 1 - 2 tail, without the one that does not fit.
    !((tail ^ (1 << 63)) as i64) >> 31
}

/// Upper quantile of the standard normal distribution.
#[inline]
fn normal(tail: u64) -> i64 {
    let upper = tail >> 63 == 0;
    let tail = if upper { tail } else { !tail };
    // The table has sixteen entries for each halving of the tail, from one half down to 2^-33.
    let halvings = tail.leading_zeros().saturating_sub(1);
    let quantile = if halvings > 31 {
        interpolate(&NORMAL, 0, 0)
    } else {
        let fraction = tail << (halvings + 2);
        let entry = (31 - halvings as usize) * 16 + (fraction >> 60) as usize;
        interpolate(&NORMAL, entry, (fraction >> 28) as u32)
    };
    let quantile = (quantile << 4) as i64;
    if upper {
        quantile
    } else {
        -quantile
    }
}

/// Tail of the standard normal distribution above `quantile`.
#[inline]
fn normal_tail(quantile: i64) -> u64 {
    let distance = quantile.unsigned_abs();
    // 32 entries for each one.
    let entry = (distance >> 27) as usize;
    let last = NORMAL_TAIL.len() - 1;
    let at = |entry: usize| NORMAL_TAIL.get(entry.min(last)).copied().unwrap_or(0);
    let (from, to) = (at(entry), at(entry.saturating_add(1)));
    let tail = from.wrapping_sub(mul_high(from.saturating_sub(to), distance << 37));
    if quantile >= 0 {
        tail
    } else {
        !tail
    }
}

/// Upper quantile of the Pareto distribution with the shape 3, with mean 0 and deviation 1.
#[inline]
fn pareto(tail: u64) -> i64 {
    let tail = tail.max(1 << 32);
    let halvings = tail.leading_zeros();
    let fraction = tail << halvings << 1;
    let root = interpolate(
        &CUBE_ROOTS,
        (fraction >> 59) as usize,
        (fraction >> 27) as u32,
    );
    let power = POWERS
        .get(halvings as usize % 3)
        .copied()
        .unwrap_or_default();
    // 1 / tail^(1/3), in parts of 2^32, below 2^43; its mean is 3/2.
    let value = (root.wrapping_mul(power) >> 28) << (halvings / 3);
    (((value as i64 - 3 * ONE / 2) >> 8) * PARETO_SCALE) >> 16
}

/// Quantile from a user's table, which starts with the least deviation.
#[inline]
fn from_table(tail: u64, table: &[i16]) -> i64 {
    let last = table.len().saturating_sub(1);
    let place = last as u128 * u128::from(!tail);
    let entry = (place >> 64) as usize;
    let fraction = (place >> 32) as u32;
    let at = |entry: usize| table.get(entry.min(last)).copied().map_or(0, i64::from);
    let (from, to) = (at(entry), at(entry + 1));
    (from * ONE + (to - from) * i64::from(fraction)) >> TABLE_ONE_SHIFT
}

/// The value between `entry` of a falling table and the next one.
#[inline]
fn interpolate(table: &[u32], entry: usize, fraction: u32) -> u64 {
    let at = |entry: usize| table.get(entry).copied().map_or(0, u64::from);
    let (from, to) = (at(entry), at(entry + 1));
    from.wrapping_sub(from.saturating_sub(to).wrapping_mul(u64::from(fraction)) >> 32)
}
