// SPDX-License-Identifier: GPL-2.0

//! The compiled graph, and how packets run through it.
//!
//! # Invariants
//!
//! - A [`Program`] never changes. Each change of the graph makes a new one; an [`Entry`] for each block
//!   is published by RCU, so that a packet which has begun ends in the program in which it began.
//! - Its steps lead into each other without a loop (`model::graph` has checked that), so a run ends.

use super::{
    block::{
        opposite,
        Block,
        Verdict,
        CONSUMED,
        LOST,
        LOWER,
        QUEUED,
        UPPER, //
    },
    counters::{
        Cause,
        Counters,
        Local, //
    },
    event::{
        Conditions,
        Heard, //
    },
};
use crate::{
    net::skbuff::SkBuff,
    sync::{
        percpu::BottomHalf,
        turns::{
            Turn,
            Work, //
        }, //
    },
};
use kernel::{
    prelude::*,
    sync::{
        rcu,
        Arc, //
    }, //
};

/// Where a packet goes on: the number of a step, and that of the port by which it enters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hop(u64);

impl Hop {
    /// Nowhere: the port is not bound.
    pub(super) const NONE: Self = Self(u64::MAX);

    /// Into a step, by a port.
    pub(super) fn new(step: u32, port: u32) -> Self {
        Self(u64::from(step) << 16 | u64::from(port))
    }

    #[inline(always)]
    fn step(self) -> usize {
        (self.0 >> 16) as usize
    }

    #[inline(always)]
    fn port(self) -> u32 {
        self.0 as u32 & 0xffff
    }
}

/// A block in a program. Aligned, as an array of them is gone through.
#[repr(align(64))]
pub(super) struct Step {
    block: Arc<dyn Block>,
    counters: Arc<Counters>,
    /// Where its ports lead.
    ways: KVec<Hop>,
    /// The steps of those who are subscribed to it.
    subscribers: KVec<u32>,
    /// The conditions of those that it is subscribed to.
    heard: KVec<Arc<Conditions>>,
    /// If packets pass as they are, where those lead that enter by [`LOWER`] and [`UPPER`].
    straight: Option<[Hop; 2]>,
}

/// A compiled graph.
pub(crate) struct Program {
    pub(super) steps: KVVec<Step>,
}

impl Program {
    /// Has the subscribers of a step look at what has changed.
    pub(super) fn raise(&self, step: u32) {
        let Some(step) = self.steps.get(step as usize) else {
            return;
        };
        for subscriber in &step.subscribers {
            self.notice(*subscriber);
        }
    }

    /// Has a step look at what it is subscribed to.
    pub(super) fn notice(&self, step: u32) {
        if let Some(step) = self.steps.get(step as usize) {
            step.block.notice(&Heard(&step.heard));
        }
    }
}

/// Where a block's own packets enter a program.
pub(crate) struct Entry {
    pub(super) program: Arc<Program>,
    /// The step that is the block.
    pub(super) step: u32,
}

/// How a packet enters: on a hop, or as the rest says, with a number in its low bits.
const HOW: u64 = 3 << 62;
/// On a hop.
const HOP: u64 = 0;
/// Out of the port with the number, of the entry's block, which made it.
const GENERATED: u64 = 1 << 62;
/// Out of the port with the number, of the entry's block, which held it.
const UNQUEUED: u64 = 2 << 62;
/// Not at all: the entry's block drops what it held, for the cause with the number.
const DROPPED: u64 = 3 << 62;
/// Only if the port is bound.
const IF_BOUND: u64 = 1 << 61;
/// What is dropped was made by the block, and never held.
const MADE: u64 = 1 << 60;
/// What ends was not lost.
const DONE: u64 = 1 << 59;

/// Where a generated packet begins.
pub(super) fn generated(port: u32) -> u64 {
    GENERATED | u64::from(port)
}

/// Where a packet begins that is taken only if the port is bound.
pub(super) fn offered(port: u32) -> u64 {
    IF_BOUND | generated(port)
}

/// Where a packet begins that was held.
pub(super) fn unqueued(port: u32) -> u64 {
    UNQUEUED | u64::from(port)
}

/// Where a packet ends that was held.
pub(super) fn dropped(cause: Cause) -> u64 {
    DROPPED | u64::from(cause as u32)
}

/// Where a packet ends as it should that was held.
pub(super) fn done() -> u64 {
    DONE | DROPPED
}

/// Where a packet ends that was made in vain.
pub(super) fn failed(cause: Cause) -> u64 {
    MADE | dropped(cause)
}

/// The number in the low bits.
fn number(at: u64) -> u32 {
    (at & 0xffff) as u32
}

impl Work for Entry {
    #[inline]
    fn takes(&self, at: u64) -> bool {
        at & IF_BOUND == 0 || {
            let step = self.program.steps.get(self.step as usize);
            step.is_some_and(|step| step.way(number(at)) != Hop::NONE)
        }
    }

    #[inline]
    fn work(&self, at: u64, packet: SkBuff, turn: &Turn<'_, Self>) {
        let mut run = Run {
            program: &self.program,
            step: self.step,
            turn,
        };
        if at & HOW == HOP {
            return run.pass(Hop(at), packet);
        }
        let Some(step) = self.program.steps.get(self.step as usize) else {
            return;
        };
        let (local, len) = (step.counters.here(turn.bh()), packet.len());
        if at & HOW == GENERATED || at & MADE != 0 {
            local.generated(len);
        } else {
            local.unqueued(len);
        }
        if at & DONE != 0 {
            packet.consume();
            return local.consumed(len);
        }
        if at & HOW == DROPPED {
            return local.dropped(Cause::of(number(at)), len);
        }
        match step.way(number(at)) {
            Hop::NONE => local.dropped(Cause::Unbound, len),
            hop => {
                local.left(len);
                run.pass(hop, packet);
            }
        }
    }

    fn overflow(&self, at: u64, packet: SkBuff, turn: &Turn<'_, Self>) {
        // On a hop it has left a block already, and is lost on entering the next one.
        let place = match at & HOW {
            HOP => Hop(at).step(),
            _ => self.step as usize,
        };
        let Some(step) = self.program.steps.get(place) else {
            return;
        };
        let (local, len) = (step.counters.here(turn.bh()), packet.len());
        match at & HOW {
            HOP => local.entered(len),
            GENERATED => local.generated(len),
            _ if at & MADE != 0 => local.generated(len),
            _ => local.unqueued(len),
        }
        local.dropped(Cause::Backlog, len);
    }
}

impl Step {
    /// A step through a block whose ports lead to these places, and with what it hears of.
    pub(super) fn new(
        block: Arc<dyn Block>,
        counters: Arc<Counters>,
        ways: KVec<Hop>,
        (subscribers, heard): (KVec<u32>, KVec<Arc<Conditions>>),
    ) -> Self {
        let way = |port| ways.get(port as usize).copied().unwrap_or(Hop::NONE);
        let straight = [way(opposite(LOWER)), way(opposite(UPPER))];
        Self {
            straight: block.is_straight().then_some(straight),
            block,
            counters,
            ways,
            subscribers,
            heard,
        }
    }

    /// Where a port leads.
    #[inline(always)]
    fn way(&self, port: u32) -> Hop {
        self.ways.get(port as usize).copied().unwrap_or(Hop::NONE)
    }
}

/// A packet on its way through a program.
pub(crate) struct Run<'a> {
    program: &'a Program,
    /// The step that it is in.
    step: u32,
    turn: &'a Turn<'a, Entry>,
}

impl Run<'_> {
    /// The proof that bottom halves are disabled.
    #[inline]
    pub(crate) fn bh(&self) -> &BottomHalf {
        self.turn.bh()
    }

    /// The RCU read side critical section of the run.
    #[inline]
    pub(crate) fn rcu(&self) -> &rcu::Guard {
        self.turn.rcu()
    }

    /// Whether something is bound to a port of the block.
    pub(crate) fn is_bound(&self, port: u32) -> bool {
        let step = self.program.steps.get(self.step as usize);
        step.is_some_and(|step| step.way(port) != Hop::NONE)
    }

    /// Has the block send a packet that it made out of a port, when the one in hand is done with.
    pub(crate) fn emit(&self, packet: SkBuff, port: u32) {
        let Some(step) = self.program.steps.get(self.step as usize) else {
            return;
        };
        let (local, len) = (step.counters.here(self.bh()), packet.len());
        local.generated(len);
        match step.way(port) {
            Hop::NONE => local.dropped(Cause::Unbound, len),
            hop => {
                local.left(len);
                self.turn.later(hop.0, packet);
            }
        }
    }

    /// Counts a packet of `len` bytes that the block could not make.
    pub(crate) fn failed(&self, cause: Cause, len: u32) {
        if let Some(step) = self.program.steps.get(self.step as usize) {
            let local = step.counters.here(self.bh());
            local.generated(len);
            local.dropped(cause, len);
        }
    }

    /// Counts a packet of `len` bytes that the block has made and holds.
    pub(crate) fn held(&self, len: u32) {
        if let Some(step) = self.program.steps.get(self.step as usize) {
            let local = step.counters.here(self.bh());
            local.generated(len);
            local.queued(len);
        }
    }

    /// Has a packet pass from block to block until it is gone.
    #[inline]
    fn pass(&mut self, mut hop: Hop, mut packet: SkBuff) {
        // What does not change is kept at hand: nobody can see that a block leaves it alone.
        let (steps, here) = (self.program.steps.as_slice(), self.turn.bh().here());
        while let Some(step) = steps.get(hop.step()) {
            let local = step.counters.on(here);
            let len = packet.len();
            local.entered(len);
            if let Some([from_lower, from_upper]) = step.straight {
                hop = match hop.port() {
                    LOWER => from_lower,
                    _ => from_upper,
                };
                if hop == Hop::NONE {
                    return local.dropped(Cause::Unbound, len);
                }
                local.left(len);
                continue;
            }
            self.step = hop.step() as u32;
            let Verdict { packet: left, code } = step.block.receive(packet, hop.port(), self);
            let next = step.way(code);
            match left {
                Some(left) if next != Hop::NONE => {
                    local.left(left.len());
                    (hop, packet) = (next, left);
                }
                Some(_) if code < LOST => return local.dropped(Cause::Unbound, len),
                _ => return ended(local, code, len),
            }
        }
    }
}

/// Counts a packet that went no further.
fn ended(local: &Local, code: u32, len: u32) {
    match code {
        CONSUMED => local.consumed(len),
        QUEUED => local.queued(len),
        _ => local.dropped(Cause::of(code & !LOST), len),
    }
}
