// SPDX-License-Identifier: GPL-2.0

//! The log of a direction's decisions: a ring with the youngest records, each with a number.
//!
//! It is written under the lock of the lane or the medium, and never blocks or allocates; who reads says from which
//! number on, and is told how many records were overwritten before they could be read. Readers do
//! not know of each other.
//!
//! # Invariants
//!
//! - Before the ring is full, record n is at n; then at n modulo its size, and `head` is where the
//!   next one goes.

use crate::model::{
    Decision,
    Log, //
};
use kernel::prelude::*;

/// A log.
pub(crate) struct Trace {
    /// Of constant capacity.
    ring: KVVec<Decision>,
    size: usize,
    head: usize,
    /// Number of the next record.
    next: u64,
}

/// Records read from a log.
pub(crate) struct Extract {
    /// In the order of their numbers.
    pub(crate) records: KVVec<Decision>,
    /// How many the log keeps.
    pub(crate) size: usize,
    /// Number of the record after them.
    pub(crate) next: u64,
    /// How many had been overwritten.
    pub(crate) lost: u64,
}

impl Trace {
    /// An empty log of `size` records.
    pub(crate) fn new(size: usize) -> Result<Self> {
        Ok(Self {
            ring: KVVec::with_capacity(size, GFP_KERNEL_ACCOUNT)?,
            size,
            head: 0,
            next: 0,
        })
    }

    /// How many records it keeps.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Out of line: without a log only one branch is left on the packet path.
    #[cold]
    #[inline(never)]
    fn push(&mut self, decision: Decision) {
        match self.ring.get_mut(self.head) {
            Some(place) => *place = decision,
            // It cannot fail: the capacity is the size, to which `head` does not grow.
            None => drop(self.ring.push_within_capacity(decision)),
        }
        self.head += 1;
        if self.head >= self.size {
            self.head = 0;
        }
        self.next = self.next.wrapping_add(1);
    }

    /// Reads as many records as fit into `records`, from number `since` on; with none, only tells
    /// which one is next.
    pub(crate) fn read(&self, since: Option<u64>, records: KVVec<Decision>) -> Extract {
        let mut extract = Extract {
            records,
            size: self.size,
            next: self.next,
            lost: 0,
        };
        let Some(since) = since else {
            return extract;
        };
        let oldest = self.next.saturating_sub(self.ring.len() as u64);
        let mut at = since.clamp(oldest, self.next);
        extract.lost = oldest.saturating_sub(since);
        while at < self.next {
            let Some(record) = self.ring.get(at as usize % self.size.max(1)) else {
                break;
            };
            if extract.records.push_within_capacity(*record).is_err() {
                break;
            }
            at += 1;
        }
        extract.next = at;
        extract
    }
}

/// Where a direction has its log, if it has one.
#[derive(Default)]
pub(crate) struct TraceSlot(Option<KBox<Trace>>);

impl TraceSlot {
    /// The log.
    pub(crate) fn get(&self) -> Option<&Trace> {
        self.0.as_deref()
    }

    /// Puts another log there, or none; one that has the same size stays as it is. Gives back what is
    /// not used, to be freed outside the lock.
    pub(crate) fn put(&mut self, trace: Option<KBox<Trace>>) -> Option<KBox<Trace>> {
        let size = |trace: Option<&Trace>| trace.map_or(0, Trace::size);
        if size(self.get()) == size(trace.as_deref()) {
            trace
        } else {
            core::mem::replace(&mut self.0, trace)
        }
    }
}

impl Log for TraceSlot {
    #[inline]
    fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    #[inline]
    fn record(&mut self, decision: Decision) {
        if let Some(trace) = &mut self.0 {
            trace.push(decision);
        }
    }
}
