// SPDX-License-Identifier: GPL-2.0

//! How long polls take, without reading the clock twice in each of them.
//!
//! A packet that crosses an idle link has a poll of its own, and two readings of the clock cost as
//! much as its whole way through the module. The first polls of each tick are timed; of those that
//! follow each [`STRIDE`]th, which stands for those since the one before. So a link with little
//! traffic is timed exactly, and one with much in a sample of some thousand polls a second.

use crate::net::clock;

/// Polls in a tick that are all timed.
const EXACT: u32 = 16;
/// Of those that follow, one in so many is.
const STRIDE: u32 = 16;

/// Chooses which polls are timed.
#[derive(Default)]
pub(crate) struct Stopwatch {
    /// The present tick.
    tick: usize,
    /// Polls in it.
    polls: u32,
    /// Polls since the last one that was timed.
    skipped: u32,
}

/// A poll that is timed.
pub(crate) struct Lap {
    begun: u64,
    weight: u32,
}

impl Stopwatch {
    /// A poll begins. [`None`] if it is not timed.
    #[inline]
    pub(crate) fn begin(&mut self) -> Option<Lap> {
        let tick = clock::ticks();
        if tick != self.tick {
            self.tick = tick;
            self.polls = 0;
        }
        self.polls = self.polls.wrapping_add(1);
        if self.polls > EXACT && self.polls % STRIDE != 0 {
            self.skipped = self.skipped.wrapping_add(1);
            return None;
        }
        let weight = core::mem::take(&mut self.skipped).wrapping_add(1);
        Some(Lap {
            begun: clock::now(),
            weight,
        })
    }
}

impl Lap {
    /// The poll has ended; the time of all polls that it stands for, in ns.
    #[inline]
    pub(crate) fn end(self) -> u64 {
        clock::now()
            .wrapping_sub(self.begun)
            .wrapping_mul(u64::from(self.weight))
    }

    /// When the poll began, ns.
    #[inline]
    pub(crate) const fn begun(&self) -> u64 {
        self.begun
    }
}
