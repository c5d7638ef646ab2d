// SPDX-License-Identifier: GPL-2.0

//! A pointer that readers follow under RCU.
//!
//! `kernel::sync::rcu` has the read side guard only. The names are meant to stay when it gets a
//! pointer of its own.

use crate::{
    bindings,
    net::rtnl::Rtnl, //
};
use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    alloc::{
        flags::GFP_KERNEL,
        AllocError, //
    },
    prelude::*,
    sync::{
        atomic::{
            ordering::{
                Acquire,
                Full,
                Relaxed, //
            },
            Atomic, //
        },
        rcu, //
    }, //
};

/// What an [`RcuPtr`] points to: a value with the head that frees it after a grace period.
///
/// `head` comes first, so that a pointer to it is a pointer to the whole.
#[repr(C)]
struct RcuCell<T> {
    head: bindings::callback_head,
    value: T,
}

/// An allocated value that is not published yet.
pub(crate) struct RcuBox<T>(KBox<RcuCell<T>>);

// SAFETY: The head is not in use before the value is published and replaced.
unsafe impl<T: Send> Send for RcuBox<T> {}
// SAFETY: As above.
unsafe impl<T: Sync> Sync for RcuBox<T> {}

impl<T> RcuBox<T> {
    /// Allocates; may sleep.
    pub(crate) fn new(value: T) -> Result<Self, AllocError> {
        let cell = RcuCell {
            head: bindings::callback_head::default(),
            value,
        };
        Ok(Self(KBox::new(cell, GFP_KERNEL)?))
    }
}

impl<T> core::ops::Deref for RcuBox<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> core::ops::DerefMut for RcuBox<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0.value
    }
}

/// A pointer to an immutable value that can be replaced while readers use the old one.
///
/// # Invariants
///
/// `pointer` came from [`KBox::into_raw`] and owns the cell; readers that began before a replacement
/// may use the old one for one grace period more.
pub(crate) struct RcuPtr<T: Send + Sync + 'static> {
    pointer: Atomic<*mut RcuCell<T>>,
    _owns: PhantomData<KBox<RcuCell<T>>>,
}

// SAFETY: The pointer owns a value that may be sent.
unsafe impl<T: Send + Sync + 'static> Send for RcuPtr<T> {}
// SAFETY: Readers get `&T` only, and replacement is atomic.
unsafe impl<T: Send + Sync + 'static> Sync for RcuPtr<T> {}

impl<T: Send + Sync + 'static> RcuPtr<T> {
    /// Publishes a first value.
    pub(crate) fn new(value: RcuBox<T>) -> Self {
        // INVARIANT: As required.
        Self {
            pointer: Atomic::new(KBox::into_raw(value.0)),
            _owns: PhantomData,
        }
    }

    /// The value at this moment, for as long as the guard lives.
    #[inline]
    pub(crate) fn read<'a>(&'a self, _guard: &'a rcu::Guard) -> &'a T {
        let cell = self.pointer.load(Acquire);
        // SAFETY: By the invariants the cell lives for a grace period after its replacement, and
        // the guard keeps that period from ending.
        unsafe { &(*cell).value }
    }

    /// Replaces the value; the old one is freed after a grace period.
    pub(crate) fn replace(&self, value: RcuBox<T>) {
        let old = self.pointer.xchg(KBox::into_raw(value.0), Full);
        // SAFETY: The exchange gave us the cell; only readers use it, which `call_rcu` waits for.
        // `head` is its first field.
        unsafe { bindings::call_rcu(ptr::addr_of_mut!((*old).head), Some(free::<T>)) };
    }
}

impl<T: Send + Sync + 'static> Drop for RcuPtr<T> {
    fn drop(&mut self) {
        let cell = self.pointer.load(Relaxed);
        // SAFETY: By the invariants we own the cell. Whoever owns the `RcuPtr` has seen to it that
        // there are no readers left before dropping it, as readers borrow it.
        drop(unsafe { KBox::from_raw(cell) });
    }
}

/// Frees a replaced value.
///
/// # Safety
///
/// `head` is the first field of an `RcuCell<T>` that came from a `KBox`.
unsafe extern "C" fn free<T: Send + Sync + 'static>(head: *mut bindings::callback_head) {
    // SAFETY: As promised by the caller.
    drop(unsafe { KBox::from_raw(head.cast::<RcuCell<T>>()) });
}

/// Waits for all readers that have begun, in a hurry. May sleep.
pub(crate) fn wait_for_readers(_rtnl: &Rtnl) {
    // SAFETY: Process context, and RTNL is held, which makes it short.
    unsafe { bindings::synchronize_net() }
}

/// Waits until all values that were replaced before have been freed. May sleep.
pub(crate) fn barrier() {
    // SAFETY: No requirements but process context.
    unsafe { bindings::rcu_barrier() }
}
