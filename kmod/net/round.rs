// SPDX-License-Identifier: GPL-2.0

//! Rounds: NAPI instances that are polled one after the other, in one go.
//!
//! A packet that crosses a row of links has each of them scheduled by the one before, in a poll. To
//! the kernel these are as many passes of its receive softirq, each of which costs more than the
//! link does. So an instance that is scheduled on a CPU where a poll of ours is running is polled
//! right after that, within its budget.
//!
//! ```text
//!  softirq --> poll(a) --> poll(b) --> poll(c) --> done
//!                | b is scheduled  ^
//!                +---> waiting ----+   (by a's packets, or in an interrupt)
//! ```
//!
//! When none of these is left, what has become due by the CPU's [agenda](super::agenda) is polled, too.
//!
//! Everything that NAPI promises stays true: whoever schedules an instance owns it, by the kernel's
//! own bit, until it is completed; disabling an instance waits for that.
//!
//! # Invariants
//!
//! - An instance that waits is owned by the round and has been scheduled on its CPU; nobody else
//!   touches its [`Seat::next`].
//! - Instances wait only while a round is running on their CPU.

use super::agenda::{
    Agenda,
    Entry,
    PATIENCE, //
};
use crate::bindings;
use core::{
    cell::UnsafeCell,
    mem::{
        offset_of,
        size_of, //
    },
    ptr,
    sync::atomic::{
        compiler_fence,
        AtomicBool,
        AtomicPtr,
        Ordering::{
            Relaxed,
            SeqCst, //
        }, //
    }, //
};
use kernel::{
    ffi::c_int,
    prelude::*,
    types::Opaque, //
};

/// A NAPI instance that can take part in a round.
#[pin_data(PinnedDrop)]
#[repr(C)]
pub(super) struct Seat {
    #[pin]
    napi: Opaque<bindings::napi_struct>,
    /// The instance that waits behind this one.
    next: UnsafeCell<*mut Seat>,
    /// When it is to be polled.
    entry: Entry,
}

/// What a CPU knows of its round. Hard interrupts of that CPU add to `waiting`, nobody else looks
/// at either; the agenda looks after itself.
#[repr(C)]
pub(super) struct Cpu {
    /// The instances that wait, linked by [`Seat::next`].
    waiting: AtomicPtr<Seat>,
    /// Whether a round is running.
    running: AtomicBool,
    agenda: Agenda,
}

const _: () = assert!(size_of::<Cpu>() == size_of::<bindings::vnet_cpu>());

impl Cpu {
    /// That of this CPU, if the caller stays on it, because bottom halves are disabled or this is a
    /// hard interrupt.
    #[inline]
    pub(super) fn here() -> Option<&'static Self> {
        // CAST: `struct vnet_cpu` has the layout of `Cpu`, and is made of zeroes at first.
        // SAFETY: It is a per-CPU variable of the module, which lives as long as its code.
        unsafe { bindings::cpu_here().cast::<Self>().as_ref() }
    }

    /// When it has to poll which instances.
    #[inline]
    pub(super) fn agenda(&self) -> &Agenda {
        &self.agenda
    }

    /// Whether a round is running.
    #[inline]
    pub(super) fn is_rounding(&self) -> bool {
        self.running.load(Relaxed)
    }

    /// All of them.
    fn all() -> impl Iterator<Item = &'static Self> {
        // SAFETY: No requirements.
        let count = unsafe { bindings::processor_ids() };
        // CAST: As in `here`.
        // SAFETY: As in `here`.
        (0..count).filter_map(|number| unsafe { bindings::cpu(number).cast::<Self>().as_ref() })
    }

    /// Has an instance wait. Hard interrupts may come in between.
    #[inline]
    fn push(&self, seat: *mut Seat) {
        let mut first = self.waiting.load(Relaxed);
        loop {
            // SAFETY: By the invariants of the module the instance is ours.
            unsafe { *(*seat).next.get() = first };
            match self
                .waiting
                .compare_exchange_weak(first, seat, Relaxed, Relaxed)
            {
                Ok(_) => return,
                Err(newer) => first = newer,
            }
        }
    }
}

impl Seat {
    /// Where the entry lies.
    pub(super) const ENTRY: usize = offset_of!(Self, entry);

    /// An instance that is marked as scheduled, so that nobody can schedule it.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            napi <- Opaque::ffi_init(|napi: *mut bindings::napi_struct| {
                // SAFETY: `napi` may be written.
                unsafe {
                    napi.write(pin_init::zeroed());
                    (*napi).state = 1 << bindings::NAPI_STATE_SCHED;
                }
            }),
            next: UnsafeCell::new(ptr::null_mut()),
            entry: Entry::new(),
        })
    }

    /// The kernel's part.
    #[inline]
    pub(super) fn as_ptr(&self) -> *mut bindings::napi_struct {
        self.napi.get()
    }

    /// When it is to be polled.
    #[inline]
    pub(super) fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Has the instance polled soon; nothing happens unless it is enabled. Returns whether that is by this
    /// CPU in softirq, or in the round that is running: not if it has a thread, or somebody else has had it
    /// polled already.
    ///
    /// # Safety
    ///
    /// It is live.
    #[inline]
    pub(super) unsafe fn schedule(this: *const Self) -> bool {
        // SAFETY: As required of the caller; the state has been valid since `new`.
        unsafe {
            let napi = (*this).napi.get();
            if !bindings::napi_schedule_prep(napi) {
                return false;
            }
            // An instance with a thread of its own is polled there.
            let threaded = (*napi).state & (1 << bindings::NAPI_STATE_THREADED) != 0;
            match Cpu::here() {
                // INVARIANT: The instance was scheduled just now, by us.
                Some(cpu) if cpu.running.load(Relaxed) && !threaded => cpu.push(this.cast_mut()),
                _ => bindings::__napi_schedule(napi),
            }
            !threaded
        }
    }
}

#[pinned_drop]
impl PinnedDrop for Seat {
    fn drop(self: Pin<&mut Self>) {
        Agenda::forget(&self);
    }
}

/// Polls an instance by `turn`, which completes it unless it uses up its budget, and then those that
/// were scheduled meanwhile. Every instance's poll function is this.
#[inline]
pub(super) fn poll(budget: usize, turn: impl FnOnce(usize) -> usize) -> usize {
    let Some(cpu) = Cpu::here().filter(|cpu| !cpu.running.load(Relaxed)) else {
        return turn(budget);
    };
    cpu.running.store(true, Relaxed);
    compiler_fence(SeqCst);
    let work = turn(budget);
    let others = run(cpu, budget.saturating_sub(work));
    if work < budget {
        // The kernel takes the whole budget for "not completed".
        work.saturating_add(others).min(budget.saturating_sub(1))
    } else {
        work
    }
}

/// Polls those that wait, and ends the round.
fn run(cpu: &Cpu, budget: usize) -> usize {
    let (mut work, mut patience) = (0_usize, PATIENCE);
    loop {
        let mut seat = cpu.waiting.swap(ptr::null_mut(), Relaxed);
        if seat.is_null() {
            let enough = work >= budget;
            if !enough && cpu.agenda.has_changed() && cpu.agenda.sweep(&mut patience) {
                continue;
            }
            cpu.running.store(false, Relaxed);
            // An interrupt from here on sees that, and one before has left its instance.
            compiler_fence(SeqCst);
            let changed = cpu.agenda.has_changed();
            if cpu.waiting.load(Relaxed).is_null() && (enough || !changed) {
                if changed {
                    cpu.agenda.leave();
                }
                return work;
            }
            cpu.running.store(true, Relaxed);
            compiler_fence(SeqCst);
            continue;
        }
        while !seat.is_null() {
            let left = budget.saturating_sub(work);
            // SAFETY: By the invariants of the module the instance is ours, and lives until it is
            // completed and a grace period has passed. It may wait again when it has been polled.
            unsafe {
                let next = *(*seat).next.get();
                // What delivers nothing is work, too: a round has to end.
                work = work.saturating_add(poll_one((*seat).napi.get(), left).max(1));
                seat = next;
            }
        }
    }
}

/// Polls an instance that waited; if that does not complete it, the kernel goes on with it.
///
/// # Safety
///
/// The instance is scheduled, and owned by the caller.
unsafe fn poll_one(napi: *mut bindings::napi_struct, budget: usize) -> usize {
    let limit = c_int::try_from(budget).unwrap_or(c_int::MAX);
    // SAFETY: As required of the caller; the poll function was set when the instance was attached.
    unsafe {
        let work = match (*napi).poll {
            Some(poll) if limit > 0 => poll(napi, limit),
            _ => limit,
        };
        if work >= limit {
            bindings::__napi_schedule(napi);
        }
        usize::try_from(work).unwrap_or(0)
    }
}

/// What rounds need while the module is loaded: each CPU's agenda with its timer.
pub(crate) struct Rounds(());

impl Rounds {
    /// Begins the agendas; to be done by the module's `init`, before there is anything that could be
    /// polled. When this goes, nothing must be left of it.
    ///
    /// # Errors
    ///
    /// `EBUSY` if that has been done already.
    pub(crate) fn new() -> Result<Self> {
        static DONE: AtomicBool = AtomicBool::new(false);

        if DONE.swap(true, Relaxed) {
            return Err(EBUSY);
        }
        for cpu in Cpu::all() {
            // SAFETY: Nothing is polled before this, and `drop` ends them.
            unsafe { cpu.agenda.begin() };
        }
        Ok(Self(()))
    }
}

impl Drop for Rounds {
    fn drop(&mut self) {
        for cpu in Cpu::all() {
            cpu.agenda.end();
        }
    }
}
