// SPDX-License-Identifier: GPL-2.0

//! What a block has done with packets.
//!
//! # Invariants
//!
//! In packets, and on each CPU that is not at work: `in + generated = out + consumed + dropped +
//! queued`. A CPU alone may have fewer queued than none, where another one took what it had put
//! into a queue; the sum over all CPUs is the number that is there.

use super::program::Entry;
use crate::sync::{
    counter::Counter,
    percpu::{
        BottomHalf,
        Here,
        PerCpu, //
    },
    turns::Turns, //
};
use kernel::prelude::*;

/// Why a packet ended in a block; the numbers are those of the control interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Cause {
    /// It left by a port that is not bound.
    Unbound = 0,
    /// The block went.
    Removed,
    /// There was no memory.
    NoMemory,
    /// The device is gone or down.
    NoDevice,
    /// The device did not take it.
    Refused,
    /// The block cannot work on it.
    Malformed,
    /// A program or a rule said so.
    Filtered,
    /// The queue was full.
    QueueFull,
    /// It was beyond a rate.
    Rate,
    /// Too many packets waited to enter.
    Backlog,
    /// An emulated wire lost it.
    Lost,
    /// No application has a socket on the chain.
    NoSocket,
    /// The instance, or a user namespace above it, holds as much as it may.
    Limit,
    /// It is not what the other end has sealed.
    Authentication,
    /// It has come before, or is too late for one to know that.
    Replayed,
}

impl Cause {
    /// All causes, in the order of their numbers.
    pub(crate) const ALL: [Self; 15] = [
        Self::Unbound,
        Self::Removed,
        Self::NoMemory,
        Self::NoDevice,
        Self::Refused,
        Self::Malformed,
        Self::Filtered,
        Self::QueueFull,
        Self::Rate,
        Self::Backlog,
        Self::Lost,
        Self::NoSocket,
        Self::Limit,
        Self::Authentication,
        Self::Replayed,
    ];

    /// The cause of a number.
    pub(super) fn of(number: u32) -> Self {
        let cause = Self::ALL.get(number as usize);
        cause.copied().unwrap_or(Self::Removed)
    }
}

/// Packets and their bytes.
#[derive(Default)]
struct Tally {
    packets: Counter,
    bytes: Counter,
}

impl Tally {
    #[inline(always)]
    fn add(&self, len: u32) {
        self.packets.add(1);
        self.bytes.add(u64::from(len));
    }

    #[inline(always)]
    fn sub(&self, len: u32) {
        self.packets.sub(1);
        self.bytes.sub(u64::from(len));
    }
}

/// Counters on one CPU. Only that CPU changes them, with bottom halves disabled.
#[derive(Default)]
pub(crate) struct Local {
    entered: Tally,
    left: Tally,
    generated: Tally,
    consumed: Tally,
    queued: Tally,
    dropped: [Tally; Cause::ALL.len()],
}

impl Local {
    /// A packet entered.
    #[inline(always)]
    pub(super) fn entered(&self, len: u32) {
        self.entered.add(len);
    }

    /// A packet left by a port.
    #[inline(always)]
    pub(super) fn left(&self, len: u32) {
        self.left.add(len);
    }

    /// A packet was made, or came from outside of the graph.
    #[inline]
    pub(super) fn generated(&self, len: u32) {
        self.generated.add(len);
    }

    /// A packet ended as it should, or was handed out of the graph.
    #[inline]
    pub(super) fn consumed(&self, len: u32) {
        self.consumed.add(len);
    }

    /// A packet is held.
    #[inline]
    pub(super) fn queued(&self, len: u32) {
        self.queued.add(len);
    }

    /// A packet is held no more.
    #[inline]
    pub(super) fn unqueued(&self, len: u32) {
        self.queued.sub(len);
    }

    /// A packet was lost.
    #[inline]
    pub(super) fn dropped(&self, cause: Cause, len: u32) {
        if let Some(tally) = self.dropped.get(cause as usize) {
            tally.add(len);
        }
    }
}

/// Counters of a block.
pub(crate) struct Counters(PerCpu<Local>);

impl Counters {
    /// Allocates; may sleep.
    pub(super) fn new() -> Result<Self> {
        Ok(Self(PerCpu::new()?))
    }

    /// Those of this CPU.
    #[inline(always)]
    pub(super) fn here(&self, bh: &BottomHalf) -> &Local {
        self.0.here(bh)
    }

    /// Those of this CPU.
    #[inline(always)]
    pub(super) fn on(&self, here: Here<'_>) -> &Local {
        self.0.on(here)
    }

    /// The sums over all CPUs, each read when it was not at work.
    pub(crate) fn read(&self, turns: &Turns<Entry>) -> Reading {
        let mut sum = Reading::default();
        let mut before = Reading::default();
        let mut last = usize::MAX;
        turns.read_idle(|place| {
            // The same CPU again: what was read of it is not from one moment.
            if place == last {
                sum = before;
            } else {
                before = sum;
                last = place;
            }
            if let Some(local) = self.0.at(place) {
                sum.add(local);
            }
        });
        sum
    }
}

/// Packets and their bytes, at one moment.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    /// Packets.
    pub(crate) packets: u64,
    /// Bytes.
    pub(crate) bytes: u64,
}

impl Amount {
    fn add(&mut self, tally: &Tally) {
        self.packets = self.packets.wrapping_add(tally.packets.get());
        self.bytes = self.bytes.wrapping_add(tally.bytes.get());
    }
}

/// Counters of a block at one moment.
#[derive(Clone, Copy, Default)]
pub(crate) struct Reading {
    /// Packets that entered.
    pub(crate) entered: Amount,
    /// Packets that left by a port.
    pub(crate) left: Amount,
    /// Packets that were made here, or came from outside of the graph.
    pub(crate) generated: Amount,
    /// Packets that ended as they should, or were handed out of the graph.
    pub(crate) consumed: Amount,
    /// Packets that are held.
    pub(crate) queued: Amount,
    /// Packets that were lost, by cause.
    pub(crate) dropped: [Amount; Cause::ALL.len()],
}

impl Reading {
    fn add(&mut self, local: &Local) {
        self.entered.add(&local.entered);
        self.left.add(&local.left);
        self.generated.add(&local.generated);
        self.consumed.add(&local.consumed);
        self.queued.add(&local.queued);
        for (sum, tally) in self.dropped.iter_mut().zip(&local.dropped) {
            sum.add(tally);
        }
    }
}
