// SPDX-License-Identifier: GPL-2.0

//! Hooks on a device: what it receives, before bridges and protocols see it, and what is sent through
//! it, before its queueing discipline does.
//!
//! Both are netfilter's, of which any number of users can share a device's, also if it is a port of a
//! bridge; or what is received is taken by the device's `rx_handler`, of which there is one.

use super::{
    device::{
        HeldDevice,
        NetDevice, //
    },
    netns::Net,
    rtnl::Rtnl,
    skbuff::SkBuff, //
};
use crate::{
    bindings,
    sync::percpu::BottomHalf, //
};
use core::ptr::NonNull;
use kernel::{
    error::to_result,
    ffi::{
        c_int,
        c_uint,
        c_void, //
    },
    prelude::*,
    sync::Arc,
    types::Opaque, //
};

/// Who takes packets from a device. Packets begin with the Ethernet header.
pub(crate) trait Tap: Send + Sync + 'static {
    /// Whether received packets are wanted; the others go on as if there was no hook.
    fn wants_received(&self) -> bool;

    /// Takes a packet that the device has received, and not one that the stack has sent to itself.
    fn received(&self, packet: SkBuff, bh: &BottomHalf);

    /// Whether packets that are sent are wanted.
    fn wants_sent(&self) -> bool;

    /// Takes a packet that is being sent.
    fn sent(&self, packet: SkBuff, bh: &BottomHalf);
}

/// How received packets are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ingress {
    /// By netfilter's hook, which can be shared.
    Netfilter,
    /// By the `rx_handler`, which bridges, bonds and macvlans have on the devices below them.
    RxHandler,
}

/// Both hooks of a device, while they are there.
///
/// # Invariants
///
/// Both are registered with `tap` as their private pointer, of which they own a reference.
pub(crate) struct Hooks<T: Tap> {
    sent: Operations,
    /// None if the `rx_handler` is registered.
    received: Option<Operations>,
    device: HeldDevice,
    tap: *const T,
}

/// What a hook of netfilter is registered with.
type Operations = Pin<KBox<Opaque<bindings::nf_hook_ops>>>;

// SAFETY: The C parts may be used by any thread, `T` too.
unsafe impl<T: Tap> Send for Hooks<T> {}
// SAFETY: As above.
unsafe impl<T: Tap> Sync for Hooks<T> {}

impl<T: Tap> Hooks<T> {
    /// Hooks a device. Whoever does so has to call [`Self::detach`] when the device goes.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` if the kernel has no hooks; of the `rx_handler` `EBUSY` if somebody has it, and
    /// `EINVAL` if the device does not take any.
    pub(crate) fn attach(
        device: &NetDevice,
        tap: Arc<T>,
        ingress: Ingress,
        _rtnl: &Rtnl,
    ) -> Result<Self> {
        let tap = Arc::into_raw(tap);
        Self::register(device, tap, ingress).inspect_err(|_| {
            // SAFETY: Process context; one of the hooks may have run.
            unsafe { bindings::synchronize_net() };
            // SAFETY: The pointer came from `into_raw`, and nobody has it any more.
            drop(unsafe { Arc::from_raw(tap) });
        })
    }

    fn register(device: &NetDevice, tap: *const T, ingress: Ingress) -> Result<Self> {
        let private = tap.cast::<c_void>().cast_mut();
        let sent = register(
            device,
            sent::<T>,
            bindings::nf_dev_hooks_NF_NETDEV_EGRESS,
            private,
        )?;
        let received = match ingress {
            Ingress::Netfilter => {
                let number = bindings::nf_dev_hooks_NF_NETDEV_INGRESS;
                register(device, received::<T>, number, private).map(Some)
            }
            Ingress::RxHandler => {
                // SAFETY: The device is there, and RTNL is held.
                let result = to_result(unsafe {
                    bindings::netdev_rx_handler_register(
                        device.as_ptr(),
                        Some(handle::<T>),
                        private,
                    )
                });
                result.map(|()| None)
            }
        };
        match received {
            Ok(received) => Ok(Self {
                sent,
                received,
                device: device.hold(),
                tap,
            }),
            Err(error) => {
                unregister(device.net(), &sent);
                Err(error)
            }
        }
    }

    /// The device.
    pub(crate) fn device(&self) -> &NetDevice {
        &self.device
    }

    /// Unhooks the device, and waits for those that are in the hooks. May sleep.
    pub(crate) fn detach(self, _rtnl: &Rtnl) {
        unregister(self.device.net(), &self.sent);
        match &self.received {
            Some(received) => unregister(self.device.net(), received),
            // SAFETY: By the type invariants it is ours, and RTNL is held.
            None => unsafe { bindings::netdev_rx_handler_unregister(self.device.as_ptr()) },
        }
        // SAFETY: Process context.
        unsafe { bindings::synchronize_net() };
        // SAFETY: By the type invariants the reference is ours; the hooks are gone.
        drop(unsafe { Arc::from_raw(self.tap) });
    }
}

/// Registers a hook of netfilter with a private pointer.
fn register(
    device: &NetDevice,
    hook: unsafe extern "C" fn(
        *mut c_void,
        *mut bindings::sk_buff,
        *const bindings::nf_hook_state,
    ) -> c_uint,
    number: bindings::nf_dev_hooks,
    private: *mut c_void,
) -> Result<Operations> {
    let ops = bindings::nf_hook_ops {
        hook: Some(hook),
        dev: device.as_ptr(),
        priv_: private,
        pf: bindings::NFPROTO_NETDEV as u8,
        hooknum: number,
        ..pin_init::zeroed()
    };
    let ops = KBox::pin(Opaque::new(ops), GFP_KERNEL)?;
    // SAFETY: The operations are pinned until they are unregistered; the device is there.
    to_result(unsafe { bindings::nf_register_net_hook(device.net().as_ptr(), ops.get()) })?;
    Ok(ops)
}

fn unregister(net: &Net, ops: &Operations) {
    // SAFETY: Registered by `register`.
    unsafe { bindings::nf_unregister_net_hook(net.as_ptr(), ops.get()) };
}

/// The packet as one of ours, unless there is no memory; its device counts it then.
///
/// # Safety
///
/// `skb` is the packet of a hook, and is given up.
unsafe fn take(skb: *mut bindings::sk_buff, sent: bool) -> Option<SkBuff> {
    // SAFETY: As promised by the caller.
    let skb = unsafe { bindings::skb_take(skb, sent) };
    // SAFETY: It is ours alone now.
    NonNull::new(skb).map(|skb| unsafe { SkBuff::from_raw(skb) })
}

/// # Safety
///
/// Called by netfilter with the pointer that was registered, in softirq.
unsafe extern "C" fn received<T: Tap>(
    tap: *mut c_void,
    skb: *mut bindings::sk_buff,
    _state: *const bindings::nf_hook_state,
) -> c_uint {
    // SAFETY: As promised by the caller; `detach` waits for us.
    let tap = unsafe { &*tap.cast::<T>() };
    // SAFETY: As promised by the caller.
    if !tap.wants_received() || unsafe { bindings::skb_is_own(skb) } {
        return bindings::NF_ACCEPT;
    }
    // SAFETY: Packets are received with bottom halves disabled; the packet is ours by the verdict.
    let (packet, bh) = unsafe { (take(skb, false), BottomHalf::assume_disabled()) };
    if let Some(packet) = packet {
        tap.received(packet, &bh);
    }
    bindings::NF_STOLEN
}

/// # Safety
///
/// Called by the core with a packet of a device that has this handler, in softirq.
unsafe extern "C" fn handle<T: Tap>(
    place: *mut *mut bindings::sk_buff,
) -> bindings::rx_handler_result_t {
    // SAFETY: As promised by the caller.
    let skb = unsafe { *place };
    // SAFETY: The packet is of a device that has this handler, whose data is the pointer that was
    // registered; `detach` waits for us.
    let tap = unsafe { &*bindings::rx_handler_data(skb).cast::<T>() };
    // SAFETY: As promised by the caller.
    let (again, own) = unsafe { (bindings::skb_is_again(skb), bindings::skb_is_own(skb)) };
    if again || own || !tap.wants_received() {
        return bindings::rx_handler_result_RX_HANDLER_PASS;
    }
    // SAFETY: Packets are received with bottom halves disabled; the packet is ours by the result.
    let (packet, bh) = unsafe { (take(skb, false), BottomHalf::assume_disabled()) };
    if let Some(packet) = packet {
        tap.received(packet, &bh);
    }
    bindings::rx_handler_result_RX_HANDLER_CONSUMED
}

/// # Safety
///
/// Called by netfilter with the pointer that was registered, with bottom halves disabled.
unsafe extern "C" fn sent<T: Tap>(
    tap: *mut c_void,
    skb: *mut bindings::sk_buff,
    _state: *const bindings::nf_hook_state,
) -> c_uint {
    // SAFETY: As promised by the caller; `detach` waits for us.
    let tap = unsafe { &*tap.cast::<T>() };
    if !tap.wants_sent() {
        return bindings::NF_ACCEPT;
    }
    // SAFETY: As promised by the caller; the packet is ours by the verdict.
    let (packet, bh) = unsafe { (take(skb, true), BottomHalf::assume_disabled()) };
    if let Some(packet) = packet {
        tap.sent(packet, &bh);
    }
    bindings::NF_STOLEN
}

impl NetDevice {
    /// Whether it is an Ethernet device.
    pub(crate) fn is_ethernet(&self) -> bool {
        // SAFETY: The device is live.
        unsafe { u32::from((*self.as_ptr()).type_) == bindings::ARPHRD_ETHER }
    }

    /// Sends a frame through the device, past its hook; false if it was not taken.
    pub(crate) fn transmit(&self, packet: SkBuff, _bh: &BottomHalf) -> bool {
        // SAFETY: The device is live, bottom halves are disabled, and the packet is given up.
        let result = unsafe { bindings::device_transmit(packet.into_raw(), self.as_ptr()) };
        result == bindings::NET_XMIT_SUCCESS as c_int || result == bindings::NET_XMIT_CN as c_int
    }

    /// Hands a frame to the stack as received by the device, past its hook, also if that is the
    /// `rx_handler` of `tap`; false if it is none, as it is too short.
    pub(crate) fn receive<T: Tap>(&self, packet: SkBuff, tap: &T, _bh: &BottomHalf) -> bool {
        let data = core::ptr::from_ref(tap).cast();
        // SAFETY: The device is live, bottom halves are disabled, and the packet is given up.
        unsafe { bindings::device_receive(packet.into_raw(), self.as_ptr(), true, data) }
    }

    /// Hands a frame to the stack as received by the device for the first time; false if it is none,
    /// as it is too short. It may come from another namespace.
    pub(crate) fn receive_new(&self, packet: SkBuff, _bh: &BottomHalf) -> bool {
        // SAFETY: The device is live, bottom halves are disabled, and the packet is given up.
        unsafe {
            bindings::device_receive(packet.into_raw(), self.as_ptr(), false, core::ptr::null())
        }
    }
}
