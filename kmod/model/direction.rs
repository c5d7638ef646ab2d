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
//! Directions can be chained, as a shared medium does it with one per sender and one per pair: what
//! one delivers is handed to the next at the time at which it was due, whatever the clock says by
//! then, if the earlier one is always served first.
//!
//! # Invariants
//!
//! - While a frame waits in the queue or as a copy, another one is on the wire.
//! - A frame on the wire that is in the delay line already ([`Content::Landed`]) is the last in its
//!   queue; the direction has been plain and without a log since.
//! - `fate` is that of the frame on the wire.

/// What the room of a direction needs of the rest of it.
macro_rules! desk {
    ($direction:ident) => {
        &mut Desk {
            params: &$direction.params,
            tables: $direction.memory.tables(),
            ledger: &mut $direction.ledger,
        }
    };
}

mod transmit;

use self::transmit::{
    Content,
    Departure,
    OnWire, //
};
use super::{
    counters::{
        Cause,
        Counters,
        Snapshot,
        Tally, //
    },
    discipline::room::{
        Desk,
        Room, //
    },
    effects::{
        EffectState,
        Fate, //
    },
    frame::{
        Frame,
        FrameQueue,
        Log as _,
        Stamp, //
    },
    ledger::Ledger,
    line::DelayLine,
    memory::{
        Bare,
        Memory, //
    },
    params::Compiled,
    serialiser::Serialiser, //
};
use core::{
    borrow::Borrow,
    ops::RangeInclusive, //
};

/// How late a sender may be released while more frames wait behind its own, ns: half of the time that
/// they take, within these bounds.
///
/// A real device coalesces its transmit completions in the same way; the wire does not run dry
/// meanwhile, unless what waits takes less than the lower bound. A sender that is told of several
/// frames at once sends several at once: on a fast link that spares most of the timer's events, and
/// of the turns that processes take.
const RELEASE_SLACK: RangeInclusive<u64> = 20_000..=100_000;

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

/// State of one direction, with frames in `Q`s and tables in `M`.
pub struct Direction<Q: FrameQueue, M: Memory<Queue = Q> = Bare<Q>> {
    params: Compiled,
    /// [`Compiled::is_plain`] of `params`.
    plain: bool,
    /// Whether it is also without rate and delay.
    free: bool,
    /// Until then frames crossed, and nobody knows when they were due, ns.
    crossed_until: u64,
    /// How far the model has been advanced, ns.
    now: u64,
    serialiser: Serialiser,
    on_wire: Option<OnWire<Q::Frame>>,
    fate: Fate,
    /// A copy that is sent next.
    copy: Option<Q::Frame>,
    room: Room<Q>,
    line: DelayLine<Q, M::Tree>,
    ledger: Ledger<Q>,
    effects: EffectState,
    memory: M,
}

impl<Q: FrameQueue, M: Memory<Queue = Q> + Default> Direction<Q, M> {
    /// An idle direction with the default tables.
    #[inline]
    pub fn new(params: impl Borrow<Compiled>) -> Self {
        Self::with_memory(params, M::default())
    }
}

impl<Q: FrameQueue, M: Memory<Queue = Q>> Direction<Q, M> {
    /// An idle direction.
    #[inline]
    pub fn with_memory(params: impl Borrow<Compiled>, mut memory: M) -> Self {
        let params = params.borrow();
        let room = Room::new(params, memory.tables().flows);
        Self {
            params: *params,
            plain: params.is_plain(),
            free: params.is_plain() && params.is_instant(),
            crossed_until: 0,
            now: 0,
            serialiser: Serialiser::default(),
            on_wire: None,
            fate: Fate::default(),
            copy: None,
            room,
            line: DelayLine::new(),
            ledger: Ledger::default(),
            effects: EffectState::default(),
            memory,
        }
    }

    /// The parameters in force.
    #[inline]
    pub const fn params(&self) -> &Compiled {
        &self.params
    }

    /// Takes a frame at `now`. Its stamp says how many wire frames and bytes it is.
    #[inline(always)]
    pub fn enqueue(&mut self, now: u64, mut frame: Q::Frame) -> Admission {
        self.advance(now);
        let now = self.now;
        let passes = self.plain && self.on_wire.is_none() && !self.ledger.log.is_kept();
        let mut has_sender = frame.has_sender();
        let stamp = frame.stamp_mut();
        if has_sender && passes {
            let (bytes, frames) = (u64::from(stamp.bytes), u64::from(stamp.frames));
            has_sender = !self.params.is_brief(self.params.wire_bits(bytes, frames));
        }
        stamp.enqueued = now;
        stamp.number = self.ledger.counters.sent.frames as u32;
        stamp.set_sender(has_sender);
        self.ledger.counters.sent.add(stamp);
        self.ledger.enter(has_sender);

        if passes && !has_sender {
            self.pass(now, frame);
            return Admission::Accepted;
        }
        self.enqueue_stamped(now, frame)
    }

    /// Takes a frame on a direction that [is instant](Self::is_instant): the short form of
    /// [`Self::enqueue`].
    #[inline(always)]
    pub fn cross(&mut self, mut frame: Q::Frame) {
        let now = self.now;
        let stamp = frame.stamp_mut();
        stamp.enqueued = now;
        stamp.number = self.ledger.counters.sent.frames as u32;
        stamp.set_sender(false);
        self.ledger.counters.sent.add(stamp);
        frame.release_sender();
        self.line.append(frame, now);
    }

    #[inline(never)]
    fn enqueue_stamped(&mut self, now: u64, frame: Q::Frame) -> Admission {
        if self.on_wire.is_some() {
            return match self.room.offer(now, frame, desk!(self)) {
                Ok(()) => Admission::Accepted,
                Err(cause) => Admission::Dropped(cause),
            };
        }
        // The room is empty, and the frame never enters it.
        let idle_since = self.serialiser.free_at();
        self.room.pass(now, idle_since, frame.stamp(), desk!(self));
        self.start(now, frame);
        Admission::Accepted
    }

    /// Counts a frame that the caller cannot accept as sent and dropped, and discards it.
    pub fn refuse(&mut self, mut frame: Q::Frame, cause: Cause) {
        let stamp = frame.stamp_mut();
        stamp.number = self.ledger.counters.sent.frames as u32;
        stamp.enqueued = self.now;
        stamp.set_sender(false);
        self.ledger.counters.sent.add(stamp);
        self.ledger.drop(self.now, frame, cause);
    }

    /// Counts a frame as sent and dropped that the caller has not got: the copy for a receiver who is
    /// not there, or for which there was no memory.
    pub fn miss(&mut self, mut stamp: Stamp, cause: Cause) {
        stamp.number = self.ledger.counters.sent.frames as u32;
        stamp.enqueued = self.now;
        self.ledger.counters.sent.add(&stamp);
        self.ledger.lose(self.now, &stamp, cause);
    }

    /// Does everything that happens up to `now`. Time does not run backwards: an earlier `now` than
    /// the last is taken as the last.
    #[inline(always)]
    pub fn advance(&mut self, now: u64) {
        self.now = self.now.max(now);
        if let Some(on_wire) = &self.on_wire {
            if on_wire.departure.ends <= self.now {
                if on_wire.has_landed() && self.is_last() {
                    self.on_wire = None;
                } else {
                    self.run_wire();
                }
            }
        }
    }

    /// Whether a frame that is sent reaches the receiver at once whenever that is, so that there is
    /// no need to know the time: [`Self::now`] will do.
    #[inline]
    pub fn is_instant(&self) -> bool {
        self.free
            && self.on_wire.is_none()
            && self.line.last_due() <= self.now
            && !self.ledger.log.is_kept()
    }

    /// Takes the next frame that has reached the receiver by `now`, up to which the model has been
    /// advanced, and counts it as delivered.
    #[inline(always)]
    pub fn pop_due(&mut self, now: u64) -> Option<Q::Frame> {
        let frame = self.line.pop_due(now)?;
        let stamp = frame.stamp();
        let counters = &mut self.ledger.counters;
        counters.delivered.add(stamp);
        let due = stamp.due.max(self.crossed_until);
        counters.lateness.record(now.saturating_sub(due));
        Some(frame)
    }

    /// Takes the next frame of a direction that [is instant](Self::is_instant), and counts it as
    /// delivered in time: when it was sent is not known.
    #[inline(always)]
    pub fn pop_crossed(&mut self) -> Option<Q::Frame> {
        let frame = self.line.pop_due(self.now)?;
        let counters = &mut self.ledger.counters;
        counters.delivered.add(frame.stamp());
        counters.lateness.record(0);
        Some(frame)
    }

    /// Takes back that a popped frame was delivered: the receiver did not want it.
    pub fn undelivered(&mut self, stamp: &Stamp, cause: Cause) {
        self.ledger.counters.delivered.sub(stamp);
        self.ledger.counters.drop(stamp, cause);
    }

    /// When [`Self::advance`] and [`Self::pop_due`] have to be called next, ns; never, if none.
    /// It may lie in the past, and may change with every other call.
    #[inline(always)]
    pub fn next_event(&self) -> Option<u64> {
        let first = self.line.next_due();
        match &self.on_wire {
            None => first,
            Some(on_wire) if on_wire.has_landed() && self.is_last() => first,
            Some(on_wire) => Some(self.next_event_of(&on_wire.departure, first)),
        }
    }

    /// The same while the wire is busy.
    #[inline(never)]
    fn next_event_of(&self, departure: &Departure, first: Option<u64>) -> u64 {
        let due = self.line.due(departure.arrives, departure.overtakes);
        let due = first.map_or(due, |first| first.min(due));
        due.min(self.next_upkeep(departure.ends))
    }

    /// Whether nothing waits for the wire.
    #[inline]
    fn is_last(&self) -> bool {
        self.room.is_empty() && self.copy.is_none()
    }

    /// When the wire, whose frame ends at `ends`, has to be looked at although nothing is due.
    fn next_upkeep(&self, ends: u64) -> u64 {
        if self.is_last() {
            return if self.ledger.senders > 0 || self.params.is_device() {
                ends
            } else {
                u64::MAX
            };
        }
        if self.params.overtakes() {
            // The next frame may be due before all others.
            return ends;
        }
        let slack = if self.ledger.senders > 0 || self.params.is_device() {
            (self.waiting_time() / 2).clamp(*RELEASE_SLACK.start(), *RELEASE_SLACK.end())
        } else {
            CATCH_UP
        };
        ends.max(self.now.saturating_add(slack))
    }

    /// How long what waits will be on the wire, ns.
    fn waiting_time(&self) -> u64 {
        let waiting = self.room.held();
        let bits = self.params.wire_bits(waiting.bytes, waiting.frames);
        let rate = self.params.rate.as_ref();
        rate.map_or(0, |rate| rate.time_of(bits))
    }

    /// Whether the device should be given more frames now, with [`super::Discipline::Device`].
    pub fn wants_frames(&self) -> bool {
        self.on_wire.is_none() || self.room.has_room(&self.params)
    }

    /// Changes the parameters at `now`, for each frame whose serialisation has not begun.
    ///
    /// No frame is lost or overtaken by it: the frame on the wire and those in the delay line keep
    /// their times, a shorter delay waits for the last of them unless frames may overtake, and a
    /// queue that is longer than its new limit shrinks by being sent. With another discipline, what
    /// waits is queued again in the order in which it would have been sent. Effects whose parameters
    /// change start afresh. A super-packet that waits already is one frame for new effects.
    pub fn set_params(&mut self, now: u64, params: impl Borrow<Compiled>) {
        self.change_params(now, params.borrow());
    }

    fn change_params(&mut self, now: u64, params: &Compiled) {
        self.advance(now);
        self.recall();
        if self.params.same_discipline(params) {
            return self.follow(params);
        }
        let waiting = self.room.take_all(desk!(self));
        self.follow(params);
        self.room.restart(waiting, desk!(self));
    }

    /// Changes parameters and tables at `now`, and returns the old tables. Frames are treated as
    /// in [`Self::set_params`]; with another number of flows, what waits is queued again, too. A
    /// pattern starts afresh if its rules differ.
    pub fn set_memory(&mut self, now: u64, params: impl Borrow<Compiled>, memory: M) -> M {
        self.change_memory(now, params.borrow(), memory)
    }

    fn change_memory(&mut self, now: u64, params: &Compiled, mut memory: M) -> M {
        self.advance(now);
        self.recall();
        let (old, new) = (self.memory.tables(), memory.tables());
        if old.rules != new.rules {
            let next = self.ledger.counters.sent.frames;
            self.effects.restart_pattern(next);
        }
        let same_flows = old.flows.len() == new.flows.len();
        if self.params.same_discipline(params) && (same_flows || !params.needs_flows()) {
            for (old, new) in old.flows.iter_mut().zip(new.flows) {
                core::mem::swap(old, new);
            }
            self.follow(params);
            return core::mem::replace(&mut self.memory, memory);
        }
        let waiting = self.room.take_all(desk!(self));
        let old = core::mem::replace(&mut self.memory, memory);
        self.follow(params);
        self.room.restart(waiting, desk!(self));
        old
    }

    fn follow(&mut self, params: &Compiled) {
        self.end_crossing();
        self.serialiser
            .change_rate(self.params.rate.as_ref(), params.rate.as_ref());
        self.effects.follow(
            self.params.effects.as_ref(),
            params.effects.as_ref(),
            self.ledger.counters.sent.frames,
        );
        self.params = *params;
        self.plain = params.is_plain();
        self.free = self.plain && params.is_instant();
    }

    /// From here on the time matters, if it has not.
    fn end_crossing(&mut self) {
        if self.is_instant() {
            self.crossed_until = self.now;
        }
    }

    /// Cuts the wire at `now`: what has reached the receiver by then can still be popped, all else
    /// is discarded for `cause`.
    pub fn cut(&mut self, now: u64, cause: Cause) {
        self.advance(now);
        self.line.ripen(self.now);
        self.empty(false, cause);
    }

    /// Discards every frame for `cause`.
    pub fn purge(&mut self, cause: Cause) {
        self.empty(true, cause);
    }

    /// Hands over everything at once, in the order in which it would have arrived: what is in the
    /// delay line, is being sent, and waits. What would still happen to it does not, and it is not
    /// counted as delivered.
    pub fn hand_over(&mut self) -> Q {
        let mut all = Q::default();
        while let Some(frame) = self.line.pop_due(u64::MAX) {
            all.push_back(frame);
        }
        let on_wire = self
            .on_wire
            .take()
            .and_then(|on_wire| match on_wire.content {
                Content::Frame(frame) => Some(frame),
                Content::Landed { .. } => None,
            });
        for frame in [on_wire, self.copy.take()].into_iter().flatten() {
            all.push_back(frame);
        }
        let mut waiting = self.room.take_all(desk!(self));
        while let Some(frame) = waiting.pop_front() {
            all.push_back(frame);
        }
        self.serialiser.reset(self.now);
        all
    }

    fn empty(&mut self, ripe: bool, cause: Cause) {
        let now = self.now;
        let on_wire = self
            .on_wire
            .take()
            .and_then(|on_wire| match on_wire.content {
                Content::Frame(frame) => Some(frame),
                Content::Landed { .. } => None,
            });
        for frame in [on_wire, self.copy.take()].into_iter().flatten() {
            self.ledger.drop_sent(now, frame, cause);
        }
        let mut waiting = self.room.take_all(desk!(self));
        while let Some(frame) = waiting.pop_front() {
            self.ledger.drop_sent(now, frame, cause);
        }
        self.line.clear(now, ripe, cause, &mut self.ledger);
        self.serialiser.reset(now);
    }

    /// The counters and contents at `now`.
    pub fn snapshot(&mut self, now: u64) -> Snapshot {
        self.advance(now);
        Snapshot {
            now: self.now,
            counters: self.ledger.counters,
            queued: self.queued(),
            in_flight: self.in_flight(),
        }
    }

    /// How far the model has been advanced, ns.
    #[inline]
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// What happened up to [`Self::now`].
    #[inline]
    pub const fn counters(&self) -> &Counters {
        &self.ledger.counters
    }

    /// What is in front of the wire: the queue and the frame that is being serialised.
    pub fn queued(&self) -> Tally {
        let mut queued: Tally = self.room.held();
        match self.on_wire.as_ref().map(|on_wire| &on_wire.content) {
            Some(Content::Frame(frame)) => queued.add(frame.stamp()),
            Some(Content::Landed { tally, .. }) => queued = queued.plus(*tally),
            None => {}
        }
        if let Some(copy) = &self.copy {
            queued.add(copy.stamp());
        }
        queued
    }

    /// What is in the delay line, or due and not yet handed over.
    pub fn in_flight(&self) -> Tally {
        let line = self.line.contents();
        match self.on_wire.as_ref().map(|on_wire| &on_wire.content) {
            Some(Content::Landed { tally, .. }) => line.minus(*tally),
            _ => line,
        }
    }

    /// The log of decisions. One that begins has what is decided from here on, the end of the
    /// serialisation that is going on included.
    #[inline]
    pub fn log(&mut self) -> &mut Q::Log {
        self.recall();
        self.end_crossing();
        &mut self.ledger.log
    }

    /// Whether there is anything for [`Self::take_discarded`].
    #[inline]
    pub fn has_discarded(&self) -> bool {
        !self.ledger.discarded.is_empty()
    }

    /// Takes the dropped frames, which have been counted, to be freed.
    #[inline]
    pub fn take_discarded(&mut self) -> Q {
        core::mem::take(&mut self.ledger.discarded)
    }
}
