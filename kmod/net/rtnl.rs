// SPDX-License-Identifier: GPL-2.0

//! The lock under which devices come, change and go.

use crate::bindings;
use kernel::types::NotThreadSafe;

/// Proof that this thread holds RTNL.
///
/// # Invariants
///
/// RTNL is held by this thread while a reference to the value exists.
pub(crate) struct Rtnl(NotThreadSafe);

impl Rtnl {
    /// The proof for code that the kernel calls under RTNL.
    ///
    /// # Safety
    ///
    /// RTNL is held for as long as the result is used.
    pub(super) unsafe fn assume_held() -> Self {
        // INVARIANT: As required of the caller.
        Self(NotThreadSafe)
    }
}

/// RTNL, taken by us. Devices whose removal was queued under it are gone when it has been dropped.
pub(crate) struct RtnlGuard(Rtnl);

/// Takes RTNL. May sleep.
pub(crate) fn lock() -> RtnlGuard {
    // SAFETY: The module never takes it twice: only the entry points of generic netlink and of the
    // namespaces, which come without it, call this.
    unsafe { bindings::rtnl_lock() };
    // INVARIANT: Just taken.
    RtnlGuard(Rtnl(NotThreadSafe))
}

impl core::ops::Deref for RtnlGuard {
    type Target = Rtnl;

    fn deref(&self) -> &Rtnl {
        &self.0
    }
}

impl Drop for RtnlGuard {
    fn drop(&mut self) {
        // SAFETY: We hold it.
        unsafe { bindings::rtnl_unlock() };
    }
}
