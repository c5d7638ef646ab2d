// SPDX-License-Identifier: GPL-2.0

//! What a user may set for one direction, and the form in which the packet path reads it.
//!
//! [`Params`] holds the user's values. [`Params::compile`] refuses what cannot be emulated as asked
//! and prepares everything else, so that no packet costs a division. A [`Compiled`] is immutable
//! and replaced as a whole.

use super::{
    counters::{
        Cause,
        Tally, //
    },
    discipline::{
        Discipline,
        PreparedDiscipline,
        PreparedQueueing,
        Queueing,
        QueueingError, //
    },
    effects::{
        EffectError,
        Effects,
        PreparedEffects, //
    },
    frame::Stamp,
    random::Source,
    serialiser::LineRate,
    units::{
        bits_in,
        wire_bits, //
    }, //
};

/// Lowest rate, bit/s.
pub const MIN_RATE: u64 = 100;
/// Highest rate, bit/s.
pub const MAX_RATE: u64 = 400_000_000_000;
/// Most overhead, bytes per wire frame.
pub const MAX_OVERHEAD: u32 = 1000;
/// Longest delay and longest queue by time, ns.
pub const MAX_TIME: u64 = 100_000_000_000;
/// Overhead of Ethernet: 8 bytes preamble, 4 FCS, 12 inter-frame gap.
pub const ETHERNET_OVERHEAD: u32 = 24;
/// Default bound of the queue in packets: the larger of this and [`DEFAULT_QUEUE_TIME`] holds.
pub const DEFAULT_QUEUE_PACKETS: u32 = 100;
/// Default bound of the queue in time, ns.
pub const DEFAULT_QUEUE_TIME: u64 = 50_000_000;
/// Default of [`Params::whole_time`], ns.
pub const DEFAULT_WHOLE_TIME: u64 = 100_000;

/// Frames that follow others closely are handed over late by at most this part (1 in so many) of
/// the delay ...
const MODERATED_DELAY: u64 = 64;
/// ... and by no more than this part of [`Params::whole_time`], which bounds what else may happen in
/// one go.
const MODERATED_WHOLE: u64 = 5;

/// How far ahead a device without a queue of its own takes frames by default, ns.
const DEVICE_TIME: u64 = 100_000;
/// A super-packet that stays whole takes at most this part (1 in so many) of any limit: it is
/// admitted or dropped as a whole, which must not show.
const WHOLE_PART: u32 = 8;
/// Wire bits of a full Ethernet frame, to express a limit in time as one in packets.
const FULL_FRAME_BITS: u64 = (1514 + ETHERNET_OVERHEAD as u64) * 8;

/// Bound of the queue in front of the serialiser. Each that is given bounds; what is counted is what
/// waits, without the frame that is being serialised.
///
/// With none, the default holds: a frame is admitted while there are fewer than 100 packets or the
/// queue takes less than 50 ms to send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueLimit {
    /// Wire frames. Zero means that no frame ever waits.
    pub packets: Option<u32>,
    /// L2 bytes.
    pub bytes: Option<u64>,
    /// Time that the line needs to send what waits, overhead included, at its present rate; ns.
    pub time: Option<u64>,
}

/// Bound of the delay line. None is needed to keep it finite: a constant delay holds no more than
/// rate x delay; without a rate the instance's caps bound it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineLimit {
    /// Wire frames.
    pub packets: Option<u32>,
    /// L2 bytes.
    pub bytes: Option<u64>,
}

/// Parameters of one direction, as a user sets them. Fill in what differs from the default
/// (`..Params::default()`): fields are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Rate in bit/s, [`MIN_RATE`] to [`MAX_RATE`]; none is unlimited.
    pub rate: Option<u64>,
    /// Bytes that each wire frame takes on the wire beside its L2 bytes.
    pub overhead: u32,
    /// Propagation delay in ns, up to [`MAX_TIME`].
    pub delay: u64,
    /// Bound of the queue.
    pub queue: QueueLimit,
    /// Bound of the delay line.
    pub line: LineLimit,
    /// Longest time on the wire, in ns, with which a super-packet may stay whole, and with which a
    /// frame's sender is released when its serialisation begins instead of when it ends; zero takes
    /// every super-packet apart on a link with a rate.
    pub whole_time: u64,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            rate: None,
            overhead: ETHERNET_OVERHEAD,
            delay: 0,
            queue: QueueLimit::default(),
            line: LineLimit::default(),
            whole_time: DEFAULT_WHOLE_TIME,
        }
    }
}

/// Which parameter was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// [`Params::rate`].
    Rate,
    /// [`Params::overhead`].
    Overhead,
    /// [`Params::delay`].
    Delay,
    /// [`QueueLimit::packets`].
    QueuePackets,
    /// [`QueueLimit::bytes`].
    QueueBytes,
    /// [`QueueLimit::time`].
    QueueTime,
    /// [`LineLimit::packets`].
    LinePackets,
    /// [`LineLimit::bytes`].
    LineBytes,
    /// [`Params::whole_time`].
    WholeTime,
}

/// Why a set of parameters was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamError {
    /// The parameter.
    pub field: Field,
    /// What is wrong with it, in a form fit for a netlink extack.
    pub reason: &'static str,
}

impl Params {
    /// Checks the parameters and prepares them for the packet path.
    pub fn compile(&self) -> Result<Compiled, ParamError> {
        self.check()?;
        let queue = Bounds::of_queue(self);
        let line = Bounds {
            frames: self.line.packets.map_or(u64::MAX, u64::from),
            bytes: self.line.bytes.unwrap_or(u64::MAX),
            bits: u64::MAX,
            any: false,
        };
        Ok(Compiled {
            effects: None,
            source: Source::default(),
            queueing: PreparedQueueing::FIFO,
            rate: self.rate.map(LineRate::new),
            delay: self.delay,
            overhead: self.overhead,
            limits_line: self.line != LineLimit::default(),
            queue,
            line,
            whole: Bounds::of_whole(self, &queue, &line),
            params: *self,
        })
    }

    fn check(&self) -> Result<(), ParamError> {
        let refuse = |field, reason| Err(ParamError { field, reason });
        if let Some(rate) = self.rate {
            if rate < MIN_RATE {
                return refuse(Field::Rate, "rate is below 100 bit/s");
            }
            if rate > MAX_RATE {
                return refuse(Field::Rate, "rate is above 400 Gbit/s");
            }
        }
        if self.overhead > MAX_OVERHEAD {
            return refuse(Field::Overhead, "overhead is above 1000 bytes per frame");
        }
        if self.delay > MAX_TIME {
            return refuse(Field::Delay, "delay is above 100 s");
        }
        if self.queue.time.is_some_and(|time| time > MAX_TIME) {
            return refuse(Field::QueueTime, "the queue's limit of time is above 100 s");
        }
        if self.line.packets == Some(0) {
            return refuse(Field::LinePackets, "a delay line of 0 packets drops all");
        }
        if self.line.bytes == Some(0) {
            return refuse(Field::LineBytes, "a delay line of 0 bytes drops all");
        }
        if self.whole_time > MAX_TIME {
            return refuse(Field::WholeTime, "whole-time is above 100 s");
        }
        Ok(())
    }
}

/// Limits on what a container holds, `u64::MAX` for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Wire frames.
    pub(super) frames: u64,
    /// L2 bytes.
    pub(super) bytes: u64,
    /// Wire bits.
    pub(super) bits: u64,
    /// It is enough that the frames or the bits are within their limit.
    pub(super) any: bool,
}

impl Bounds {
    fn of_queue(params: &Params) -> Self {
        let limit = &params.queue;
        let bits = |time| match params.rate {
            Some(rate) => bits_in(rate, time),
            None => u64::MAX,
        };
        if *limit == QueueLimit::default() {
            return Self {
                frames: u64::from(DEFAULT_QUEUE_PACKETS),
                bytes: u64::MAX,
                bits: bits(DEFAULT_QUEUE_TIME),
                any: true,
            };
        }
        Self {
            frames: limit.packets.map_or(u64::MAX, u64::from),
            bytes: limit.bytes.unwrap_or(u64::MAX),
            bits: limit.time.map_or(u64::MAX, bits),
            any: false,
        }
    }

    /// How far ahead of the wire a device without a queue of its own takes frames.
    fn of_device(params: &Params) -> Self {
        let mut bounds = Self::of_queue(params);
        if bounds.any {
            // Enough that the wire does not run dry between two frames or two timers.
            bounds.frames = 2;
            bounds.bits = params
                .rate
                .map_or(u64::MAX, |rate| bits_in(rate, DEVICE_TIME));
        }
        bounds
    }

    /// What a super-packet that stays whole may have.
    fn of_whole(params: &Params, queue: &Self, line: &Self) -> Self {
        let part = u64::from(WHOLE_PART);
        let mut whole = Self {
            frames: line.frames / part,
            bytes: line.bytes / part,
            bits: u64::MAX,
            any: false,
        };
        if let Some(rate) = params.rate {
            // Only with a rate does anything wait in the queue.
            let frames = if queue.any {
                queue.frames.max(queue.bits / FULL_FRAME_BITS)
            } else {
                queue.frames
            };
            whole.frames = whole.frames.min(frames / part);
            whole.bytes = whole.bytes.min(queue.bytes / part);
            whole.bits = bits_in(rate, params.whole_time);
            if !queue.any {
                whole.bits = whole.bits.min(queue.bits / part);
            }
        }
        whole
    }
}

/// Parameters in the form in which the packet path reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compiled {
    pub(super) rate: Option<LineRate>,
    pub(super) delay: u64,
    pub(super) overhead: u32,
    /// The delay line has a limit of its own.
    pub(super) limits_line: bool,
    pub(super) queue: Bounds,
    pub(super) line: Bounds,
    whole: Bounds,
    pub(super) source: Source,
    pub(super) queueing: PreparedQueueing,
    pub(super) effects: Option<PreparedEffects>,
    params: Params,
}

impl Compiled {
    /// The same with effects.
    pub fn with_effects(mut self, effects: &Effects) -> Result<Self, EffectError> {
        self.set_effects(effects)?;
        Ok(self)
    }

    /// Adds effects. For callers who have little stack.
    pub fn set_effects(&mut self, effects: &Effects) -> Result<(), EffectError> {
        self.source = effects.source;
        effects.prepare(&self.params, &mut self.effects)?;
        if self.effects.is_some() {
            self.take_apart();
        }
        Ok(())
    }

    /// The same with a queue discipline.
    pub fn with_queueing(mut self, queueing: &Queueing) -> Result<Self, QueueingError> {
        self.set_queueing(queueing)?;
        Ok(self)
    }

    /// Adds a queue discipline. For callers who have little stack.
    pub fn set_queueing(&mut self, queueing: &Queueing) -> Result<(), QueueingError> {
        self.queueing = queueing.prepare(&self.params)?;
        if self.queueing.discipline.controls_delay() {
            self.take_apart();
        }
        if queueing.discipline == Discipline::Device {
            self.queue = Bounds::of_device(&self.params);
        }
        Ok(())
    }

    /// What is decided per packet is decided for the packets of a super-packet.
    fn take_apart(&mut self) {
        self.whole.frames = 1;
    }

    /// What the user set.
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// The effects that the user set, if any.
    pub const fn effects(&self) -> Option<&Effects> {
        match &self.effects {
            Some(effects) => Some(effects.effects()),
            None => None,
        }
    }

    /// The queueing that the user set.
    pub const fn queueing(&self) -> &Queueing {
        self.queueing.queueing()
    }

    /// Whether the queueing needs a table of flows.
    pub const fn needs_flows(&self) -> bool {
        self.queueing.needs_flows()
    }

    /// Whether frames pass as they come: no rate, no delay, no impairment.
    #[inline]
    pub const fn is_unshaped(&self) -> bool {
        self.rate.is_none() && self.delay == 0 && self.effects.is_none()
    }

    /// Wire bits of `frames` wire frames with `bytes` L2 bytes together.
    #[inline]
    pub const fn wire_bits(&self, bytes: u64, frames: u64) -> u64 {
        wire_bits(bytes, frames, self.overhead)
    }

    /// Whether nothing but rate and delay happens to a frame that finds the wire idle.
    #[inline]
    pub(super) const fn is_plain(&self) -> bool {
        self.effects.is_none()
            && !self.limits_line
            && matches!(self.queueing.discipline, PreparedDiscipline::Fifo)
    }

    /// Whether a plain frame goes through without waiting.
    #[inline]
    pub(super) const fn is_instant(&self) -> bool {
        self.rate.is_none() && self.delay == 0
    }

    /// How long frames that follow others closely may wait to be handed over together, ns.
    ///
    /// Events of a timer cost more than frames, so a real NIC moderates its interrupts, too. What
    /// is lost in exactness is below 2 % of the delay, at most 20 us by default, and counted as
    /// lateness. A frame that follows none closely is handed over at its own time.
    #[inline]
    pub const fn moderation(&self) -> u64 {
        let (of_delay, of_whole) = (
            self.delay / MODERATED_DELAY,
            self.params.whole_time / MODERATED_WHOLE,
        );
        if of_delay < of_whole {
            of_delay
        } else {
            of_whole
        }
    }

    /// Whether the device has no queue of its own.
    #[inline]
    pub(super) const fn is_device(&self) -> bool {
        matches!(self.queueing.discipline, PreparedDiscipline::Device)
    }

    /// Whether frames may leave the delay line in another order than they entered it.
    #[inline]
    pub(super) const fn overtakes(&self) -> bool {
        match &self.effects {
            Some(effects) => effects.overtakes(),
            None => false,
        }
    }

    /// Whether what waits may stay as it is when these parameters are replaced by `other`.
    pub(super) fn same_discipline(&self, other: &Self) -> bool {
        core::mem::discriminant(&self.queueing.discipline)
            == core::mem::discriminant(&other.queueing.discipline)
    }

    /// Bytes on the wire of a frame.
    #[inline]
    pub(super) const fn wire_bytes(&self, stamp: &Stamp) -> u64 {
        self.wire_bits(stamp.bytes as u64, stamp.frames as u64) / 8
    }

    /// Time that the line needs for `tally`, ns.
    pub(super) const fn time_on_wire(&self, tally: Tally) -> u64 {
        match &self.rate {
            Some(rate) => rate.time_of(self.wire_bits(tally.bytes, tally.frames)),
            None => 0,
        }
    }

    /// Whether the queue, which has held `before`, may hold `after`.
    #[inline]
    pub(super) fn queue_holds(&self, before: Tally, after: Tally) -> Result<(), Cause> {
        let limit = &self.queue;
        let bits = |tally: Tally| self.wire_bits(tally.bytes, tally.frames);
        if limit.any {
            if after.frames <= limit.frames || bits(after) <= limit.bits {
                return Ok(());
            }
            // The cause is the limit that had held until now.
            return Err(if bits(before) <= limit.bits {
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
        if limit.bits != u64::MAX && bits(after) > limit.bits {
            return Err(Cause::QueueTime);
        }
        Ok(())
    }

    /// Whether a super-packet of `frames` wire frames with `bytes` L2 bytes together may stay
    /// whole; otherwise it has to be segmented before it is enqueued.
    ///
    /// It may while nothing is decided per packet, its time on the wire is within
    /// [`Params::whole_time`], and it is a small part (an eighth) of each limit.
    #[inline]
    pub const fn keeps_whole(&self, bytes: u32, frames: u32) -> bool {
        let (bytes, frames) = (bytes as u64, frames as u64);
        frames <= 1
            || (frames <= self.whole.frames
                && bytes <= self.whole.bytes
                && self.wire_bits(bytes, frames) <= self.whole.bits)
    }

    /// Whether a frame of so many wire bits is so short a time on the wire, at most
    /// [`Params::whole_time`], that its sender need not wait for the end of it.
    #[inline]
    pub(super) const fn is_brief(&self, bits: u64) -> bool {
        bits <= self.whole.bits
    }

    /// No super-packet of more L2 bytes than this stays whole (a shorter one may have to be
    /// segmented, too, see [`Self::keeps_whole`]): a bound to give to the stack, so that it does
    /// not build what would be taken apart.
    pub const fn max_whole_bytes(&self) -> u64 {
        let bytes = self.whole.bits / 8;
        if bytes < self.whole.bytes {
            bytes
        } else {
            self.whole.bytes
        }
    }
}
