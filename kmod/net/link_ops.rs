// SPDX-License-Identifier: GPL-2.0

//! Link kinds: devices that `ip link add ... type KIND` makes in pairs.
//!
//! Both ways of making a pair, rtnetlink and generic netlink, end in [`Pair::register`].

use super::{
    device::{
        self,
        DeviceCell,
        Driver,
        NetDevice,
        NewDevice,
        Removal, //
    },
    extack::{
        code,
        ExtAck, //
    },
    netlink::{
        Attr,
        Attrs,
        Table,
        Writer, //
    },
    netns::Net,
    rtnl::Rtnl, //
};
use crate::bindings;
use core::{
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    error::to_result,
    ffi::{
        c_char,
        c_int,
        c_uchar,
        c_uint,
        c_void, //
    },
    prelude::*,
    sync::atomic::{
        ordering::{
            Acquire,
            Release, //
        },
        Atomic, //
    },
    types::Opaque, //
};

/// A kind of link.
pub(crate) trait LinkKind: Driver {
    /// Name of the kind, and beginning of the names that the kernel chooses.
    const KIND: &'static CStr;

    /// Pattern of the names that the kernel chooses.
    const NAME_PATTERN: &'static CStr;

    /// Makes a pair; `attrs` are the kind's own.
    fn new_link(pair: Pair<'_, Self>, attrs: Table<'_>, extack: ExtAck) -> Result;

    /// Changes the link of a device.
    fn change_link(
        private: &Self::Private,
        attrs: Table<'_>,
        extack: ExtAck,
        rtnl: &Rtnl,
    ) -> Result;

    /// Removes the link of a device, with both devices.
    fn delete_link(private: &Self::Private, removal: &mut Removal<'_>);

    /// Upper bound of what [`Self::fill`] writes, in bytes.
    fn fill_size(private: &Self::Private) -> usize;

    /// Describes the link of a device.
    fn fill(private: &Self::Private, writer: &mut Writer<'_>) -> Result;

    /// Calls `then` with the namespace of the device at the other end, if there is one.
    fn with_peer_net<R>(
        private: &Self::Private,
        rtnl: &Rtnl,
        then: impl FnOnce(&Net) -> R,
    ) -> Option<R>;
}

/// What one end of a pair is made with.
#[derive(Clone, Copy, Default)]
pub(crate) struct EndOptions<'a> {
    /// Name of the device; the kernel chooses one if there is none.
    pub(crate) name: Option<&'a [u8]>,
    /// Ethernet address; a random one if there is none.
    pub(crate) address: Option<&'a [u8; 6]>,
    /// MTU; that of Ethernet if there is none.
    pub(crate) mtu: Option<u32>,
}

/// Two devices that are not registered yet; the second one is registered first.
pub(crate) struct Pair<'a, D: LinkKind> {
    ends: [NewDevice<D>; 2],
    /// Header of the second end's own message, which may bring it up.
    peer_header: *const bindings::ifinfomsg,
    rtnl: &'a Rtnl,
}

impl<'a, D: LinkKind> Pair<'a, D> {
    /// Makes two devices in two namespaces.
    pub(crate) fn new(
        nets: [&Net; 2],
        options: [EndOptions<'_>; 2],
        extack: ExtAck,
        rtnl: &'a Rtnl,
    ) -> Result<Self> {
        let [net_a, net_b] = nets;
        let [options_a, options_b] = options;
        Ok(Self {
            ends: [
                Self::allocate(net_a, options_a, None, extack)?,
                Self::allocate(net_b, options_b, None, extack)?,
            ],
            peer_header: ptr::null(),
            rtnl,
        })
    }

    /// Allocates one device, with the rtnetlink attributes `table` if there are any.
    fn allocate(
        net: &Net,
        options: EndOptions<'_>,
        table: Option<&mut [*mut bindings::nlattr; IFLA_TABLE]>,
        extack: ExtAck,
    ) -> Result<NewDevice<D>> {
        let ops = LinkOps::<D>::published().ok_or(ENODEV)?;
        // SAFETY: RTNL is held, and the published operations, which are those of `D`, stay until
        // the kind is unregistered.
        unsafe { create_device(ops, D::NAME_PATTERN, net, options, table, extack) }
    }

    /// The proof that RTNL is held.
    pub(crate) fn rtnl(&self) -> &'a Rtnl {
        self.rtnl
    }

    /// The namespaces of both ends.
    pub(crate) fn nets(&self) -> [&Net; 2] {
        // SAFETY: The devices are live and keep their namespaces.
        let net = |end: &NewDevice<D>| unsafe { bindings::dev_net(end.as_ptr()) };
        let [a, b] = &self.ends;
        // SAFETY: As above.
        unsafe { [Net::from_raw(net(a)), Net::from_raw(net(b))] }
    }

    /// The names of both devices, or the patterns that they will get them by.
    pub(crate) fn names(&self) -> [&CStr; 2] {
        let [a, b] = &self.ends;
        [a.name(), b.name()]
    }

    /// The smaller one of the MTUs of both ends.
    pub(crate) fn smallest_mtu(&self) -> u32 {
        let [a, b] = &self.ends;
        a.mtu().min(b.mtu())
    }

    /// Gives both ends the same MTU.
    pub(crate) fn set_mtu(&mut self, mtu: u32) {
        for end in &mut self.ends {
            end.set_mtu(mtu);
        }
    }

    /// Registers both devices, and fills the cells with them. If one fails, so does the other, and
    /// the cells are empty again.
    pub(crate) fn register(
        self,
        private: [D::Private; 2],
        cells: &[DeviceCell; 2],
        extack: ExtAck,
    ) -> Result {
        let rtnl = self.rtnl;
        let result = Self::try_register(self, private, cells, extack);
        if result.is_err() {
            Removal::immediate(rtnl, |removal| {
                cells.iter().for_each(|cell| removal.queue(cell));
            });
        }
        result
    }

    fn try_register(
        self,
        private: [D::Private; 2],
        cells: &[DeviceCell; 2],
        extack: ExtAck,
    ) -> Result {
        let rtnl = self.rtnl;
        let [end_a, end_b] = self.ends;
        let [private_a, private_b] = private;
        let [cell_a, cell_b] = cells;
        let refused = |result: Result<&'a NetDevice>, message| {
            result.map_err(|error| extack.refuse(None, message, error))
        };
        let b = refused(
            end_b.register(private_b, rtnl),
            c"the second device cannot be registered; is its name taken?",
        )?;
        cell_b.set(b, rtnl);
        // SAFETY: The device is registered and RTNL is held; the header is null or that of the
        // request.
        to_result(unsafe {
            bindings::rtnl_configure_link(b.as_ptr(), self.peer_header, 0, ptr::null())
        })?;
        let own = end_a.is_owned();
        let a = refused(
            end_a.register(private_a, rtnl),
            c"the first device cannot be registered; is its name taken?",
        )?;
        cell_a.set(a, rtnl);
        if !own {
            // The core does the rest for a device of its own.
            return Ok(());
        }
        // SAFETY: The device is registered and RTNL is held.
        to_result(unsafe { bindings::rtnl_configure_link(a.as_ptr(), ptr::null(), 0, ptr::null()) })
    }
}

/// Allocates a device, with the rtnetlink attributes `table` if there are any.
///
/// # Safety
///
/// RTNL is held. `ops` are registered, have the private area and the setup function of `D`, and stay
/// until its devices are gone.
pub(super) unsafe fn create_device<D: Driver>(
    ops: *const bindings::rtnl_link_ops,
    pattern: &CStr,
    net: &Net,
    options: EndOptions<'_>,
    table: Option<&mut [*mut bindings::nlattr; IFLA_TABLE]>,
    extack: ExtAck,
) -> Result<NewDevice<D>> {
    let mut name = [0; bindings::IFNAMSIZ as usize];
    let (bytes, assigned) = match options.name {
        Some(bytes) => (bytes, bindings::NET_NAME_USER),
        None => (pattern.to_bytes(), bindings::NET_NAME_ENUM),
    };
    // The last byte stays null; the policy has refused longer names.
    for (to, from) in name.iter_mut().take(15).zip(bytes) {
        *to = *from;
    }
    let mut empty = [ptr::null_mut(); IFLA_TABLE];
    let table = table.unwrap_or(&mut empty);
    // SAFETY: As promised by the caller; the namespace is live, the name ends with a null byte, the
    // table has all types.
    let device = unsafe {
        bindings::rtnl_create_link(
            net.as_ptr(),
            name.as_ptr().cast::<c_char>(),
            assigned as c_uchar,
            ops,
            table.as_mut_ptr(),
            extack.as_ptr(),
        )
    };
    // SAFETY: No requirements.
    if unsafe { bindings::is_err(device.cast::<c_void>()) } {
        // SAFETY: It is an error pointer.
        let error = unsafe { bindings::ptr_err(device.cast::<c_void>()) };
        return Err(Error::from_errno(error as c_int));
    }
    let device = NonNull::new(device).ok_or(ENOMEM)?;
    // SAFETY: The core allocated it with the driver's operations, and it is ours.
    let mut device = unsafe { NewDevice::from_raw(device, true) };
    device.set_address(options.address);
    if let Some(mtu) = options.mtu {
        device.set_mtu(mtu);
    }
    Ok(device)
}

/// Entries of a table of rtnetlink attributes.
pub(super) const IFLA_TABLE: usize = bindings::__IFLA_MAX as usize;

/// The operations of a kind, once they are registered.
struct LinkOps<D>(PhantomData<D>);

/// The registered operations. There is one kind of links in this module.
static PUBLISHED: Atomic<*mut c_void> = Atomic::new(ptr::null_mut());

impl<D: LinkKind> LinkOps<D> {
    /// The registered operations; stable while RTNL is held.
    fn published() -> Option<*const bindings::rtnl_link_ops> {
        let ops = PUBLISHED.load(Acquire);
        (!ops.is_null()).then_some(ops.cast::<bindings::rtnl_link_ops>().cast_const())
    }

    /// # Safety
    ///
    /// Called by the core under RTNL for a device that it allocated with our operations.
    unsafe extern "C" fn newlink(
        device: *mut bindings::net_device,
        params: *mut bindings::rtnl_newlink_params,
        extack: *mut bindings::netlink_ext_ack,
    ) -> c_int {
        // SAFETY: As promised by the caller.
        let result = unsafe {
            let extack = ExtAck::from_raw(extack);
            let rtnl = Rtnl::assume_held();
            Self::try_newlink(device, params, extack, &rtnl)
        };
        result.map_or_else(|error| error.to_errno(), |()| 0)
    }

    /// # Safety
    ///
    /// As for [`Self::newlink`].
    unsafe fn try_newlink(
        device: *mut bindings::net_device,
        params: *mut bindings::rtnl_newlink_params,
        extack: ExtAck,
        rtnl: &Rtnl,
    ) -> Result {
        // SAFETY: As promised by the caller; the core's table has all types, ours as many as we
        // told it.
        let (table, attrs, peer_net) = unsafe {
            (
                Table::from_raw((*params).tb.cast_const(), IFLA_TABLE),
                Table::from_raw(
                    (*params).data.cast_const(),
                    bindings::IFLA_VNET_MAX as usize + 1,
                ),
                Net::from_raw(bindings::rtnl_newlink_peer_net(params)),
            )
        };
        let device = NonNull::new(device).ok_or(EINVAL)?;
        // SAFETY: As promised by the caller; the core frees it if we fail.
        let mut end_a = unsafe { NewDevice::from_raw(device, false) };
        end_a.set_address(table.get(bindings::IFLA_ADDRESS).and_then(Attr::address));
        let mut peer_table = [ptr::null_mut(); IFLA_TABLE];
        let mut peer_header: *const bindings::ifinfomsg = ptr::null();
        let mut options = EndOptions {
            // Without a message of its own the peer is like the first end.
            mtu: table.get(bindings::IFLA_MTU).map(Attr::u32),
            ..EndOptions::default()
        };
        if let Some(peer) = attrs.get(bindings::IFLA_VNET_PEER) {
            // SAFETY: The policy has checked that there is a header; the table has all types.
            to_result(unsafe {
                bindings::rtnl_nla_parse_ifinfomsg(
                    peer_table.as_mut_ptr(),
                    peer.as_ptr(),
                    extack.as_ptr(),
                )
            })?;
            peer_header = peer.bytes().as_ptr().cast();
            // SAFETY: The parser has filled the table.
            let peer_table = unsafe { Table::from_raw(peer_table.as_ptr(), IFLA_TABLE) };
            options.name = peer_table.get(bindings::IFLA_IFNAME).map(Attr::text);
            options.address = peer_table
                .get(bindings::IFLA_ADDRESS)
                .and_then(Attr::address);
            if peer_table.get(bindings::IFLA_MTU).is_some() {
                options.mtu = None;
            }
        }
        let end_b = Pair::<D>::allocate(peer_net, options, Some(&mut peer_table), extack)?;
        if !peer_header.is_null() {
            // SAFETY: The header is that of the request; neither device is registered. As in veth, a
            // peer gets the index that is asked for only if the first device does.
            unsafe {
                if (*device.as_ptr()).ifindex != 0 {
                    (*end_b.as_ptr()).ifindex = (*peer_header).ifi_index;
                }
            }
        }
        let pair = Pair {
            ends: [end_a, end_b],
            peer_header,
            rtnl,
        };
        D::new_link(pair, attrs, extack)
    }

    /// # Safety
    ///
    /// Called by the core with the tables of a request.
    unsafe extern "C" fn validate(
        table: *mut *mut bindings::nlattr,
        _data: *mut *mut bindings::nlattr,
        extack: *mut bindings::netlink_ext_ack,
    ) -> c_int {
        // SAFETY: As promised by the caller.
        let (table, extack) = unsafe {
            (
                Table::from_raw(table.cast_const(), IFLA_TABLE),
                ExtAck::from_raw(extack),
            )
        };
        let Some(attr) = table.get(bindings::IFLA_ADDRESS) else {
            return 0;
        };
        let valid = attr.address().is_some_and(|address| {
            // SAFETY: The address has six bytes.
            attr.bytes().len() == 6 && unsafe { bindings::is_valid_ether_addr(address.as_ptr()) }
        });
        if valid {
            return 0;
        }
        extack
            .refuse(
                Some(attr),
                c"the address is not that of one Ethernet device",
                code::eaddrnotavail(),
            )
            .to_errno()
    }

    /// # Safety
    ///
    /// Called by the core under RTNL for a registered device of ours.
    unsafe extern "C" fn changelink(
        device: *mut bindings::net_device,
        _table: *mut *mut bindings::nlattr,
        data: *mut *mut bindings::nlattr,
        extack: *mut bindings::netlink_ext_ack,
    ) -> c_int {
        // SAFETY: As promised by the caller.
        let result = unsafe {
            let extack = ExtAck::from_raw(extack);
            let rtnl = Rtnl::assume_held();
            let private = device::private::<D>(device);
            // The core has checked the namespace of this end only.
            let capable = D::with_peer_net(private, &rtnl, |net| {
                bindings::rtnl_dev_link_net_capable(device, net.as_ptr())
            });
            if capable == Some(false) {
                extack.set_msg(
                    c"CAP_NET_ADMIN is needed in the user namespace of the other end, too",
                );
                Err(EPERM)
            } else {
                let attrs =
                    Table::from_raw(data.cast_const(), bindings::IFLA_VNET_MAX as usize + 1);
                D::change_link(private, attrs, extack, &rtnl)
            }
        };
        result.map_or_else(|error| error.to_errno(), |()| 0)
    }

    /// # Safety
    ///
    /// Called by the core under RTNL for a registered device of ours, with a list that it will
    /// unregister.
    unsafe extern "C" fn dellink(
        device: *mut bindings::net_device,
        list: *mut bindings::list_head,
    ) {
        // SAFETY: As promised by the caller.
        unsafe {
            let rtnl = Rtnl::assume_held();
            D::delete_link(
                device::private::<D>(device),
                &mut Removal::from_raw(list, &rtnl),
            );
        }
    }

    /// # Safety
    ///
    /// Called by the core for a registered device of ours.
    unsafe extern "C" fn get_size(device: *const bindings::net_device) -> usize {
        // SAFETY: As promised by the caller.
        D::fill_size(unsafe { device::private::<D>(device) })
    }

    /// # Safety
    ///
    /// Called by the core for a registered device of ours, with a message to append to.
    unsafe extern "C" fn fill_info(
        skb: *mut bindings::sk_buff,
        device: *const bindings::net_device,
    ) -> c_int {
        // SAFETY: As promised by the caller.
        let result = unsafe { D::fill(device::private::<D>(device), &mut Writer::from_raw(skb)) };
        result.map_or_else(|error| error.to_errno(), |()| 0)
    }

    /// # Safety
    ///
    /// Called by the core under RTNL for a registered device of ours.
    unsafe extern "C" fn get_link_net(device: *const bindings::net_device) -> *mut bindings::net {
        // SAFETY: As promised by the caller.
        unsafe {
            let rtnl = Rtnl::assume_held();
            D::with_peer_net(device::private::<D>(device), &rtnl, Net::as_ptr)
                .unwrap_or_else(|| bindings::dev_net(device))
        }
    }

    /// # Safety
    ///
    /// Called by the core.
    unsafe extern "C" fn one_queue() -> c_uint {
        1
    }
}

/// A registered kind; its devices exist while it lives.
pub(crate) struct Registration<D: LinkKind> {
    ops: Pin<KBox<Opaque<bindings::rtnl_link_ops>>>,
    _kind: PhantomData<D>,
}

// SAFETY: The C structure is used by the core only.
unsafe impl<D: LinkKind> Send for Registration<D> {}
// SAFETY: As above.
unsafe impl<D: LinkKind> Sync for Registration<D> {}

impl<D: LinkKind> Registration<D> {
    /// Registers the kind.
    pub(crate) fn new() -> Result<Self> {
        let ops = KBox::pin(
            Opaque::new(bindings::rtnl_link_ops {
                kind: D::KIND.as_char_ptr(),
                priv_size: NewDevice::<D>::PRIVATE_SIZE,
                setup: Some(device::setup::<D>),
                peer_type: bindings::IFLA_VNET_PEER as u16,
                maxtype: bindings::IFLA_VNET_MAX,
                policy: ptr::addr_of!(bindings::vnet_link_policy).cast(),
                validate: Some(LinkOps::<D>::validate),
                newlink: Some(LinkOps::<D>::newlink),
                changelink: Some(LinkOps::<D>::changelink),
                dellink: Some(LinkOps::<D>::dellink),
                get_size: Some(LinkOps::<D>::get_size),
                fill_info: Some(LinkOps::<D>::fill_info),
                get_link_net: Some(LinkOps::<D>::get_link_net),
                get_num_tx_queues: Some(LinkOps::<D>::one_queue),
                get_num_rx_queues: Some(LinkOps::<D>::one_queue),
                ..pin_init::zeroed()
            }),
            GFP_KERNEL,
        )?;
        // SAFETY: The operations are pinned until they are unregistered.
        to_result(unsafe { bindings::rtnl_link_register(ops.get()) })?;
        PUBLISHED.store(ops.get().cast(), Release);
        Ok(Self {
            ops,
            _kind: PhantomData,
        })
    }
}

impl<D: LinkKind> Drop for Registration<D> {
    fn drop(&mut self) {
        PUBLISHED.store(ptr::null_mut(), Release);
        // SAFETY: Registered by `new`. Removes all devices of the kind and waits for them.
        unsafe { bindings::rtnl_link_unregister(self.ops.get()) };
    }
}
