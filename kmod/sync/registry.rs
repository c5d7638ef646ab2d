// SPDX-License-Identifier: GPL-2.0

//! The module's one global lock.

use crate::registry::Registry;
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::Full,
            Atomic, //
        },
        global_lock, //
    }, //
};

global_lock! {
    // SAFETY: `init` is called first thing when the module is loaded, and not again.
    /// The registry, while the module is loaded.
    pub(crate) unsafe(uninit) static REGISTRY: Mutex<Option<Registry>> = None;
}

/// Initialises the lock.
///
/// # Safety
///
/// Called once, before anything else of the module.
unsafe fn init_once() {
    // SAFETY: As required of the caller.
    unsafe { REGISTRY.init() };
}

/// Initialises the lock, the first time that it is called; to be done by the module's `init` before
/// anything else, when there is one thread.
pub(crate) fn init() {
    static DONE: Atomic<bool> = Atomic::new(false);

    if !DONE.xchg(true, Full) {
        // SAFETY: This is the first time.
        unsafe { init_once() };
    }
}
