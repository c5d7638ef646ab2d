// SPDX-License-Identifier: GPL-2.0

//! Where packets enter the graph that do not come from another block.

use super::{
    counters::{
        Cause,
        Counters, //
    },
    program::{
        self,
        Entry,
        Program, //
    },
};
use crate::{
    net::skbuff::SkBuff,
    sync::{
        percpu::BottomHalf,
        rcu::{
            RcuBox,
            RcuPtr, //
        },
        turns::{
            Turns,
            Work, //
        },
    },
};
use kernel::{
    prelude::*,
    sync::{
        rcu,
        Arc, //
    },
};

/// What a block emits by: devices, timers and sockets keep it.
pub(crate) struct Outlet {
    /// Where the block is in the present program. Packets that began in an older one end in it.
    entry: RcuPtr<Entry>,
    turns: Arc<Turns<Entry>>,
}

impl Outlet {
    /// That of a block which is not in the graph yet: all that it emits is given back or lost.
    pub(super) fn new(turns: Arc<Turns<Entry>>) -> Result<Self> {
        Ok(Self {
            entry: RcuPtr::new(Self::parting()?),
            turns,
        })
    }

    /// What is published for a block that is not in the graph.
    pub(super) fn parting() -> Result<RcuBox<Entry>> {
        let program = Program {
            steps: KVVec::new(),
        };
        let entry = RcuBox::new(Entry {
            program: Arc::new(program, GFP_KERNEL)?,
            step: 0,
        })?;
        Ok(entry)
    }

    /// Publishes where the block is now.
    pub(super) fn publish(&self, entry: RcuBox<Entry>) {
        self.entry.replace(entry);
    }

    /// Whether something is bound to a port.
    #[inline]
    pub(crate) fn is_bound(&self, port: u32) -> bool {
        let guard = rcu::read_lock();
        self.entry.read(&guard).takes(program::offered(port))
    }

    /// Sends a packet from outside of the graph out of a port, if something is bound there; else
    /// gives it back.
    #[inline]
    pub(crate) fn offer(&self, packet: SkBuff, port: u32, bh: &BottomHalf) -> Option<SkBuff> {
        let at = program::offered(port);
        self.turns.enter(&self.entry, at, packet, bh)
    }

    /// Sends a packet that the block has made out of a port.
    pub(crate) fn emit(&self, packet: SkBuff, port: u32, bh: &BottomHalf) {
        let at = program::generated(port);
        drop(self.turns.enter(&self.entry, at, packet, bh));
    }

    /// Sends a packet that the block held out of a port.
    pub(crate) fn emit_queued(&self, packet: SkBuff, port: u32, bh: &BottomHalf) {
        let at = program::unqueued(port);
        drop(self.turns.enter(&self.entry, at, packet, bh));
    }

    /// Drops a packet that the block held.
    pub(crate) fn drop_queued(&self, packet: SkBuff, cause: Cause, bh: &BottomHalf) {
        let at = program::dropped(cause);
        drop(self.turns.enter(&self.entry, at, packet, bh));
    }

    /// Ends a packet that the block held as one that has reached its aim.
    pub(crate) fn consume_queued(&self, packet: SkBuff, bh: &BottomHalf) {
        drop(self.turns.enter(&self.entry, program::done(), packet, bh));
    }

    /// Drops a packet that the block has made, and that nobody has counted yet.
    pub(crate) fn drop_made(&self, packet: SkBuff, cause: Cause, bh: &BottomHalf) {
        let at = program::failed(cause);
        drop(self.turns.enter(&self.entry, at, packet, bh));
    }

    /// Has all subscribers of the block look at its conditions, which may have changed. No lock is
    /// held that one of them could want.
    pub(crate) fn raise(&self, _bh: &BottomHalf) {
        let guard = rcu::read_lock();
        let entry = self.entry.read(&guard);
        entry.program.raise(entry.step);
    }

    /// Has the block look at what it is subscribed to.
    pub(super) fn notice(&self) {
        let guard = rcu::read_lock();
        let entry = self.entry.read(&guard);
        entry.program.notice(entry.step);
    }

    /// The present sums of a block's counters.
    pub(super) fn read(&self, counters: &Counters) -> super::counters::Reading {
        counters.read(&self.turns)
    }
}
