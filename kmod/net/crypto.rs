// SPDX-License-Identifier: GPL-2.0

//! What the kernel's crypto offers: authenticated encryption, fingerprints, randomness.

use super::skbuff::SkBuff;
use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    error::to_result,
    prelude::*,
    sync::Arc, //
};

/// Bytes of a nonce.
pub(crate) const NONCE: usize = 12;
/// Bytes of a seal, by which what was changed is told from what was not.
pub(crate) const SEAL: usize = 16;
/// Bytes of a fingerprint.
const DIGEST: usize = bindings::SHA256_DIGEST_SIZE as usize;

/// An algorithm with a key.
///
/// # Invariants
///
/// The pointer is to a synchronous transform of ours with a key, nonces of [`NONCE`] bytes and
/// seals of [`SEAL`] bytes.
struct Transform(NonNull<bindings::crypto_aead>);

// SAFETY: Transforms may be used and freed by any thread, in a bottom half, too.
unsafe impl Send for Transform {}
// SAFETY: Its key stays; what one use needs is in the request.
unsafe impl Sync for Transform {}

impl Drop for Transform {
    fn drop(&mut self) {
        // SAFETY: The transform is ours and not used any more.
        unsafe { bindings::crypto_free_aead(self.0.as_ptr()) }
    }
}

/// Why there is no [`Sealer`].
pub(crate) enum NoSealer {
    /// The kernel has no such algorithm that works at once, with nonces and seals of that length.
    Algorithm,
    /// The algorithm does not take such keys.
    Key,
    /// Something else.
    Error(Error),
}

impl<E: Into<Error>> From<E> for NoSealer {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// Seals packets, or opens them, one at a time.
///
/// # Invariants
///
/// The request is ours and belongs to the transform.
pub(crate) struct Sealer {
    request: NonNull<bindings::aead_request>,
    transform: Arc<Transform>,
}

// SAFETY: Requests have no tie to a thread.
unsafe impl Send for Sealer {}

impl Sealer {
    /// One of an algorithm of the kernel's crypto interface. The kernel may load a module for it;
    /// may sleep.
    pub(crate) fn new(algorithm: &CStr, key: &[u8]) -> Result<Self, NoSealer> {
        // SAFETY: The name ends with a zero; we are in process context. What waits for hardware
        // is of no use in a bottom half.
        let raw = unsafe {
            bindings::crypto_alloc_aead(algorithm.as_char_ptr(), 0, bindings::CRYPTO_ALG_ASYNC)
        };
        // SAFETY: No requirements.
        if unsafe { bindings::is_err(raw.cast()) } {
            // SAFETY: No requirements.
            let error = unsafe { bindings::ptr_err(raw.cast()) };
            return Err(match Error::from_errno(error as i32) {
                error if error == ENOENT => NoSealer::Algorithm,
                error => NoSealer::Error(error),
            });
        }
        // INVARIANT: It has no key yet, and is given one before anybody uses it.
        let transform = Transform(NonNull::new(raw).ok_or(ENOENT)?);
        // SAFETY: The transform is ours.
        let nonce = unsafe { bindings::aead_ivsize(raw) };
        // SAFETY: As above.
        let sealed = unsafe { bindings::crypto_aead_setauthsize(raw, SEAL as u32) };
        if nonce as usize != NONCE || sealed != 0 {
            return Err(NoSealer::Algorithm);
        }
        // SAFETY: The transform is ours; `key` has as many bytes as is said.
        let error = unsafe { bindings::crypto_aead_setkey(raw, key.as_ptr(), key.len() as u32) };
        match to_result(error) {
            Err(error) if error == EINVAL => return Err(NoSealer::Key),
            other => other?,
        }
        Ok(Self::of(Arc::new(transform, GFP_KERNEL)?)?)
    }

    /// Another one with the same key.
    pub(crate) fn another(&self) -> Result<Self> {
        Self::of(self.transform.clone())
    }

    fn of(transform: Arc<Transform>) -> Result<Self> {
        // SAFETY: The transform lives.
        let request = unsafe { bindings::aead_request_alloc(transform.0.as_ptr()) };
        // INVARIANT: The request is new, and made for the transform.
        Ok(Self {
            request: NonNull::new(request).ok_or(ENOMEM)?,
            transform,
        })
    }

    /// Seals the `len` bytes behind the first `open` ones, which are protected, too, but can be
    /// read. The seal goes into the [`SEAL`] bytes behind them. A nonce may be used once only.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the packet is shorter, `ENOMEM`.
    pub(crate) fn seal(
        &mut self,
        packet: &mut SkBuff,
        open: u32,
        len: u32,
        nonce: &[u8; NONCE],
    ) -> Result {
        let all = open.saturating_add(len).saturating_add(SEAL as u32);
        self.work(packet, all, nonce, |request, packet, nonce| {
            // SAFETY: The request is ours, and `work` has seen to it that so many bytes are in one
            // piece and ours.
            unsafe { bindings::skb_seal(packet, request, open, len, nonce) }
        })
    }

    /// Opens what [`Self::seal`] has sealed; whether it is what was sealed with this key and nonce.
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn open(
        &mut self,
        packet: &mut SkBuff,
        open: u32,
        len: u32,
        nonce: &[u8; NONCE],
    ) -> Result<bool> {
        let all = open.saturating_add(len).saturating_add(SEAL as u32);
        let opened = self.work(packet, all, nonce, |request, packet, nonce| {
            // SAFETY: As in `seal`.
            unsafe { bindings::skb_unseal(packet, request, open, len, nonce) }
        });
        match opened {
            Err(error) if error.to_errno() == -(bindings::EBADMSG as i32) => Ok(false),
            opened => opened.map(|()| true),
        }
    }

    /// Does something to the first `len` bytes of a packet.
    fn work(
        &mut self,
        packet: &mut SkBuff,
        len: u32,
        nonce: &[u8; NONCE],
        then: impl FnOnce(*mut bindings::aead_request, *mut bindings::sk_buff, *mut u8) -> i32,
    ) -> Result {
        if packet.len() < len {
            return Err(EINVAL);
        }
        if !packet.own(len) {
            return Err(ENOMEM);
        }
        // The algorithm counts in it.
        let mut nonce = *nonce;
        to_result(then(
            self.request.as_ptr(),
            packet.as_ptr(),
            nonce.as_mut_ptr(),
        ))
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        // SAFETY: The request is ours and not used any more.
        unsafe { bindings::aead_request_free(self.request.as_ptr()) }
    }
}

/// SHA-256.
pub(crate) fn digest(bytes: &[u8]) -> [u8; DIGEST] {
    let mut digest = [0; DIGEST];
    // SAFETY: `bytes` has as many bytes as is said, and `digest` as many as are written.
    unsafe { bindings::sha256(bytes.as_ptr(), bytes.len(), digest.as_mut_ptr()) };
    digest
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // SAFETY: As many bytes are written as there are.
    unsafe { bindings::get_random_bytes(bytes.as_mut_ptr().cast(), N) };
    bytes
}
