// SPDX-License-Identifier: GPL-2.0

//! What can be learnt of a packet, and done to it.

use super::skbuff::SkBuff;
use crate::bindings;
use core::{
    ptr::NonNull,
    slice, //
};

impl SkBuff {
    /// A new packet of `len` bytes that begins with `header` and is zero from there on; none if
    /// there is no memory.
    pub(crate) fn with_header(header: &[u8], len: u32) -> Option<Self> {
        // SAFETY: May be called with bottom halves disabled.
        let skb = NonNull::new(unsafe { bindings::skb_zeroed(len) })?;
        let begin = header.len().min(len as usize);
        // SAFETY: The packet is new and ours, and has `len` bytes in one piece.
        unsafe {
            let data = (*skb.as_ptr()).data;
            data.copy_from_nonoverlapping(header.as_ptr(), begin);
            Some(Self::from_raw(skb))
        }
    }

    /// A new packet of these parts, filled up with zeros to `least` bytes; none if there is no memory.
    pub(crate) fn of_parts(parts: &[&[u8]], least: u32) -> Option<Self> {
        let sum = parts
            .iter()
            .fold(0usize, |sum, part| sum.saturating_add(part.len()));
        let packet = Self::with_header(&[], u32::try_from(sum).ok()?.max(least))?;
        let mut place = 0usize;
        for part in parts {
            // SAFETY: The packet is new and ours, and has at least `sum` bytes in one piece.
            unsafe {
                let data = (*packet.as_ptr()).data.add(place);
                data.copy_from_nonoverlapping(part.as_ptr(), part.len());
            }
            place = place.saturating_add(part.len());
        }
        Some(packet)
    }

    /// Fills in what devices would have filled in: VLAN tag and checksum. False if there is no memory.
    pub(crate) fn fill_in(&mut self) -> bool {
        // SAFETY: By the type invariants the buffer is live and ours; what may take its place is.
        unsafe { bindings::skb_fill_in(self.as_place()) }
    }

    /// The first `len` bytes; none if there are not so many, or no memory to bring them into one
    /// piece.
    #[inline]
    pub(crate) fn first(&mut self, len: u32) -> Option<&[u8]> {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe {
            if !bindings::skb_pull(self.as_ptr(), len) {
                return None;
            }
            // The bytes are in one piece now, and nobody writes to them while we are borrowed.
            Some(slice::from_raw_parts((*self.as_ptr()).data, len as usize))
        }
    }

    /// Sees to it that the first `len` bytes are in one piece and shared with nobody; false if there
    /// are not so many, or no memory.
    pub(super) fn own(&mut self, len: u32) -> bool {
        // SAFETY: By the type invariants the buffer is live and ours; what may take its place is.
        unsafe { bindings::skb_own(self.as_place(), len) }
    }

    /// Forgets the device by which it was sent or received, and which it may outlive.
    pub(crate) fn leave_device(&mut self) {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe { bindings::skb_leave_device(self.as_ptr()) }
    }

    /// The mark.
    pub(crate) fn mark(&self) -> u32 {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe { bindings::skb_mark(self.as_ptr()) }
    }

    /// Changes the mark.
    pub(crate) fn set_mark(&mut self, mark: u32) {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe { bindings::skb_set_mark(self.as_ptr(), mark) }
    }

    /// Ends the packet as one that has reached its aim.
    pub(crate) fn consume(self) {
        // SAFETY: The buffer is given up.
        unsafe { bindings::consume_skb(self.into_raw()) };
    }

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
        // SAFETY: By the type invariants the buffer is live and ours; what may take its place is.
        unsafe { bindings::skb_flip_bit(self.as_place(), bit) }
    }

    /// Puts `bytes` behind the first `at` ones; false if the packet has not so many, or there is no
    /// memory to do it.
    pub(crate) fn insert(&mut self, at: u32, bytes: &[u8]) -> bool {
        // SAFETY: By the type invariants the buffer is live and ours; what may take its place is.
        // `bytes` has as many bytes as is said.
        unsafe {
            bindings::skb_insert(
                self.as_place(),
                at,
                bytes.as_ptr().cast(),
                bytes.len() as u32,
            )
        }
    }

    /// Cuts off what is behind the first `len` bytes; false if there is no memory to do it. The packet
    /// is one's own, as after [`Self::cut`].
    pub(crate) fn trim(&mut self, len: u32) -> bool {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe { bindings::skb_trim(self.as_ptr(), len) }
    }

    /// Takes `len` bytes out from behind the first `at` ones; false if the packet has not so many, or
    /// there is no memory to do it.
    pub(crate) fn cut(&mut self, at: u32, len: u32) -> bool {
        // SAFETY: By the type invariants the buffer is live and ours; what may take its place is.
        unsafe { bindings::skb_cut(self.as_place(), at, len) }
    }

    /// Marks congestion experienced; false if the packet does not allow it.
    pub(crate) fn mark_ce(&mut self) -> bool {
        // SAFETY: By the type invariants the buffer is live and ours; what may take its place is.
        unsafe { bindings::skb_mark_ce(self.as_place()) }
    }

    /// The place of the pointer, for C that may put another live buffer of ours there.
    fn as_place(&mut self) -> *mut *mut bindings::sk_buff {
        // CAST: `SkBuff` is transparent.
        core::ptr::from_mut(self).cast()
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
