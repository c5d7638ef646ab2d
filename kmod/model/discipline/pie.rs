// SPDX-License-Identifier: GPL-2.0

//! PIE (RFC 8033): drops at random on arrival, with a probability that a controller sets at even
//! intervals from the delay of the queue and its trend.
//!
//! The delay is not estimated: it is the time that the line needs for what waits. The controller
//! runs in modelled time, before the first arrival or departure that is not before its next turn.
//! Scaling, the steps of at most 2 %, the jump above 250 ms and the derandomisation are the RFC's;
//! the decay when the queue is idle is its 2 % as Linux has it, 1/64.

use super::{
    check_time,
    refuse,
    QueueingError,
    QueueingField, //
};

/// Certainty. The controller's numbers are parts of 2^56, so that sums of several fit.
const CERTAIN: u64 = u64::MAX >> 8;
/// One percent.
const PERCENT: u64 = CERTAIN / 100;
/// For how long bursts are let through, ns.
const BURST: u64 = 150_000_000;
/// Delay from which on the probability grows faster, ns.
const LONG_DELAY: u64 = 250_000_000;
/// Two frames: a queue of no more L2 bytes is let through.
const FLOOR: u64 = 2 * 1514;
/// Greatest gain, in sixteenths.
const MAX_GAIN: u32 = 32;
/// Longest delay that the controller tells apart, ns.
const MAX_DELAY: u64 = 100_000_000_000;

/// PIE as a user sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pie {
    /// Acceptable delay, ns.
    pub target: u64,
    /// Interval of the controller, ns.
    pub update: u64,
    /// Gain for the distance from the target, in 1/16 per second.
    pub alpha: u32,
    /// Gain for the change of the delay, in 1/16 per second.
    pub beta: u32,
}

impl Default for Pie {
    fn default() -> Self {
        Self {
            target: 15_000_000,
            update: 15_000_000,
            alpha: 2,
            beta: 20,
        }
    }
}

/// [`Pie`], prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct PreparedPie {
    target: u64,
    update: u64,
    /// Change of the probability per ns, in parts of 2^56.
    alpha: u64,
    beta: u64,
}

impl Pie {
    pub(super) fn prepare(&self) -> Result<PreparedPie, QueueingError> {
        check_time(QueueingField::Target, self.target)?;
        check_time(QueueingField::Interval, self.update)?;
        if self.update < 1_000_000 {
            return refuse(QueueingField::Interval, "update interval is below 1 ms");
        }
        if self.alpha > MAX_GAIN {
            return refuse(QueueingField::PieAlpha, "alpha is above 32 sixteenths");
        }
        if self.beta > MAX_GAIN {
            return refuse(QueueingField::PieBeta, "beta is above 32 sixteenths");
        }
        let per_ns = |gain: u32| u64::from(gain) * (CERTAIN / 1_000_000_000) / 16;
        Ok(PreparedPie {
            target: self.target,
            update: self.update,
            alpha: per_ns(self.alpha),
            beta: per_ns(self.beta),
        })
    }
}

/// State of PIE.
#[derive(Clone, Copy, Debug)]
pub(super) struct PieState {
    /// When the controller runs next; none before the first frame.
    next: Option<u64>,
    probability: u64,
    /// Sum of the probabilities since the last signal.
    accumulated: u64,
    /// Delay at the last run of the controller.
    delay: u64,
    /// What is left of the allowance for bursts.
    burst: u64,
}

impl Default for PieState {
    fn default() -> Self {
        Self {
            next: None,
            probability: 0,
            accumulated: 0,
            delay: 0,
            burst: BURST,
        }
    }
}

impl PieState {
    /// Runs the controller up to `now`; since its last run `delay` ns of frames have been waiting,
    /// of which `waiting` tells whether there are any.
    pub(super) fn advance(&mut self, pie: &PreparedPie, now: u64, delay: u64, waiting: bool) {
        let Some(mut next) = self.next else {
            self.next = Some(now.saturating_add(pie.update));
            return;
        };
        while next <= now {
            self.control(pie, delay.min(MAX_DELAY), waiting);
            next = if self.is_at_rest() && delay == 0 {
                // Further runs would change nothing.
                now.saturating_add(pie.update)
            } else {
                next.saturating_add(pie.update)
            };
            if next == u64::MAX {
                break;
            }
        }
        self.next = Some(next);
    }

    fn is_at_rest(&self) -> bool {
        self.probability == 0 && self.delay == 0 && self.burst == BURST
    }

    /// Whether a frame that finds `waiting` L2 bytes is to be signalled, and whether a mark will do.
    pub(super) fn arrive(&mut self, pie: &PreparedPie, waiting: u64, draw: u64) -> Option<bool> {
        if self.burst > 0
            || (self.delay < pie.target / 2 && self.probability < CERTAIN / 5)
            || waiting < FLOOR
        {
            return None;
        }
        self.accumulated = if self.probability == 0 {
            0
        } else {
            self.accumulated.saturating_add(self.probability)
        };
        if self.accumulated < PERCENT * 85 {
            return None;
        }
        if self.accumulated < CERTAIN / 2 * 17 && (draw >> 8) >= self.probability {
            return None;
        }
        self.accumulated = 0;
        Some(self.probability <= CERTAIN / 10)
    }

    /// The queue overflowed.
    pub(super) fn overflowed(&mut self) {
        self.accumulated = 0;
    }

    /// One run of the controller.
    fn control(&mut self, pie: &PreparedPie, delay: u64, waiting: bool) {
        let (mut alpha, mut beta) = (pie.alpha, pie.beta);
        if self.probability < CERTAIN / 10 {
            (alpha, beta) = (alpha >> 1, beta >> 1);
            // A quarter for each further power of ten that the probability is below 1 %.
            for bound in [100, 1_000, 10_000, 100_000, 1_000_000] {
                if self.probability >= CERTAIN / bound {
                    break;
                }
                (alpha, beta) = (alpha >> 2, beta >> 2);
            }
        }
        // A gain is below 2^29 and a delay below 2^37: nothing here comes near 128 bits.
        let times = |gain: u64, now: u64, then: u64| {
            i128::from(gain).wrapping_mul(i128::from(now).wrapping_sub(i128::from(then)))
        };
        let mut change =
            times(alpha, delay, pie.target).wrapping_add(times(beta, delay, self.delay));
        if self.probability >= CERTAIN / 10 {
            change = change.min(i128::from(PERCENT * 2));
        }
        if delay > LONG_DELAY {
            change = change.wrapping_add(i128::from(PERCENT * 2));
        }
        let changed = i128::from(self.probability).wrapping_add(change);
        self.probability = changed.clamp(0, i128::from(CERTAIN)) as u64;
        if delay == 0 && self.delay == 0 && !waiting {
            self.probability -= self.probability / 64;
            if self.probability < 64 {
                self.probability = 0;
            }
        }
        let rested = delay < pie.target / 2 && self.delay < pie.target / 2;
        self.burst = if rested && self.probability == 0 {
            BURST
        } else {
            self.burst.saturating_sub(pie.update)
        };
        self.delay = delay;
    }
}
