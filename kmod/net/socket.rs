// SPDX-License-Identifier: GPL-2.0

//! Sockets of a protocol family of our own.
//!
//! ```text
//!   socket(family, SOCK_DGRAM, number)
//!        |  Family::end: what has that number in the namespace
//!        v
//!   struct sock --Arc--> F::End --> Open: the sockets on it, for packets that arrive
//! ```
//!
//! The kernel has no free number of a family, so it is that of a dead protocol.
//!
//! # Life of a socket
//!
//! A socket keeps its namespace, the module, and its end. When the end closes, the socket gets an
//! error and is forgotten there; the application closes it in its own time. What the socket has sent
//! may outlive it: packets in flight keep the memory of the socket, and so namespace and module.

use super::{
    extack::code,
    netns::Net,
    skbuff::SkBuff, //
};
use crate::{
    bindings,
    sync::{
        percpu::{
            self,
            BottomHalf, //
        },
        spinlock_bh::{
            new_spinlock_bh,
            SpinLockBh, //
        }, //
    }, //
};
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
        Arc, //
    },
    types::Opaque, //
};

/// Most bytes of a datagram.
const MAX_LEN: usize = 65535;

/// Most sockets on an end.
const MAX_SOCKETS: usize = 64;

/// A family of sockets.
pub(crate) trait Family: 'static {
    /// What sockets are opened on.
    type End: End;

    /// The end with a number in a namespace.
    fn end(net: &Net, number: u32) -> Option<Arc<Self::End>>;
}

/// What sockets are opened on.
pub(crate) trait End: Send + Sync + 'static {
    /// The sockets on it.
    fn open(&self) -> &Open;

    /// Takes what an application sends; gives it back if there is no way for it.
    fn send(&self, packet: SkBuff, bh: &BottomHalf) -> Option<SkBuff>;
}

/// A socket that is open.
///
/// # Invariants
///
/// It is live: it is taken from the list before it goes.
struct Socket(NonNull<bindings::sock>);

// SAFETY: What we do with sockets may be done by any thread.
unsafe impl Send for Socket {}

/// The sockets on an end.
#[pin_data]
pub(crate) struct Open {
    /// Protects the list. The queue of a socket is locked under it.
    #[pin]
    list: SpinLockBh<List>,
}

struct List {
    /// There is room for as many as there may be.
    sockets: KVec<Socket>,
    closed: bool,
}

/// Why nobody has got a packet.
pub(crate) enum Undelivered {
    /// There is no socket.
    Nobody,
    /// No socket had room for it, or wanted it.
    Full,
}

impl Open {
    /// No sockets.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            list <- {
                let sockets = KVec::with_capacity(MAX_SOCKETS, GFP_KERNEL)?;
                new_spinlock_bh!(List { sockets, closed: false }, "vnet_sockets")
            },
        })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.list.lock().sockets.len()
    }

    /// Hands a packet to each socket; one is enough.
    pub(crate) fn deliver(&self, mut packet: SkBuff) -> Result<(), Undelivered> {
        packet.release();
        let list = self.list.lock();
        let Some((last, others)) = list.sockets.split_last() else {
            return Err(Undelivered::Nobody);
        };
        let mut taken = false;
        for socket in others {
            taken |= packet.duplicate().is_some_and(|copy| socket.queue(copy));
        }
        taken |= last.queue(packet);
        taken.then_some(()).ok_or(Undelivered::Full)
    }

    /// The end goes: each socket gets an error, and nobody can open one any more.
    pub(crate) fn close(&self) {
        let mut list = self.list.lock();
        list.closed = true;
        while let Some(socket) = list.sockets.pop() {
            // SAFETY: By the type invariants the socket is live, and it waits for the lock before it
            // goes.
            unsafe { bindings::sock_fail(socket.0.as_ptr(), bindings::ENETDOWN as c_int) };
        }
    }

    fn is_closed(&self) -> bool {
        self.list.lock().closed
    }

    fn add(&self, socket: NonNull<bindings::sock>) -> Result {
        let mut list = self.list.lock();
        if list.closed {
            return Err(code::enetdown());
        }
        // INVARIANT: `release` takes it out.
        let added = list.sockets.push_within_capacity(Socket(socket));
        added.map_err(|_| ENOSPC)
    }

    fn remove(&self, socket: *mut bindings::sock) {
        let mut list = self.list.lock();
        list.sockets.retain(|other| other.0.as_ptr() != socket);
    }
}

impl Socket {
    /// Queues a packet, unless the socket has no room for it or its filter refuses it.
    fn queue(&self, packet: SkBuff) -> bool {
        // SAFETY: By the type invariants the socket is live; the packet is ours, and given up if it
        // was queued.
        unsafe {
            let queued = bindings::sock_queue_rcv_skb(self.0.as_ptr(), packet.as_ptr()) == 0;
            if queued {
                packet.into_raw();
            }
            queued
        }
    }
}

/// What the kernel has to be given.
#[repr(C)]
struct Parts {
    family: bindings::net_proto_family,
    ops: bindings::proto_ops,
    proto: bindings::proto,
}

/// The parts of the registered family. There is one in this module.
static PUBLISHED: Atomic<*mut c_void> = Atomic::new(ptr::null_mut());

/// Number of the family, if it is registered.
pub(crate) fn family() -> Option<u32> {
    let parts = NonNull::new(PUBLISHED.load(Acquire))?;
    // SAFETY: The parts live until the module goes.
    Some(unsafe { parts.cast::<Parts>().as_ref() }.family.family as u32)
}

/// A registered family.
pub(crate) struct Registration<F: Family> {
    parts: Pin<KBox<Opaque<Parts>>>,
    _family: PhantomData<F>,
}

// SAFETY: The C structures are used by the core only.
unsafe impl<F: Family> Send for Registration<F> {}
// SAFETY: As above.
unsafe impl<F: Family> Sync for Registration<F> {}

impl<F: Family> Registration<F> {
    /// Registers the family whose number the module's parameter says; none if the number is taken
    /// or is none.
    pub(crate) fn new() -> Result<Option<Self>> {
        // SAFETY: No requirements.
        let (number, owner) = unsafe { (bindings::socket_family(), bindings::this_module()) };
        if !(1..bindings::AF_MAX).contains(&number) {
            return Ok(None);
        }
        let mut name = [0; 32];
        for (to, from) in name.iter_mut().zip(c"VNET".to_bytes()) {
            *to = *from as c_char;
        }
        let parts = Parts {
            family: bindings::net_proto_family {
                family: number as c_int,
                create: Some(create::<F>),
                owner,
            },
            ops: bindings::proto_ops {
                family: number as c_int,
                owner,
                release: Some(release::<F>),
                bind: Some(bindings::sock_no_bind),
                connect: Some(bindings::sock_no_connect),
                socketpair: Some(bindings::sock_no_socketpair),
                accept: Some(bindings::sock_no_accept),
                getname: Some(bindings::sock_no_getname),
                poll: Some(bindings::datagram_poll),
                ioctl: Some(bindings::sock_no_ioctl),
                gettstamp: Some(bindings::sock_gettstamp),
                listen: Some(bindings::sock_no_listen),
                shutdown: Some(bindings::sock_no_shutdown),
                sendmsg: Some(sendmsg::<F>),
                recvmsg: Some(recvmsg::<F>),
                mmap: Some(bindings::sock_no_mmap),
                ..pin_init::zeroed()
            },
            proto: bindings::proto {
                name,
                owner,
                obj_size: size_of::<bindings::sock>() as u32,
                ..pin_init::zeroed()
            },
        };
        let parts = KBox::pin(Opaque::new(parts), GFP_KERNEL)?;
        let place = parts.get();
        // SAFETY: The parts are pinned until they are unregistered.
        unsafe {
            to_result(bindings::proto_register(&raw mut (*place).proto, 0))?;
            PUBLISHED.store(place.cast(), Release);
            if to_result(bindings::sock_register(&raw const (*place).family)).is_err() {
                PUBLISHED.store(ptr::null_mut(), Release);
                bindings::proto_unregister(&raw mut (*place).proto);
                return Ok(None);
            }
        }
        Ok(Some(Self {
            parts,
            _family: PhantomData,
        }))
    }
}

impl<F: Family> Drop for Registration<F> {
    fn drop(&mut self) {
        // SAFETY: Registered by `new`. There are no sockets any more, as each keeps the module.
        unsafe {
            let place = self.parts.get();
            bindings::sock_unregister((*place).family.family);
            PUBLISHED.store(ptr::null_mut(), Release);
            bindings::proto_unregister(&raw mut (*place).proto);
        }
    }
}

/// What an open socket has.
///
/// # Safety
///
/// `socket` is one that [`create`] has filled and [`release`] has not emptied.
unsafe fn end_of<'a, F: Family>(
    socket: *mut bindings::socket,
) -> (NonNull<bindings::sock>, &'a F::End) {
    // SAFETY: As promised by the caller.
    unsafe {
        let sock = NonNull::new_unchecked((*socket).sk);
        let end = bindings::sock_user_data(sock.as_ptr()).cast::<F::End>();
        (sock, &*end)
    }
}

/// # Safety
///
/// Called by the core for a socket that is being made.
unsafe extern "C" fn create<F: Family>(
    net: *mut bindings::net,
    socket: *mut bindings::socket,
    number: c_int,
    kern: c_int,
) -> c_int {
    // SAFETY: As promised by the caller.
    let result = unsafe { try_create::<F>(net, socket, number, kern) };
    result.map_or_else(|error| error.to_errno(), |()| 0)
}

/// # Safety
///
/// As for [`create`].
unsafe fn try_create<F: Family>(
    net: *mut bindings::net,
    socket: *mut bindings::socket,
    number: c_int,
    kern: c_int,
) -> Result {
    // SAFETY: As promised by the caller.
    if unsafe { (*socket).type_ } as u32 != bindings::sock_type_SOCK_DGRAM {
        return Err(code::esocktnosupport());
    }
    let number = u32::try_from(number).map_err(|_| code::eprotonosupport())?;
    // SAFETY: As promised by the caller.
    let end = F::end(unsafe { Net::from_raw(net) }, number).ok_or_else(code::eprotonosupport)?;
    let parts = PUBLISHED.load(Acquire).cast::<Parts>();
    // SAFETY: The parts live as long as sockets can be made; the namespace is live.
    unsafe {
        let sock = bindings::sk_alloc(
            net,
            (*parts).family.family,
            bindings::GFP_KERNEL,
            &raw mut (*parts).proto,
            kern,
        );
        let sock = NonNull::new(sock).ok_or(ENOMEM)?;
        bindings::sock_init_data(socket, sock.as_ptr());
        (*socket).ops = &raw const (*parts).ops;
        if let Err(error) = end.open().add(sock) {
            (*socket).sk = ptr::null_mut();
            bindings::sock_orphan(sock.as_ptr());
            bindings::sock_put(sock.as_ptr());
            return Err(error);
        }
        bindings::sock_set_user_data(sock.as_ptr(), Arc::into_raw(end).cast_mut().cast());
    }
    Ok(())
}

/// # Safety
///
/// Called once by the core for a socket of ours that nobody uses any more.
unsafe extern "C" fn release<F: Family>(socket: *mut bindings::socket) -> c_int {
    // SAFETY: As promised by the caller. The socket is on no list when its queue is emptied and our
    // reference is given up.
    unsafe {
        if (*socket).sk.is_null() {
            return 0;
        }
        let (sock, end) = end_of::<F>(socket);
        end.open().remove(sock.as_ptr());
        bindings::sock_set_user_data(sock.as_ptr(), ptr::null_mut());
        (*socket).sk = ptr::null_mut();
        drop(Arc::from_raw(ptr::from_ref(end)));
        bindings::sock_orphan(sock.as_ptr());
        bindings::sock_purge(sock.as_ptr());
        bindings::sock_put(sock.as_ptr());
    }
    0
}

/// # Safety
///
/// Called by the core in process context for an open socket of ours.
unsafe extern "C" fn sendmsg<F: Family>(
    socket: *mut bindings::socket,
    message: *mut bindings::msghdr,
    len: usize,
) -> c_int {
    // SAFETY: As promised by the caller.
    match unsafe { try_send::<F>(socket, message, len) } {
        Ok(()) => len as c_int,
        Err(error) => error.to_errno(),
    }
}

/// # Safety
///
/// As for [`sendmsg`].
unsafe fn try_send<F: Family>(
    socket: *mut bindings::socket,
    message: *mut bindings::msghdr,
    len: usize,
) -> Result {
    // SAFETY: As promised by the caller.
    let (sock, end) = unsafe { end_of::<F>(socket) };
    // SAFETY: As promised by the caller.
    let (flags, addressed) = unsafe { ((*message).msg_flags, (*message).msg_namelen != 0) };
    if flags & bindings::MSG_OOB != 0 {
        return Err(code::eopnotsupp());
    }
    // The number of the socket says where everything goes.
    if addressed {
        return Err(code::eisconn());
    }
    if len > MAX_LEN {
        return Err(code::emsgsize());
    }
    if end.open().is_closed() {
        return Err(code::enetdown());
    }
    // SAFETY: As promised by the caller; may sleep.
    let packet = unsafe { bindings::sock_read(sock.as_ptr(), message, len) };
    // SAFETY: No requirements.
    if unsafe { bindings::is_err(packet.cast()) } {
        // SAFETY: It is an error pointer.
        let error = unsafe { bindings::ptr_err(packet.cast()) };
        return Err(Error::from_errno(error as c_int));
    }
    let packet = NonNull::new(packet).ok_or(ENOMEM)?;
    // SAFETY: A new packet is ours and on no list.
    let packet = unsafe { SkBuff::from_raw(packet) };
    match end.send(packet, &percpu::disable_bottom_half()) {
        None => Ok(()),
        Some(_) => Err(code::enetunreach()),
    }
}

/// # Safety
///
/// Called by the core in process context for an open socket of ours.
unsafe extern "C" fn recvmsg<F: Family>(
    socket: *mut bindings::socket,
    message: *mut bindings::msghdr,
    len: usize,
    flags: c_int,
) -> c_int {
    // SAFETY: As promised by the caller.
    unsafe {
        let (sock, end) = end_of::<F>(socket);
        // The error that the end left may have been read already.
        if end.open().is_closed() && bindings::sock_is_empty(sock.as_ptr()) {
            return code::enetdown().to_errno();
        }
        match bindings::sock_write(sock.as_ptr(), message, len, flags) {
            // It was woken by the end that went, and another one has read the error.
            0 if end.open().is_closed() => code::enetdown().to_errno(),
            read => read,
        }
    }
}
