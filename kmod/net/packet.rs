// SPDX-License-Identifier: GPL-2.0

//! What can be learnt of a packet, and done to it.

use super::skbuff::SkBuff;
use crate::bindings;
use core::ptr::NonNull;

impl SkBuff {
    /// A copy that shares the data and belongs to no socket; none if there is no memory.
    pub(crate) fn duplicate(&self) -> Option<Self> {
        // SAFETY: By the type invariants the buffer is live; cloning it changes only counters that
        // clones share.
        let copy = unsafe { bindings::skb_duplicate(self.as_ptr()) };
        // SAFETY: A new buffer is ours and on no list.
        NonNull::new(copy).map(|copy| unsafe { Self::from_raw(copy) })
    }

    /// Flips the bit `bit` of what is on the wire, counted from the most significant of the first
    /// byte; nothing happens beyond the end. False if there is no memory to do it.
    pub(crate) fn flip_bit(&mut self, bit: u32) -> bool {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe { bindings::skb_flip_bit(self.as_ptr(), bit) }
    }

    /// Marks congestion experienced; false if the packet does not allow it.
    pub(crate) fn mark_ce(&mut self) -> bool {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe { bindings::skb_mark_ce(self.as_ptr()) }
    }

    /// Hash of the packet's flow by the kernel's flow dissector; a function of the headers and
    /// `key`.
    pub(crate) fn flow_hash(&mut self, key: u64) -> u32 {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe { bindings::skb_flow_hash(self.as_ptr(), key) }
    }

    /// The DS code point, 0 if it is no IP packet.
    pub(crate) fn dscp(&mut self) -> u8 {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe { bindings::skb_dscp(self.as_ptr()) }
    }
}
