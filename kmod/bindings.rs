// SPDX-License-Identifier: GPL-2.0

//! What bindgen made of the kernel's networking headers, see `bindings_helper.h` and `helpers.c`.
//!
//! Types are distinct from those of `kernel::bindings`, although laid out alike; only `net` and
//! `sync` use this module.

#![allow(
    clippy::all,
    clippy::as_ptr_cast_mut,
    clippy::as_underscore,
    clippy::cast_lossless,
    clippy::ptr_as_ptr,
    clippy::ref_as_ptr,
    clippy::undocumented_unsafe_blocks,
    dead_code,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unknown_lints,
    unnecessary_transmutes,
    unreachable_pub,
    unsafe_code,
    unsafe_op_in_unsafe_fn
)]

mod raw {
    use kernel::ffi;
    use pin_init::{
        MaybeZeroable,
        Zeroable, //
    };

    type __kernel_size_t = usize;
    type __kernel_ssize_t = isize;
    type __kernel_ptrdiff_t = isize;

    // SAFETY: A bit field unit is an array of its storage.
    unsafe impl<S> Zeroable for __BindgenBitfieldUnit<S> where S: Zeroable {}

    pub use super::helpers::*;
    include!(concat!(env!("VNET_OBJ"), "/kmod/bindings_generated.rs"));
}

mod helpers {
    use super::raw::*;
    use kernel::ffi;

    include!(concat!(
        env!("VNET_OBJ"),
        "/kmod/bindings_helpers_generated.rs"
    ));
}

pub(crate) use raw::*;
