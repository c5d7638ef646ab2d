// SPDX-License-Identifier: GPL-2.0
//! The frequency of this machine's time-stamp counter, which a kernel in QEMU without KVM reads, too.
//!
//! Such a kernel finds it out by itself by the timer of the PC, and is wrong if QEMU stands still at a bad moment, as
//! it does on a busy machine (`pit_calibrate_tsc` in arch/x86/kernel/tsc.c: a wait of 10 ms that has nearly passed
//! when it is begun to be timed). Time then ran twenty times too fast. `qemu/tsc-khz` is the same for the tests' guests.

#![cfg_attr(target_arch = "x86_64", allow(unsafe_code))] // Reading the counter.

/// In kHz; none where QEMU's guests have another counter.
#[cfg(not(target_arch = "x86_64"))]
pub fn frequency() -> Option<u64> {
    None
}

/// In kHz, measured in 50 ms to some 20 parts in a million.
#[cfg(target_arch = "x86_64")]
pub fn frequency() -> Option<u64> {
    use std::thread;
    use std::time::Duration;

    let (begin, ticks_begin) = reading()?;
    thread::sleep(Duration::from_millis(50));
    let (end, ticks_end) = reading()?;
    let passed = end.duration_since(begin).as_nanos();
    let ticks = u128::from(ticks_end.checked_sub(ticks_begin)?);
    u64::try_from((ticks * 1_000_000).checked_div(passed)?).ok()
}

/// The clock and the counter at the same moment: of some pairs of readings, the one that took the shortest time.
#[cfg(target_arch = "x86_64")]
fn reading() -> Option<(std::time::Instant, u64)> {
    use std::arch::x86_64::_rdtsc;
    use std::time::Instant;

    let pairs = (0..100).map(|_| {
        // SAFETY: The instruction is part of x86-64.
        let before = unsafe { _rdtsc() };
        let now = Instant::now();
        // SAFETY: As above.
        let after = unsafe { _rdtsc() };
        (after.saturating_sub(before), now, before)
    });
    let (gap, now, before) = pairs.min_by_key(|(gap, _, _)| *gap)?;
    Some((now, before + gap / 2))
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn two_measurements_agree() {
        let (one, other) = (frequency().unwrap(), frequency().unwrap());
        assert!(one.abs_diff(other) <= one / 500, "{one} and {other} kHz");
        assert!((100_000..20_000_000).contains(&one), "{one} kHz");
    }
}
