// SPDX-License-Identifier: GPL-2.0

//! The books of one direction: counters, dropped frames that wait to be freed, and how many senders
//! wait for their frames.

use super::{
    counters::{
        Cause,
        Counters, //
    },
    frame::{
        Decision,
        Frame,
        FrameQueue,
        Log,
        Outcome,
        Stamp, //
    }, //
};

/// Books that every part of a direction writes to.
pub(super) struct Ledger<Q: FrameQueue> {
    pub(super) counters: Counters,
    pub(super) discarded: Q,
    /// Frames in the transmitter that have a sender.
    pub(super) senders: u32,
    pub(super) log: Q::Log,
}

impl<Q: FrameQueue> Default for Ledger<Q> {
    fn default() -> Self {
        Self {
            counters: Counters::default(),
            discarded: Q::default(),
            senders: 0,
            log: Q::Log::default(),
        }
    }
}

impl<Q: FrameQueue> Ledger<Q> {
    /// The number of a frame that is on the link: how many wire frames were handed in before it.
    #[inline]
    pub(super) fn number(&self, stamp: &Stamp) -> u64 {
        // The stamp has the low half; less than 2^32 frames came since.
        let sent = self.counters.sent.frames;
        let since = (sent as u32).wrapping_sub(stamp.number);
        sent.wrapping_sub(u64::from(since))
    }

    /// A frame enters the transmitter.
    #[inline]
    pub(super) fn enter(&mut self, has_sender: bool) {
        self.senders = self.senders.wrapping_add(u32::from(has_sender));
    }

    /// A frame leaves the transmitter for the delay line.
    #[inline]
    pub(super) fn leave(&mut self, frame: &Q::Frame) {
        self.senders = self
            .senders
            .wrapping_sub(u32::from(frame.stamp().has_sender()));
    }

    /// Drops a frame that is in the transmitter.
    #[cold]
    pub(super) fn drop_sent(&mut self, at: u64, frame: Q::Frame, cause: Cause) {
        self.leave(&frame);
        self.drop(at, frame, cause);
    }

    /// Drops a frame at `at`.
    #[cold]
    pub(super) fn drop(&mut self, at: u64, mut frame: Q::Frame, cause: Cause) {
        self.lose(at, frame.stamp(), cause);
        frame.stamp_mut().set_lost(cause);
        self.discarded.push_back(frame);
    }

    /// Counts a frame as dropped at `at`.
    #[cold]
    pub(super) fn lose(&mut self, at: u64, stamp: &Stamp, cause: Cause) {
        self.counters.drop(stamp, cause);
        let decision = self.decision(stamp, at, Outcome::Dropped(cause));
        self.log.record(decision);
    }

    /// What was decided about a frame on which nothing else happened.
    #[inline]
    pub(super) fn decision(&self, stamp: &Stamp, at: u64, outcome: Outcome) -> Decision {
        Decision {
            number: self.number(stamp),
            enqueued: stamp.enqueued,
            at,
            outcome,
            bytes: stamp.bytes,
            frames: stamp.frames,
            copy: stamp.is_copy(),
            marked: stamp.is_marked(),
            corrupted: false,
            reordered: false,
        }
    }
}
