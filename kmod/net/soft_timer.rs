// SPDX-License-Identifier: GPL-2.0

//! A high resolution timer that expires in softirq, around what it is for.

use crate::{
    bindings,
    sync::percpu::BottomHalf, //
};
use kernel::{
    prelude::*,
    types::Opaque, //
};

/// What a timer is for.
pub(crate) trait Expire: Sized + Send + Sync {
    /// The timer has expired. It may be started again from here.
    fn expired(timer: &SoftTimer<Self>, bh: &BottomHalf);
}

/// A timer with what it is for.
///
/// The timer comes first, so that a pointer to it is a pointer to the whole.
#[pin_data(PinnedDrop)]
#[repr(C)]
pub(crate) struct SoftTimer<T: Expire> {
    #[pin]
    timer: Opaque<bindings::hrtimer>,
    #[pin]
    inner: T,
}

// SAFETY: The C functions synchronise by themselves.
unsafe impl<T: Expire> Send for SoftTimer<T> {}
// SAFETY: As above.
unsafe impl<T: Expire> Sync for SoftTimer<T> {}

impl<T: Expire> core::ops::Deref for SoftTimer<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: Expire> SoftTimer<T> {
    /// A timer that is not started.
    pub(crate) fn new(inner: impl PinInit<T>) -> impl PinInit<Self> {
        pin_init!(Self {
            timer <- Opaque::ffi_init(|timer| {
                // SAFETY: `timer` may be written. It is within a `SoftTimer<T>`, as the callback
                // assumes, and is cancelled when that is dropped.
                unsafe {
                    bindings::hrtimer_setup(
                        timer,
                        Some(expired::<T>),
                        bindings::CLOCK_MONOTONIC as i32,
                        bindings::hrtimer_mode_HRTIMER_MODE_ABS_PINNED_SOFT,
                    )
                }
            }),
            inner <- inner,
        })
    }

    /// Has the timer expire at `at`, ns, and not at the time that was set before.
    #[inline]
    pub(crate) fn start(&self, at: u64) {
        // SAFETY: The timer is initialised.
        unsafe {
            bindings::hrtimer_start_range_ns(
                self.timer.get(),
                at.min(i64::MAX as u64) as i64,
                0,
                bindings::hrtimer_mode_HRTIMER_MODE_ABS_PINNED_SOFT,
            )
        }
    }

    /// Stops the timer and waits until it is not expiring.
    pub(crate) fn cancel(&self) {
        // SAFETY: The timer is initialised.
        unsafe { bindings::hrtimer_cancel(self.timer.get()) };
    }
}

#[pinned_drop]
impl<T: Expire> PinnedDrop for SoftTimer<T> {
    fn drop(self: Pin<&mut Self>) {
        self.cancel();
    }
}

/// # Safety
///
/// `timer` is the first field of a live `SoftTimer<T>`; called in softirq.
unsafe extern "C" fn expired<T: Expire>(
    timer: *mut bindings::hrtimer,
) -> bindings::hrtimer_restart {
    // SAFETY: As promised by the caller. Softirqs run with bottom halves disabled.
    unsafe { T::expired(&*timer.cast(), &BottomHalf::assume_disabled()) };
    bindings::hrtimer_restart_HRTIMER_NORESTART
}
