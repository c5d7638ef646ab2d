// SPDX-License-Identifier: GPL-2.0

//! Being told that devices change or go.

use super::{
    device::NetDevice,
    rtnl::Rtnl, //
};
use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    error::to_result,
    ffi::{
        c_int,
        c_ulong,
        c_void, //
    },
    prelude::*,
    types::Opaque, //
};

/// Who is told.
pub(crate) trait Watcher: 'static {
    /// A device goes, or leaves its namespace.
    fn gone(device: &NetDevice, rtnl: &Rtnl);

    /// A device came up or went down, or its carrier changed.
    fn changed(device: &NetDevice, rtnl: &Rtnl);
}

/// The registration of a watcher.
pub(crate) struct Registration<W: Watcher> {
    block: Pin<KBox<Opaque<bindings::notifier_block>>>,
    _watcher: PhantomData<W>,
}

// SAFETY: The C structure is used by the core only.
unsafe impl<W: Watcher> Send for Registration<W> {}
// SAFETY: As above.
unsafe impl<W: Watcher> Sync for Registration<W> {}

impl<W: Watcher> Registration<W> {
    /// Registers.
    pub(crate) fn new() -> Result<Self> {
        let block = bindings::notifier_block {
            notifier_call: Some(call::<W>),
            ..pin_init::zeroed()
        };
        let block = KBox::pin(Opaque::new(block), GFP_KERNEL)?;
        // SAFETY: The structure is pinned until it is unregistered.
        to_result(unsafe { bindings::register_netdevice_notifier(block.get()) })?;
        Ok(Self {
            block,
            _watcher: PhantomData,
        })
    }
}

impl<W: Watcher> Drop for Registration<W> {
    fn drop(&mut self) {
        // SAFETY: Registered by `new`.
        unsafe { bindings::unregister_netdevice_notifier(self.block.get()) };
    }
}

/// # Safety
///
/// Called by the core under RTNL.
unsafe extern "C" fn call<W: Watcher>(
    _block: *mut bindings::notifier_block,
    event: c_ulong,
    info: *mut c_void,
) -> c_int {
    const NOTIFY_DONE: c_int = 0;
    // SAFETY: As promised by the caller; the information is that of a device, which is live.
    let (device, rtnl) = unsafe {
        let device = bindings::notifier_info_to_dev(info);
        (NetDevice::from_raw(device), Rtnl::assume_held())
    };
    match event as bindings::netdev_cmd {
        bindings::netdev_cmd_NETDEV_UNREGISTER => W::gone(device, &rtnl),
        bindings::netdev_cmd_NETDEV_UP
        | bindings::netdev_cmd_NETDEV_DOWN
        | bindings::netdev_cmd_NETDEV_CHANGE => W::changed(device, &rtnl),
        _ => {}
    }
    NOTIFY_DONE
}
