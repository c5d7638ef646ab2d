// SPDX-License-Identifier: GPL-2.0

//! Dumps: requests for all things of a kind, answered in pieces.
//!
//! # Vocabulary
//!
//! - *Piece*: as many messages as fit into one buffer. The core asks for the next one when the
//!   requester has taken it; nothing is locked in between.
//! - *Cursor*: where a piece ended, which is where the next one begins.
//! - *Generation*: a number that changes with what is dumped. When it has changed between pieces,
//!   the requester is told that the dump was interrupted.

use super::{
    super::{
        extack::ExtAck,
        netns::Net, //
    },
    attribute::Table,
    message::Writer,
    Requester, //
};
use crate::bindings;
use kernel::{
    ffi::{
        c_int,
        c_long, //
    },
    prelude::*, //
};

/// A request for all things, answered in pieces.
pub(crate) struct Dump<'a> {
    skb: *mut bindings::sk_buff,
    callback: *mut bindings::netlink_callback,
    attrs: Table<'a>,
    requester: Requester<'a>,
}

impl<'a> Dump<'a> {
    /// Wraps what the core gives to a dump whose highest attribute is below `len`.
    ///
    /// # Safety
    ///
    /// `skb` and `callback` are those of the dump being continued.
    pub(in super::super) unsafe fn from_raw(
        skb: *mut bindings::sk_buff,
        callback: *mut bindings::netlink_callback,
        len: usize,
    ) -> Self {
        // SAFETY: As promised by the caller. The socket of a dump keeps its namespace.
        unsafe {
            let info = bindings::genl_dump_info(callback);
            let request = (*callback).skb;
            Self {
                skb,
                callback,
                attrs: Table::from_raw((*info).attrs.cast_const(), len),
                requester: Requester {
                    skb: request,
                    net: Net::from_raw(bindings::sock_net(request)),
                },
            }
        }
    }

    /// The attributes of the request.
    pub(crate) fn attrs(&self) -> Table<'a> {
        self.attrs
    }

    /// Who asks.
    pub(crate) fn requester(&self) -> Requester<'a> {
        self.requester
    }

    /// The acknowledgement of the request.
    pub(crate) fn extack(&self) -> ExtAck {
        // SAFETY: The callback is that of the dump, and its acknowledgement is valid or null while
        // this piece is made.
        unsafe { ExtAck::from_raw((*self.callback).extack) }
    }

    /// Where the last piece ended: what [`Self::set_cursor`] was told, zero at first.
    pub(crate) fn cursor(&self) -> u32 {
        // SAFETY: The callback is that of the dump.
        unsafe { (*self.callback).__bindgen_anon_1.args[0] as u32 }
    }

    /// Notes where this piece ends.
    pub(crate) fn set_cursor(&mut self, cursor: u32) {
        // SAFETY: The callback is that of the dump.
        unsafe { (*self.callback).__bindgen_anon_1.args[0] = cursor as c_long };
    }

    /// Tells the state of what is dumped, so that a change between pieces is noticed.
    pub(crate) fn set_generation(&mut self, generation: u32) {
        // SAFETY: The callback is that of the dump. Zero means that nothing is checked.
        unsafe { (*self.callback).seq = generation.max(1) };
    }

    /// Appends one thing, as a message of `command`. Fails with `EMSGSIZE` when the piece is full.
    pub(crate) fn item(
        &mut self,
        command: u32,
        fill: impl FnOnce(&mut Writer<'_>) -> Result,
    ) -> Result {
        const NLM_F_MULTI: c_int = 2;
        // SAFETY: The buffer and the callback are those of the dump.
        let header = unsafe {
            let request = (*self.callback).nlh;
            bindings::genlmsg_put(
                self.skb,
                bindings::netlink_portid((*self.callback).skb),
                (*request).nlmsg_seq,
                NLM_F_MULTI,
                command as u8,
            )
        };
        if header.is_null() {
            return Err(EMSGSIZE);
        }
        // SAFETY: The message may be appended to; the header is that of the message.
        unsafe {
            bindings::genl_dump_check_consistent(self.callback, header);
            match fill(&mut Writer::from_raw(self.skb)) {
                Ok(()) => {
                    bindings::genlmsg_end(self.skb, header);
                    Ok(())
                }
                Err(error) => {
                    bindings::genlmsg_cancel(self.skb, header);
                    Err(error)
                }
            }
        }
    }
}
