// SPDX-License-Identifier: GPL-2.0

//! CoDel (RFC 8289): drops or marks when frames have waited longer than the target for an interval,
//! at a rate that grows until they do not.
//!
//! As in Linux, a new dropping phase close to the last one resumes near its rate. Times are whole
//! nanoseconds, and the control law is computed to a few parts of 2^-30 each time, where Linux
//! refines a stored root of 16 bits step by step.

use super::super::frame::Stamp;
use super::{
    check_time,
    QueueingError,
    QueueingField, //
};

/// Most frames that are dropped before one is sent; a queue that is further behind goes on at the
/// next frame.
const MAX_DROPS: u32 = 256;

/// CoDel as a user sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codel {
    /// Acceptable time in the queue, ns.
    pub target: u64,
    /// For how long it must be exceeded, ns.
    pub interval: u64,
    /// As long as no more L2 bytes than this wait, nothing is dropped.
    pub floor: u32,
}

impl Default for Codel {
    fn default() -> Self {
        Self {
            target: 5_000_000,
            interval: 100_000_000,
            floor: 1514,
        }
    }
}

impl Codel {
    pub(super) fn check(&self) -> Result<Self, QueueingError> {
        check_time(QueueingField::Target, self.target)?;
        check_time(QueueingField::Interval, self.interval)?;
        Ok(*self)
    }
}

/// What happens to a frame that is taken from the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is sent.
    Send,
    /// It is marked and sent; dropped, if it cannot be marked.
    Signal,
}

/// How far the search for the frame to send has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Search {
    First,
    /// A frame was dropped in a phase that goes on.
    Dropping(u32),
    /// A frame was dropped, with which a phase began.
    Entered,
}

/// One queue's state.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CodelState {
    /// When the target will have been exceeded for an interval; zero while it is not.
    above_until: u64,
    /// When to drop next.
    drop_next: u64,
    /// Drops in this phase.
    count: u32,
    /// What the count began with in this phase.
    first_count: u32,
    dropping: bool,
}

impl CodelState {
    /// Takes frames with `take`, which also tells how many L2 bytes wait behind the frame, until
    /// one is to be sent; `signal` marks a frame or, if it cannot, drops it and gives none.
    pub(super) fn dequeue<F>(
        &mut self,
        codel: &Codel,
        at: u64,
        mut take: impl FnMut() -> Option<(F, Stamp, u64)>,
        mut signal: impl FnMut(F) -> Option<F>,
    ) -> Option<F> {
        let mut search = Search::First;
        loop {
            let Some((frame, stamp, behind)) = take() else {
                // No phase begins with the last frame, as more bytes than the floor wait behind it.
                self.above_until = 0;
                self.dropping = false;
                return None;
            };
            if self.judge(codel, at, &stamp, behind, search) == Verdict::Send {
                return Some(frame);
            }
            let entered = search == Search::First && !self.dropping;
            if entered {
                self.enter(codel, at);
            } else {
                self.count = self.count.saturating_add(1);
            }
            if let Some(frame) = signal(frame) {
                if !entered {
                    self.drop_next = codel.after(self.drop_next, self.count);
                }
                return Some(frame);
            }
            search = match search {
                _ if entered => Search::Entered,
                Search::Dropping(drops) => Search::Dropping(drops.saturating_add(1)),
                _ => Search::Dropping(1),
            };
        }
    }

    fn judge(
        &mut self,
        codel: &Codel,
        at: u64,
        stamp: &Stamp,
        behind: u64,
        search: Search,
    ) -> Verdict {
        let above = self.is_above(codel, at, stamp, behind);
        match search {
            Search::Entered => return Verdict::Send,
            Search::First if !self.dropping => {
                return if above {
                    Verdict::Signal
                } else {
                    Verdict::Send
                };
            }
            Search::First => {}
            Search::Dropping(_) if !above => {}
            Search::Dropping(MAX_DROPS) => {
                self.drop_next = codel.after(at, self.count);
            }
            Search::Dropping(_) => {
                self.drop_next = codel.after(self.drop_next, self.count);
            }
        }
        if !above {
            self.dropping = false;
            return Verdict::Send;
        }
        if at < self.drop_next {
            return Verdict::Send;
        }
        Verdict::Signal
    }

    /// Whether frames have waited too long for long enough.
    fn is_above(&mut self, codel: &Codel, at: u64, stamp: &Stamp, behind: u64) -> bool {
        let waited = at.saturating_sub(stamp.enqueued);
        if waited < codel.target || behind <= u64::from(codel.floor) {
            self.above_until = 0;
            return false;
        }
        if self.above_until == 0 {
            self.above_until = at.saturating_add(codel.interval);
            return false;
        }
        at > self.above_until
    }

    /// Begins a dropping phase.
    fn enter(&mut self, codel: &Codel, at: u64) {
        self.dropping = true;
        let recent = at.saturating_sub(self.drop_next) < codel.interval.saturating_mul(16);
        let delta = self.count.saturating_sub(self.first_count);
        self.count = if delta > 1 && recent { delta } else { 1 };
        self.first_count = self.count;
        self.drop_next = codel.after(at, self.count);
    }

    /// The queue overflowed: signal more.
    pub(super) fn overflowed(&mut self) {
        self.count = self.count.saturating_add(1);
    }
}

impl Codel {
    /// When to drop after a drop at `at` that was the `count`-th.
    fn after(&self, at: u64, count: u32) -> u64 {
        let step = ((u128::from(self.interval) * u128::from(inverse_root(count))) >> 32) as u64;
        at.saturating_add(step.max(1))
    }
}

/// 1 / sqrt(n) in parts of 2^32, for n > 0.
fn inverse_root(n: u32) -> u64 {
    // From a power of two that is at most the result and more than half of it, Newton's method
    // needs six steps to 32 bits.
    let halvings = (32 - n.saturating_sub(1).leading_zeros()).div_ceil(2);
    let mut root: u128 = 1 << (32 - halvings);
    for _ in 0..6 {
        let square = u128::from(n).wrapping_mul(root).wrapping_mul(root);
        root = root.wrapping_mul((3u128 << 64).saturating_sub(square)) >> 65;
    }
    root as u64
}
