// SPDX-License-Identifier: GPL-2.0

//! The delay line: frames that have left the sender and not yet reached the receiver.
//!
//! Frames that keep their order are a queue. Those that overtake some of it are kept apart, in order
//! of their due times; the next frame is the earlier of the two heads. At the same due time the
//! queue's head comes first: a frame overtakes only what is due later, so it entered the line after
//! everything in the queue that is due at its own time.
//!
//! # Invariants
//!
//! - The queue and `ripe` are in the order of their due times.
//! - No frame in `ripe` is due later than one in the rest of the line.

use super::{
    counters::{
        Cause,
        Tally, //
    },
    frame::{
        Frame,
        FrameQueue,
        Stamp, //
    },
    ledger::Ledger,
    memory::FrameTree,
    params::Bounds, //
};

/// One direction's delay line.
pub(super) struct DelayLine<Q, T> {
    queue: Q,
    overtaking: T,
    in_line: Tally,
    /// The latest due time of all frames that entered, ns.
    last_due: u64,
    /// Frames that have left the line in modelled time, but have not been popped. Used only while
    /// the line has a limit, which must not see them.
    ripe: Q,
    in_ripe: Tally,
}

impl<Q, T> DelayLine<Q, T>
where
    Q: FrameQueue,
    T: FrameTree<Frame = Q::Frame>,
{
    /// An empty line.
    pub(super) fn new() -> Self {
        Self {
            queue: Q::default(),
            overtaking: T::default(),
            in_line: Tally::default(),
            last_due: 0,
            ripe: Q::default(),
            in_ripe: Tally::default(),
        }
    }

    /// When a frame would be due that arrives at `arrives`.
    #[inline]
    pub(super) fn due(&self, arrives: u64, overtakes: bool) -> u64 {
        if overtakes {
            arrives
        } else {
            arrives.max(self.last_due)
        }
    }

    /// When the last frame is due of those that keep their order; none is due later.
    #[inline]
    pub(super) const fn last_due(&self) -> u64 {
        self.last_due
    }

    /// Takes a frame that is due as [`Self::due`] says; tells whether it overtook another one.
    #[inline]
    pub(super) fn push(&mut self, mut frame: Q::Frame, due: u64) -> bool {
        if due >= self.last_due {
            self.append(frame, due);
            return false;
        }
        let stamp = frame.stamp_mut();
        stamp.due = due;
        self.in_line.add(stamp);
        self.overtaking.insert(frame);
        true
    }

    /// Takes a frame that keeps its order, and is due as [`Self::due`] says.
    #[inline(always)]
    pub(super) fn append(&mut self, mut frame: Q::Frame, due: u64) {
        let stamp = frame.stamp_mut();
        stamp.due = due;
        self.in_line.add(stamp);
        self.last_due = due;
        self.queue.push_back(frame);
    }

    /// Takes the frame back that was appended last, and is not due; the last one before it is due at
    /// `last_due`.
    pub(super) fn take_back(&mut self, last_due: u64) -> Option<Q::Frame> {
        let frame = self.queue.pop_back()?;
        self.in_line.sub(frame.stamp());
        self.last_due = last_due;
        Some(frame)
    }

    /// Whether the frame fits within `limit` besides what is in the line at `now`.
    pub(super) fn admits(&mut self, now: u64, stamp: &Stamp, limit: &Bounds) -> bool {
        self.ripen(now);
        let mut after = self.in_line;
        after.add(stamp);
        after.frames <= limit.frames && after.bytes <= limit.bytes
    }

    /// When the next frame is due.
    #[inline(always)]
    pub(super) fn next_due(&self) -> Option<u64> {
        let stamp = match self.ripe.front() {
            Some(stamp) => stamp,
            None => self.first()?.0,
        };
        Some(stamp.due)
    }

    /// Takes the next frame that is due by `now`.
    #[inline(always)]
    pub(super) fn pop_due(&mut self, now: u64) -> Option<Q::Frame> {
        if let Some(frame) = self.ripe.pop_front() {
            self.in_ripe.sub(frame.stamp());
            return Some(frame);
        }
        self.take_due(now)
    }

    /// Sets the frames apart that have left the line by `now`.
    pub(super) fn ripen(&mut self, now: u64) {
        while let Some(frame) = self.take_due(now) {
            self.in_ripe.add(frame.stamp());
            self.ripe.push_back(frame);
        }
    }

    /// Drops what is in the line; with `ripe`, also what has left it and has not been popped.
    pub(super) fn clear(&mut self, now: u64, ripe: bool, cause: Cause, ledger: &mut Ledger<Q>) {
        if ripe {
            while let Some(frame) = self.ripe.pop_front() {
                self.in_ripe.sub(frame.stamp());
                ledger.drop(now, frame, cause);
            }
        }
        while let Some(frame) = self.take_due(u64::MAX) {
            ledger.drop(now, frame, cause);
        }
        self.last_due = 0;
    }

    /// All that is in the line, and what has left it and has not been popped.
    pub(super) fn contents(&self) -> Tally {
        self.in_line.plus(self.in_ripe)
    }

    /// The stamp of the next frame, and whether that is the queue's head.
    #[inline]
    fn first(&self) -> Option<(&Stamp, bool)> {
        match (self.queue.front(), self.overtaking.first()) {
            (Some(queued), Some(overtaking)) if overtaking.due < queued.due => {
                Some((overtaking, false))
            }
            (Some(queued), _) => Some((queued, true)),
            (None, Some(overtaking)) => Some((overtaking, false)),
            (None, None) => None,
        }
    }

    #[inline]
    fn take_due(&mut self, now: u64) -> Option<Q::Frame> {
        let (stamp, queued) = self.first()?;
        if stamp.due > now {
            return None;
        }
        let frame = if queued {
            self.queue.pop_front()
        } else {
            self.overtaking.pop_first()
        }?;
        self.in_line.sub(frame.stamp());
        Some(frame)
    }
}
