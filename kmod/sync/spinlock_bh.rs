// SPDX-License-Identifier: GPL-2.0

//! A spinlock that is held with bottom halves disabled.
//!
//! `kernel::sync::SpinLock` may not be shared between process context and softirq: a softirq that
//! interrupts the holder would wait for ever. [`SpinLockBh`] may.

use crate::bindings;
use kernel::{
    ffi::c_char,
    sync::lock::{
        Backend,
        Guard,
        Lock, //
    }, //
};

/// A spinlock that disables bottom halves while it is held.
///
/// Made by [`new_spinlock_bh!`](crate::sync::spinlock_bh::new_spinlock_bh).
pub(crate) type SpinLockBh<T> = Lock<T, SpinLockBhBackend>;

/// The proof that a [`SpinLockBh`] is held.
pub(crate) type SpinLockBhGuard<'a, T> = Guard<'a, T, SpinLockBhBackend>;

/// The kernel's `spinlock_t` with `spin_lock_bh`.
pub(crate) struct SpinLockBhBackend;

// SAFETY: `spin_lock_bh` excludes all other holders, and `relock` is the default one.
unsafe impl Backend for SpinLockBhBackend {
    type State = bindings::spinlock_t;
    /// Whether bottom halves have to be enabled again.
    type GuardState = bool;

    #[inline]
    unsafe fn init(
        ptr: *mut Self::State,
        name: *const c_char,
        key: *mut kernel::bindings::lock_class_key,
    ) {
        // SAFETY: The caller promises that `ptr` may be written and that `name` and `key` live for
        // ever. The two `lock_class_key` are bindings of the same C type.
        unsafe { bindings::spin_lock_init(ptr, name, key.cast()) }
    }

    #[inline]
    unsafe fn lock(ptr: *mut Self::State) -> bool {
        // SAFETY: The caller promises that the lock is initialised.
        unsafe { bindings::spin_lock_bh(ptr) }
    }

    #[inline]
    unsafe fn unlock(ptr: *mut Self::State, disabled: &bool) {
        // SAFETY: The caller promises that the lock is held by it; `disabled` is what `lock` or
        // `try_lock` told.
        unsafe { bindings::spin_unlock_bh(ptr, *disabled) }
    }

    #[inline]
    unsafe fn try_lock(ptr: *mut Self::State) -> Option<bool> {
        // SAFETY: The caller promises that the lock is initialised.
        let taken = unsafe { bindings::spin_trylock_bh(ptr) };
        (taken != 0).then_some(true)
    }

    #[inline]
    unsafe fn assert_is_held(ptr: *mut Self::State) {
        // Without lockdep there is nothing to call for.
        #[cfg(CONFIG_LOCKDEP)]
        // SAFETY: The caller promises that the lock is initialised.
        unsafe {
            bindings::lockdep_assert_held(ptr)
        };
        #[cfg(not(CONFIG_LOCKDEP))]
        let _ = ptr;
    }
}

/// Makes an initialiser of a [`SpinLockBh`] with a lock class of its own.
macro_rules! new_spinlock_bh {
    ($inner:expr, $name:literal) => {
        $crate::sync::spinlock_bh::SpinLockBh::new(
            $inner,
            kernel::c_str!($name),
            kernel::static_lock_class!(),
        )
    };
}
pub(crate) use new_spinlock_bh;
