// SPDX-License-Identifier: GPL-2.0

//! Receiving in softirq context: a NAPI instance, and when it is to be polled.
//!
//! ```text
//!              attach            enable           schedule / agenda
//!  detached ----------> disabled -------> enabled ----------------> polling
//!           <----------          <-------         <----------------
//!              detach            disable               complete
//! ```
//!
//! The owner's [`Poll::poll`] runs while the instance is enabled, on one CPU at a time, with bottom
//! halves disabled.

use super::{
    agenda::Agenda,
    device::NetDevice,
    round::{
        self,
        Cpu,
        Seat, //
    },
    skbuff::SkBuffList, //
};
use crate::bindings;
use kernel::{
    ffi::c_int,
    prelude::*, //
};

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

/// A NAPI instance, around what it polls.
///
/// Between [`Napi::attach`] and [`Napi::detach`] it belongs to a device.
#[pin_data]
#[repr(C)]
pub(crate) struct Napi<T: Poll> {
    #[pin]
    seat: Seat,
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

    /// Waits for a running poll and lets no more happen. May sleep.
    ///
    /// # Safety
    ///
    /// The instance is enabled, and nobody schedules it any more.
    pub(super) unsafe fn disable(&self) {
        // SAFETY: As promised by the caller.
        unsafe { bindings::napi_disable(self.seat.as_ptr()) };
        Agenda::forget(&self.seat);
    }

    /// Has the instance polled soon; nothing happens unless it is enabled.
    #[inline]
    pub(crate) fn schedule(&self) {
        // SAFETY: It is live.
        unsafe { Seat::schedule(&self.seat) };
    }

    /// Has the instance polled at `at`, ns, and not at the time that was set before. The caller has read
    /// the clock at `now`, and has bottom halves disabled.
    #[inline]
    pub(crate) fn schedule_at(&self, at: u64, now: u64) {
        match Cpu::here() {
            Some(cpu) => cpu.agenda().enter(&self.seat, at, now, cpu.is_rounding()),
            // The poll enters it.
            None => self.schedule(),
        }
    }

    /// When it has the instance polled the next time, the timer sets itself once more, by so many ns; with
    /// 0 it does not.
    #[inline]
    pub(crate) fn repeat(&self, after: u64) {
        Agenda::repeat(&self.seat, after);
    }

    /// How late the timer's interrupts come on this CPU on the average, ns.
    #[inline]
    pub(crate) fn lateness(&self) -> u64 {
        Cpu::here().map_or(0, |cpu| cpu.agenda().lateness())
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
