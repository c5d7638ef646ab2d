// SPDX-License-Identifier: GPL-2.0

//! Generic netlink: requests and who makes them, replies, and notifications; [dumps](dump),
//! [attributes](attribute) and [messages](message).
//!
//! Policies, operations and the family itself are generated from the YNL spec
//! (`netlink_gen.c`); the core has checked every attribute against them before we see it.

mod attribute;
mod dump;
mod message;
mod policy;

pub(crate) use self::{
    attribute::{
        Attr,
        Attrs,
        Nest,
        Table, //
    },
    dump::Dump,
    message::Writer,
    policy::{
        BLOCK_FIELD_POLICY,
        BLOCK_PARAM_POLICY,
        CLASS_POLICY,
        DIRECTION_POLICY,
        END_POLICY,
        FOUR_STATE_POLICY,
        GILBERT_ELLIOTT_POLICY,
        MEDIUM_PAIR_POLICY,
        MEDIUM_PORT_POLICY,
        PATTERN_POLICY,
        PATTERN_RULE_POLICY,
        QUEUEING_POLICY, //
    }, //
};

use self::{
    attribute::Children,
    message::Message, //
};
use super::{
    extack::ExtAck,
    netns::{
        self,
        Net, //
    }, //
};
use crate::bindings;
use core::{
    mem::size_of,
    ptr,
    slice, //
};
use kernel::{
    error::to_result,
    prelude::*,
    sync::atomic::{
        ordering::{
            Acquire,
            Release, //
        },
        Atomic, //
    }, //
};

/// Who asks, and what may be done for them.
#[derive(Clone, Copy)]
pub(crate) struct Requester<'a> {
    skb: *const bindings::sk_buff,
    net: &'a Net,
}

impl<'a> Requester<'a> {
    /// The namespace of the requesting socket.
    pub(crate) fn net(&self) -> &'a Net {
        self.net
    }

    /// Refuses a namespace that the requester may not administrate.
    pub(crate) fn check_capable(&self, net: &Net, extack: ExtAck) -> Result {
        netns::check_capable(self.skb, net, extack)
    }

    /// Whether the requester may see what is in a namespace: it is its own, or one that it may
    /// administrate.
    pub(crate) fn may_see(&self, net: &Net) -> bool {
        // SAFETY: There is no acknowledgement to write to.
        let silent = unsafe { ExtAck::from_raw(ptr::null_mut()) };
        self.net.is_same(net) || self.check_capable(net, silent).is_ok()
    }
}

/// A request for one thing.
pub(crate) struct Request<'a> {
    info: &'a bindings::genl_info,
    attrs: Table<'a>,
    requester: Requester<'a>,
}

impl<'a> Request<'a> {
    /// Wraps what the core gives to an operation whose highest attribute is below `len`.
    ///
    /// # Safety
    ///
    /// `skb` and `info` are those of the request being handled.
    pub(super) unsafe fn from_raw(
        skb: *mut bindings::sk_buff,
        info: *mut bindings::genl_info,
        len: usize,
    ) -> Self {
        // SAFETY: As promised by the caller; the namespace of a request lives as long as it.
        unsafe {
            Self {
                info: &*info,
                attrs: Table::from_raw((*info).attrs.cast_const(), len),
                requester: Requester {
                    skb,
                    net: Net::from_raw(bindings::genl_info_net(info)),
                },
            }
        }
    }

    /// The attributes.
    pub(crate) fn attrs(&self) -> Table<'a> {
        self.attrs
    }

    /// All attributes in their order, where there may be several of a type.
    pub(crate) fn all(&self) -> Children<'a> {
        const HEADERS: usize = size_of::<bindings::nlmsghdr>() + size_of::<bindings::genlmsghdr>();
        let header: *const bindings::nlmsghdr = self.info.nlhdr;
        // SAFETY: The header is that of the request, whose length the core has checked. Attributes
        // follow the headers, whose sizes are multiples of four bytes.
        unsafe {
            let len = ((*header).nlmsg_len as usize).saturating_sub(HEADERS);
            Children::from_raw(slice::from_raw_parts(header.cast::<u8>().add(HEADERS), len))
        }
    }

    /// Who asks.
    pub(crate) fn requester(&self) -> Requester<'a> {
        self.requester
    }

    /// Where to say why the request is refused.
    pub(crate) fn extack(&self) -> ExtAck {
        // SAFETY: It belongs to the request.
        unsafe { ExtAck::from_raw(self.info.extack) }
    }

    /// Allocates the reply. A request that changes something does so first, so that it fails for
    /// want of memory before the change or not at all. `room` is that for attributes, in bytes.
    pub(crate) fn prepare_reply(&self, room: usize) -> Result<Reply<'a>> {
        Ok(Reply {
            info: self.info,
            message: Message::new(room)?,
        })
    }

    /// Sends a reply of command `command`, with room for so many bytes of attributes.
    pub(crate) fn reply(
        &self,
        command: u32,
        room: usize,
        fill: impl FnOnce(&mut Writer<'_>) -> Result,
    ) -> Result {
        self.prepare_reply(room)?.send(command, fill)
    }
}

/// The empty reply to a request.
pub(crate) struct Reply<'a> {
    info: &'a bindings::genl_info,
    message: Message,
}

impl Reply<'_> {
    /// Sends it with command `command`.
    pub(crate) fn send(self, command: u32, fill: impl FnOnce(&mut Writer<'_>) -> Result) -> Result {
        let Self { info, message } = self;
        let message = message.fill(info.snd_portid, info.snd_seq, command, fill)?;
        let info = ptr::from_ref(info).cast_mut();
        // SAFETY: The message is given up; `info` is that of the request and only read.
        to_result(unsafe { bindings::genlmsg_reply(message.into_raw(), info) })
    }
}

/// Tells the listeners in a namespace. Nothing happens if there are none.
pub(crate) fn notify(
    net: &Net,
    command: u32,
    room: usize,
    fill: impl FnOnce(&mut Writer<'_>) -> Result,
) {
    const GROUP: u32 = bindings::VNET_NLGRP_CONFIG;
    if !REGISTERED.load(Acquire) {
        return;
    }
    // SAFETY: The namespace is live.
    if !unsafe { bindings::genl_has_listeners(net.as_ptr(), GROUP) } {
        return;
    }
    let message = Message::new(room).and_then(|message| message.fill(0, 0, command, fill));
    if let Ok(message) = message {
        // SAFETY: The message is given up; the namespace is live.
        unsafe { bindings::genlmsg_multicast_netns(net.as_ptr(), message.into_raw(), 0, GROUP) };
    } else {
        // As where there is no room for it: a listener's socket says ENOBUFS.
        // SAFETY: The namespace is live.
        unsafe { bindings::genl_missed(net.as_ptr(), GROUP) };
    }
}

/// Whether the family is registered. When it is not, nobody listens, and the numbers of its groups
/// may be another's.
static REGISTERED: Atomic<bool> = Atomic::new(false);

/// The registration of the family; requests come while it lives.
pub(crate) struct Registration(());

impl Registration {
    /// Registers the family.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: The generated family is static.
        to_result(unsafe { bindings::genl_register() })?;
        REGISTERED.store(true, Release);
        Ok(Self(()))
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        REGISTERED.store(false, Release);
        // SAFETY: Registered by `new`. Waits for requests being handled.
        unsafe { bindings::genl_unregister() };
    }
}
