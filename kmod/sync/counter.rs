// SPDX-License-Identifier: GPL-2.0

//! Counters that one CPU changes and all may read.
//!
//! `kernel::sync::atomic` calls a C function for each access when used outside of the kernel's own
//! crates; these compile to one instruction. They order nothing, which is what counters need.

use core::sync::atomic::{
    AtomicU64,
    Ordering, //
};

/// A counter that wraps round.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds; what another CPU adds at the same time is lost.
    #[inline(always)]
    pub(crate) fn add(&self, value: u64) {
        let sum = self.0.load(Ordering::Relaxed).wrapping_add(value);
        self.0.store(sum, Ordering::Relaxed);
    }

    /// Subtracts; as [`Self::add`].
    #[inline(always)]
    pub(crate) fn sub(&self, value: u64) {
        self.add(value.wrapping_neg());
    }

    /// The value.
    #[inline(always)]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
