// SPDX-License-Identifier: GPL-2.0

//! Socket buffers as owned values.
//!
//! A [`SkBuff`] is linear: whoever has it must hand it on, to a list or to a stack. Going out of scope
//! frees it as a dropped one; the emulator's own causes, in its counters, are finer than the
//! kernel's reasons.

use crate::bindings;
use core::{
    marker::PhantomData,
    mem::{
        align_of,
        size_of,
        ManuallyDrop, //
    },
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::prelude::*;

/// An owned socket buffer that is on no list.
///
/// # Invariants
///
/// The pointer is to a live `sk_buff` that nobody else uses, apart from clones' shared data.
#[must_use]
#[repr(transparent)]
pub(crate) struct SkBuff(NonNull<bindings::sk_buff>);

// SAFETY: Socket buffers have no tie to a CPU or task.
unsafe impl Send for SkBuff {}

/// Size of a packet on the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WireSize {
    /// Number of wire frames, at least one.
    pub(crate) frames: u32,
    /// L2 bytes of all of them, with Ethernet headers and VLAN tags, without FCS.
    pub(crate) bytes: u32,
}

impl WireSize {
    /// What is assumed of a packet that cannot be understood.
    pub(crate) fn of_unknown(skb: &SkBuff) -> Self {
        Self {
            frames: 1,
            bytes: skb.len(),
        }
    }
}

impl SkBuff {
    /// Takes over a buffer.
    ///
    /// # Safety
    ///
    /// The caller owns `skb`, which is live and on no list, and gives it up.
    #[inline]
    pub(super) unsafe fn from_raw(skb: NonNull<bindings::sk_buff>) -> Self {
        // INVARIANT: As required of the caller.
        Self(skb)
    }

    /// Gives up the buffer.
    #[inline]
    pub(super) fn into_raw(self) -> *mut bindings::sk_buff {
        ManuallyDrop::new(self).0.as_ptr()
    }

    #[inline]
    pub(super) fn as_ptr(&self) -> *mut bindings::sk_buff {
        self.0.as_ptr()
    }

    /// Bytes from the Ethernet header on.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe { (*self.as_ptr()).len }
    }

    /// Bytes of memory that the buffer stands for.
    #[inline]
    pub(crate) fn truesize(&self) -> u32 {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe { (*self.as_ptr()).truesize }
    }

    /// Whether it is a segmentation offload packet.
    #[inline]
    pub(crate) fn is_gso(&self) -> bool {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe { bindings::skb_is_gso(self.as_ptr()) }
    }

    /// Its size on the wire; none if the headers of an offload packet make no sense.
    #[inline]
    pub(crate) fn wire_size(&mut self) -> Option<WireSize> {
        let (mut frames, mut bytes) = (0, 0);
        // SAFETY: By the type invariants the buffer is live and ours; the results are written to
        // live variables.
        let sane = unsafe { bindings::skb_wire_size(self.as_ptr(), &mut frames, &mut bytes) };
        sane.then_some(WireSize { frames, bytes })
    }

    /// Makes the packet one that may wait in a device: with a complete Ethernet header in its
    /// linear part and without pages of user space; and time-stamps it if its socket wants that.
    /// Tells its size on the wire, too.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is no complete header, or the headers of an offload packet make no sense,
    /// `ENOMEM` if there is no memory.
    #[inline]
    pub(crate) fn prepare(&mut self) -> Result<WireSize> {
        // SAFETY: By the type invariants the buffer is live and ours.
        let size = unsafe { bindings::skb_prepare(self.as_ptr()) };
        if size < 0 {
            return Err(Error::from_errno(size as i32));
        }
        Ok(WireSize {
            frames: (size >> 32) as u32,
            bytes: size as u32,
        })
    }

    /// Whether a socket waits for the buffer.
    #[inline]
    pub(crate) fn has_socket(&self) -> bool {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe {
            (*self.as_ptr())
                .__bindgen_anon_3
                .__bindgen_anon_1
                .destructor
                .is_some()
        }
    }

    /// Cuts all ties to the sending side: socket, route, connection, mark. Afterwards the buffer
    /// holds no reference to the sending namespace.
    #[inline]
    pub(crate) fn release(&mut self) {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe { bindings::skb_release(self.as_ptr()) }
    }

    /// Cuts the tie to the sending socket, which keeps its namespace as long as packets keep it.
    #[inline]
    pub(crate) fn orphan(&mut self) {
        // SAFETY: By the type invariants the buffer is live and ours.
        unsafe { bindings::skb_orphan(self.as_ptr()) }
    }

    /// Cuts an offload packet into its segments.
    ///
    /// # Errors
    ///
    /// Returns the packet itself if there is no memory or it cannot be cut.
    pub(crate) fn segment(self) -> Result<SkBuffList, SkBuff> {
        // SAFETY: By the type invariants the buffer is live and ours; it stays so.
        let head = unsafe { bindings::skb_segment(self.as_ptr()) };
        // SAFETY: No requirements.
        if unsafe { bindings::is_err(head.cast()) } {
            return Err(self);
        }
        // SAFETY: The packet is ours; its segments have references of their own to what they share.
        unsafe { bindings::consume_skb(self.into_raw()) };
        // SAFETY: `skb_segment` gave us a list that ends with a null pointer.
        Ok(unsafe { SkBuffList::from_raw(head) })
    }
}

impl Drop for SkBuff {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: The buffer is ours and not used any more.
        unsafe { bindings::drop_skb(self.as_ptr()) }
    }
}

/// A list of socket buffers, linked by their `next`.
///
/// # Invariants
///
/// - `head` is null, or the first of a chain of buffers that we own, whose last one is `tail` with a
///   null `next`.
/// - The `prev` of every buffer that was pushed, but the first, is the one before it.
pub(crate) struct SkBuffList {
    head: *mut bindings::sk_buff,
    tail: *mut bindings::sk_buff,
}

// SAFETY: It owns buffers, which are `Send`.
unsafe impl Send for SkBuffList {}

impl Default for SkBuffList {
    #[inline]
    fn default() -> Self {
        Self {
            head: ptr::null_mut(),
            tail: ptr::null_mut(),
        }
    }
}

impl SkBuffList {
    /// Takes over a chain that ends with a null `next`.
    ///
    /// # Safety
    ///
    /// The caller owns every buffer of the chain, which has at least one, and gives them up.
    unsafe fn from_raw(head: *mut bindings::sk_buff) -> Self {
        let mut tail = head;
        loop {
            // SAFETY: `tail` is a live buffer of the chain.
            let next = unsafe { next_of(tail) };
            if next.is_null() {
                return Self { head, tail };
            }
            tail = next;
        }
    }

    /// Gives up the chain; null if there is no buffer.
    #[inline]
    pub(super) fn into_raw(self) -> *mut bindings::sk_buff {
        ManuallyDrop::new(self).head
    }

    /// Whether there is none.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_null()
    }

    /// Appends a buffer.
    #[inline]
    pub(crate) fn push_back(&mut self, skb: SkBuff) {
        let skb = skb.into_raw();
        // SAFETY: The buffer is ours.
        unsafe { set_next(skb, ptr::null_mut()) };
        if self.head.is_null() {
            self.head = skb;
        } else {
            // SAFETY: By the type invariants `tail` is a live buffer of ours.
            unsafe {
                set_next(self.tail, skb);
                set_prev(skb, self.tail);
            }
        }
        self.tail = skb;
    }

    /// Takes the first buffer.
    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<SkBuff> {
        let head = NonNull::new(self.head)?;
        // SAFETY: By the type invariants `head` is a live buffer of ours.
        self.head = unsafe { bindings::skb_take_first(head.as_ptr()) };
        // SAFETY: The buffer was ours and is off the list.
        Some(unsafe { SkBuff::from_raw(head) })
    }
}

impl Drop for SkBuffList {
    #[inline]
    fn drop(&mut self) {
        if !self.head.is_null() {
            // SAFETY: By the type invariants it is a chain of buffers that we own.
            unsafe { bindings::drop_skb_list(self.head) }
        }
    }
}

/// # Safety
///
/// `skb` is a live buffer of the caller's.
#[inline]
unsafe fn next_of(skb: *mut bindings::sk_buff) -> *mut bindings::sk_buff {
    // SAFETY: As promised by the caller.
    unsafe { (*skb).__bindgen_anon_1.__bindgen_anon_1.next }
}

/// # Safety
///
/// `skb` is a live buffer of the caller's.
#[inline]
unsafe fn set_prev(skb: *mut bindings::sk_buff, prev: *mut bindings::sk_buff) {
    // SAFETY: As promised by the caller.
    unsafe { (*skb).__bindgen_anon_1.__bindgen_anon_1.prev = prev }
}

/// # Safety
///
/// `skb` is a live buffer of the caller's.
#[inline]
unsafe fn set_next(skb: *mut bindings::sk_buff, next: *mut bindings::sk_buff) {
    // SAFETY: As promised by the caller.
    unsafe { (*skb).__bindgen_anon_1.__bindgen_anon_1.next = next }
}

/// A socket buffer whose control block holds a `T`.
///
/// # Invariants
///
/// The control block was written with a `T` and belongs to us until the buffer is handed on.
#[must_use]
#[repr(transparent)]
pub(crate) struct Tagged<T: Copy>(SkBuff, PhantomData<T>);

impl<T: Copy> Tagged<T> {
    const FITS: () = {
        assert!(size_of::<T>() <= 48, "the control block has 48 bytes");
        assert!(
            align_of::<T>() <= 8,
            "the control block is aligned to 8 bytes"
        );
    };

    /// Puts `tag` into the control block.
    #[inline]
    pub(crate) fn new(skb: SkBuff, tag: T) -> Self {
        // The assertion is evaluated.
        let () = Self::FITS;
        // SAFETY: The buffer is ours, and so is its control block; `T` fits.
        unsafe { cb(skb.as_ptr()).cast::<T>().write(tag) };
        // INVARIANT: Just written.
        Self(skb, PhantomData)
    }

    /// The tag.
    #[inline]
    pub(crate) fn tag(&self) -> &T {
        // SAFETY: By the type invariants the control block holds a `T`.
        unsafe { &*cb(self.0.as_ptr()).cast::<T>() }
    }

    /// The tag, to be changed.
    #[inline]
    pub(crate) fn tag_mut(&mut self) -> &mut T {
        // SAFETY: By the type invariants the control block holds a `T`; `self` is borrowed mutably.
        unsafe { &mut *cb(self.0.as_ptr()).cast::<T>() }
    }

    /// The buffer.
    #[inline]
    pub(crate) fn skb(&self) -> &SkBuff {
        &self.0
    }

    /// The buffer, to be changed; nothing that [`SkBuff`] offers touches the control block.
    #[inline]
    pub(crate) fn skb_mut(&mut self) -> &mut SkBuff {
        &mut self.0
    }

    /// The buffer without its tag.
    #[inline]
    pub(crate) fn into_skb(self) -> SkBuff {
        self.0
    }

    /// A copy of the buffer with the same tag; none if there is no memory.
    pub(crate) fn duplicate(&self) -> Option<Self> {
        // INVARIANT: A copy has the control block of what it is a copy of.
        self.0.duplicate().map(|skb| Self(skb, PhantomData))
    }

    /// Gives up the buffer; its control block keeps the tag.
    #[inline]
    pub(super) fn into_tagged_raw(self) -> *mut bindings::sk_buff {
        self.0.into_raw()
    }

    /// Takes over a buffer with a tag.
    ///
    /// # Safety
    ///
    /// The control block holds a `T`.
    #[inline]
    pub(super) unsafe fn from_tagged(skb: SkBuff) -> Self {
        // INVARIANT: As required of the caller.
        Self(skb, PhantomData)
    }
}

/// A list of tagged buffers.
pub(crate) struct TaggedList<T: Copy>(SkBuffList, PhantomData<T>);

impl<T: Copy> Default for TaggedList<T> {
    #[inline]
    fn default() -> Self {
        Self(SkBuffList::default(), PhantomData)
    }
}

impl<T: Copy> TaggedList<T> {
    /// Whether there is none.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends a buffer.
    #[inline]
    pub(crate) fn push_back(&mut self, skb: Tagged<T>) {
        self.0.push_back(skb.0);
    }

    /// Takes the first buffer.
    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<Tagged<T>> {
        // INVARIANT: Only tagged buffers get into the list, which leaves control blocks alone.
        self.0.pop_front().map(|skb| Tagged(skb, PhantomData))
    }

    /// Takes the last buffer.
    pub(crate) fn pop_back(&mut self) -> Option<Tagged<T>> {
        if self.0.head == self.0.tail {
            return self.pop_front();
        }
        let last = NonNull::new(self.0.tail)?;
        // SAFETY: By the invariants of the list `last` is a live buffer of ours that was pushed and
        // is not the first, so its `prev` is the one before it, which becomes the last.
        unsafe {
            let previous = (*last.as_ptr()).__bindgen_anon_1.__bindgen_anon_1.prev;
            set_next(previous, ptr::null_mut());
            self.0.tail = previous;
            bindings::skb_mark_not_on_list(last.as_ptr());
            // INVARIANT: Only tagged buffers get into the list.
            Some(Tagged(SkBuff::from_raw(last), PhantomData))
        }
    }

    /// The tag of the first buffer.
    #[inline]
    pub(crate) fn front(&self) -> Option<&T> {
        if self.0.head.is_null() {
            return None;
        }
        // SAFETY: By the invariants of the list `head` is a live buffer of ours, and only tagged
        // ones get in.
        Some(unsafe { &*cb(self.0.head).cast::<T>() })
    }

    /// The buffers without their tags.
    #[inline]
    pub(crate) fn into_skbs(self) -> SkBuffList {
        self.0
    }
}

/// The control block.
///
/// # Safety
///
/// `skb` is a live buffer of the caller's.
#[inline]
unsafe fn cb(skb: *mut bindings::sk_buff) -> *mut u8 {
    // SAFETY: As promised by the caller.
    unsafe { ptr::addr_of_mut!((*skb).cb).cast() }
}
