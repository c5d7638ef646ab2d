// SPDX-License-Identifier: GPL-2.0

//! Data of which each CPU has its own.

use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    prelude::*,
    types::NotThreadSafe, //
};

/// Proof that bottom halves are disabled on this CPU, so that nobody else runs on it but hard
/// interrupts.
///
/// # Invariants
///
/// Bottom halves are disabled and `cpu` is the present CPU while a reference to the value exists.
pub(crate) struct BottomHalf {
    cpu: usize,
    _here: NotThreadSafe,
}

impl BottomHalf {
    /// The proof for code that the kernel calls with bottom halves disabled.
    ///
    /// # Safety
    ///
    /// They are disabled for as long as the result is used.
    #[inline]
    pub(crate) unsafe fn assume_disabled() -> Self {
        // INVARIANT: As required of the caller; without bottom halves nobody migrates.
        Self {
            // SAFETY: No requirements.
            cpu: unsafe { bindings::processor_id() } as usize,
            _here: NotThreadSafe,
        }
    }
}

impl BottomHalf {
    /// The present CPU, for many uses.
    #[inline(always)]
    pub(crate) fn here(&self) -> Here<'_> {
        Here {
            cpu: self.cpu,
            _bh: PhantomData,
        }
    }
}

/// The present CPU, which stays that as long as bottom halves are disabled.
///
/// # Invariants
///
/// `cpu` is the present CPU.
#[derive(Clone, Copy)]
pub(crate) struct Here<'a> {
    cpu: usize,
    _bh: PhantomData<&'a BottomHalf>,
}

/// Bottom halves, disabled by us.
pub(crate) struct BottomHalfGuard(BottomHalf);

/// Disables bottom halves on this CPU. Those that have become due run when the guard is dropped.
pub(crate) fn disable_bottom_half() -> BottomHalfGuard {
    // SAFETY: They are enabled again when the guard is dropped; the calls nest.
    unsafe {
        bindings::local_bh_disable();
        // SAFETY: Just disabled.
        BottomHalfGuard(BottomHalf::assume_disabled())
    }
}

impl core::ops::Deref for BottomHalfGuard {
    type Target = BottomHalf;

    #[inline]
    fn deref(&self) -> &BottomHalf {
        &self.0
    }
}

impl Drop for BottomHalfGuard {
    fn drop(&mut self) {
        // SAFETY: Disabled by `disable_bottom_half`.
        unsafe { bindings::local_bh_enable() }
    }
}

/// A value on cache lines of its own.
#[repr(align(64))]
struct Padded<T>(T);

/// A value for each CPU.
///
/// # Invariants
///
/// There is one for every number that a CPU may have.
pub(crate) struct PerCpu<T>(KVVec<Padded<T>>);

impl<T: Default> PerCpu<T> {
    /// Allocates; may sleep.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: No requirements.
        let count = unsafe { bindings::processor_ids() } as usize;
        let mut slots = KVVec::with_capacity(count, GFP_KERNEL)?;
        for _ in 0..count {
            slots.push(Padded(T::default()), GFP_KERNEL)?;
        }
        // INVARIANT: `count` is above all numbers of CPUs.
        Ok(Self(slots))
    }
}

impl<T> PerCpu<T> {
    /// That of this CPU.
    #[inline(always)]
    pub(crate) fn here(&self, bh: &BottomHalf) -> &T {
        self.on(bh.here())
    }

    /// That of this CPU.
    #[inline(always)]
    pub(crate) fn on(&self, here: Here<'_>) -> &T {
        // SAFETY: By the type invariants there is one for the present CPU.
        unsafe { &self.0.get_unchecked(here.cpu).0 }
    }

    /// That of the CPU at a place in the order of [`Self::all`].
    pub(crate) fn at(&self, place: usize) -> Option<&T> {
        self.0.get(place).map(|slot| &slot.0)
    }

    /// Those of all CPUs.
    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|slot| &slot.0)
    }
}
