// SPDX-License-Identifier: GPL-2.0

//! Receiving in softirq context: a NAPI instance with a timer that schedules it.
//!
//! ```text
//!              attach            enable           schedule / timer
//!  detached ----------> disabled -------> enabled ----------------> polling
//!           <----------          <-------         <----------------
//!              detach            disable               complete
//! ```
//!
//! The owner's [`Poll::poll`] runs while the instance is enabled, on one CPU at a time, with bottom
//! halves disabled.

use super::{
    clock,
    device::NetDevice,
    hrtimer::HrTimer,
    round::{
        self,
        Seat, //
    },
    skbuff::SkBuffList, //
};
use crate::bindings;
use core::{
    mem::offset_of,
    ptr, //
};
use kernel::{
    ffi::c_int,
    prelude::*,
    sync::atomic::{
        ordering::Relaxed,
        Atomic, //
    }, //
};

/// How many interrupts the average of their lateness is of.
const AVERAGED: u64 = 16;
/// What counts most in it, ns: the machine may stand still for much longer.
const LATEST: u64 = 200_000;

/// What a NAPI instance polls.
pub(crate) trait Poll: Sized + Send + Sync {
    /// Hands at most `budget` packets, at least one, to the stack and returns how many. If it is
    /// less than `budget`, it is not called again until the instance is scheduled, which may have
    /// happened meanwhile.
    fn poll(napi: &Napi<Self>, polling: Polling<'_>, budget: usize) -> usize;
}

/// For drivers whose devices have nothing to poll.
pub(crate) enum NoPoll {}

impl Poll for NoPoll {
    fn poll(_napi: &Napi<Self>, _polling: Polling<'_>, _budget: usize) -> usize {
        0
    }
}

/// A NAPI instance with its timer, around what it polls.
///
/// Between [`Napi::attach`] and [`Napi::detach`] it belongs to a device.
#[pin_data]
#[repr(C)]
pub(crate) struct Napi<T: Poll> {
    #[pin]
    seat: Seat,
    #[pin]
    timer: HrTimer,
    /// See [`Napi::repeat`].
    again: Atomic<u64>,
    /// See [`Napi::lateness`].
    late: Atomic<u64>,
    #[pin]
    inner: T,
}

// SAFETY: The C parts synchronise by themselves.
unsafe impl<T: Poll> Send for Napi<T> {}
// SAFETY: As above.
unsafe impl<T: Poll> Sync for Napi<T> {}

impl<T: Poll> core::ops::Deref for Napi<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: Poll> Napi<T> {
    /// A detached instance.
    pub(crate) fn new(inner: impl PinInit<T>) -> impl PinInit<Self> {
        pin_init!(Self {
            seat <- Seat::new(),
            // SAFETY: The timer is within a `Napi<T>` at the offset that the callback assumes, and
            // is cancelled when it is dropped.
            timer <- unsafe { HrTimer::new(expired::<T>) },
            again: Atomic::new(0),
            late: Atomic::new(0),
            inner <- out_of_line(inner),
        })
    }

    /// Gives the instance to `device`, which is about to be registered; disabled at first.
    ///
    /// # Safety
    ///
    /// The instance is detached. It is detached again, and outlives a grace period from there,
    /// before it or the device goes.
    pub(super) unsafe fn attach(&self, device: &NetDevice) {
        // SAFETY: The device is live, the instance is not in use, and the caller keeps it.
        unsafe {
            bindings::netif_napi_add(device.as_ptr(), self.seat.as_ptr(), Some(poll::<T>));
        }
    }

    /// Takes the instance from its device.
    ///
    /// # Safety
    ///
    /// The instance is attached and disabled.
    pub(super) unsafe fn detach(&self) {
        // SAFETY: As promised by the caller.
        unsafe { bindings::netif_napi_del_unsynced(self.seat.as_ptr()) };
    }

    /// Lets polls happen. May sleep.
    ///
    /// # Safety
    ///
    /// The instance is attached and disabled.
    pub(super) unsafe fn enable(&self) {
        // SAFETY: As promised by the caller.
        unsafe { bindings::napi_enable(self.seat.as_ptr()) };
    }

    /// Waits for a running poll and lets no more happen; the timer is disarmed. May sleep.
    ///
    /// # Safety
    ///
    /// The instance is enabled, and nobody schedules it or arms its timer any more.
    pub(super) unsafe fn disable(&self) {
        // SAFETY: As promised by the caller.
        unsafe { bindings::napi_disable(self.seat.as_ptr()) };
        self.timer.cancel();
    }

    /// Has the instance polled soon; nothing happens unless it is enabled.
    #[inline]
    pub(crate) fn schedule(&self) {
        // SAFETY: It is live.
        unsafe { Seat::schedule(&self.seat) };
    }

    /// Has the instance polled at `at`, ns, and not at the time that was set before. The caller
    /// has read the clock at `now`.
    ///
    /// Where a poll comes anyway in time, the timer stays as it is: to set the clock's hardware costs
    /// more than a poll, above all in virtual machines. So it is with a timer that is overdue (packets
    /// have polls run, too, and may be there before its interrupt) and one that has
    /// [repeated itself](Self::repeat).
    #[inline]
    pub(crate) fn schedule_at(&self, at: u64, now: u64) {
        let early = self.again.load(Relaxed) / 2;
        let in_time = |set: u64| set <= now || (set <= at && at - set <= early);
        if !self.timer.expires().is_some_and(in_time) {
            self.timer.start(at);
        }
    }

    /// When it expires the next time, the timer sets itself once more, by so many ns; with 0 it does
    /// not. What it costs to set the clock's hardware is then paid once for both.
    #[inline]
    pub(crate) fn repeat(&self, after: u64) {
        self.again.store(after, Relaxed);
    }

    /// How late the interrupts of a timer that repeats itself come on the average, ns.
    #[inline]
    pub(crate) fn lateness(&self) -> u64 {
        self.late.load(Relaxed)
    }
}

/// The same initialiser, run in a function of its own, so that what it puts on the stack does not add
/// up with what others do.
fn out_of_line<T, E>(init: impl PinInit<T, E>) -> impl PinInit<T, E> {
    /// # Safety
    ///
    /// As for `PinInit::__pinned_init`.
    #[inline(never)]
    unsafe fn run<T, E>(init: impl PinInit<T, E>, slot: *mut T) -> Result<(), E> {
        // SAFETY: As required of the caller.
        #[cfg(not(vnet_pin_init_7_3))]
        let result = unsafe { init.__pinned_init(slot) };
        // SAFETY: As above; 7.3 has another name for it.
        #[cfg(vnet_pin_init_7_3)]
        let result = unsafe { init.__init(slot) };
        result
    }
    // SAFETY: The closure does what the initialiser that it is given does.
    unsafe { pin_init::pin_init_from_closure(move |slot| run(init, slot)) }
}

/// The right to hand packets to the stack, within a poll.
pub(crate) struct Polling<'a> {
    seat: &'a Seat,
    device: &'a NetDevice,
}

impl<'a> Polling<'a> {
    /// Hands on packets as received by the device, in their order; similar ones may be merged. They
    /// have complete Ethernet headers, see [`SkBuff::prepare`](super::skbuff::SkBuff::prepare).
    #[inline]
    pub(crate) fn receive(&self, packets: SkBuffList) {
        if packets.is_empty() {
            return;
        }
        let (seat, device) = (self.seat.as_ptr(), self.device.as_ptr());
        // SAFETY: We are in the poll of `napi`, which belongs to the device; there are packets, which
        // are given up.
        unsafe { bindings::napi_receive(seat, packets.into_raw(), device) };
    }
}

/// # Safety
///
/// Called by the kernel with an attached instance, which lies within a live `Napi<T>`.
unsafe extern "C" fn poll<T: Poll>(napi: *mut bindings::napi_struct, budget: c_int) -> c_int {
    // netpoll asks with no budget for the transmit side, which we do not have.
    let Ok(budget @ 1..) = usize::try_from(budget) else {
        return 0;
    };
    // SAFETY: As promised by the caller.
    let work = round::poll(budget, |budget| unsafe { turn::<T>(napi, budget) });
    work as c_int
}

/// Polls an instance, and completes it unless that uses up the budget.
///
/// # Safety
///
/// As for [`poll`].
#[inline]
unsafe fn turn<T: Poll>(napi: *mut bindings::napi_struct, budget: usize) -> usize {
    // CAST: `Napi` is `repr(C)` and begins with a seat, which begins with the `napi_struct`.
    // SAFETY: As promised by the caller.
    let this = unsafe { &*napi.cast::<Napi<T>>() };
    // SAFETY: An attached instance has a device, which lives until the instance is detached.
    let device = unsafe { NetDevice::from_raw((*napi).dev) };
    let polling = Polling {
        seat: &this.seat,
        device,
    };
    let work = T::poll(this, polling, budget).min(budget);
    if work < budget {
        // SAFETY: We are in the poll of `napi`, and have not used up the budget.
        unsafe { bindings::napi_complete_done(napi, work as c_int) };
    }
    work
}

/// # Safety
///
/// `timer` lies within a live `Napi<T>`.
unsafe extern "C" fn expired<T: Poll>(timer: *mut bindings::hrtimer) -> bindings::hrtimer_restart {
    // CAST: `HrTimer` is transparent and lies at its offset within a `Napi<T>`.
    let napi = timer
        .cast::<u8>()
        .wrapping_sub(offset_of!(Napi<T>, timer))
        .cast::<Napi<T>>();
    // SAFETY: As promised by the caller.
    let (seat, timer, again, late) = unsafe {
        (
            ptr::addr_of!((*napi).seat),
            &*ptr::addr_of!((*napi).timer),
            &*ptr::addr_of!((*napi).again),
            &*ptr::addr_of!((*napi).late),
        )
    };
    // SAFETY: As promised by the caller.
    unsafe { Seat::schedule(seat) };
    // The poll sets the timer as it should be, and has it repeat itself again if that is wanted.
    let after = again.load(Relaxed);
    if after > 0 {
        again.store(0, Relaxed);
        let (now, before) = (clock::now(), late.load(Relaxed));
        let this = now.saturating_sub(timer.expired()).min(LATEST);
        late.store(before - before / AVERAGED + this / AVERAGED, Relaxed);
        timer.start(now.saturating_add(after));
    }
    bindings::hrtimer_restart_HRTIMER_NORESTART
}
