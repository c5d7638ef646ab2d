// SPDX-License-Identifier: GPL-2.0

//! What happens to single frames, by their number: a script instead of dice.
//!
//! Frames are counted from 1, from the moment at which the pattern is set, as they are handed to
//! the direction; those count that the queue then drops. With a period the count starts over after
//! so many frames: "every 100th" is a period of 100 with a rule for frame 100.

use super::{
    params::MAX_TIME,
    units::Reciprocal, //
};

/// How many bits of one frame a pattern can flip.
pub const MAX_FLIPS: usize = 3;

/// What a rule does to its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Loses it on the wire.
    Drop,
    /// Flips one bit: the number of it, from the first bit of the frame on. A bit beyond the frame's
    /// end flips nothing.
    Flip(u32),
    /// Delays it by so many ns more than the others.
    Delay(u64),
}

/// A frame and what happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The frame's number, from 1.
    pub frame: u64,
    /// What happens to it.
    pub action: Action,
}

/// How a list of rules is applied. The list itself is memory of the direction's owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// After how many frames the count starts over; zero for never.
    pub period: u64,
}

/// Why a list of rules is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// Which rule, from 0.
    pub index: usize,
    /// What is wrong with it, in a form fit for a netlink extack.
    pub reason: &'static str,
}

impl Pattern {
    /// Checks the rules that go with the pattern.
    pub fn check(&self, rules: &[Rule]) -> Result<(), RuleError> {
        let mut last = 0;
        let mut flips = 0;
        for (index, rule) in rules.iter().enumerate() {
            let refuse = |reason| Err(RuleError { index, reason });
            if rule.frame == 0 {
                return refuse("frames of a pattern are counted from 1");
            }
            if rule.frame < last {
                return refuse("rules of a pattern must be in the order of their frames");
            }
            if self.period != 0 && rule.frame > self.period {
                return refuse("frame lies beyond the period of the pattern");
            }
            if matches!(rule.action, Action::Delay(delay) if delay > MAX_TIME) {
                return refuse("delay is above 100 s");
            }
            if rule.frame != last {
                flips = 0;
            }
            if matches!(rule.action, Action::Flip(_)) {
                flips = usize::saturating_add(flips, 1);
                if flips > MAX_FLIPS {
                    return refuse("a pattern flips at most 3 bits of a frame");
                }
            }
            last = rule.frame;
        }
        Ok(())
    }

    /// Prepares the pattern.
    pub const fn prepare(&self) -> PreparedPattern {
        PreparedPattern {
            period: match self.period {
                0 => None,
                period => Some(Reciprocal::new(period)),
            },
        }
    }
}

/// [`Pattern`], prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreparedPattern {
    period: Option<Reciprocal>,
}

impl PreparedPattern {
    /// The rules for the frame that is `index` frames (from 0) after the first.
    #[inline]
    pub fn rules<'a>(&self, index: u64, rules: &'a [Rule]) -> &'a [Rule] {
        let frame = match &self.period {
            Some(period) => period.div_rem(index).1,
            None => index,
        };
        let frame = frame.wrapping_add(1);
        let begin = rules.partition_point(|rule| rule.frame < frame);
        let rest = rules.get(begin..).unwrap_or(&[]);
        let count = rest.iter().take_while(|rule| rule.frame == frame).count();
        rest.get(..count).unwrap_or(&[])
    }
}
