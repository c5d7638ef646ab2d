// SPDX-License-Identifier: GPL-2.0

//! LZ4 of the kernel's library.

use crate::bindings;
use kernel::{
    ffi::c_int,
    prelude::*, //
};

/// What compressing needs.
pub(crate) struct Compressor {
    /// As many bytes as the library asks for, aligned to 8.
    memory: KVVec<u64>,
}

impl Compressor {
    /// Allocates; may sleep.
    pub(crate) fn new() -> Result<Self> {
        let words = bindings::LZ4_MEM_COMPRESS.div_ceil(size_of::<u64>());
        Ok(Self {
            memory: KVVec::from_elem(0, words, GFP_KERNEL)?,
        })
    }

    /// Compresses into `to`; how many bytes that are, unless they do not fit.
    pub(crate) fn compress(&mut self, from: &[u8], to: &mut [u8]) -> Option<usize> {
        let (len, room) = (
            c_int::try_from(from.len()).ok()?,
            c_int::try_from(to.len()).ok()?,
        );
        // SAFETY: The buffers are as long as is said, and the memory is that of the library.
        let done = unsafe {
            bindings::LZ4_compress_default(
                from.as_ptr().cast(),
                to.as_mut_ptr().cast(),
                len,
                room,
                self.memory.as_mut_ptr().cast(),
            )
        };
        usize::try_from(done).ok().filter(|done| *done != 0)
    }
}

/// Expands into `to`; how many bytes that are, if it makes sense and fits.
pub(crate) fn expand(from: &[u8], to: &mut [u8]) -> Option<usize> {
    let (len, room) = (
        c_int::try_from(from.len()).ok()?,
        c_int::try_from(to.len()).ok()?,
    );
    // SAFETY: The buffers are as long as is said; the library checks what it reads.
    let done = unsafe {
        bindings::LZ4_decompress_safe(from.as_ptr().cast(), to.as_mut_ptr().cast(), len, room)
    };
    usize::try_from(done).ok()
}
