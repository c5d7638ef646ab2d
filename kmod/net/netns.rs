// SPDX-License-Identifier: GPL-2.0

//! Network namespaces and what the module keeps for each.

use super::{
    device::NetDevice,
    extack::ExtAck,
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
        c_int,
        c_uint, //
    },
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
    types::Opaque, //
};

/// A network namespace that something keeps.
#[repr(transparent)]
pub(crate) struct Net(Opaque<bindings::net>);

// SAFETY: Namespaces may be used by any thread.
unsafe impl Sync for Net {}

impl Net {
    /// Borrows a namespace.
    ///
    /// # Safety
    ///
    /// `net` is live for `'a`.
    #[inline]
    pub(super) unsafe fn from_raw<'a>(net: *const bindings::net) -> &'a Self {
        // CAST: `Net` is transparent.
        // SAFETY: As promised by the caller.
        unsafe { &*net.cast::<Self>() }
    }

    #[inline]
    pub(super) fn as_ptr(&self) -> *mut bindings::net {
        self.0.get()
    }

    /// Whether two are the same.
    #[inline]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }

    /// Inode number of the namespace's file.
    pub(crate) fn inode(&self) -> u64 {
        // SAFETY: The namespace is live.
        u64::from(unsafe { bindings::net_inode(self.as_ptr()) })
    }

    /// The user namespace that owns it, as a number that is unique while it lives, followed by
    /// those of its parents up to the first user namespace of the system.
    pub(crate) fn owners(&self) -> Owners<'_> {
        Owners {
            // SAFETY: The namespace is live and keeps its owner.
            next: unsafe { (*self.as_ptr()).user_ns },
            _net: PhantomData,
        }
    }

    /// The device of an index, for as long as RTNL is held.
    pub(crate) fn device<'a>(&self, ifindex: u32, _rtnl: &'a Rtnl) -> Option<&'a NetDevice> {
        // SAFETY: The namespace is live and RTNL is held.
        let device = unsafe { bindings::__dev_get_by_index(self.as_ptr(), ifindex as c_int) };
        let device = NonNull::new(device)?;
        // SAFETY: A device that can be found stays while RTNL is held.
        Some(unsafe { NetDevice::from_raw(device.as_ptr()) })
    }

    /// The device of a name, for as long as RTNL is held.
    pub(crate) fn device_of_name<'a>(&self, name: &CStr, _rtnl: &'a Rtnl) -> Option<&'a NetDevice> {
        // SAFETY: The namespace is live, RTNL is held, and the name ends with a null byte.
        let device = unsafe { bindings::__dev_get_by_name(self.as_ptr(), name.as_char_ptr()) };
        let device = NonNull::new(device)?;
        // SAFETY: A device that can be found stays while RTNL is held.
        Some(unsafe { NetDevice::from_raw(device.as_ptr()) })
    }

    pub(super) fn owner_ptr(&self) -> *mut bindings::user_namespace {
        // SAFETY: The namespace is live.
        unsafe { (*self.as_ptr()).user_ns }
    }
}

/// A counted reference to a namespace. It is held for the length of a request only, as it makes
/// the namespace immortal.
///
/// # Invariants
///
/// We own a reference to the live namespace.
pub(crate) struct NetRef(NonNull<bindings::net>);

impl NetRef {
    /// The namespace of a file descriptor of the calling process.
    pub(crate) fn from_fd(fd: u32) -> Result<Self> {
        // SAFETY: Any number may be asked for.
        let net = unsafe { bindings::get_net_ns_by_fd(fd as c_int) };
        // SAFETY: No requirements.
        if unsafe { bindings::is_err(net.cast()) } {
            // SAFETY: It is an error pointer.
            let error = unsafe { bindings::ptr_err(net.cast()) };
            return Err(Error::from_errno(error as c_int));
        }
        // INVARIANT: `get_net_ns_by_fd` gave us a reference.
        NonNull::new(net).map(Self).ok_or(EINVAL)
    }
}

impl core::ops::Deref for NetRef {
    type Target = Net;

    fn deref(&self) -> &Net {
        // SAFETY: By the type invariants the namespace is live.
        unsafe { Net::from_raw(self.0.as_ptr()) }
    }
}

impl Drop for NetRef {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the reference is ours.
        unsafe { bindings::put_net(self.0.as_ptr()) };
    }
}

/// Iterates over the user namespaces above a network namespace, from its owner upwards.
pub(crate) struct Owners<'a> {
    next: *mut bindings::user_namespace,
    _net: PhantomData<&'a Net>,
}

impl Iterator for Owners<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let owner = self.next;
        if owner.is_null() {
            return None;
        }
        // SAFETY: A user namespace keeps its parent, and the network namespace its owner.
        self.next = unsafe { bindings::user_ns_parent(owner) };
        Some(owner.addr())
    }
}

/// What a module keeps for each namespace.
pub(crate) trait PerNet: Send + Sync + Sized + 'static {
    /// The number under which the core keeps it.
    fn id() -> &'static PerNetId<Self>;

    /// Made when the namespace is, or when the module is loaded.
    fn init(net: &Net) -> Result<Arc<Self>>;

    /// The namespace goes; its devices are gone already.
    fn exit(this: &Arc<Self>);
}

/// A number that the core writes at registration, for data of type `T`.
pub(crate) struct PerNetId<T>(Opaque<c_uint>, PhantomData<T>);

// SAFETY: Written once, before anybody reads it.
unsafe impl<T> Sync for PerNetId<T> {}

impl<T> PerNetId<T> {
    /// To be kept in a static.
    pub(crate) const fn new() -> Self {
        Self(Opaque::uninit(), PhantomData)
    }
}

/// A share of the data of a namespace.
pub(crate) fn shared_data<T: PerNet>(net: &Net) -> Arc<T> {
    // SAFETY: The slot of a live namespace holds what `init` wrote until `exit`, which the core calls
    // when nobody uses the namespace any more. The slot's own count stays with the slot.
    let kept = core::mem::ManuallyDrop::new(unsafe { Arc::from_raw(slot::<T>(net).read()) });
    Arc::clone(&kept)
}

/// Where the core keeps the pointer for us.
fn slot<T: PerNet>(net: &Net) -> *mut *const T {
    // SAFETY: The registration has written the number, and the namespace is live.
    unsafe { bindings::net_generic(net.as_ptr(), T::id().0.get().read()).cast() }
}

/// The namespace that something belongs to, until it goes.
#[pin_data]
pub(crate) struct NetCell {
    /// Protects the pointer, which is null when the namespace is gone, and the namespace from
    /// going while it is used.
    #[pin]
    net: Mutex<NetPointer>,
}

/// # Invariants
///
/// Null, or a live namespace.
struct NetPointer(*const bindings::net);

// SAFETY: Namespaces may be used by any thread.
unsafe impl Send for NetPointer {}

impl NetCell {
    /// For what a [`PerNet::init`] makes: it has to call [`Self::clear`] in its `exit`.
    pub(crate) fn new(net: &Net) -> impl PinInit<Self> {
        let net = NetPointer(net.as_ptr());
        pin_init!(Self {
            net <- new_mutex!(net, "vnet_net_cell"),
        })
    }

    /// Calls `then` with the namespace, unless it is gone.
    pub(crate) fn with<R>(&self, then: impl FnOnce(&Net) -> R) -> Option<R> {
        let net = self.net.lock();
        if net.0.is_null() {
            return None;
        }
        // SAFETY: By the invariants the namespace is live, and `exit` waits for the lock.
        Some(then(unsafe { Net::from_raw(net.0) }))
    }

    /// The namespace goes.
    pub(crate) fn clear(&self) {
        self.net.lock().0 = ptr::null();
    }
}

/// A registration of what is kept for each namespace.
pub(crate) struct Registration<T: PerNet> {
    ops: Pin<KBox<Opaque<bindings::pernet_operations>>>,
    _data: PhantomData<T>,
}

// SAFETY: The C structure is used by the core only.
unsafe impl<T: PerNet> Send for Registration<T> {}
// SAFETY: As above.
unsafe impl<T: PerNet> Sync for Registration<T> {}

impl<T: PerNet> Registration<T> {
    /// Registers, and makes the data of all namespaces there are.
    pub(crate) fn new() -> Result<Self> {
        let ops = KBox::pin(
            Opaque::new(bindings::pernet_operations {
                init: Some(init::<T>),
                exit: Some(exit::<T>),
                id: T::id().0.get(),
                size: size_of::<*const T>(),
                ..pin_init::zeroed()
            }),
            GFP_KERNEL,
        )?;
        // SAFETY: The operations are pinned until they are unregistered. A subsystem's exit comes
        // after the devices of the namespace are gone, which is what `PerNet::exit` promises.
        to_result(unsafe { bindings::register_pernet_subsys(ops.get()) })?;
        Ok(Self {
            ops,
            _data: PhantomData,
        })
    }
}

impl<T: PerNet> Drop for Registration<T> {
    fn drop(&mut self) {
        // SAFETY: Registered by `new`.
        unsafe { bindings::unregister_pernet_subsys(self.ops.get()) };
    }
}

/// # Safety
///
/// Called by the core for a namespace that is being made.
unsafe extern "C" fn init<T: PerNet>(net: *mut bindings::net) -> c_int {
    // SAFETY: As promised by the caller.
    let net = unsafe { Net::from_raw(net) };
    match T::init(net) {
        Ok(data) => {
            // SAFETY: The core has made room for a pointer.
            unsafe { slot::<T>(net).write(Arc::into_raw(data)) };
            0
        }
        Err(error) => error.to_errno(),
    }
}

/// # Safety
///
/// Called by the core for a namespace that nobody uses any more.
unsafe extern "C" fn exit<T: PerNet>(net: *mut bindings::net) {
    // SAFETY: As promised by the caller; `init` has filled the slot.
    let data = unsafe { Arc::from_raw(slot::<T>(Net::from_raw(net)).read()) };
    T::exit(&data);
}

/// Refuses a namespace that the sender of a request may not administrate.
pub(super) fn check_capable(skb: *const bindings::sk_buff, net: &Net, extack: ExtAck) -> Result {
    // SAFETY: `skb` is the request, the namespace is live and keeps its owner.
    let capable = unsafe {
        bindings::netlink_ns_capable(skb, net.owner_ptr(), bindings::CAP_NET_ADMIN as c_int)
    };
    if capable {
        return Ok(());
    }
    extack.set_msg(kernel::c_str!(
        "CAP_NET_ADMIN is needed in the user namespace of the network namespace"
    ));
    Err(EPERM)
}
