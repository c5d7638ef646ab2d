// SPDX-License-Identifier: GPL-2.0

//! Loss with memory: chains whose state steps once per frame on the wire.
//!
//! Both are netem's, with its parameters and its order of step and loss, so that its
//! configurations mean the same here.

use super::probability::{
    Chance,
    Probability, //
};

/// The Gilbert-Elliott model: a good and a bad state, each with a loss of its own.
///
/// A frame is lost or not by the state that it finds; the state steps after it. The chain starts in
/// the good state. In the long run it is bad for p / (p + r) of the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GilbertElliott {
    /// From good to bad.
    pub p: Probability,
    /// From bad to good.
    pub r: Probability,
    /// That a frame survives in the bad state.
    pub h: Probability,
    /// That a frame survives in the good state.
    pub k: Probability,
}

/// The four-state model: bursts of loss with frames in between that survive, and isolated losses.
///
/// States: 1 received in a gap (between bursts), 3 lost in a burst, 2 received in a burst, 4 lost
/// alone. The state steps first and decides; the chain starts in state 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FourState {
    /// A burst begins.
    pub p13: Probability,
    /// A burst ends.
    pub p31: Probability,
    /// A received stretch inside a burst begins.
    pub p32: Probability,
    /// It ends.
    pub p23: Probability,
    /// An isolated loss.
    pub p14: Probability,
}

/// [`GilbertElliott`], prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GilbertElliottChances {
    to_bad: Option<Chance>,
    to_good: Option<Chance>,
    lost_in_bad: Option<Chance>,
    lost_in_good: Option<Chance>,
}

impl GilbertElliott {
    /// Prepares the model.
    pub const fn prepare(&self) -> GilbertElliottChances {
        GilbertElliottChances {
            to_bad: self.p.chance(),
            to_good: self.r.chance(),
            lost_in_bad: self.h.complement().chance(),
            lost_in_good: self.k.complement().chance(),
        }
    }
}

/// Where a Gilbert-Elliott chain is.
#[derive(Clone, Copy, Debug, Default)]
pub struct GilbertElliottState {
    bad: bool,
}

impl GilbertElliottState {
    /// Whether the frame with these draws is lost; then steps.
    #[inline]
    pub fn loses(&mut self, chances: &GilbertElliottChances, draws: [u64; 2]) -> bool {
        let [step, loss] = draws;
        let (leave, lose) = if self.bad {
            (&chances.to_good, &chances.lost_in_bad)
        } else {
            (&chances.to_bad, &chances.lost_in_good)
        };
        self.bad ^= hits(leave, step);
        hits(lose, loss)
    }
}

/// [`FourState`], prepared: each state's ways out, the second one on top of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FourStateChances {
    gap_to_alone: Option<Chance>,
    gap_to_alone_or_burst: Option<Chance>,
    burst_to_received: Option<Chance>,
    burst_to_received_or_gap: Option<Chance>,
    received_to_burst: Option<Chance>,
}

impl FourState {
    /// Prepares the model; none if the ways out of a state add up to more than one.
    pub const fn prepare(&self) -> Option<FourStateChances> {
        let (Some(from_gap), Some(from_burst)) = (self.p14.plus(self.p13), self.p32.plus(self.p31))
        else {
            return None;
        };
        Some(FourStateChances {
            gap_to_alone: self.p14.chance(),
            gap_to_alone_or_burst: from_gap.chance(),
            burst_to_received: self.p32.chance(),
            burst_to_received_or_gap: from_burst.chance(),
            received_to_burst: self.p23.chance(),
        })
    }
}

/// Where a four-state chain is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FourStateState {
    /// Received, between bursts (state 1).
    #[default]
    Gap,
    /// Received inside a burst (state 2).
    Received,
    /// Lost in a burst (state 3).
    Burst,
    /// Lost alone (state 4).
    Alone,
}

impl FourStateState {
    /// Steps; then says whether the frame with this draw is lost.
    #[inline]
    pub fn loses(&mut self, chances: &FourStateChances, draw: u64) -> bool {
        *self = match *self {
            Self::Gap if hits(&chances.gap_to_alone, draw) => Self::Alone,
            Self::Gap if hits(&chances.gap_to_alone_or_burst, draw) => Self::Burst,
            Self::Burst if hits(&chances.burst_to_received, draw) => Self::Received,
            Self::Burst if hits(&chances.burst_to_received_or_gap, draw) => Self::Gap,
            Self::Received if hits(&chances.received_to_burst, draw) => Self::Burst,
            Self::Alone => Self::Gap,
            same => same,
        };
        matches!(*self, Self::Burst | Self::Alone)
    }
}

#[inline]
fn hits(chance: &Option<Chance>, draw: u64) -> bool {
    match chance {
        Some(chance) => chance.hits(draw),
        None => false,
    }
}
