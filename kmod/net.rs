// SPDX-License-Identifier: GPL-2.0

//! Safe types over the kernel's networking C API.
//!
//! Besides `sync`, this is the only part of the module with `unsafe` code; the entry points that
//! the kernel calls are here too. Names are those that upstream uses or has proposed, so that a
//! part can be swapped for upstream's when it comes.
//!
//! # Vocabulary
//!
//! - *Borrowed device*: `&NetDevice`. It exists only while something keeps the device: RTNL, RCU, a
//!   NAPI poll, or the device's own callback.
//! - *Proof*: a value that cannot be made out of nothing, such as [`rtnl::Rtnl`], and stands for a
//!   lock that is held.

mod agenda;
pub(crate) mod bpf;
pub(crate) mod clock;
pub(crate) mod crypto;
pub(crate) mod device;
pub(crate) mod entry;
pub(crate) mod extack;
pub(crate) mod hook;
mod hrtimer;
pub(crate) mod link_ops;
pub(crate) mod lz4;
pub(crate) mod napi;
pub(crate) mod netlink;
pub(crate) mod netns;
pub(crate) mod notifier;
pub(crate) mod packet;
pub(crate) mod port_ops;
pub(crate) mod round;
pub(crate) mod rtnl;
pub(crate) mod skbuff;
pub(crate) mod skbuff_tree;
pub(crate) mod socket;
pub(crate) mod soft_timer;
