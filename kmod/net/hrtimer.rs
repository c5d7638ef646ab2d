// SPDX-License-Identifier: GPL-2.0

//! A pinned high resolution timer embedded in an object.
//!
//! `kernel::time::hrtimer` wants an `Arc` and a handle for every start, and takes no absolute
//! nanoseconds. This one is armed as often as one likes; it cancels itself when it is dropped.

use crate::bindings;
use core::ptr;
use kernel::{
    prelude::*,
    types::Opaque, //
};

/// A timer whose callback schedules a NAPI instance, see [`super::napi::Napi`].
#[pin_data(PinnedDrop)]
#[repr(transparent)]
pub(super) struct HrTimer {
    #[pin]
    timer: Opaque<bindings::hrtimer>,
}

// SAFETY: The C functions synchronise by themselves.
unsafe impl Send for HrTimer {}
// SAFETY: As above.
unsafe impl Sync for HrTimer {}

/// What C calls on expiry.
pub(super) type Callback =
    unsafe extern "C" fn(*mut bindings::hrtimer) -> bindings::hrtimer_restart;

impl HrTimer {
    /// A timer that is not armed.
    ///
    /// # Safety
    ///
    /// `callback` may be called with a pointer to this timer for as long as it lives, in hard
    /// interrupt context (softirq on PREEMPT_RT).
    pub(super) unsafe fn new(callback: Callback) -> impl PinInit<Self> {
        pin_init!(Self {
            timer <- Opaque::ffi_init(|timer| {
                // SAFETY: `timer` may be written; the caller vouches for the callback.
                unsafe {
                    bindings::hrtimer_setup(
                        timer,
                        Some(callback),
                        bindings::CLOCK_MONOTONIC as bindings::clockid_t,
                        bindings::hrtimer_mode_HRTIMER_MODE_ABS_PINNED,
                    )
                }
            }),
        })
    }

    /// Arms the timer for the absolute time `expires`, in ns of `CLOCK_MONOTONIC`, or moves it
    /// there.
    #[inline]
    pub(super) fn start(&self, expires: u64) {
        let expires = expires.min(i64::MAX as u64) as i64;
        // SAFETY: The timer is initialised.
        unsafe {
            bindings::hrtimer_start_range_ns(
                self.timer.get(),
                expires,
                0,
                bindings::hrtimer_mode_HRTIMER_MODE_ABS_PINNED,
            )
        }
    }

    /// When the timer expires, in ns of `CLOCK_MONOTONIC`, if it is armed. That has passed if its
    /// interrupt is late.
    #[inline]
    pub(super) fn expires(&self) -> Option<u64> {
        let timer = self.timer.get();
        // SAFETY: The timer is initialised. Both fields are written at once, by whoever arms the
        // timer and by the interrupt; `qdisc_watchdog_schedule_range_ns()` reads them, too.
        let (is_queued, expires) = unsafe {
            (
                ptr::addr_of!((*timer).is_queued).read_volatile(),
                ptr::addr_of!((*timer)._softexpires).read_volatile(),
            )
        };
        is_queued.then(|| u64::try_from(expires).unwrap_or(0))
    }

    /// When the timer that has just expired was to, in ns of `CLOCK_MONOTONIC`.
    #[inline]
    pub(super) fn expired(&self) -> u64 {
        // SAFETY: The timer is initialised; see `expires` for the field.
        let expired = unsafe { ptr::addr_of!((*self.timer.get())._softexpires).read_volatile() };
        u64::try_from(expired).unwrap_or(0)
    }

    /// Disarms the timer and waits for a running callback.
    pub(super) fn cancel(&self) {
        // SAFETY: The timer is initialised.
        unsafe { bindings::hrtimer_cancel(self.timer.get()) };
    }
}

#[pinned_drop]
impl PinnedDrop for HrTimer {
    fn drop(self: Pin<&mut Self>) {
        self.cancel();
    }
}
