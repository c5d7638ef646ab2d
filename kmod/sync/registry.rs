// SPDX-License-Identifier: GPL-2.0

//! The module's one global lock.

use crate::registry::Registry;
use kernel::{
    prelude::*,
    sync::global_lock, //
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

/// Proof that the lock is initialised; made by the module's `init`, which runs once.
pub(crate) fn init(_module: &'static ThisModule) {
    // SAFETY: The kernel hands `&'static ThisModule` to the module's `init` only, which calls this
    // once and first.
    unsafe { init_once() };
}
