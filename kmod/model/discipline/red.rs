// SPDX-License-Identifier: GPL-2.0

//! Random early detection (Floyd and Jacobson 1993), with the gentle mode.
//!
//! The average of the L2 bytes that wait is updated at each arrival, and fades while the wire is
//! idle as if frames of 1000 bytes had passed. Drops are spread as in the paper: by a probability
//! that grows with the number of frames since the last one.

use super::super::{
    exponential::{
        decayed,
        hazard, //
    },
    params::Params,
    probability::Probability,
    units::{
        fraction,
        mul_high,
        mul_high_128,
        NANOS_PER_SEC, //
    }, //
};
use super::{
    refuse,
    QueueingError,
    QueueingField, //
};

/// Frame size by which idle time is measured, L2 bytes.
const IDLE_FRAME: u64 = 1000;
/// Places of the average.
const AVERAGE_PLACES: u32 = 16;
/// Bits that an exponent leaves unused in 128.
const SPARE: u32 = 39;
/// Greatest threshold, bytes.
const MAX_THRESHOLD: u64 = 1 << 40;

/// RED as a user sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Red {
    /// Average queue in L2 bytes from which on frames may be dropped.
    pub min: u64,
    /// Average queue in L2 bytes at which [`Self::probability`] is reached.
    pub max: u64,
    /// Probability at the upper threshold.
    pub probability: Probability,
    /// A new sample counts 2^-weight in the average; 1 to 24.
    pub weight: u32,
    /// From the upper threshold on, the probability grows to 1 at twice the threshold. Without, all
    /// is dropped above it.
    pub gentle: bool,
}

/// [`Red`], prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct PreparedRed {
    min: u64,
    max: u64,
    /// Probability at the upper threshold in parts of 2^64.
    probability: u64,
    /// Rise of the probability per byte between the thresholds, in parts of 2^64.
    slope: u64,
    /// The same above the upper threshold.
    gentle_slope: Option<u64>,
    weight: u32,
    /// Exponent by which the average fades per nanosecond of idle time, in halves.
    fade: [u64; 2],
}

impl Red {
    pub(super) fn prepare(&self, params: &Params) -> Result<PreparedRed, QueueingError> {
        if self.min == 0 || self.max <= self.min {
            return refuse(
                QueueingField::RedThreshold,
                "max must be above min, and min above 0",
            );
        }
        if self.max > MAX_THRESHOLD {
            return refuse(QueueingField::RedThreshold, "max is above 1 TiB");
        }
        if self.probability == Probability::ZERO {
            return refuse(QueueingField::RedProbability, "probability is zero");
        }
        if self.weight == 0 || self.weight > 24 {
            return refuse(QueueingField::RedWeight, "weight is not 1 to 24");
        }
        let probability = (self.probability.fraction() >> 64) as u64;
        // Each frame fades the average by 1 - 2^-weight; a nanosecond is this part of a frame.
        let per_frame = hazard(u128::MAX.wrapping_shr(self.weight));
        let bits = (IDLE_FRAME + u64::from(params.overhead)) * 8;
        let frames_per_ns = fraction(params.rate.unwrap_or(0), bits.wrapping_mul(NANOS_PER_SEC));
        // One frame's exponent is at most 2^88.
        let fade = mul_high_128(per_frame << SPARE, frames_per_ns) >> SPARE;
        Ok(PreparedRed {
            min: self.min,
            max: self.max,
            probability,
            slope: probability / (self.max - self.min).max(1),
            gentle_slope: self.gentle.then_some((u64::MAX - probability) / self.max),
            weight: self.weight,
            fade: [(fade >> 64) as u64, fade as u64],
        })
    }
}

/// What RED says of an arriving frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may wait.
    Admit,
    /// It is marked or dropped.
    Signal,
    /// It is dropped.
    Drop,
}

/// State of RED.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RedState {
    /// Average of the waiting L2 bytes, with [`AVERAGE_PLACES`] binary places.
    average: u64,
    /// Frames since the last signal; none below the lower threshold.
    since: Option<u32>,
}

impl RedState {
    /// A frame found the wire idle, since `idle` ns.
    pub(super) fn idle(&mut self, red: &PreparedRed, idle: u64) {
        self.since = None;
        // Over a minute, the slowest average of a slow line need not have faded; it matters little.
        let faded = if idle >> 36 == 0 {
            let fade = u128::from(red.fade[0]) << 64 | u128::from(red.fade[1]);
            decayed(fade.wrapping_mul(u128::from(idle)))
        } else {
            None
        };
        self.average = match faded {
            Some(part) => self.average.saturating_sub(mul_high(self.average, part)),
            None => 0,
        };
    }

    /// A frame arrives while `waiting` L2 bytes wait.
    pub(super) fn arrive(&mut self, red: &PreparedRed, waiting: u64, draw: u64) -> Verdict {
        let sample = waiting.min(u64::MAX >> AVERAGE_PLACES) << AVERAGE_PLACES;
        self.average = if sample >= self.average {
            self.average
                .wrapping_add((sample - self.average).wrapping_shr(red.weight))
        } else {
            self.average
                .wrapping_sub((self.average - sample).wrapping_shr(red.weight))
        };
        let average = self.average >> AVERAGE_PLACES;
        if average < red.min {
            self.since = None;
            return Verdict::Admit;
        }
        let probability = if average < red.max {
            red.rise(self.average, red.min, red.slope)
        } else {
            match red.gentle_slope {
                Some(slope) if average < red.max.saturating_mul(2) => red
                    .probability
                    .saturating_add(red.rise(self.average, red.max, slope)),
                _ => {
                    self.since = Some(0);
                    return Verdict::Drop;
                }
            }
        };
        let since = self.since.map_or(0, |frames| frames.saturating_add(1));
        // p / (1 - since p) is hit if draw (1 - since p) < p.
        let spent = u64::try_from(u128::from(since) * u128::from(probability));
        let hit = match spent {
            Ok(spent) => mul_high(draw, !spent) < probability,
            Err(_) => true,
        };
        self.since = Some(if hit { 0 } else { since });
        if hit {
            Verdict::Signal
        } else {
            Verdict::Admit
        }
    }
}

impl PreparedRed {
    /// How far the probability has risen from the threshold `from` to the average.
    fn rise(&self, average: u64, from: u64, slope: u64) -> u64 {
        let beyond = average.saturating_sub(from << AVERAGE_PLACES);
        ((u128::from(beyond) * u128::from(slope)) >> AVERAGE_PLACES) as u64
    }
}
