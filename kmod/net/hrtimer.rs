// SPDX-License-Identifier: GPL-2.0

//! A pinned high resolution timer that lies in memory of C's.
//!
//! `kernel::time::hrtimer` wants an `Arc` and a handle for every start, and takes no absolute
//! nanoseconds. This one is armed as often as one likes.

use crate::bindings;
use core::ptr;
use kernel::types::Opaque;

/// A timer of a CPU, see [`super::agenda`].
#[repr(transparent)]
pub(super) struct HrTimer {
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
    /// Makes it a timer that is not armed; before, nothing else may be called.
    ///
    /// # Safety
    ///
    /// Nobody else knows of it yet. Until it is cancelled for the last time, it stays where it is, and
    /// `callback` may be called with a pointer to it in hard interrupt context (softirq on PREEMPT_RT).
    pub(super) unsafe fn setup(&self, callback: Callback) {
        // SAFETY: The timer may be written; the caller vouches for the callback.
        unsafe {
            bindings::hrtimer_setup(
                self.timer.get(),
                Some(callback),
                bindings::CLOCK_MONOTONIC as bindings::clockid_t,
                bindings::hrtimer_mode_HRTIMER_MODE_ABS_PINNED,
            )
        }
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

    /// When the timer that has just expired was to, in ns of `CLOCK_MONOTONIC`.
    #[inline]
    pub(super) fn expired(&self) -> u64 {
        // SAFETY: The timer is initialised. Whoever arms it writes the field at once.
        let expired = unsafe { ptr::addr_of!((*self.timer.get())._softexpires).read_volatile() };
        u64::try_from(expired).unwrap_or(0)
    }

    /// Disarms the timer and waits for a running callback.
    pub(super) fn cancel(&self) {
        // SAFETY: The timer is initialised.
        unsafe { bindings::hrtimer_cancel(self.timer.get()) };
    }
}
