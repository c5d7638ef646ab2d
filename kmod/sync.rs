// SPDX-License-Identifier: GPL-2.0

//! Synchronisation that `kernel::sync` does not offer yet.

pub(crate) mod counter;
pub(crate) mod percpu;
pub(crate) mod rcu;
pub(crate) mod registry;
pub(crate) mod spinlock_bh;
pub(crate) mod turns;
