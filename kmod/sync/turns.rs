// SPDX-License-Identifier: GPL-2.0

//! Packets taking turns on a CPU.
//!
//! A packet whose work begins on a CPU where another one is being worked on waits until that is
//! done: there is no recursion, so the stack does not grow, and no second wait for a softirq. What
//! waits is worked on before [`Turns::enter`] returns to whoever entered first.
//!
//! ```text
//!  enter(a) ──> a.work ──┬──> b.work ──> c.work ──> returns
//!                 │ enter(b), later(c)
//!                 └─> backlog ─────┘
//! ```

use super::{
    percpu::{
        BottomHalf,
        PerCpu, //
    },
    rcu::RcuPtr, //
};
use crate::net::skbuff::{
    SkBuff,
    Tagged,
    TaggedList, //
};
use core::{
    cell::{
        Cell,
        UnsafeCell, //
    },
    sync::atomic::{
        fence,
        AtomicU32,
        Ordering, //
    },
};
use kernel::{
    prelude::*,
    sync::rcu, //
};

/// Most packets that wait on a CPU.
const BACKLOG: u32 = 4096;

/// What is done with packets.
pub(crate) trait Work: Send + Sync + Sized + 'static {
    /// Whether a packet may begin at `at`.
    fn takes(&self, at: u64) -> bool;

    /// Works on a packet that begins at `at`.
    fn work(&self, at: u64, skb: SkBuff, turn: &Turn<'_, Self>);

    /// There is no room for a packet that would have begun at `at`.
    fn overflow(&self, at: u64, skb: SkBuff, turn: &Turn<'_, Self>);
}

/// Where a waiting packet begins.
struct Begin<W> {
    work: *const W,
    at: u64,
}

impl<W> Clone for Begin<W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W> Copy for Begin<W> {}

/// State of a CPU. But for `sequence`, only that CPU uses it, with bottom halves disabled.
struct Cpu<W> {
    /// Odd while work is being done.
    sequence: AtomicU32,
    waiting: Cell<u32>,
    /// # Invariants
    ///
    /// Each `work` was read from an `RcuPtr`, by this CPU, after the read side critical section
    /// began in which the backlog will have been emptied.
    backlog: UnsafeCell<TaggedList<Begin<W>>>,
}

impl<W> Default for Cpu<W> {
    fn default() -> Self {
        Self {
            sequence: AtomicU32::new(0),
            waiting: Cell::new(0),
            backlog: UnsafeCell::new(TaggedList::default()),
        }
    }
}

/// Turns on all CPUs.
pub(crate) struct Turns<W>(PerCpu<Cpu<W>>);

// SAFETY: Packets may be sent, and the pointers are to what is `Sync`.
unsafe impl<W: Work> Send for Turns<W> {}
// SAFETY: Each CPU uses its own state only, apart from the sequence, which is atomic.
unsafe impl<W: Work> Sync for Turns<W> {}

/// A turn that is being taken.
pub(crate) struct Turn<'a, W> {
    cpu: &'a Cpu<W>,
    work: &'a W,
    bh: &'a BottomHalf,
    guard: &'a rcu::Guard,
}

impl<W: Work> Turns<W> {
    /// Allocates; may sleep.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(PerCpu::new()?))
    }

    /// Has a packet worked on, from `at` on: at once, or after the one that this CPU is working on.
    /// Gives the packet back if the work does not take it.
    #[inline]
    pub(crate) fn enter(
        &self,
        work: &RcuPtr<W>,
        at: u64,
        skb: SkBuff,
        bh: &BottomHalf,
    ) -> Option<SkBuff> {
        let guard = rcu::read_lock();
        let work = work.read(&guard);
        if !work.takes(at) {
            return Some(skb);
        }
        let cpu = self.0.here(bh);
        let turn = Turn {
            cpu,
            work,
            bh,
            guard: &guard,
        };
        let sequence = cpu.sequence.load(Ordering::Relaxed);
        if sequence & 1 != 0 {
            // INVARIANT: The outer call on this CPU is in its read side critical section, and ends
            // it when the backlog is empty; the pointer was read just now.
            turn.later(at, skb);
            return None;
        }
        cpu.sequence
            .store(sequence.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        work.work(at, skb, &turn);
        while let Some(next) = cpu.pop() {
            let Begin { work, at } = *next.tag();
            // SAFETY: By the invariants of the backlog it lives as long as our read side critical
            // section.
            let work = unsafe { &*work };
            let turn = Turn { work, ..turn };
            work.work(at, next.into_skb(), &turn);
        }
        cpu.sequence
            .store(sequence.wrapping_add(2), Ordering::Release);
        drop(guard);
        None
    }

    /// Calls `read` once for each CPU, at a time at which that CPU is not at work, with its place
    /// in the order of [`PerCpu::all`]; again if it begins to work meanwhile, when what was read
    /// before must be forgotten. May be called where one may sleep.
    pub(crate) fn read_idle(&self, mut read: impl FnMut(usize)) {
        for (place, cpu) in self.0.all().enumerate() {
            loop {
                let before = cpu.sequence.load(Ordering::Acquire);
                if before & 1 == 0 {
                    read(place);
                    fence(Ordering::Acquire);
                    if cpu.sequence.load(Ordering::Relaxed) == before {
                        break;
                    }
                }
                core::hint::spin_loop();
            }
        }
    }
}

impl<W> Cpu<W> {
    #[inline]
    fn pop(&self) -> Option<Tagged<Begin<W>>> {
        if self.waiting.get() == 0 {
            return None;
        }
        self.waiting.set(self.waiting.get().saturating_sub(1));
        // SAFETY: Only this CPU uses the list, and nothing of it is borrowed.
        unsafe { &mut *self.backlog.get() }.pop_front()
    }
}

impl<W: Work> Turn<'_, W> {
    /// The proof that bottom halves are disabled.
    #[inline]
    pub(crate) fn bh(&self) -> &BottomHalf {
        self.bh
    }

    /// The read side critical section of the turn.
    #[inline]
    pub(crate) fn rcu(&self) -> &rcu::Guard {
        self.guard
    }

    /// Has a packet worked on after this one.
    pub(crate) fn later(&self, at: u64, skb: SkBuff) {
        let waiting = self.cpu.waiting.get();
        if waiting >= BACKLOG {
            return self.work.overflow(at, skb, self);
        }
        self.cpu.waiting.set(waiting.saturating_add(1));
        let begin = Begin {
            work: core::ptr::from_ref(self.work),
            at,
        };
        // SAFETY: Only this CPU uses the list, and nothing of it is borrowed.
        unsafe { &mut *self.cpu.backlog.get() }.push_back(Tagged::new(skb, begin));
    }
}
