// SPDX-License-Identifier: GPL-2.0

//! One direction of a link: transmitter and delay line.
//!
//! ```text
//!  enqueue -> admission -> queue -> wire (serialiser) -> delay line -> pop_due
//!                 |                                          |
//!                 +------------> discarded <-----------------+
//! ```
//!
//! Every call brings its time. The model first does all that happened up to then, in modelled time
//! ([`Direction::advance`]), and then what it is called for; so it does not matter when and how
//! often it is called in between. The caller holds a lock around each call, delivers what
//! [`Direction::pop_due`] gives and frees what [`Direction::take_discarded`] gives outside of it,
//! and has the next call made by [`Direction::next_event`] at the latest.
//!
//! # Invariants
//!
//! - While a frame waits in the queue, another one is on the wire.
//! - Frames in the delay line are in the order of their due times.

use super::{
    counters::{
        Cause,
        Counters,
        Snapshot,
        Tally, //
    },
    frame::{
        Frame,
        FrameQueue,
        Stamp, //
    },
    params::{
        Bounds,
        Compiled, //
    },
    serialiser::Serialiser, //
};

/// How late a sender may be released while more frames wait behind its own, ns.
///
/// A real device coalesces its transmit completions in the same way; with frames waiting, the wire
/// does not run dry meanwhile. It keeps the number of timer events on a fast link small.
const RELEASE_SLACK: u64 = 20_000;

/// How long the model may stay behind while frames wait that nobody waits for, ns.
///
/// Nothing depends on it but the work that one call finds to do.
const CATCH_UP: u64 = 1_000_000;

/// What became of a frame that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is on the link.
    Accepted,
    /// It is among the discarded frames.
    Dropped(Cause),
}

/// The frame on the wire.
struct OnWire<F> {
    frame: F,
    /// When its last bit leaves, ns.
    ends: u64,
    /// When its last bit reaches the far end, unless an earlier frame holds it back, ns.
    arrives: u64,
}

/// State of one direction.
pub struct Direction<Q: FrameQueue> {
    params: Compiled,
    /// How far the model has been advanced, ns.
    now: u64,
    serialiser: Serialiser,
    on_wire: Option<OnWire<Q::Frame>>,
    queue: Q,
    waiting: Tally,
    /// Frames that wait or are on the wire and have a sender.
    senders: u32,
    line: Q,
    /// Due time of the last frame that entered the line, ns.
    last_due: u64,
    in_line: Tally,
    /// Frames that have left the line in modelled time, but have not been popped. Used only while
    /// the line has a limit, which must not see them.
    ripe: Q,
    in_ripe: Tally,
    discarded: Q,
    counters: Counters,
}

impl<Q: FrameQueue> Direction<Q> {
    /// An idle direction.
    pub fn new(params: Compiled) -> Self {
        Self {
            params,
            now: 0,
            serialiser: Serialiser::default(),
            on_wire: None,
            queue: Q::default(),
            waiting: Tally::default(),
            senders: 0,
            line: Q::default(),
            last_due: 0,
            in_line: Tally::default(),
            ripe: Q::default(),
            in_ripe: Tally::default(),
            discarded: Q::default(),
            counters: Counters::default(),
        }
    }

    /// The parameters in force.
    #[inline]
    pub const fn params(&self) -> &Compiled {
        &self.params
    }

    /// Takes a frame at `now`. Its stamp says how many wire frames and bytes it is.
    #[inline]
    pub fn enqueue(&mut self, now: u64, mut frame: Q::Frame) -> Admission {
        self.advance(now);
        let now = self.now;
        let has_sender = frame.has_sender();
        let stamp = frame.stamp_mut();
        stamp.enqueued = now;
        stamp.set_sender(has_sender);
        self.counters.sent.add(stamp);

        if self.on_wire.is_some() {
            if let Err(cause) = self.admit(frame.stamp()) {
                self.discard(frame, cause);
                return Admission::Dropped(cause);
            }
            self.waiting.add(frame.stamp());
            self.senders = self.senders.wrapping_add(has_sender as u32);
            self.queue.push_back(frame);
        } else {
            // The queue is empty, and the frame never enters it.
            self.senders = self.senders.wrapping_add(has_sender as u32);
            self.begin(now, frame);
        }
        Admission::Accepted
    }

    /// Counts a frame that the caller cannot accept as sent and dropped, and discards it.
    pub fn refuse(&mut self, mut frame: Q::Frame, cause: Cause) {
        frame.stamp_mut().set_sender(false);
        self.counters.sent.add(frame.stamp());
        self.discard(frame, cause);
    }

    /// Does everything that happens up to `now`. Time does not run backwards: an earlier `now` than
    /// the last is taken as the last.
    #[inline]
    pub fn advance(&mut self, now: u64) {
        self.now = self.now.max(now);
        if let Some(on_wire) = &self.on_wire {
            if on_wire.ends <= self.now {
                self.run_wire();
            }
        }
    }

    /// Takes the next frame that has reached the receiver by `now`, up to which the model has been
    /// advanced, and counts it as delivered.
    #[inline]
    pub fn pop_due(&mut self, now: u64) -> Option<Q::Frame> {
        let frame = match self.ripe.pop_front() {
            Some(frame) => {
                self.in_ripe.sub(frame.stamp());
                frame
            }
            None => {
                if self.line.front()?.due > now {
                    return None;
                }
                let frame = self.line.pop_front()?;
                self.in_line.sub(frame.stamp());
                frame
            }
        };
        let stamp = frame.stamp();
        self.counters.delivered.add(stamp);
        self.counters.lateness.record(now.saturating_sub(stamp.due));
        Some(frame)
    }

    /// Takes back that a popped frame was delivered: the receiver did not want it.
    pub fn undelivered(&mut self, stamp: &Stamp, cause: Cause) {
        self.counters.delivered.sub(stamp);
        self.counters.drop(stamp, cause);
    }

    /// When [`Self::advance`] and [`Self::pop_due`] have to be called next, ns; never, if none.
    /// It may lie in the past, and may change with every other call.
    #[inline]
    pub fn next_event(&self) -> Option<u64> {
        if let Some(stamp) = self.ripe.front() {
            return Some(stamp.due);
        }
        let first = self.line.front().map(|stamp| stamp.due);
        let Some(on_wire) = &self.on_wire else {
            return first;
        };
        let due = match first {
            Some(due) => due,
            None => on_wire.arrives.max(self.last_due),
        };
        Some(due.min(self.next_upkeep(on_wire)))
    }

    /// When the wire has to be looked at although nothing is due.
    #[inline]
    fn next_upkeep(&self, on_wire: &OnWire<Q::Frame>) -> u64 {
        let alone = self.queue.is_empty();
        if self.senders == 0 {
            if alone {
                return u64::MAX;
            }
            return on_wire.ends.max(self.now.saturating_add(CATCH_UP));
        }
        if alone {
            return on_wire.ends;
        }
        on_wire.ends.max(self.now.saturating_add(RELEASE_SLACK))
    }

    /// Changes the parameters at `now`, for each frame whose serialisation has not begun.
    ///
    /// No frame is lost or overtaken by it: the frame on the wire and those in the delay line keep
    /// their times, a shorter delay waits for the last of them, and a queue that is longer than its
    /// new limit shrinks by being sent.
    pub fn set_params(&mut self, now: u64, params: Compiled) {
        self.advance(now);
        self.serialiser
            .change_rate(self.params.rate.as_ref(), params.rate.as_ref());
        self.params = params;
    }

    /// Cuts the wire at `now`: what has reached the receiver by then can still be popped, all else
    /// is discarded for `cause`.
    pub fn cut(&mut self, now: u64, cause: Cause) {
        self.advance(now);
        self.ripen(self.now);
        self.empty_transmitter(cause);
        self.empty_line(cause);
    }

    /// Discards every frame for `cause`.
    pub fn purge(&mut self, cause: Cause) {
        self.empty_transmitter(cause);
        while let Some(frame) = self.ripe.pop_front() {
            self.in_ripe.sub(frame.stamp());
            self.discard(frame, cause);
        }
        self.empty_line(cause);
    }

    /// The counters and contents at `now`.
    pub fn snapshot(&mut self, now: u64) -> Snapshot {
        self.advance(now);
        let mut queued = self.waiting;
        if let Some(on_wire) = &self.on_wire {
            queued.add(on_wire.frame.stamp());
        }
        Snapshot {
            now: self.now,
            counters: self.counters,
            queued,
            in_flight: self.in_line.plus(self.in_ripe),
        }
    }

    /// Whether there is anything for [`Self::take_discarded`].
    #[inline]
    pub fn has_discarded(&self) -> bool {
        !self.discarded.is_empty()
    }

    /// Takes the dropped frames, which have been counted, to be freed.
    #[inline]
    pub fn take_discarded(&mut self) -> Q {
        core::mem::take(&mut self.discarded)
    }

    /// Whether the queue has room for one more frame, by the queue's limits.
    #[inline]
    fn admit(&self, stamp: &Stamp) -> Result<(), Cause> {
        let limit: &Bounds = &self.params.queue;
        let mut after = self.waiting;
        after.add(stamp);
        if limit.any {
            if after.frames <= limit.frames || self.bits(after) <= limit.bits {
                return Ok(());
            }
            // The cause is the limit that had held until now.
            return Err(if self.bits(self.waiting) <= limit.bits {
                Cause::QueueTime
            } else {
                Cause::QueuePackets
            });
        }
        if after.frames > limit.frames {
            return Err(Cause::QueuePackets);
        }
        if after.bytes > limit.bytes {
            return Err(Cause::QueueBytes);
        }
        if limit.bits != u64::MAX && self.bits(after) > limit.bits {
            return Err(Cause::QueueTime);
        }
        Ok(())
    }

    #[inline]
    fn bits(&self, tally: Tally) -> u64 {
        self.params.wire_bits(tally.bytes, tally.frames)
    }

    /// Ends the serialisations that end by `self.now` and starts those that follow.
    fn run_wire(&mut self) {
        while let Some(on_wire) = self.on_wire.take() {
            if on_wire.ends > self.now {
                self.on_wire = Some(on_wire);
                return;
            }
            let ended = on_wire.ends;
            self.land(ended, on_wire.arrives, on_wire.frame);
            // Without a rate a frame leaves the wire at once, and the next can begin.
            while self.on_wire.is_none() {
                let Some(frame) = self.queue.pop_front() else {
                    return;
                };
                self.waiting.sub(frame.stamp());
                self.begin(ended, frame);
            }
        }
    }

    /// Starts to serialise a frame at `start`, with the parameters in force.
    #[inline]
    fn begin(&mut self, start: u64, frame: Q::Frame) {
        let stamp = frame.stamp();
        let bits = self
            .params
            .wire_bits(stamp.bytes as u64, stamp.frames as u64);
        let ends = self.serialiser.send(start, bits, self.params.rate.as_ref());
        let arrives = ends.saturating_add(self.params.delay);
        if self.params.rate.is_none() {
            return self.land(ends, arrives, frame);
        }
        self.on_wire = Some(OnWire {
            frame,
            ends,
            arrives,
        });
    }

    /// Moves a frame whose serialisation ended at `ended` from the wire to the delay line.
    #[inline]
    fn land(&mut self, ended: u64, arrives: u64, mut frame: Q::Frame) {
        if self.params.limits_line {
            self.ripen(ended);
            let mut after = self.in_line;
            after.add(frame.stamp());
            let limit = &self.params.line;
            if after.frames > limit.frames || after.bytes > limit.bytes {
                return self.discard_sent(frame, Cause::DelayLimit);
            }
        }
        self.forget_sender(frame.stamp());
        frame.release_sender();
        let due = arrives.max(self.last_due);
        self.last_due = due;
        let stamp = frame.stamp_mut();
        stamp.due = due;
        self.in_line.add(stamp);
        self.line.push_back(frame);
    }

    /// Sets the frames apart that have left the delay line by `now`.
    fn ripen(&mut self, now: u64) {
        while self.line.front().is_some_and(|stamp| stamp.due <= now) {
            if let Some(frame) = self.line.pop_front() {
                self.in_line.sub(frame.stamp());
                self.in_ripe.add(frame.stamp());
                self.ripe.push_back(frame);
            }
        }
    }

    /// A frame with a sender leaves the transmitter.
    #[inline]
    fn forget_sender(&mut self, stamp: &Stamp) {
        self.senders = self.senders.wrapping_sub(stamp.has_sender() as u32);
    }

    /// Discards a frame that was in the transmitter.
    #[cold]
    fn discard_sent(&mut self, frame: Q::Frame, cause: Cause) {
        self.forget_sender(frame.stamp());
        self.discard(frame, cause);
    }

    fn discard(&mut self, frame: Q::Frame, cause: Cause) {
        self.counters.drop(frame.stamp(), cause);
        self.discarded.push_back(frame);
    }

    fn empty_transmitter(&mut self, cause: Cause) {
        if let Some(on_wire) = self.on_wire.take() {
            self.discard_sent(on_wire.frame, cause);
        }
        while let Some(frame) = self.queue.pop_front() {
            self.waiting.sub(frame.stamp());
            self.discard_sent(frame, cause);
        }
        self.serialiser.reset(self.now);
    }

    fn empty_line(&mut self, cause: Cause) {
        while let Some(frame) = self.line.pop_front() {
            self.in_line.sub(frame.stamp());
            self.discard(frame, cause);
        }
        self.last_due = 0;
    }
}
