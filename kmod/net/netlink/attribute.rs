// SPDX-License-Identifier: GPL-2.0

//! Attributes of requests.
//!
//! # Vocabulary
//!
//! - *Kind*: an attribute's type, a `VNET_A_...`.
//! - *Nest*: an attribute that holds others. Where each type comes once, it is parsed with its
//!   policy ([`Attr::nested`]); where one comes several times, it is gone through
//!   ([`Attr::children`]).
//! - *Table*: the attributes of a request by type, as the core has parsed them.
//!
//! All borrow the request, and are only read.

use super::{
    super::extack::ExtAck,
    policy::Policy, //
};
use crate::bindings;
use core::{
    marker::PhantomData,
    mem::size_of,
    ptr::{
        self,
        NonNull, //
    },
    slice, //
};
use kernel::{
    error::to_result,
    ffi::c_int,
    prelude::*, //
};

/// One attribute of a request.
#[derive(Clone, Copy)]
pub(crate) struct Attr<'a> {
    attr: NonNull<bindings::nlattr>,
    _request: PhantomData<&'a bindings::nlattr>,
}

impl<'a> Attr<'a> {
    /// Wraps an attribute.
    ///
    /// # Safety
    ///
    /// `attr` is a complete attribute within a request that lives for `'a`.
    unsafe fn from_raw(attr: NonNull<bindings::nlattr>) -> Self {
        Self {
            attr,
            _request: PhantomData,
        }
    }

    pub(in super::super) fn as_ptr(self) -> *mut bindings::nlattr {
        self.attr.as_ptr()
    }

    /// The bytes of the attribute.
    pub(crate) fn bytes(self) -> &'a [u8] {
        // SAFETY: The attribute is complete and lives for `'a`.
        unsafe {
            let len = usize::try_from(bindings::nla_len(self.as_ptr())).unwrap_or(0);
            slice::from_raw_parts(bindings::nla_data(self.as_ptr()).cast(), len)
        }
    }

    /// The value of a `u32`; zero for an attribute that is too short, which the policy rules out.
    pub(crate) fn u32(self) -> u32 {
        let bytes = self.bytes().first_chunk();
        bytes.map_or(0, |bytes| u32::from_ne_bytes(*bytes))
    }

    /// The value of a `uint`, which has 32 or 64 bits.
    pub(crate) fn uint(self) -> u64 {
        match self.bytes().first_chunk() {
            Some(bytes) => u64::from_ne_bytes(*bytes),
            None => u64::from(self.u32()),
        }
    }

    /// The text of a string, without the null byte at its end.
    pub(crate) fn text(self) -> &'a [u8] {
        let bytes = self.bytes();
        let end = bytes.iter().position(|byte| *byte == 0);
        bytes.get(..end.unwrap_or(bytes.len())).unwrap_or(bytes)
    }

    /// Type of the attribute, without flags.
    pub(crate) fn kind(self) -> u32 {
        // `NLA_TYPE_MASK`.
        const MASK: u32 = 0x3fff;
        // SAFETY: The attribute is complete and lives for `'a`.
        u32::from(unsafe { (*self.as_ptr()).nla_type }) & MASK
    }

    /// The attributes within a nest that may have several of a type.
    pub(crate) fn children(self) -> Children<'a> {
        // INVARIANT: What an attribute holds begins behind its header, which has four bytes.
        Children(self.bytes())
    }

    /// The six bytes of an Ethernet address.
    pub(crate) fn address(self) -> Option<&'a [u8; 6]> {
        self.bytes().first_chunk()
    }

    /// The attributes within a nest with `policy`.
    pub(crate) fn nested<const N: usize>(
        self,
        policy: &'static Policy,
        extack: ExtAck,
    ) -> Result<Nest<'a, N>> {
        const { assert!(N > 0, "the parser clears the first entry in any case") };
        let mut table = [ptr::null_mut(); N];
        // SAFETY: The attribute is complete; the table has room for types up to `N - 1`, and the
        // policy by its invariants has an entry for all up to its highest.
        to_result(unsafe {
            bindings::nla_parse_nested(
                table.as_mut_ptr(),
                N.saturating_sub(1).min(policy.max) as c_int,
                self.as_ptr(),
                policy.entries,
                extack.as_ptr(),
            )
        })?;
        Ok(Nest {
            table,
            _request: PhantomData,
        })
    }
}

/// Attributes within a nest, in their order.
///
/// # Invariants
///
/// The bytes are part of a request, and begin where an attribute may: at a multiple of four bytes.
pub(crate) struct Children<'a>(&'a [u8]);

impl<'a> Children<'a> {
    /// Wraps the bytes of attributes that follow each other.
    ///
    /// # Safety
    ///
    /// `bytes` are part of a request, and begin at a multiple of four bytes.
    pub(super) unsafe fn from_raw(bytes: &'a [u8]) -> Self {
        // INVARIANT: As required of the caller.
        Self(bytes)
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Attr<'a>;

    fn next(&mut self) -> Option<Attr<'a>> {
        let rest = self.0;
        let len = usize::from(u16::from_ne_bytes(*rest.first_chunk()?));
        if len < size_of::<bindings::nlattr>() || len > rest.len() {
            return None;
        }
        // INVARIANT: The next attribute is a multiple of four bytes behind this one; where nothing
        // is left, there is none.
        self.0 = rest.get(len.next_multiple_of(4)..).unwrap_or(&[]);
        // SAFETY: The header and as many bytes as it tells lie within the nest, which by the type
        // invariants is part of a request, lives for `'a`, and begins where an attribute may.
        Some(unsafe { Attr::from_raw(NonNull::from(rest).cast()) })
    }
}

/// Attributes by type.
pub(crate) trait Attrs<'a> {
    /// The attribute of a type, if the request has it.
    fn get(&self, kind: u32) -> Option<Attr<'a>>;

    /// The same, refusing a request that lacks it.
    fn require(&self, kind: u32, extack: ExtAck, message: &'static CStr) -> Result<Attr<'a>> {
        self.get(kind).ok_or_else(|| {
            extack.miss(kind);
            extack.refuse(None, message, EINVAL)
        })
    }
}

/// The parsed contents of a nest.
pub(crate) struct Nest<'a, const N: usize> {
    table: [*mut bindings::nlattr; N],
    _request: PhantomData<&'a bindings::nlattr>,
}

impl<'a, const N: usize> Attrs<'a> for Nest<'a, N> {
    fn get(&self, kind: u32) -> Option<Attr<'a>> {
        let attr = NonNull::new(*self.table.get(kind as usize)?)?;
        // SAFETY: The parser put it there.
        Some(unsafe { Attr::from_raw(attr) })
    }
}

/// A table of attributes that the core has parsed.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    table: *const *mut bindings::nlattr,
    /// Number of entries.
    len: usize,
    _request: PhantomData<&'a bindings::nlattr>,
}

impl<'a> Table<'a> {
    /// Wraps a table.
    ///
    /// # Safety
    ///
    /// `table` is null, or has `len` entries which are null or complete attributes, for `'a`.
    pub(in super::super) unsafe fn from_raw(
        table: *const *mut bindings::nlattr,
        len: usize,
    ) -> Self {
        Self {
            table,
            len,
            _request: PhantomData,
        }
    }
}

impl<'a> Attrs<'a> for Table<'a> {
    fn get(&self, kind: u32) -> Option<Attr<'a>> {
        let kind = kind as usize;
        if self.table.is_null() || kind >= self.len {
            return None;
        }
        // SAFETY: By the requirements of `from_raw`.
        unsafe { NonNull::new(self.table.add(kind).read()).map(|attr| Attr::from_raw(attr)) }
    }
}
