// SPDX-License-Identifier: GPL-2.0

//! What is on a medium, and how it gets from port to port.
//!
//! ```text
//!               +- transmitter 0 -+        +-- way 0 to 1 --+
//!  start_xmit ->| queue, wire,    |-- due -+-- way 0 to 2 --+-- due --> poll of the receiver
//!               | impairments     | spread +-- way 0 to 3 --+
//!               +-----------------+        delay, loss of the pair
//! ```
//!
//! Each transmitter and each way is a [`Direction`] of the model. Whatever leaves a transmitter is
//! handed to its ways at the time at which it was due, whoever comes to do it and however late; so
//! transmitters are always served first ([`Air::carry`]), and a way is never ahead of its
//! transmitter.
//!
//! # Invariants
//!
//! - While a port is down (`napi` is none) its transmitter and the ways from and to it hold no frame,
//!   and nobody schedules its NAPI instance.
//! - What a transmitter and the ways from it hold is in the port's `charge`, which is charged to its
//!   `instance`. Each way's copy is charged in full, although copies share their data.
//! - `busy` has the bits of the transmitters that hold frames; `pending` of a port those of the
//!   senders whose ways to it do.

mod books;

use super::{
    settings::Ready,
    Receiver, //
};
use crate::{
    account::{
        Charge,
        Load, //
    },
    instance::Instance,
    model::{
        Cause,
        Direction,
        Frame as _,
        FrameQueue,
        Stamp,
        Tally, //
    },
    net::{
        napi::Napi,
        skbuff::{
            SkBuff,
            WireSize, //
        }, //
    },
    pipe::{
        config::LaneMemory,
        frame::{
            Flow,
            Frame,
            FrameList, //
        },
        stopwatch::{
            Lap,
            Stopwatch, //
        }, //
        trace::TraceSlot,
    }, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Bytes of an Ethernet header with two VLAN tags, which the MTU does not count.
const HEADER: u32 = 22;
/// Not armed.
const NEVER: u64 = u64::MAX;

/// A transmitter, or the way from one port to another.
type Way = Direction<FrameList, LaneMemory>;

/// A way in a structure of its own, which is made in its place and not on the stack.
struct Path {
    model: Way,
}

/// What a medium's lock protects.
pub(super) struct Air {
    terminals: KVec<KBox<Terminal>>,
    /// From each port to each other one, by [`Air::index`]; none from a port to itself.
    ways: KVVec<Option<KBox<Path>>>,
    busy: u64,
    /// Longest frame that all ports take, without header.
    pub(super) mtu: u32,
    /// Lost frames that are not charged any more, to be freed outside the lock.
    waste: FrameList,
}

/// A port.
struct Terminal {
    transmitter: Way,
    charge: Charge,
    /// The instance of the device, while it is up.
    instance: Option<Arc<Instance>>,
    /// What polls for the device, while it is up.
    napi: Option<Arc<Napi<Receiver>>>,
    pending: u64,
    /// When the timer will fire, ns.
    armed: u64,
    /// Times the polls.
    stopwatch: Stopwatch,
    /// What has been reported to the instance.
    reported: Reported,
}

/// Counters as of the last report.
#[derive(Default)]
struct Reported {
    sent: Tally,
    drops: Tally,
    delivered: Tally,
    softirq_time: u64,
}

/// The numbers of the bits that are set.
struct Bits(u64);

impl Iterator for Bits {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let bit = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        Some(bit)
    }
}

/// The bit of a port.
#[inline]
pub(super) const fn bit(port: usize) -> u64 {
    1_u64.wrapping_shl(port as u32)
}

impl Terminal {
    /// Takes what has left the medium off the charge.
    #[inline]
    fn give(&mut self, load: Load) {
        if let Some(instance) = &self.instance {
            self.charge.give(instance.account(), load);
        }
    }
}

impl Air {
    /// An idle medium, without ports.
    pub(super) fn new(mtu: u32) -> Self {
        Self {
            terminals: KVec::new(),
            ways: KVVec::new(),
            busy: 0,
            mtu,
            waste: FrameList::default(),
        }
    }

    /// Adds a port, which is down. To be called before [`Self::add_way`].
    #[inline(never)]
    pub(super) fn add_port(&mut self, ready: &mut Ready) -> Result {
        let memory = ready.memory.take().ok_or(EINVAL)?;
        let terminal = KBox::init(
            init!(Terminal {
                transmitter: Direction::with_memory(**ready.params, memory),
                charge: Charge::default(),
                instance: None,
                napi: None,
                pending: 0,
                armed: NEVER,
                stopwatch: Stopwatch::default(),
                reported: Reported::default(),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        Ok(self.terminals.push(terminal, GFP_KERNEL_ACCOUNT)?)
    }

    /// Adds the way of the next pair, in the order of [`Self::index`]; none from a port to itself.
    #[inline(never)]
    pub(super) fn add_way(&mut self, ready: Option<&mut Ready>) -> Result {
        let way = match ready {
            None => None,
            Some(ready) => {
                let memory = ready.memory.take().ok_or(EINVAL)?;
                Some(KBox::init(
                    init!(Path {
                        model: Direction::with_memory(**ready.params, memory),
                    }),
                    GFP_KERNEL_ACCOUNT,
                )?)
            }
        };
        Ok(self.ways.push(way, GFP_KERNEL_ACCOUNT)?)
    }

    /// Where the way of a pair stands.
    #[inline]
    fn index(&self, from: usize, to: usize) -> usize {
        from.wrapping_mul(self.terminals.len()).wrapping_add(to)
    }

    #[inline]
    fn terminal(&mut self, port: usize) -> Option<&mut Terminal> {
        self.terminals.get_mut(port).map(|terminal| &mut **terminal)
    }

    #[inline]
    fn way(&mut self, from: usize, to: usize) -> Option<&mut Way> {
        let index = self.index(from, to);
        Some(&mut self.ways.get_mut(index)?.as_deref_mut()?.model)
    }

    /// Takes a frame from a sender.
    pub(super) fn admit(&mut self, port: usize, now: u64, mut frame: Frame, flow: Option<Flow>) {
        if let Some(flow) = flow {
            frame.set_flow(flow);
        }
        if let Err(cause) = self.check(port, &frame) {
            return self.refuse(port, frame, cause);
        }
        if let Some(terminal) = self.terminal(port) {
            terminal.transmitter.enqueue(now, frame);
        }
    }

    /// Whether a frame may enter; if so, it is charged.
    fn check(&mut self, port: usize, frame: &Frame) -> Result<(), Cause> {
        let mtu = self.mtu;
        let terminal = self.terminal(port).ok_or(Cause::Removed)?;
        let Some(instance) = &terminal.instance else {
            return Err(Cause::LinkDown);
        };
        let stamp = frame.stamp();
        if stamp.frames == 1 && stamp.bytes > mtu.saturating_add(HEADER) {
            return Err(Cause::Mtu);
        }
        terminal.charge.take(instance.account(), frame.load())
    }

    /// Counts a frame that was not charged as sent and lost.
    #[cold]
    pub(super) fn refuse(&mut self, port: usize, frame: Frame, cause: Cause) {
        self.discharge(port);
        if let Some(terminal) = self.terminals.get_mut(port) {
            terminal.transmitter.refuse(frame, cause);
            Self::discard(
                terminal.transmitter.take_discarded(),
                &mut self.waste,
                |_| {},
            );
        }
    }

    /// Does all that happens in the transmitters up to `now`; the bits of the ports for which there
    /// may be something new.
    pub(super) fn carry(&mut self, now: u64) -> u64 {
        Bits(self.busy).fold(0, |touched, port| touched | self.carry_from(port, now))
    }

    /// The same for one transmitter.
    #[inline]
    pub(super) fn carry_from(&mut self, port: usize, now: u64) -> u64 {
        let mut touched = bit(port);
        let Some(terminal) = self.terminal(port) else {
            return 0;
        };
        terminal.transmitter.advance(now);
        while let Some(terminal) = self.terminal(port) {
            let Some(frame) = terminal.transmitter.pop_due(now) else {
                let idle = terminal.transmitter.next_event().is_none();
                let lost = terminal.transmitter.has_discarded();
                if idle {
                    self.busy &= !bit(port);
                } else {
                    self.busy |= bit(port);
                }
                if lost {
                    self.discharge(port);
                }
                break;
            };
            terminal.give(frame.load());
            touched |= self.spread(port, frame);
        }
        touched
    }

    /// Puts a frame that has left its transmitter on all its ways. The last one gets the frame
    /// itself.
    fn spread(&mut self, from: usize, frame: Frame) -> u64 {
        let stamp = *frame.stamp();
        let mut original = Some(frame.into_skb());
        let ports = self.terminals.len();
        let last = ports.wrapping_sub(if from.wrapping_add(1) == ports { 2 } else { 1 });
        let mut touched = 0;
        for to in (0..ports).filter(|to| *to != from) {
            let up = self
                .terminals
                .get(to)
                .is_some_and(|terminal| terminal.napi.is_some());
            let copy = if !up {
                Err(Cause::ReceiverDown)
            } else if to == last {
                original.take().ok_or(Cause::NoMemory)
            } else {
                original
                    .as_ref()
                    .and_then(SkBuff::duplicate)
                    .ok_or(Cause::NoMemory)
            };
            self.send(from, to, &stamp, copy);
            touched |= bit(to);
        }
        if let Some(unused) = original {
            unused.consume();
        }
        touched
    }

    /// Puts a copy of a frame, if there is one, on a way at the time at which it left its
    /// transmitter.
    #[inline]
    fn send(&mut self, from: usize, to: usize, left: &Stamp, copy: Result<SkBuff, Cause>) {
        let size = WireSize {
            frames: u32::from(left.frames),
            bytes: left.bytes,
        };
        let index = self.index(from, to);
        let (Some(sender), Some(Some(way))) =
            (self.terminals.get_mut(from), self.ways.get_mut(index))
        else {
            return;
        };
        let (sender, way) = (&mut **sender, &mut way.model);
        let frame = match copy {
            Ok(skb) => Frame::new(skb, size),
            Err(cause) => return way.miss(Stamp::new(size.frames, size.bytes), cause),
        };
        let charged = match &sender.instance {
            Some(instance) => sender.charge.take(instance.account(), frame.load()),
            None => Err(Cause::LinkDown),
        };
        if let Err(cause) = charged {
            way.refuse(frame, cause);
            return Self::discard(way.take_discarded(), &mut self.waste, |_| {});
        }
        way.enqueue(left.due, frame);
        if way.has_discarded() {
            Self::discard(way.take_discarded(), &mut self.waste, |load| {
                sender.give(load);
            });
        }
        if way.next_event().is_some() {
            if let Some(receiver) = self.terminals.get_mut(to) {
                receiver.pending |= bit(from);
            }
        }
    }

    /// Takes what has reached a port by `now`, in the order in which it did, up to `budget` frames.
    pub(super) fn collect(
        &mut self,
        port: usize,
        now: u64,
        budget: usize,
        due: &mut FrameList,
    ) -> usize {
        let mut work = 0;
        while work < budget {
            let Some((at, from)) = self.first_for(port) else {
                break;
            };
            if at > now {
                break;
            }
            let Some(way) = self.way(from, port) else {
                break;
            };
            let frame = way.pop_due(now);
            let empty = way.next_event().is_none();
            if let (true, Some(terminal)) = (empty, self.terminal(port)) {
                terminal.pending &= !bit(from);
            }
            let Some(frame) = frame else {
                break;
            };
            if let Some(sender) = self.terminal(from) {
                sender.give(frame.load());
            }
            due.push_back(frame);
            work = work.wrapping_add(1);
        }
        work
    }

    /// What reaches a port next: when, and from which one.
    #[inline]
    fn first_for(&self, port: usize) -> Option<(u64, usize)> {
        let pending = self.terminals.get(port)?.pending;
        Bits(pending)
            .filter_map(|from| {
                let way = self.ways.get(self.index(from, port))?.as_deref()?;
                way.model.next_event().map(|at| (at, from))
            })
            .min()
    }

    /// Sees to it that the polls of ports run when there is something to do.
    pub(super) fn plan(&mut self, ports: u64, now: u64) {
        for port in Bits(ports) {
            let Some(terminal) = self.terminals.get(port) else {
                return;
            };
            let arrival = self.first_for(port).map(|(at, _)| at);
            let departure = terminal.transmitter.next_event();
            let next = match (arrival, departure) {
                (Some(arrival), Some(departure)) => Some(arrival.min(departure)),
                (one, other) => one.or(other),
            };
            let (Some(at), Some(terminal)) = (next, self.terminal(port)) else {
                continue;
            };
            let Some(napi) = &terminal.napi else {
                continue;
            };
            if at <= now {
                napi.schedule();
            } else if at < terminal.armed || terminal.armed <= now {
                terminal.armed = at;
                napi.schedule_at(at, now);
            }
        }
    }

    /// A poll has begun; when it is timed, with what.
    pub(super) fn begin_poll(&mut self, port: usize) -> Option<Lap> {
        self.terminal(port)?.stopwatch.begin()
    }

    /// A poll has found all that there was; the timer may have to be armed anew.
    pub(super) fn end_poll(&mut self, port: usize, now: u64) {
        if let Some(terminal) = self.terminal(port) {
            terminal.armed = NEVER;
        }
        self.plan(bit(port), now);
    }

    /// Changes the parameters of a transmitter. What has to be freed is left in `ready`.
    pub(super) fn set_transmitter(&mut self, port: usize, now: u64, ready: &mut Ready) {
        if let Some(terminal) = self.terminal(port) {
            ready.swap_into(&mut terminal.transmitter, now);
        }
        self.discharge(port);
    }

    /// Changes the parameters of the way at an index. What has to be freed is left in `ready`.
    pub(super) fn set_way(&mut self, index: usize, now: u64, ready: &mut Ready) {
        if let Some(Some(way)) = self.ways.get_mut(index) {
            ready.swap_into(&mut way.model, now);
        }
    }

    /// Where the log of a transmitter is, or of the way from there to another port.
    pub(super) fn log(&mut self, from: usize, to: Option<usize>) -> Option<&mut TraceSlot> {
        Some(match to {
            Some(to) => self.way(from, to)?.log(),
            None => self.terminal(from)?.transmitter.log(),
        })
    }

    /// A port goes up.
    pub(super) fn port_up(
        &mut self,
        port: usize,
        instance: Arc<Instance>,
        napi: Arc<Napi<Receiver>>,
    ) {
        if let Some(terminal) = self.terminal(port) {
            terminal.instance = Some(instance);
            terminal.napi = Some(napi);
        }
    }

    /// A port goes down; what is under way from and to it is lost. What is returned has to be
    /// dropped outside the lock.
    pub(super) fn port_down(
        &mut self,
        port: usize,
        softirq_time: u64,
    ) -> Option<(Arc<Instance>, Arc<Napi<Receiver>>)> {
        self.silence(port, Cause::LinkDown, Cause::ReceiverDown);
        self.settle(port, softirq_time);
        let terminal = self.terminal(port)?;
        // The NAPI instance is taken off the agenda when it is disabled.
        terminal.armed = NEVER;
        let parts = (terminal.instance.take(), terminal.napi.take());
        match parts {
            (Some(instance), Some(napi)) => Some((instance, napi)),
            _ => None,
        }
    }

    /// Loses what a port has sent for one cause and what is under way to it for another one.
    pub(super) fn silence(&mut self, port: usize, sent: Cause, received: Cause) {
        if let Some(terminal) = self.terminal(port) {
            terminal.transmitter.purge(sent);
            terminal.pending = 0;
        }
        self.discharge(port);
        self.busy &= !bit(port);
        for other in 0..self.terminals.len() {
            self.clear_way(port, other, sent);
            self.clear_way(other, port, received);
            if let Some(terminal) = self.terminal(other) {
                terminal.pending &= !bit(port);
            }
        }
    }

    fn clear_way(&mut self, from: usize, to: usize, cause: Cause) {
        let index = self.index(from, to);
        if let (Some(sender), Some(Some(way))) =
            (self.terminals.get_mut(from), self.ways.get_mut(index))
        {
            way.model.purge(cause);
            Self::discard(way.model.take_discarded(), &mut self.waste, |load| {
                sender.give(load);
            });
        }
    }

    /// Takes what a transmitter discarded off the charge.
    fn discharge(&mut self, port: usize) {
        if let Some(terminal) = self.terminals.get_mut(port) {
            let discarded = terminal.transmitter.take_discarded();
            Self::discard(discarded, &mut self.waste, |load| terminal.give(load));
        }
    }

    fn discard(mut discarded: FrameList, waste: &mut FrameList, mut give: impl FnMut(Load)) {
        while let Some(frame) = discarded.pop_front() {
            give(frame.load());
            waste.push_back(frame);
        }
    }

    /// Takes what was lost, to be freed outside the lock.
    #[inline]
    pub(super) fn take_waste(&mut self) -> FrameList {
        core::mem::take(&mut self.waste)
    }
}
