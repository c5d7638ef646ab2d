// SPDX-License-Identifier: GPL-2.0

//! Ethernet devices.
//!
//! # Life of a device
//!
//! ```text
//!  NewDevice --register--> registered <--open/stop--> running
//!      |                        |
//!    (drop)              Removal::queue, or the namespace goes
//!      |                        |
//!   freed at once         private data dropped after a grace period
//! ```
//!
//! What devices do is their [`Driver`]'s business, see [`driver`]; how they come about is that of
//! [`new`].

mod driver;
mod new;

pub(crate) use self::driver::{
    private_of,
    Driver,
    Stats, //
};
pub(super) use self::{
    driver::{
        private,
        setup, //
    },
    new::NewDevice, //
};

use super::{
    netns::Net,
    rtnl::Rtnl, //
};
use crate::bindings;
use core::ptr::{
    self,
    NonNull, //
};
use kernel::{
    error::to_result,
    ffi::{
        c_int,
        c_void, //
    },
    prelude::*,
    sync::{
        atomic::{
            ordering::{
                Acquire,
                Release, //
            },
            Atomic, //
        },
        rcu, //
    },
    types::Opaque, //
};

/// A device that something keeps.
#[repr(transparent)]
pub(crate) struct NetDevice(Opaque<bindings::net_device>);

impl NetDevice {
    /// Borrows a device.
    ///
    /// # Safety
    ///
    /// `device` is live for `'a`.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(device: *const bindings::net_device) -> &'a Self {
        // CAST: `NetDevice` is transparent.
        // SAFETY: As promised by the caller.
        unsafe { &*device.cast::<Self>() }
    }

    #[inline]
    pub(super) fn as_ptr(&self) -> *mut bindings::net_device {
        self.0.get()
    }

    /// Index within the namespace.
    pub(crate) fn ifindex(&self) -> u32 {
        // SAFETY: The device is live.
        unsafe { (*self.as_ptr()).ifindex as u32 }
    }

    /// Where it lies in memory: a number that no other device has while it lives.
    pub(crate) fn address_in_memory(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// MTU in bytes.
    pub(crate) fn mtu(&self) -> u32 {
        // SAFETY: The device is live.
        unsafe { (*self.as_ptr()).mtu }
    }

    /// Name; it does not change while RTNL is held.
    pub(crate) fn name<'a>(&'a self, _rtnl: &'a Rtnl) -> &'a CStr {
        // SAFETY: The name of a live device ends with a null byte and is stable under RTNL.
        unsafe { CStr::from_char_ptr(ptr::addr_of!((*self.as_ptr()).name).cast()) }
    }

    /// Ethernet address.
    pub(crate) fn address(&self, _rtnl: &Rtnl) -> [u8; 6] {
        // SAFETY: The address of a live Ethernet device has six bytes and is stable under RTNL.
        unsafe { (*self.as_ptr()).dev_addr.cast::<[u8; 6]>().read() }
    }

    /// Whether the device is up.
    pub(crate) fn is_running(&self) -> bool {
        // SAFETY: The device is live.
        unsafe { bindings::netif_running(self.as_ptr()) }
    }

    /// Whether the device has carrier.
    pub(crate) fn has_carrier(&self) -> bool {
        // SAFETY: The device is live.
        unsafe { bindings::netif_carrier_ok(self.as_ptr()) }
    }

    /// Whether the device is up and has carrier.
    pub(crate) fn carries(&self) -> bool {
        self.is_running() && self.has_carrier()
    }

    /// Keeps the device beyond the borrow.
    pub(crate) fn hold(&self) -> HeldDevice {
        // SAFETY: The device is live.
        unsafe { bindings::dev_hold(self.as_ptr()) };
        // INVARIANT: The reference was just taken.
        HeldDevice(NonNull::from(self).cast())
    }

    /// Gives or takes carrier.
    pub(crate) fn set_carrier(&self, carrier: bool) {
        // SAFETY: The device is live.
        unsafe {
            if carrier {
                bindings::netif_carrier_on(self.as_ptr());
            } else {
                bindings::netif_carrier_off(self.as_ptr());
            }
        }
    }

    /// Changes the MTU as `ip link set mtu` does.
    pub(crate) fn set_mtu(&self, mtu: u32, _rtnl: &Rtnl) -> Result {
        // SAFETY: The device is live and registered, and RTNL is held.
        to_result(unsafe { bindings::dev_set_mtu(self.as_ptr(), mtu as c_int) })
    }

    /// The device's namespace, which the device keeps.
    #[inline]
    pub(crate) fn net(&self) -> &Net {
        // SAFETY: A live device has a live namespace.
        unsafe { Net::from_raw(bindings::dev_net(self.as_ptr())) }
    }
}

/// Whether the kernel would take this as a device's name.
pub(crate) fn is_valid_name(name: &[u8]) -> bool {
    let mut text = [0; bindings::IFNAMSIZ as usize];
    if name.len() >= text.len() {
        return false;
    }
    for (to, from) in text.iter_mut().zip(name) {
        *to = *from;
    }
    // SAFETY: The text ends with a null byte, as the name is shorter than the array.
    unsafe { bindings::dev_valid_name(text.as_ptr().cast()) }
}

/// Whether an address is that of one Ethernet device.
pub(crate) fn is_valid_address(address: &[u8; 6]) -> bool {
    // SAFETY: The address has six bytes.
    unsafe { bindings::is_valid_ether_addr(address.as_ptr()) }
}

/// A pointer to a registered device, cleared before the device is unregistered.
///
/// # Invariants
///
/// Not null only while the device is registered; it lives for a grace period after that.
pub(crate) struct DeviceCell(Atomic<*mut c_void>);

impl DeviceCell {
    /// An empty cell.
    pub(crate) fn empty() -> Self {
        Self(Atomic::new(ptr::null_mut()))
    }

    /// The device, if it is there, for as long as RTNL is held.
    pub(crate) fn get<'a>(&'a self, _rtnl: &'a Rtnl) -> Option<&'a NetDevice> {
        self.load()
    }

    /// The device, if it is there, for as long as the guard lives.
    pub(crate) fn get_rcu<'a>(&'a self, _rcu: &'a rcu::Guard) -> Option<&'a NetDevice> {
        self.load()
    }

    fn load(&self) -> Option<&NetDevice> {
        let device = NonNull::new(self.0.load(Acquire))?;
        // SAFETY: By the type invariants the device is live while RTNL or RCU, one of which our
        // callers have, is held.
        Some(unsafe { NetDevice::from_raw(device.as_ptr().cast()) })
    }

    /// Fills the cell with a device that has just been registered.
    pub(super) fn set(&self, device: &NetDevice, _rtnl: &Rtnl) {
        // INVARIANT: The device is registered; whoever unregisters it has to take it out first,
        // which `Removal::queue` does.
        self.0.store(device.as_ptr().cast(), Release);
    }

    /// Fills the cell with a device that is registered, for somebody who will be told when it goes
    /// and call [`Self::clear`] then.
    pub(crate) fn fill(&self, device: &NetDevice, rtnl: &Rtnl) {
        self.set(device, rtnl);
    }

    /// Empties the cell, so that nobody finds the device here any more.
    pub(crate) fn clear(&self, rtnl: &Rtnl) {
        self.take(rtnl);
    }

    /// Empties the cell.
    fn take<'a>(&'a self, rtnl: &'a Rtnl) -> Option<&'a NetDevice> {
        let device = self.get(rtnl);
        self.0.store(ptr::null_mut(), Release);
        device
    }
}

/// Devices that are removed together when RTNL is released.
pub(crate) struct Removal<'a> {
    list: *mut bindings::list_head,
    rtnl: &'a Rtnl,
}

impl<'a> Removal<'a> {
    /// Wraps the list that the core gave to us, or null.
    ///
    /// # Safety
    ///
    /// `list` is null or a list that the caller will unregister under the same hold of RTNL.
    pub(super) unsafe fn from_raw(list: *mut bindings::list_head, rtnl: &'a Rtnl) -> Self {
        Self { list, rtnl }
    }

    /// Removes by ourselves what `queue` queues.
    pub(crate) fn immediate(rtnl: &Rtnl, queue: impl FnOnce(&mut Removal<'_>)) {
        let mut list = bindings::list_head::default();
        let head = ptr::addr_of_mut!(list);
        list.next = head;
        list.prev = head;
        queue(&mut Removal { list: head, rtnl });
        // SAFETY: The list holds registered devices, and RTNL is held.
        unsafe { bindings::unregister_netdevice_many(head) };
    }

    /// The proof that RTNL is held.
    pub(crate) fn rtnl(&self) -> &'a Rtnl {
        self.rtnl
    }

    /// Unregisters the device in the cell, if there is one, and empties the cell.
    pub(crate) fn queue(&mut self, cell: &DeviceCell) {
        if let Some(device) = cell.take(self.rtnl) {
            // SAFETY: The device is registered and RTNL is held.
            unsafe { bindings::unregister_netdevice_queue(device.as_ptr(), self.list) };
        }
    }
}

/// A device that is kept by a reference. Whoever has one must let go of it when the device goes
/// down; its removal waits for that.
///
/// # Invariants
///
/// The pointer is to a device of which we hold a reference.
pub(crate) struct HeldDevice(NonNull<bindings::net_device>);

// SAFETY: Devices have no tie to a CPU or task.
unsafe impl Send for HeldDevice {}
// SAFETY: What is offered may be called from anywhere.
unsafe impl Sync for HeldDevice {}

impl core::ops::Deref for HeldDevice {
    type Target = NetDevice;

    fn deref(&self) -> &NetDevice {
        // SAFETY: By the type invariants the device is live.
        unsafe { NetDevice::from_raw(self.0.as_ptr()) }
    }
}

impl HeldDevice {
    /// Stops the transmit queue, so that packets wait in the queueing discipline; false if there is
    /// none to wait in. Called from within the device's transmit function.
    pub(crate) fn stop_queue(&self) -> bool {
        // SAFETY: By the type invariants the device is live.
        unsafe { bindings::netif_stop_queue(self.0.as_ptr()) }
    }

    /// Lets the queueing discipline go on.
    pub(crate) fn wake_queue(&self) {
        // SAFETY: By the type invariants the device is live.
        unsafe { bindings::netif_wake_queue(self.0.as_ptr()) }
    }
}

impl Drop for HeldDevice {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the reference is ours.
        unsafe { bindings::dev_put(self.0.as_ptr()) }
    }
}
