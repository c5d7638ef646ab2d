// SPDX-License-Identifier: GPL-2.0

//! Generic netlink: requests, attributes, replies, dumps and notifications.
//!
//! Policies, operations and the family itself are generated from the YNL spec
//! (`netlink_gen.c`); the core has checked every attribute against them before we see it.

use super::{
    extack::ExtAck,
    netns::{
        self,
        Net, //
    }, //
};
use crate::bindings;
use core::{
    marker::PhantomData,
    mem::{
        size_of,
        ManuallyDrop, //
    },
    ptr::{
        self,
        NonNull, //
    },
    slice, //
};
use kernel::{
    error::to_result,
    ffi::{
        c_int,
        c_long,
        c_void, //
    },
    prelude::*,
    sync::atomic::{
        ordering::{
            Acquire,
            Release, //
        },
        Atomic, //
    }, //
};

/// One attribute of a request.
#[derive(Clone, Copy)]
pub(crate) struct Attr<'a> {
    attr: NonNull<bindings::nlattr>,
    _request: PhantomData<&'a bindings::nlattr>,
}

impl<'a> Attr<'a> {
    /// Wraps an attribute.
    ///
    /// # Safety
    ///
    /// `attr` is a complete attribute within a request that lives for `'a`.
    unsafe fn from_raw(attr: NonNull<bindings::nlattr>) -> Self {
        Self {
            attr,
            _request: PhantomData,
        }
    }

    pub(super) fn as_ptr(self) -> *mut bindings::nlattr {
        self.attr.as_ptr()
    }

    /// The bytes of the attribute.
    pub(crate) fn bytes(self) -> &'a [u8] {
        // SAFETY: The attribute is complete and lives for `'a`.
        unsafe {
            let len = usize::try_from(bindings::nla_len(self.as_ptr())).unwrap_or(0);
            slice::from_raw_parts(bindings::nla_data(self.as_ptr()).cast(), len)
        }
    }

    /// The value of a `u32`; zero for an attribute that is too short, which the policy rules out.
    pub(crate) fn u32(self) -> u32 {
        let bytes = self.bytes().first_chunk();
        bytes.map_or(0, |bytes| u32::from_ne_bytes(*bytes))
    }

    /// The value of a `uint`, which has 32 or 64 bits.
    pub(crate) fn uint(self) -> u64 {
        match self.bytes().first_chunk() {
            Some(bytes) => u64::from_ne_bytes(*bytes),
            None => u64::from(self.u32()),
        }
    }

    /// The text of a string, without the null byte at its end.
    pub(crate) fn text(self) -> &'a [u8] {
        let bytes = self.bytes();
        let end = bytes.iter().position(|byte| *byte == 0);
        bytes.get(..end.unwrap_or(bytes.len())).unwrap_or(bytes)
    }

    /// Type of the attribute, without flags.
    pub(crate) fn kind(self) -> u32 {
        // `NLA_TYPE_MASK`.
        const MASK: u32 = 0x3fff;
        // SAFETY: The attribute is complete and lives for `'a`.
        u32::from(unsafe { (*self.as_ptr()).nla_type }) & MASK
    }

    /// The attributes within a nest that may have several of a type.
    pub(crate) fn children(self) -> Children<'a> {
        Children(self.bytes())
    }

    /// The six bytes of an Ethernet address.
    pub(crate) fn address(self) -> Option<&'a [u8; 6]> {
        self.bytes().first_chunk()
    }

    /// The attributes within a nest with `policy`.
    pub(crate) fn nested<const N: usize>(
        self,
        policy: &'static Policy,
        extack: ExtAck,
    ) -> Result<Nest<'a, N>> {
        const { assert!(N > 0, "the parser clears the first entry in any case") };
        let mut table = [ptr::null_mut(); N];
        // SAFETY: The attribute is complete; the table has room for types up to `N - 1`, for all
        // of which the policy has an entry, see `Policy::new`.
        to_result(unsafe {
            bindings::nla_parse_nested(
                table.as_mut_ptr(),
                N.saturating_sub(1).min(policy.max) as c_int,
                self.as_ptr(),
                policy.entries,
                extack.as_ptr(),
            )
        })?;
        Ok(Nest {
            table,
            _request: PhantomData,
        })
    }
}

/// Attributes within a nest, in their order.
pub(crate) struct Children<'a>(&'a [u8]);

impl<'a> Iterator for Children<'a> {
    type Item = Attr<'a>;

    fn next(&mut self) -> Option<Attr<'a>> {
        let rest = self.0;
        let len = usize::from(u16::from_ne_bytes(*rest.first_chunk()?));
        if len < size_of::<bindings::nlattr>() || len > rest.len() {
            return None;
        }
        self.0 = rest.get(len.next_multiple_of(4)..).unwrap_or(&[]);
        // SAFETY: The header and as many bytes as it tells lie within the nest, which is part of a
        // request that lives for `'a`; attributes begin at multiples of their alignment.
        Some(unsafe { Attr::from_raw(NonNull::from(rest).cast()) })
    }
}

/// A policy of a nest.
pub(crate) struct Policy {
    entries: *const bindings::nla_policy,
    max: usize,
}

// SAFETY: Policies are constant.
unsafe impl Sync for Policy {}

/// Policy of the parameters of a direction.
pub(crate) static DIRECTION_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_direction_nl_policy).cast(),
    max: bindings::VNET_A_DIRECTION_PAD as usize,
};

/// Policy of a queue discipline.
pub(crate) static QUEUEING_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_queueing_nl_policy).cast(),
    max: bindings::VNET_A_QUEUEING_PAD as usize,
};

/// Policy of a traffic class.
pub(crate) static CLASS_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_class_nl_policy).cast(),
    max: bindings::VNET_A_CLASS_DESTINATION_PORT as usize,
};

/// Policy of Gilbert-Elliott loss.
pub(crate) static GILBERT_ELLIOTT_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_gilbert_elliott_nl_policy).cast(),
    max: bindings::VNET_A_GILBERT_ELLIOTT_PAD as usize,
};

/// Policy of four-state loss.
pub(crate) static FOUR_STATE_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_four_state_nl_policy).cast(),
    max: bindings::VNET_A_FOUR_STATE_PAD as usize,
};

/// Policy of a loss pattern.
pub(crate) static PATTERN_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_pattern_nl_policy).cast(),
    max: bindings::VNET_A_PATTERN_PAD as usize,
};

/// Policy of a rule of a pattern.
pub(crate) static PATTERN_RULE_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_pattern_rule_nl_policy).cast(),
    max: bindings::VNET_A_PATTERN_RULE_PAD as usize,
};

/// Policy of a block's parameter.
pub(crate) static BLOCK_PARAM_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_block_param_nl_policy).cast(),
    max: bindings::VNET_A_BLOCK_PARAM_PAD as usize,
};

/// Policy of a field of a record.
pub(crate) static BLOCK_FIELD_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_block_field_nl_policy).cast(),
    max: bindings::VNET_A_BLOCK_FIELD_PAD as usize,
};

/// Policy of an end.
pub(crate) static END_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_end_nl_policy).cast(),
    max: bindings::VNET_A_END_PAD as usize,
};

/// Policy of a port of a medium.
pub(crate) static MEDIUM_PORT_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_medium_port_nl_policy).cast(),
    max: bindings::VNET_A_MEDIUM_PORT_PAD as usize,
};

/// Policy of a way between ports.
pub(crate) static MEDIUM_PAIR_POLICY: Policy = Policy {
    entries: ptr::addr_of!(bindings::vnet_medium_pair_nl_policy).cast(),
    max: bindings::VNET_A_MEDIUM_PAIR_PAD as usize,
};

/// Attributes by type.
pub(crate) trait Attrs<'a> {
    /// The attribute of a type, if the request has it.
    fn get(&self, kind: u32) -> Option<Attr<'a>>;

    /// The same, refusing a request that lacks it.
    fn require(&self, kind: u32, extack: ExtAck, message: &'static CStr) -> Result<Attr<'a>> {
        self.get(kind).ok_or_else(|| {
            extack.miss(kind);
            extack.refuse(None, message, EINVAL)
        })
    }
}

/// The parsed contents of a nest.
pub(crate) struct Nest<'a, const N: usize> {
    table: [*mut bindings::nlattr; N],
    _request: PhantomData<&'a bindings::nlattr>,
}

impl<'a, const N: usize> Attrs<'a> for Nest<'a, N> {
    fn get(&self, kind: u32) -> Option<Attr<'a>> {
        let attr = NonNull::new(*self.table.get(kind as usize)?)?;
        // SAFETY: The parser put it there.
        Some(unsafe { Attr::from_raw(attr) })
    }
}

/// A table of attributes that the core has parsed.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    table: *const *mut bindings::nlattr,
    /// Number of entries.
    len: usize,
    _request: PhantomData<&'a bindings::nlattr>,
}

impl<'a> Table<'a> {
    /// Wraps a table.
    ///
    /// # Safety
    ///
    /// `table` is null, or has `len` entries which are null or complete attributes, for `'a`.
    pub(super) unsafe fn from_raw(table: *const *mut bindings::nlattr, len: usize) -> Self {
        Self {
            table,
            len,
            _request: PhantomData,
        }
    }
}

impl<'a> Attrs<'a> for Table<'a> {
    fn get(&self, kind: u32) -> Option<Attr<'a>> {
        let kind = kind as usize;
        if self.table.is_null() || kind >= self.len {
            return None;
        }
        // SAFETY: By the requirements of `from_raw`.
        unsafe { NonNull::new(self.table.add(kind).read()).map(|attr| Attr::from_raw(attr)) }
    }
}

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
        // SAFETY: The header is that of the request, whose length the core has checked.
        Children(unsafe {
            let len = ((*header).nlmsg_len as usize).saturating_sub(HEADERS);
            slice::from_raw_parts(header.cast::<u8>().add(HEADERS), len)
        })
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

/// A message.
///
/// # Invariants
///
/// We own the live buffer.
struct Message(NonNull<bindings::sk_buff>);

impl Message {
    /// Allocates an empty message with room for so many bytes of attributes.
    fn new(room: usize) -> Result<Self> {
        // SAFETY: Process context, may sleep.
        let skb = unsafe { bindings::genlmsg_new(room, bindings::GFP_KERNEL) };
        // INVARIANT: A new buffer is ours.
        NonNull::new(skb).map(Self).ok_or(ENOMEM)
    }

    /// Completes an empty message, as one of `command`.
    fn fill(
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

    fn into_raw(self) -> *mut bindings::sk_buff {
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
    pub(super) unsafe fn from_raw(skb: *mut bindings::sk_buff) -> Self {
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
    pub(super) unsafe fn from_raw(
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
