// SPDX-License-Identifier: GPL-2.0

//! Port kinds: devices that generic netlink makes, each on its own.
//!
//! A kind is registered with rtnetlink nevertheless, so that the core removes the devices with their
//! namespaces, and `ip link del` works.

use super::{
    device::{
        self,
        DeviceCell,
        Driver,
        NewDevice,
        Removal, //
    },
    extack::{
        code,
        ExtAck, //
    },
    link_ops::{
        self,
        EndOptions, //
    },
    netns::Net,
    rtnl::Rtnl, //
};
use crate::bindings;
use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    error::to_result,
    ffi::{
        c_int,
        c_uint, //
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

/// A kind of ports.
pub(crate) trait PortKind: Driver {
    /// Name of the kind.
    const KIND: &'static CStr;

    /// Pattern of the names that the kernel chooses.
    const NAME_PATTERN: &'static CStr;

    /// Why rtnetlink cannot make such a device.
    const NOT_BY_RTNETLINK: &'static CStr;

    /// Where the registered operations are noted, for this kind alone.
    fn published() -> &'static Published;

    /// Removes a device.
    fn delete(private: &Self::Private, removal: &mut Removal<'_>);
}

/// The operations of a kind, once they are registered.
pub(crate) struct Published(Atomic<*mut bindings::rtnl_link_ops>);

impl Published {
    /// Not yet.
    pub(crate) const fn new() -> Self {
        Self(Atomic::new(ptr::null_mut()))
    }
}

/// A port that is not registered yet.
pub(crate) struct NewPort<D: PortKind>(NewDevice<D>);

impl<D: PortKind> NewPort<D> {
    /// Makes a device in a namespace.
    pub(crate) fn new(
        net: &Net,
        options: EndOptions<'_>,
        extack: ExtAck,
        _rtnl: &Rtnl,
    ) -> Result<Self> {
        let ops = D::published().0.load(Acquire);
        if ops.is_null() {
            return Err(ENODEV);
        }
        // SAFETY: RTNL is held, and the published operations, which are those of `D`, stay until
        // the kind is unregistered.
        let device =
            unsafe { link_ops::create_device(ops, D::NAME_PATTERN, net, options, None, extack)? };
        Ok(Self(device))
    }

    /// The namespace.
    pub(crate) fn net(&self) -> &Net {
        // SAFETY: The device is live and keeps its namespace.
        unsafe { Net::from_raw(bindings::dev_net(self.0.as_ptr())) }
    }

    /// The MTU.
    pub(crate) fn mtu(&self) -> u32 {
        self.0.mtu()
    }

    /// Has the stack do what devices offload.
    pub(crate) fn without_offloads(&mut self) {
        self.0.without_offloads();
    }

    /// Sets the MTU, which the caller has checked.
    pub(crate) fn set_mtu(&mut self, mtu: u32) {
        self.0.set_mtu(mtu);
    }

    /// Registers the device, and fills the cell with it. If that fails the caller removes what is in
    /// the cell.
    pub(crate) fn register(
        self,
        private: D::Private,
        cell: &DeviceCell,
        extack: ExtAck,
        rtnl: &Rtnl,
    ) -> Result {
        let device = self.0.register(private, rtnl).map_err(|error| {
            extack.refuse(
                None,
                c"a device cannot be registered; is its name taken?",
                error,
            )
        })?;
        cell.set(device, rtnl);
        // SAFETY: The device is registered and RTNL is held.
        to_result(unsafe {
            bindings::rtnl_configure_link(device.as_ptr(), ptr::null(), 0, ptr::null())
        })
    }
}

/// The operations that the core calls.
struct PortOps<D>(PhantomData<D>);

impl<D: PortKind> PortOps<D> {
    /// # Safety
    ///
    /// Called by the core for a device that it frees again.
    unsafe extern "C" fn newlink(
        _device: *mut bindings::net_device,
        _params: *mut bindings::rtnl_newlink_params,
        extack: *mut bindings::netlink_ext_ack,
    ) -> c_int {
        // SAFETY: The acknowledgement is that of the request.
        let extack = unsafe { ExtAck::from_raw(extack) };
        extack
            .refuse(None, D::NOT_BY_RTNETLINK, code::eopnotsupp())
            .to_errno()
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
            D::delete(
                device::private::<D>(device),
                &mut Removal::from_raw(list, &rtnl),
            );
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
pub(crate) struct Registration<D: PortKind> {
    ops: Pin<KBox<Opaque<bindings::rtnl_link_ops>>>,
    _kind: PhantomData<D>,
}

// SAFETY: The C structure is used by the core only.
unsafe impl<D: PortKind> Send for Registration<D> {}
// SAFETY: As above.
unsafe impl<D: PortKind> Sync for Registration<D> {}

impl<D: PortKind> Registration<D> {
    /// Registers the kind.
    pub(crate) fn new() -> Result<Self> {
        let ops = KBox::pin(
            Opaque::new(bindings::rtnl_link_ops {
                kind: D::KIND.as_char_ptr(),
                priv_size: NewDevice::<D>::PRIVATE_SIZE,
                setup: Some(device::setup::<D>),
                newlink: Some(PortOps::<D>::newlink),
                dellink: Some(PortOps::<D>::dellink),
                get_num_tx_queues: Some(PortOps::<D>::one_queue),
                get_num_rx_queues: Some(PortOps::<D>::one_queue),
                ..pin_init::zeroed()
            }),
            GFP_KERNEL,
        )?;
        // SAFETY: The operations are pinned until they are unregistered.
        to_result(unsafe { bindings::rtnl_link_register(ops.get()) })?;
        D::published().0.store(ops.get(), Release);
        Ok(Self {
            ops,
            _kind: PhantomData,
        })
    }
}

impl<D: PortKind> Drop for Registration<D> {
    fn drop(&mut self) {
        D::published().0.store(ptr::null_mut(), Release);
        // SAFETY: Registered by `new`. Removes all devices of the kind and waits for them.
        unsafe { bindings::rtnl_link_unregister(self.ops.get()) };
    }
}
