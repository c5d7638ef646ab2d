// SPDX-License-Identifier: GPL-2.0

//! Devices on their way to being registered.
//!
//! Who makes a device, rtnetlink or a kind of ports, has it as a [`NewDevice`] until
//! [`NewDevice::register`]. If something fails before, dropping it undoes what was done; a device
//! that the core has made is the core's to free.

use super::{
    super::rtnl::Rtnl,
    driver::{
        destroy,
        drop_private,
        Driver, //
    },
    NetDevice, //
};
use crate::bindings;
use core::{
    marker::PhantomData,
    mem::{
        align_of,
        size_of, //
    },
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    error::to_result,
    prelude::*, //
};

/// A device that is allocated and not registered.
///
/// # Invariants
///
/// `device` is live, not registered, of a driver `D` (so its private area fits `D::Private`), and
/// `private` says whether that area has been written.
pub(in super::super) struct NewDevice<D: Driver> {
    device: NonNull<bindings::net_device>,
    /// Whether we have to free the device; otherwise the core does.
    owned: bool,
    private: bool,
    _driver: PhantomData<D>,
}

impl<D: Driver> NewDevice<D> {
    const LAYOUT: () = {
        assert!(
            align_of::<D::Private>() <= 32,
            "netdev_priv is aligned to 32 bytes"
        );
    };

    /// Bytes of private area that a device needs.
    pub(in super::super) const PRIVATE_SIZE: usize = size_of::<D::Private>();

    /// Wraps a device.
    ///
    /// # Safety
    ///
    /// The device was allocated with [`Self::PRIVATE_SIZE`] and set up by
    /// [`setup`](super::setup); it is ours to free if `owned`.
    pub(in super::super) unsafe fn from_raw(
        device: NonNull<bindings::net_device>,
        owned: bool,
    ) -> Self {
        // The assertion is evaluated.
        let () = Self::LAYOUT;
        // INVARIANT: As required of the caller.
        Self {
            device,
            owned,
            private: false,
            _driver: PhantomData,
        }
    }

    pub(in super::super) fn as_ptr(&self) -> *mut bindings::net_device {
        self.device.as_ptr()
    }

    /// Whether we made the device, and not the core.
    pub(in super::super) fn is_owned(&self) -> bool {
        self.owned
    }

    /// Sets the Ethernet address, or a random one.
    pub(in super::super) fn set_address(&mut self, address: Option<&[u8; 6]>) {
        // SAFETY: The device is live and not registered.
        unsafe {
            match address {
                Some(address) => bindings::eth_hw_addr_set(self.as_ptr(), address.as_ptr()),
                None => bindings::eth_hw_addr_random(self.as_ptr()),
            }
        }
    }

    /// The name, or the pattern that it will get one by.
    pub(in super::super) fn name(&self) -> &CStr {
        // SAFETY: The name of a live device ends with a null byte; nobody else knows the device.
        unsafe { CStr::from_char_ptr(ptr::addr_of!((*self.as_ptr()).name).cast()) }
    }

    /// The MTU.
    pub(in super::super) fn mtu(&self) -> u32 {
        // SAFETY: The device is live.
        unsafe { NetDevice::from_raw(self.as_ptr()) }.mtu()
    }

    /// Has the stack do what devices offload.
    pub(in super::super) fn without_offloads(&mut self) {
        // SAFETY: The device is live and not registered.
        unsafe { bindings::device_without_offloads(self.as_ptr()) };
    }

    /// Sets the MTU, which the caller has checked.
    pub(in super::super) fn set_mtu(&mut self, mtu: u32) {
        // SAFETY: The device is live and not registered.
        unsafe { (*self.as_ptr()).mtu = mtu };
    }

    /// Registers the device, without carrier at first, and gives it its private data.
    pub(in super::super) fn register<'a>(
        mut self,
        private: D::Private,
        _rtnl: &'a Rtnl,
    ) -> Result<&'a NetDevice> {
        let device = self.as_ptr();
        // SAFETY: The area is ours until the device is registered, and fits.
        unsafe {
            bindings::netdev_priv(device)
                .cast::<D::Private>()
                .write(private)
        };
        self.private = true;
        // SAFETY: The device is live and not registered, and RTNL is held.
        let result = to_result(unsafe { bindings::register_netdevice(device) });
        // SAFETY: The device is live.
        if result.is_ok() || unsafe { bindings::netdev_is_unregistering(device) } {
            // From here the core drops the private data. A registration that failed late has made
            // the device reachable for a moment, and the core removes it in its own time.
            // SAFETY: The device is live, and RTNL is held.
            unsafe { (*device).priv_destructor = Some(destroy::<D>) };
            self.private = false;
        }
        result?;
        self.owned = false;
        // SAFETY: The device is registered, and stays so at least until RTNL is released.
        unsafe {
            bindings::netif_carrier_off(device);
            Ok(NetDevice::from_raw(device))
        }
    }
}

impl<D: Driver> Drop for NewDevice<D> {
    fn drop(&mut self) {
        if self.private {
            // A failed registration may have shown the NAPI instance to RCU readers.
            // SAFETY: May sleep, as RTNL is held.
            unsafe { bindings::synchronize_net() };
            // SAFETY: By the type invariants the area holds private data that nobody uses.
            unsafe { drop_private::<D>(self.as_ptr()) };
        }
        if self.owned {
            // SAFETY: By the type invariants the device is live, ours and not registered.
            unsafe { bindings::free_netdev(self.as_ptr()) };
        }
    }
}
