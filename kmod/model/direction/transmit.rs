// SPDX-License-Identifier: GPL-2.0

//! From the queue over the wire into the delay line.

use super::{
    super::{
        counters::{
            Cause,
            Tally, //
        },
        discipline::room::Desk,
        frame::{
            Decision,
            Frame,
            FrameQueue,
            Log,
            Outcome,
            Stamp, //
        },
        memory::Memory,
        random::Subject, //
    },
    Direction, //
};

/// How a frame leaves the wire.
#[derive(Clone, Copy)]
pub(super) struct Departure {
    /// When its last bit leaves, ns.
    pub(super) ends: u64,
    /// When its last bit reaches the far end, unless an earlier frame holds it back, ns.
    pub(super) arrives: u64,
    /// It may overtake.
    pub(super) overtakes: bool,
    /// Something else happens to it, see [`Direction::fate`].
    pub(super) fated: bool,
    /// Its ties to the sending side have been cut.
    pub(super) released: bool,
}

/// What is on the wire.
pub(super) struct OnWire<F> {
    pub(super) content: Content<F>,
    pub(super) departure: Departure,
}

/// A frame that is being serialised.
pub(super) enum Content<F> {
    /// It is here.
    Frame(F),
    /// It is in the delay line already, see [`Direction::pass`].
    Landed {
        /// The frame.
        tally: Tally,
        /// When the last frame before it is due, ns.
        last_due: u64,
    },
}

impl<F> OnWire<F> {
    /// Whether the frame is in the delay line already.
    #[inline]
    pub(super) fn has_landed(&self) -> bool {
        matches!(self.content, Content::Landed { .. })
    }
}

impl<Q: FrameQueue, M: Memory<Queue = Q>> Direction<Q, M> {
    /// Sends a frame for whose end no sender waits over the idle wire of a plain direction without a
    /// log: the short form of [`Self::start`] for what most frames are.
    ///
    /// Nothing can happen to it on the way to the delay line, so it enters that at once, with the
    /// due time that it will have. Should anything change before its serialisation ends, it is
    /// taken back first ([`Self::recall`]).
    #[inline(always)]
    pub(super) fn pass(&mut self, now: u64, mut frame: Q::Frame) {
        let (bytes, frames) = (frame.stamp().bytes, frame.stamp().frames);
        let mut ends = now;
        if let Some(rate) = &self.params.rate {
            let bits = self.params.wire_bits(u64::from(bytes), u64::from(frames));
            ends = self.serialiser.send(now, bits, Some(rate));
        }
        let arrives = ends.saturating_add(self.params.delay);
        let last_due = self.line.last_due();
        let due = self.line.due(arrives, false);
        frame.release_sender();
        self.line.append(frame, due);
        if ends > now {
            self.on_wire = Some(OnWire {
                content: Content::Landed {
                    tally: Tally {
                        frames: u64::from(frames),
                        bytes: u64::from(bytes),
                    },
                    last_due,
                },
                departure: Departure {
                    ends,
                    arrives,
                    overtakes: false,
                    fated: false,
                    released: true,
                },
            });
        }
    }

    /// Takes a frame that is in the delay line before its time back to the wire.
    pub(super) fn recall(&mut self) {
        let Some(on_wire) = &mut self.on_wire else {
            return;
        };
        if let Content::Landed { last_due, .. } = on_wire.content {
            // The wire has been busy since, so it is the last one.
            if let Some(frame) = self.line.take_back(last_due) {
                on_wire.content = Content::Frame(frame);
            }
        }
    }

    /// Ends the serialisations that end by `self.now` and starts those that follow.
    pub(super) fn run_wire(&mut self) {
        while let Some(on_wire) = self.on_wire.take() {
            let ended = on_wire.departure.ends;
            if ended > self.now {
                self.on_wire = Some(on_wire);
                return;
            }
            if let Content::Frame(frame) = on_wire.content {
                self.land(on_wire.departure, frame);
            }
            // Without a rate a frame leaves the wire at once, and the next can begin.
            while self.on_wire.is_none() {
                if let Some(copy) = self.copy.take() {
                    self.begin(ended, copy);
                } else if let Some(frame) = self.room.pop(ended, desk!(self)) {
                    self.start(ended, frame);
                } else {
                    return;
                }
            }
        }
    }

    /// Starts to serialise a frame at `at`, and its copy if that does not have to wait.
    pub(super) fn start(&mut self, at: u64, frame: Q::Frame) {
        if let Some(effects) = &self.params.effects {
            let subject = self.subject(frame.stamp());
            if effects.duplicates(subject) {
                self.copy(&frame);
            }
        }
        self.begin(at, frame);
        if self.on_wire.is_none() {
            if let Some(copy) = self.copy.take() {
                self.begin(at, copy);
            }
        }
    }

    /// Makes a copy of a frame, to be sent next.
    #[cold]
    fn copy(&mut self, frame: &Q::Frame) {
        let counters = &mut self.ledger.counters;
        let Some(mut copy) = frame.duplicate() else {
            counters.copies_failed = counters.copies_failed.wrapping_add(1);
            return;
        };
        let stamp = copy.stamp_mut();
        *stamp = *frame.stamp();
        stamp.set_copy();
        counters.duplicated.add(stamp);
        self.copy = Some(copy);
    }

    #[inline]
    fn subject(&self, stamp: &Stamp) -> Subject {
        Subject {
            number: self.ledger.number(stamp),
            copy: stamp.is_copy(),
        }
    }

    /// Starts to serialise a frame at `start`, with the parameters in force.
    #[inline]
    fn begin(&mut self, start: u64, mut frame: Q::Frame) {
        let stamp = frame.stamp();
        let bits = self
            .params
            .wire_bits(u64::from(stamp.bytes), u64::from(stamp.frames));
        let released = self.params.is_brief(bits);
        if released {
            self.ledger.leave(&frame);
            frame.stamp_mut().set_sender(false);
            frame.release_sender();
        }
        let stamp = frame.stamp();
        let ends = self.serialiser.send(start, bits, self.params.rate.as_ref());
        let mut departure = Departure {
            ends,
            arrives: ends.saturating_add(self.params.delay),
            overtakes: false,
            fated: false,
            released,
        };
        if self.params.effects.is_some() {
            self.decide(&mut departure, stamp, bits);
        }
        if self.params.rate.is_none() {
            return self.land(departure, frame);
        }
        self.on_wire = Some(OnWire {
            content: Content::Frame(frame),
            departure,
        });
    }

    /// Decides what else will happen to a frame.
    #[inline(never)]
    fn decide(&mut self, departure: &mut Departure, stamp: &Stamp, bits: u64) {
        let subject = self.subject(stamp);
        let Some(effects) = &self.params.effects else {
            return;
        };
        let tables = self.memory.tables();
        let fate = self.effects.decide(
            effects,
            subject,
            stamp.bytes,
            bits,
            tables.rules,
            tables.jitter,
        );
        departure.fated = true;
        departure.overtakes = effects.free || fate.early;
        if fate.early {
            departure.arrives = departure.ends;
        } else if fate.deviation != 0 {
            let delay = self.params.delay.checked_add_signed(fate.deviation);
            if delay.is_none() {
                let cut = &mut self.ledger.counters.delays_cut;
                *cut = cut.wrapping_add(1);
            }
            departure.arrives = departure.ends.saturating_add(delay.unwrap_or(0));
        }
        self.fate = fate;
    }

    /// Moves a frame whose serialisation has ended from the wire to the delay line.
    #[inline]
    fn land(&mut self, departure: Departure, mut frame: Q::Frame) {
        let ended = departure.ends;
        if let (true, Some(cause)) = (departure.fated, self.fate.lost) {
            return self.ledger.drop_sent(ended, frame, cause);
        }
        if self.params.limits_line && !self.line.admits(ended, frame.stamp(), &self.params.line) {
            return self.ledger.drop_sent(ended, frame, Cause::DelayLimit);
        }
        self.ledger.leave(&frame);
        if !departure.released {
            frame.release_sender();
        }
        let mut corrupted = false;
        if departure.fated {
            match self.corrupt(&mut frame) {
                Some(flipped) => corrupted = flipped,
                None => return self.ledger.drop(ended, frame, Cause::NoMemory),
            }
        }
        let due = self.line.due(departure.arrives, departure.overtakes);
        if !departure.fated && !self.ledger.log.is_kept() {
            self.line.append(frame, due);
            return;
        }
        let stamp = *frame.stamp();
        let reordered = self.line.push(frame, due);
        if reordered {
            self.ledger.counters.reordered.add(&stamp);
        }
        let decision = self.ledger.decision(&stamp, ended, Outcome::Due(due));
        self.ledger.log.record(Decision {
            corrupted,
            reordered,
            ..decision
        });
    }

    /// Flips the bits that the frame's fate wants flipped, and tells whether there were any; none
    /// if there is no memory for that.
    #[inline(never)]
    fn corrupt(&mut self, frame: &mut Q::Frame) -> Option<bool> {
        let bits = u64::from(frame.stamp().bytes).saturating_mul(8);
        let mut flipped = false;
        for bit in self.fate.flips.into_iter().flatten() {
            if u64::from(bit) < bits {
                if !frame.flip_bit(bit) {
                    return None;
                }
                flipped = true;
            }
        }
        if flipped {
            self.ledger.counters.corrupted.add(frame.stamp());
        }
        Some(flipped)
    }
}
