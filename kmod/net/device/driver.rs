// SPDX-License-Identifier: GPL-2.0

//! Drivers: what a kind of Ethernet devices does when the core calls.
//!
//! # Vocabulary
//!
//! - *Private data*: what a device has of its own, in the area that the core allocates behind
//!   `struct net_device`.
//! - *Operations*: the tables of a driver, which the core calls; made of its [`Driver`]. They are
//!   the driver's alone, so a device that has them is one of the driver's.
//!
//! # Invariants
//!
//! - The private data of a device is written before it is registered, shared (`&`) while it is, and
//!   dropped by the core when nobody can reach the device any more.
//! - The NAPI instance, if there is one, is attached as long as the device is registered, and
//!   enabled as long as it is up.

use super::{
    super::{
        napi::{
            Napi,
            Poll, //
        },
        rtnl::Rtnl,
        skbuff::SkBuff, //
    },
    NetDevice, //
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
    ffi::c_int,
    prelude::*, //
};

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

/// Sets up a device that was just allocated, as `rtnl_link_ops::setup`.
///
/// # Safety
///
/// `device` is live and not registered.
pub(in super::super) unsafe extern "C" fn setup<D: Driver>(device: *mut bindings::net_device) {
    // SAFETY: As promised by the caller; the operations live for ever.
    unsafe {
        bindings::ethernet_pair_setup(device, Operations::<D>::NETDEV, Operations::<D>::ETHTOOL)
    }
}

/// The private data of a device.
///
/// # Safety
///
/// The device is of driver `D`, and registered or being registered by
/// [`NewDevice::register`](super::NewDevice::register).
#[inline]
pub(in super::super) unsafe fn private<'a, D: Driver>(
    device: *const bindings::net_device,
) -> &'a D::Private {
    // As netdev_priv().
    // SAFETY: As promised by the caller the area was written and is dropped by `destroy` only.
    unsafe { &*(*device).priv_.as_ptr().cast::<D::Private>() }
}

/// Whether a device is one of driver `D`'s.
fn is_driver<D: Driver>(device: &NetDevice) -> bool {
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

/// Drops the private data of a device.
///
/// # Safety
///
/// The private area holds a `D::Private` that nobody uses any more.
pub(super) unsafe fn drop_private<D: Driver>(device: *mut bindings::net_device) {
    // SAFETY: As promised by the caller.
    unsafe { ptr::drop_in_place(bindings::netdev_priv(device).cast::<D::Private>()) }
}

/// `priv_destructor`.
///
/// # Safety
///
/// Called once by the core for a device that nobody can reach any more.
pub(super) unsafe extern "C" fn destroy<D: Driver>(device: *mut bindings::net_device) {
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
    /// Called by the core for a device that [`NewDevice::register`](super::NewDevice::register)
    /// registers.
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
        // Whole Mbit/s, and 1 for less: who does not know a speed takes it for a high one, as routing
        // daemons do for their costs.
        let speed = match rate.map(|rate| rate / 1_000_000) {
            None => bindings::SPEED_UNKNOWN as u32,
            Some(speed) => u32::try_from(speed.max(1)).unwrap_or(u32::MAX - 1),
        };
        // SAFETY: As promised by the caller.
        unsafe {
            bindings::ethtool_settings(settings, speed, bindings::DUPLEX_FULL as u8);
        }
        0
    }
}
