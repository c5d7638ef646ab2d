// SPDX-License-Identifier: GPL-2.0

//! Messages being written: replies and notifications, and attributes in any.
//!
//! # Vocabulary
//!
//! - *Room*: bytes for attributes that a message is allocated with. What does not fit fails with
//!   `EMSGSIZE`.
//! - *Filling*: appending the attributes with a [`Writer`]. A message whose filling fails is not
//!   sent, a nest whose filling fails is taken back.

use crate::bindings;
use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr::NonNull, //
};
use kernel::{
    error::to_result,
    ffi::{
        c_int,
        c_void, //
    },
    prelude::*, //
};

/// A message.
///
/// # Invariants
///
/// We own the live buffer.
pub(super) struct Message(NonNull<bindings::sk_buff>);

impl Message {
    /// Allocates an empty message with room for so many bytes of attributes.
    pub(super) fn new(room: usize) -> Result<Self> {
        // SAFETY: Process context, may sleep.
        let skb = unsafe { bindings::genlmsg_new(room, bindings::GFP_KERNEL) };
        // INVARIANT: A new buffer is ours.
        NonNull::new(skb).map(Self).ok_or(ENOMEM)
    }

    /// Completes an empty message, as one of `command`.
    pub(super) fn fill(
        self,
        portid: u32,
        seq: u32,
        command: u32,
        fill: impl FnOnce(&mut Writer<'_>) -> Result,
    ) -> Result<Self> {
        let skb = self.0.as_ptr();
        // SAFETY: The buffer is live and ours.
        let header = unsafe { bindings::genlmsg_put(skb, portid, seq, 0, command as u8) };
        if header.is_null() {
            return Err(EMSGSIZE);
        }
        fill(&mut Writer {
            skb,
            _message: PhantomData,
        })?;
        // SAFETY: The header is that of the message.
        unsafe { bindings::genlmsg_end(skb, header) };
        Ok(self)
    }

    /// Gives the message up, to somebody who frees it.
    pub(super) fn into_raw(self) -> *mut bindings::sk_buff {
        ManuallyDrop::new(self).0.as_ptr()
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the buffer is ours.
        unsafe { bindings::nlmsg_free(self.0.as_ptr()) };
    }
}

/// Appends attributes to a message.
pub(crate) struct Writer<'a> {
    skb: *mut bindings::sk_buff,
    _message: PhantomData<&'a mut bindings::sk_buff>,
}

impl Writer<'_> {
    /// Wraps a message being built.
    ///
    /// # Safety
    ///
    /// `skb` is a message that may be appended to for as long as the result lives.
    pub(in super::super) unsafe fn from_raw(skb: *mut bindings::sk_buff) -> Self {
        Self {
            skb,
            _message: PhantomData,
        }
    }

    /// Appends bytes.
    pub(crate) fn bytes(&mut self, kind: u32, value: &[u8]) -> Result {
        // SAFETY: The message may be appended to; the length is that of the slice.
        to_result(unsafe {
            bindings::nla_put(
                self.skb,
                kind as c_int,
                value.len() as c_int,
                value.as_ptr().cast::<c_void>(),
            )
        })
    }

    /// Appends a `u32`.
    pub(crate) fn u32(&mut self, kind: u32, value: u32) -> Result {
        self.bytes(kind, &value.to_ne_bytes())
    }

    /// Appends a `uint`, in 32 bits where they do.
    pub(crate) fn uint(&mut self, kind: u32, value: u64) -> Result {
        // SAFETY: The message may be appended to.
        to_result(unsafe { bindings::nla_put_uint(self.skb, kind as c_int, value) })
    }

    /// Appends a string.
    pub(crate) fn text(&mut self, kind: u32, value: &CStr) -> Result {
        self.bytes(kind, value.to_bytes_with_nul())
    }

    /// Appends a nest that `fill` fills.
    pub(crate) fn nest(&mut self, kind: u32, fill: impl FnOnce(&mut Self) -> Result) -> Result {
        // SAFETY: The message may be appended to.
        let start = unsafe { bindings::nla_nest_start(self.skb, kind as c_int) };
        if start.is_null() {
            return Err(EMSGSIZE);
        }
        let result = fill(self);
        // SAFETY: `start` is where the nest begins.
        unsafe {
            match result {
                Ok(()) => bindings::nla_nest_end(self.skb, start),
                Err(_) => bindings::nla_nest_cancel(self.skb, start),
            }
        }
        result
    }
}
