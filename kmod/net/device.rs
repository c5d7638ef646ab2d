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
//! The private data of a device is written before it is registered, shared (`&`) while it is, and
//! dropped by the core when nobody can reach the device any more.

use super::{
    napi::{
        Napi,
        Poll, //
    },
    netns::Net,
    rtnl::Rtnl,
    skbuff::SkBuff, //
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

/// Counters for `ip -s link`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stats {
    /// Packets handed to the stack.
    pub(crate) rx_packets: u64,
    /// Bytes of these.
    pub(crate) rx_bytes: u64,
    /// Packets that the device was given.
    pub(crate) tx_packets: u64,
    /// Bytes of these.
    pub(crate) tx_bytes: u64,
    /// Packets of these that were lost.
    pub(crate) tx_dropped: u64,
}

/// An Ethernet driver.
pub(crate) trait Driver: Sized + 'static {
    /// What a device has of its own.
    type Private: Send + Sync + 'static;

    /// What the device's NAPI instance polls; `NoPoll` if it has none.
    type Poll: Poll + 'static;

    /// The instance of the device, which lives in its private data, if it has one.
    fn napi(private: &Self::Private) -> Option<&Napi<Self::Poll>>;

    /// The device goes up; polls happen from here.
    fn open(device: &NetDevice, private: &Self::Private, rtnl: &Rtnl) -> Result;

    /// The device goes down. Nobody may schedule its NAPI instance any more on return.
    fn stop(device: &NetDevice, private: &Self::Private, rtnl: &Rtnl);

    /// Sends a packet; called with bottom halves disabled, on any CPU.
    fn start_xmit(device: &NetDevice, private: &Self::Private, skb: SkBuff);

    /// Reads the counters; may be called in atomic context.
    fn stats(private: &Self::Private) -> Stats;

    /// The MTU has changed.
    fn mtu_changed(private: &Self::Private, mtu: u32, rtnl: &Rtnl);

    /// Index of the device at the other end, if there is one.
    fn iflink(private: &Self::Private) -> Option<u32>;

    /// Speed in bit/s, if it has one.
    fn speed(private: &Self::Private) -> Option<u64>;
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

/// A device that is allocated and not registered.
///
/// # Invariants
///
/// `device` is live, not registered, of a driver `D` (so its private area fits `D::Private`), and
/// `private` says whether that area has been written.
pub(super) struct NewDevice<D: Driver> {
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
    pub(super) const PRIVATE_SIZE: usize = size_of::<D::Private>();

    /// Wraps a device.
    ///
    /// # Safety
    ///
    /// The device was allocated with [`Self::PRIVATE_SIZE`] and set up by [`setup`]; it is ours to
    /// free if `owned`.
    pub(super) unsafe fn from_raw(device: NonNull<bindings::net_device>, owned: bool) -> Self {
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

    pub(super) fn as_ptr(&self) -> *mut bindings::net_device {
        self.device.as_ptr()
    }

    /// Whether we made the device, and not the core.
    pub(super) fn is_owned(&self) -> bool {
        self.owned
    }

    /// Sets the Ethernet address, or a random one.
    pub(super) fn set_address(&mut self, address: Option<&[u8; 6]>) {
        // SAFETY: The device is live and not registered.
        unsafe {
            match address {
                Some(address) => bindings::eth_hw_addr_set(self.as_ptr(), address.as_ptr()),
                None => bindings::eth_hw_addr_random(self.as_ptr()),
            }
        }
    }

    /// The MTU.
    pub(super) fn mtu(&self) -> u32 {
        // SAFETY: The device is live.
        unsafe { NetDevice::from_raw(self.as_ptr()) }.mtu()
    }

    /// Has the stack do what devices offload.
    pub(super) fn without_offloads(&mut self) {
        // SAFETY: The device is live and not registered.
        unsafe { bindings::device_without_offloads(self.as_ptr()) };
    }

    /// Sets the MTU, which the caller has checked.
    pub(super) fn set_mtu(&mut self, mtu: u32) {
        // SAFETY: The device is live and not registered.
        unsafe { (*self.as_ptr()).mtu = mtu };
    }

    /// Registers the device, without carrier at first, and gives it its private data.
    pub(super) fn register<'a>(
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

/// Sets up a device that was just allocated, as `rtnl_link_ops::setup`.
///
/// # Safety
///
/// `device` is live and not registered.
pub(super) unsafe extern "C" fn setup<D: Driver>(device: *mut bindings::net_device) {
    // SAFETY: As promised by the caller; the operations live for ever.
    unsafe {
        bindings::ethernet_pair_setup(device, Operations::<D>::NETDEV, Operations::<D>::ETHTOOL)
    }
}

/// The private data of a device.
///
/// # Safety
///
/// The device is of driver `D`, and registered or being registered by [`NewDevice::register`].
#[inline]
pub(super) unsafe fn private<'a, D: Driver>(device: *const bindings::net_device) -> &'a D::Private {
    // As netdev_priv().
    // SAFETY: As promised by the caller the area was written and is dropped by `destroy` only.
    unsafe { &*(*device).priv_.as_ptr().cast::<D::Private>() }
}

/// Whether a device is one of driver `D`'s.
pub(super) fn is_driver<D: Driver>(device: &NetDevice) -> bool {
    // SAFETY: The device is live.
    let ops = unsafe { (*device.as_ptr()).netdev_ops };
    ptr::eq(ops, Operations::<D>::NETDEV)
}

/// The private data of a device, if it is one of driver `D`'s.
pub(crate) fn private_of<'a, D: Driver>(device: &'a NetDevice) -> Option<&'a D::Private> {
    if !is_driver::<D>(device) {
        return None;
    }
    // SAFETY: A reachable device with our operations has its private data.
    Some(unsafe { private::<D>(device.as_ptr()) })
}

/// # Safety
///
/// The private area holds a `D::Private` that nobody uses any more.
unsafe fn drop_private<D: Driver>(device: *mut bindings::net_device) {
    // SAFETY: As promised by the caller.
    unsafe { ptr::drop_in_place(bindings::netdev_priv(device).cast::<D::Private>()) }
}

/// `priv_destructor`.
///
/// # Safety
///
/// Called once by the core for a device that nobody can reach any more.
unsafe extern "C" fn destroy<D: Driver>(device: *mut bindings::net_device) {
    // SAFETY: As promised by the caller.
    unsafe { drop_private::<D>(device) }
}

/// Lets no more polls happen.
///
/// # Safety
///
/// The instance, if there is one, is attached and enabled.
unsafe fn disable<D: Driver>(private: &D::Private) {
    if let Some(napi) = D::napi(private) {
        // SAFETY: As promised by the caller.
        unsafe { napi.disable() };
    }
}

/// The operations of a driver's devices.
struct Operations<D>(PhantomData<D>);

impl<D: Driver> Operations<D> {
    const NETDEV: &'static bindings::net_device_ops = &bindings::net_device_ops {
        ndo_init: Some(Self::init),
        ndo_uninit: Some(Self::uninit),
        ndo_open: Some(Self::open),
        ndo_stop: Some(Self::stop),
        ndo_start_xmit: Some(Self::start_xmit),
        ndo_get_stats64: Some(Self::get_stats64),
        ndo_change_mtu: Some(Self::change_mtu),
        ndo_get_iflink: Some(Self::get_iflink),
        ndo_set_rx_mode: Some(Self::set_rx_mode),
        ndo_set_mac_address: Some(bindings::eth_mac_addr),
        ndo_validate_addr: Some(bindings::eth_validate_addr),
        ndo_features_check: Some(bindings::passthru_features_check),
        ..pin_init::zeroed()
    };

    const ETHTOOL: &'static bindings::ethtool_ops = &bindings::ethtool_ops {
        get_link: Some(bindings::ethtool_op_get_link),
        get_link_ksettings: Some(Self::get_link_ksettings),
        get_ts_info: Some(bindings::ethtool_op_get_ts_info),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// Called by the core for a device that [`NewDevice::register`] registers.
    unsafe extern "C" fn init(device: *mut bindings::net_device) -> c_int {
        // SAFETY: The private data has been written; the device is live. `uninit` detaches the
        // instance, and the private data is dropped a grace period later.
        unsafe {
            bindings::netdev_lockdep_set_classes(device);
            if let Some(napi) = D::napi(private::<D>(device)) {
                napi.attach(NetDevice::from_raw(device));
            }
        }
        0
    }

    /// # Safety
    ///
    /// Called by the core for a device that is down.
    unsafe extern "C" fn uninit(device: *mut bindings::net_device) {
        // SAFETY: The private data is there, and the instance was attached by `init`.
        unsafe {
            if let Some(napi) = D::napi(private::<D>(device)) {
                napi.detach();
            }
        }
    }

    /// # Safety
    ///
    /// Called by the core under RTNL for a registered device.
    unsafe extern "C" fn open(device: *mut bindings::net_device) -> c_int {
        // SAFETY: The device is registered, and RTNL is held.
        let (device, private, rtnl) = unsafe {
            (
                NetDevice::from_raw(device),
                private::<D>(device),
                Rtnl::assume_held(),
            )
        };
        // SAFETY: The instance is attached, and disabled as the device is down.
        unsafe {
            if let Some(napi) = D::napi(private) {
                napi.enable();
            }
        }
        match D::open(device, private, &rtnl) {
            Ok(()) => 0,
            Err(error) => {
                // SAFETY: The instance was enabled above.
                unsafe { disable::<D>(private) };
                error.to_errno()
            }
        }
    }

    /// # Safety
    ///
    /// Called by the core under RTNL for a device that is up.
    unsafe extern "C" fn stop(device: *mut bindings::net_device) -> c_int {
        // SAFETY: The device is registered, and RTNL is held.
        let (device, private, rtnl) = unsafe {
            (
                NetDevice::from_raw(device),
                private::<D>(device),
                Rtnl::assume_held(),
            )
        };
        D::stop(device, private, &rtnl);
        // SAFETY: The instance was enabled by `open`, and the driver schedules it no more.
        unsafe { disable::<D>(private) };
        0
    }

    /// # Safety
    ///
    /// Called by the core with bottom halves disabled; the packet becomes ours.
    unsafe extern "C" fn start_xmit(
        skb: *mut bindings::sk_buff,
        device: *mut bindings::net_device,
    ) -> bindings::netdev_tx_t {
        // SAFETY: As promised by the caller; the device lives as long as the call.
        unsafe {
            let skb = SkBuff::from_raw(NonNull::new_unchecked(skb));
            D::start_xmit(NetDevice::from_raw(device), private::<D>(device), skb);
        }
        bindings::netdev_tx_NETDEV_TX_OK
    }

    /// # Safety
    ///
    /// Called by the core; `stats` may be written.
    unsafe extern "C" fn get_stats64(
        device: *mut bindings::net_device,
        stats: *mut bindings::rtnl_link_stats64,
    ) {
        // SAFETY: The device is registered, or being so; its private data is there.
        let counters = D::stats(unsafe { private::<D>(device) });
        // SAFETY: As promised by the caller.
        let stats = unsafe { &mut *stats };
        stats.rx_packets = counters.rx_packets;
        stats.rx_bytes = counters.rx_bytes;
        stats.tx_packets = counters.tx_packets;
        stats.tx_bytes = counters.tx_bytes;
        stats.tx_dropped = counters.tx_dropped;
    }

    /// # Safety
    ///
    /// Called by the core under RTNL with an MTU within the device's bounds.
    unsafe extern "C" fn change_mtu(device: *mut bindings::net_device, mtu: c_int) -> c_int {
        let mtu = mtu as u32;
        // SAFETY: The device is registered, and RTNL is held.
        unsafe {
            // Others read it without a lock.
            ptr::addr_of_mut!((*device).mtu).write_volatile(mtu);
            D::mtu_changed(private::<D>(device), mtu, &Rtnl::assume_held());
        }
        0
    }

    /// All frames of the link are received, so nothing has to be done for multicast addresses; but
    /// without this function the core refuses them.
    ///
    /// # Safety
    ///
    /// Called by the core.
    unsafe extern "C" fn set_rx_mode(_device: *mut bindings::net_device) {}

    /// # Safety
    ///
    /// Called by the core under RTNL or RCU.
    unsafe extern "C" fn get_iflink(device: *const bindings::net_device) -> c_int {
        // SAFETY: The device is registered.
        let iflink = D::iflink(unsafe { private::<D>(device) });
        iflink.unwrap_or(0) as c_int
    }

    /// # Safety
    ///
    /// Called by the core under RTNL; `settings` may be written.
    unsafe extern "C" fn get_link_ksettings(
        device: *mut bindings::net_device,
        settings: *mut bindings::ethtool_link_ksettings,
    ) -> c_int {
        // SAFETY: The device is registered.
        let rate = D::speed(unsafe { private::<D>(device) });
        // Whole Mbit/s; unknown where there are none.
        let speed = match rate.map(|rate| rate / 1_000_000) {
            None | Some(0) => bindings::SPEED_UNKNOWN as u32,
            Some(speed) => u32::try_from(speed).unwrap_or(u32::MAX - 1),
        };
        // SAFETY: As promised by the caller.
        unsafe {
            bindings::ethtool_settings(settings, speed, bindings::DUPLEX_FULL as u8);
        }
        0
    }
}
