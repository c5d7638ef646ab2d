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
//!                +---> waiting ----+   (by a's packets, or by b's timer)
//! ```
//!
//! Everything that NAPI promises stays true: whoever schedules an instance owns it, by the kernel's
//! own bit, until it is completed; disabling an instance waits for that.
//!
//! # Invariants
//!
//! - An instance that waits is owned by the round and has been scheduled on its CPU; nobody else
//!   touches its [`Seat::next`].
//! - Instances wait only while a round is running on their CPU.

use crate::bindings;
use core::{
    cell::UnsafeCell,
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
#[pin_data]
#[repr(C)]
pub(super) struct Seat {
    #[pin]
    napi: Opaque<bindings::napi_struct>,
    /// The instance that waits behind this one.
    next: UnsafeCell<*mut Seat>,
}

/// What a CPU knows of its round. Hard interrupts of that CPU add to `waiting`, nobody else looks
/// at either.
#[repr(C)]
struct Cpu {
    /// The instances that wait, linked by [`Seat::next`].
    waiting: AtomicPtr<Seat>,
    /// Whether a round is running.
    running: AtomicBool,
}

impl Cpu {
    /// That of this CPU, if the caller stays on it, because bottom halves are disabled or this is a
    /// hard interrupt.
    #[inline]
    fn here() -> Option<&'static Self> {
        // CAST: `struct vnet_round` has the layout of `Cpu`, and is made of zeroes at first.
        // SAFETY: It is a per-CPU variable of the module, which lives as long as its code.
        unsafe { bindings::round_here().cast::<Self>().as_ref() }
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
        })
    }

    /// The kernel's part.
    #[inline]
    pub(super) fn as_ptr(&self) -> *mut bindings::napi_struct {
        self.napi.get()
    }

    /// Has the instance polled soon; nothing happens unless it is enabled.
    ///
    /// # Safety
    ///
    /// It is live.
    #[inline]
    pub(super) unsafe fn schedule(this: *const Self) {
        // SAFETY: As required of the caller; the state has been valid since `new`.
        unsafe {
            let napi = (*this).napi.get();
            if !bindings::napi_schedule_prep(napi) {
                return;
            }
            // An instance with a thread of its own is polled there.
            let threaded = (*napi).state & (1 << bindings::NAPI_STATE_THREADED) != 0;
            match Cpu::here() {
                // INVARIANT: The instance was scheduled just now, by us.
                Some(cpu) if cpu.running.load(Relaxed) && !threaded => cpu.push(this.cast_mut()),
                _ => bindings::__napi_schedule(napi),
            }
        }
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
    let mut work: usize = 0;
    loop {
        let mut seat = cpu.waiting.swap(ptr::null_mut(), Relaxed);
        if seat.is_null() {
            cpu.running.store(false, Relaxed);
            // An interrupt from here on sees that, and one before has left its instance.
            compiler_fence(SeqCst);
            if cpu.waiting.load(Relaxed).is_null() {
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
                work = work.saturating_add(poll_one((*seat).napi.get(), left));
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
