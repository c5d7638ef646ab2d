// SPDX-License-Identifier: GPL-2.0

//! Tagged socket buffers in order, in a red-black tree.
//!
//! The node lies in the buffer, over its list pointers and its device; a buffer that leaves the tree
//! has no device, until somebody gives it one.

use super::skbuff::{
    SkBuff,
    Tagged, //
};
use crate::bindings;
use core::{
    marker::PhantomData,
    mem::offset_of,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::ffi::c_ulong;

/// What buffers are ordered by.
pub(crate) trait Ordered: Copy {
    /// The key; equal ones keep the order in which they came.
    fn key(&self) -> u64;
}

/// A tree of tagged buffers.
///
/// # Invariants
///
/// Every node is that of a live buffer which we own and whose control block holds a `T`, and the
/// nodes are in the order of their keys.
pub(crate) struct TaggedTree<T: Ordered> {
    root: bindings::rb_root,
    _tags: PhantomData<T>,
}

// SAFETY: It owns buffers, which are `Send`.
unsafe impl<T: Ordered + Send> Send for TaggedTree<T> {}

impl<T: Ordered> Default for TaggedTree<T> {
    fn default() -> Self {
        // INVARIANT: It is empty.
        Self {
            root: bindings::rb_root {
                rb_node: ptr::null_mut(),
            },
            _tags: PhantomData,
        }
    }
}

impl<T: Ordered> TaggedTree<T> {
    /// Adds a buffer, after those with the same key.
    pub(crate) fn insert(&mut self, skb: Tagged<T>) {
        let key = skb.tag().key();
        let skb = skb.into_tagged_raw();
        // SAFETY: The buffer is ours and on no list, so its node may be written.
        let node = unsafe { node_of(skb) };
        let mut parent: *mut bindings::rb_node = ptr::null_mut();
        let mut place: *mut *mut bindings::rb_node = &mut self.root.rb_node;
        // SAFETY: `place` is the root's pointer or one in a node of the tree, all of which are of
        // live buffers with a tag, by the type invariants.
        unsafe {
            while !(*place).is_null() {
                parent = *place;
                place = if tag_of::<T>(parent).key() <= key {
                    ptr::addr_of_mut!((*parent).rb_right)
                } else {
                    ptr::addr_of_mut!((*parent).rb_left)
                };
            }
            node.write(bindings::rb_node {
                __rb_parent_color: parent as c_ulong,
                ..bindings::rb_node::default()
            });
            *place = node;
            bindings::rb_insert_color(node, &mut self.root);
        }
    }

    /// Takes the first buffer.
    pub(crate) fn pop_first(&mut self) -> Option<Tagged<T>> {
        let node = self.first_node()?;
        // SAFETY: By the type invariants the node is one of this tree and of a live buffer that we
        // own. Its device goes with the node, which lay over it.
        unsafe {
            bindings::rb_erase(node.as_ptr(), &mut self.root);
            let skb = skb_of(node.as_ptr());
            node.as_ptr().write(bindings::rb_node::default());
            let skb = SkBuff::from_raw(NonNull::new_unchecked(skb));
            Some(Tagged::from_tagged(skb))
        }
    }

    /// The tag of the first buffer.
    pub(crate) fn first(&self) -> Option<&T> {
        self.first_node().map(|node| {
            // SAFETY: By the type invariants the node is of a live buffer with a tag.
            unsafe { tag_of(node.as_ptr()) }
        })
    }

    #[inline]
    fn first_node(&self) -> Option<NonNull<bindings::rb_node>> {
        if self.root.rb_node.is_null() {
            return None;
        }
        // SAFETY: The tree is valid, and only read.
        NonNull::new(unsafe { bindings::rb_first(&self.root) })
    }
}

impl<T: Ordered> Drop for TaggedTree<T> {
    fn drop(&mut self) {
        while let Some(skb) = self.pop_first() {
            drop(skb);
        }
    }
}

/// The node in a buffer.
///
/// # Safety
///
/// `skb` is live.
unsafe fn node_of(skb: *mut bindings::sk_buff) -> *mut bindings::rb_node {
    // SAFETY: As promised by the caller; only an address is computed.
    unsafe { ptr::addr_of_mut!((*skb).__bindgen_anon_1.rbnode) }
}

/// The buffer of a node.
///
/// # Safety
///
/// `node` is that of a live buffer.
unsafe fn skb_of(node: *mut bindings::rb_node) -> *mut bindings::sk_buff {
    // The node is in a union that begins the buffer.
    const { assert!(offset_of!(bindings::sk_buff, __bindgen_anon_1) == 0) };
    node.cast()
}

/// The tag of a node's buffer.
///
/// # Safety
///
/// `node` is that of a live buffer with a tag, for `'a`.
unsafe fn tag_of<'a, T: Ordered>(node: *mut bindings::rb_node) -> &'a T {
    // SAFETY: As promised by the caller; the control block is apart from the node.
    unsafe { &*ptr::addr_of!((*skb_of(node)).cb).cast::<T>() }
}
