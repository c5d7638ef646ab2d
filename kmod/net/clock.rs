// SPDX-License-Identifier: GPL-2.0

//! The clock that links live by.

use crate::bindings;

const NANOS_PER_MICRO: u64 = 1000;

/// Nanoseconds of `CLOCK_MONOTONIC`, which is also the timers' clock.
#[inline]
pub(crate) fn now() -> u64 {
    // SAFETY: Callable from any context but NMI.
    unsafe { bindings::ktime_get_ns() }
}

/// How early a link's timer is, and how long its poll then waits at most, ns. A parameter of the
/// module.
#[inline]
pub(crate) fn spin_time() -> u64 {
    // SAFETY: No requirements.
    u64::from(unsafe { bindings::spin_us() }) * NANOS_PER_MICRO
}

/// Keeps the processor busy until `at`, ns, unless that is more than `limit`, ns, from now.
pub(crate) fn spin_until(at: u64, limit: u64) {
    if at.saturating_sub(now()) > limit {
        return;
    }
    while now() < at {
        // In simulated time this is what lets time pass.
        // SAFETY: No requirements.
        unsafe { bindings::cpu_relax() };
    }
}

/// Nanoseconds since 1970 by the clock that tells the date, which people may set.
pub(crate) fn date() -> u64 {
    // SAFETY: Callable from any context but NMI.
    unsafe { bindings::ktime_get_real_ns() }
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
