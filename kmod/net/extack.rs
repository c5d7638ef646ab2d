// SPDX-License-Identifier: GPL-2.0

//! Why a netlink request is refused.

use super::netlink::Attr;
use crate::bindings;
use core::ptr::NonNull;
use kernel::prelude::*;

/// The extended acknowledgement of a request, or a sink if there is none.
#[derive(Clone, Copy)]
pub(crate) struct ExtAck(Option<NonNull<bindings::netlink_ext_ack>>);

impl ExtAck {
    /// Wraps the C structure.
    ///
    /// # Safety
    ///
    /// `extack` is null, or valid for as long as the result is used, which is the handling of one
    /// request by one thread.
    pub(super) unsafe fn from_raw(extack: *mut bindings::netlink_ext_ack) -> Self {
        Self(NonNull::new(extack))
    }

    /// A sink.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// The C structure, or null.
    pub(super) fn as_ptr(self) -> *mut bindings::netlink_ext_ack {
        self.0.map_or(core::ptr::null_mut(), NonNull::as_ptr)
    }

    /// Says why. The last word counts.
    pub(crate) fn set_msg(self, message: &'static CStr) {
        if let Some(extack) = self.0 {
            // SAFETY: By the requirements of `from_raw`; the message lives for ever.
            unsafe { (*extack.as_ptr())._msg = message.as_char_ptr() };
        }
    }

    /// Says why in words that are not a C string; what does not fit is cut off.
    pub(crate) fn set_text(self, text: &str) {
        let Some(extack) = self.0 else {
            return;
        };
        // SAFETY: By the requirements of `from_raw`; nobody else uses the acknowledgement now.
        let extack = unsafe { &mut *extack.as_ptr() };
        let room = extack._msg_buf.len().saturating_sub(1);
        let end = text.len().min(room);
        for (to, from) in extack._msg_buf.iter_mut().zip(text.bytes().take(end)) {
            *to = from;
        }
        if let Some(last) = extack._msg_buf.get_mut(end) {
            *last = 0;
        }
        extack._msg = extack._msg_buf.as_ptr();
    }

    /// Says which attribute is to blame, if any.
    pub(crate) fn blame(self, attr: Option<Attr<'_>>) {
        if let (Some(extack), Some(attr)) = (self.0, attr) {
            // SAFETY: By the requirements of `from_raw`; the attribute is part of the request.
            unsafe { (*extack.as_ptr()).bad_attr = attr.as_ptr() };
        }
    }

    /// Says which attribute is missing.
    pub(crate) fn miss(self, kind: u32) {
        if let Some(extack) = self.0 {
            // SAFETY: By the requirements of `from_raw`.
            unsafe { (*extack.as_ptr()).miss_type = kind as u16 };
        }
    }

    /// Says why, which attribute is to blame, and gives the error to return.
    pub(crate) fn refuse(
        self,
        attr: Option<Attr<'_>>,
        message: &'static CStr,
        error: Error,
    ) -> Error {
        self.set_msg(message);
        self.blame(attr);
        error
    }
}

/// Error codes that `kernel::error` has not got yet.
pub(crate) mod code {
    use kernel::prelude::*;

    /// The address cannot be assigned.
    pub(crate) fn eaddrnotavail() -> Error {
        Error::from_errno(-(crate::bindings::EADDRNOTAVAIL as i32))
    }

    /// There is no connection.
    pub(crate) fn enotconn() -> Error {
        Error::from_errno(-(crate::bindings::ENOTCONN as i32))
    }

    /// It would go round in a loop.
    pub(crate) fn eloop() -> Error {
        Error::from_errno(-(crate::bindings::ELOOP as i32))
    }

    /// The two sides are of different kinds.
    pub(crate) fn eprototype() -> Error {
        Error::from_errno(-(crate::bindings::EPROTOTYPE as i32))
    }

    /// The operation is not offered.
    pub(crate) fn eopnotsupp() -> Error {
        Error::from_errno(-(crate::bindings::EOPNOTSUPP as i32))
    }

    /// It has got an aim already.
    pub(crate) fn eisconn() -> Error {
        Error::from_errno(-(crate::bindings::EISCONN as i32))
    }

    /// The message is too long.
    pub(crate) fn emsgsize() -> Error {
        Error::from_errno(-(crate::bindings::EMSGSIZE as i32))
    }

    /// What it was opened on is gone.
    pub(crate) fn enetdown() -> Error {
        Error::from_errno(-(crate::bindings::ENETDOWN as i32))
    }

    /// There is no way.
    pub(crate) fn enetunreach() -> Error {
        Error::from_errno(-(crate::bindings::ENETUNREACH as i32))
    }

    /// There is no such protocol.
    pub(crate) fn eprotonosupport() -> Error {
        Error::from_errno(-(crate::bindings::EPROTONOSUPPORT as i32))
    }

    /// There are no sockets of the type.
    pub(crate) fn esocktnosupport() -> Error {
        Error::from_errno(-(crate::bindings::ESOCKTNOSUPPORT as i32))
    }
}
