// SPDX-License-Identifier: GPL-2.0

//! The clock that links live by.

use crate::bindings;

/// Nanoseconds of `CLOCK_MONOTONIC`, which is also the timers' clock.
#[inline]
pub(crate) fn now() -> u64 {
    // SAFETY: Callable from any context but NMI.
    unsafe { bindings::ktime_get_ns() }
}

/// The kernel's ticks. To read them costs nothing.
#[inline]
pub(crate) fn ticks() -> usize {
    // SAFETY: No requirements.
    unsafe { bindings::jiffies() }
}

/// Bytes of memory that the machine has.
pub(crate) fn total_memory() -> u64 {
    // SAFETY: No requirements.
    unsafe { bindings::total_memory() }
}
