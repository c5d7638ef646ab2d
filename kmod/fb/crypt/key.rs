// SPDX-License-Identifier: GPL-2.0

//! A key with all that goes with it, for as long as a block has it.

use super::super::{
    counters::Cause,
    format::{
        Format,
        BEFORE, //
    }, //
};
use crate::{
    model::seal::{
        Header,
        Nonce,
        Numbers,
        Window,
        HEADER, //
    },
    net::{
        clock,
        crypto::{
            self,
            NoSealer,
            Sealer,
            SEAL, //
        },
        rtnl::Rtnl,
        skbuff::SkBuff, //
    },
    sync::spinlock_bh::{
        new_spinlock_bh,
        SpinLockBh, //
    }, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc, //
    }, //
};

/// Bytes that precede a sealed packet, with the protocol.
const TAG: usize = BEFORE + HEADER;
/// Bytes of a fingerprint.
pub(super) const ID: usize = 8;

/// What seals.
struct Sender {
    sealer: Sealer,
    numbers: Numbers,
}

/// What opens.
struct Receiver {
    sealer: Sealer,
    window: Window,
}

/// A key. Blocks that replace each other share it, so that a nonce is used once.
#[pin_data]
pub(super) struct Key {
    algorithm: &'static CStr,
    digest: [u8; 32],
    /// Protects nonces and the request; nothing is locked under it, and no packet leaves.
    #[pin]
    sender: SpinLockBh<Sender>,
    /// Protects the window and the request, in the same way.
    #[pin]
    receiver: SpinLockBh<Receiver>,
}

/// An epoch later than all that were given before, even if the clock was set back.
fn epoch(_rtnl: &Rtnl) -> u64 {
    /// The last one that was given; changed under RTNL.
    static LAST: Atomic<u64> = Atomic::new(0);

    let epoch = clock::date().max(LAST.load(Relaxed).saturating_add(1));
    LAST.store(epoch, Relaxed);
    epoch
}

impl Key {
    /// A key that begins to send from here on.
    pub(super) fn new(
        algorithm: &'static CStr,
        bytes: &[u8],
        rtnl: &Rtnl,
    ) -> Result<Arc<Self>, NoSealer> {
        let sealer = Sealer::new(algorithm, bytes)?;
        let receiver = Receiver {
            sealer: sealer.another()?,
            window: Window::default(),
        };
        let sender = Sender {
            sealer,
            numbers: Numbers::new(epoch(rtnl), Nonce::from_bytes(crypto::random())),
        };
        let digest = crypto::digest(bytes);
        let key = pin_init!(Self {
            algorithm,
            digest,
            sender <- new_spinlock_bh!(sender, "vnet_crypt_send"),
            receiver <- new_spinlock_bh!(receiver, "vnet_crypt_receive"),
        });
        Ok(Arc::pin_init(key, GFP_KERNEL)?)
    }

    /// Whether it is this one.
    pub(super) fn is(&self, algorithm: &CStr, bytes: &[u8]) -> bool {
        self.algorithm == algorithm && self.digest == crypto::digest(bytes)
    }

    /// By which people recognise it: the first bytes of its SHA-256.
    pub(super) fn id(&self) -> [u8; ID] {
        let id = self.digest.first_chunk::<ID>();
        id.copied().unwrap_or_default()
    }

    /// By which packets name it.
    fn name(&self) -> [u8; 2] {
        let [a, b, ..] = self.digest;
        [a, b]
    }

    /// A sealed packet of a header that can be read and the rest.
    pub(super) fn seal(&self, format: Format, head: &[u8], rest: &[u8]) -> Result<SkBuff, Cause> {
        let length = u16::try_from(rest.len()).map_err(|_| Cause::Malformed)?;
        let mut sender = self.sender.lock();
        let sender = &mut *sender;
        let nonce = sender.numbers.draw();
        let header = Header {
            key: self.name(),
            length,
            epoch: sender.numbers.epoch(),
            nonce,
        };
        let tag = format.tag::<TAG>(&header.encode());
        let parts = [head, &tag, rest, &[0; SEAL]];
        let mut packet = SkBuff::of_parts(&parts, format.shortest()).ok_or(Cause::NoMemory)?;
        let open = format.at.saturating_add(TAG) as u32;
        let sealed = sender
            .sealer
            .seal(&mut packet, open, length.into(), &nonce.to_bytes());
        sealed.map_err(|_| Cause::NoMemory)?;
        Ok(packet)
    }

    /// What was sealed in a packet with this header, if it was, and has not come before; a `width` of
    /// 0 does not look at that.
    pub(super) fn open(
        &self,
        format: Format,
        header: &Header,
        bytes: &[u8],
        width: u64,
    ) -> Result<SkBuff, Cause> {
        if header.key != self.name() {
            return Err(Cause::Authentication);
        }
        let (open, len) = (format.at.saturating_add(TAG), u32::from(header.length));
        let all = open.saturating_add(len as usize).saturating_add(SEAL);
        let bytes = bytes.get(..all).ok_or(Cause::Malformed)?;
        // What this end has sent may come back to it.
        let own = self.sender.lock().numbers.has_drawn(header.nonce);
        let mut receiver = self.receiver.lock();
        let receiver = &mut *receiver;
        let late = width != 0 && !receiver.window.is_new(header.epoch, header.nonce, width);
        if own || late {
            return Err(Cause::Replayed);
        }
        let mut packet = SkBuff::of_parts(&[bytes], 0).ok_or(Cause::NoMemory)?;
        let nonce = header.nonce.to_bytes();
        match receiver.sealer.open(&mut packet, open as u32, len, &nonce) {
            Ok(true) => {}
            Ok(false) => return Err(Cause::Authentication),
            Err(_) => return Err(Cause::NoMemory),
        }
        if width != 0 {
            receiver.window.note(header.epoch, header.nonce);
        }
        let rest = (format.at as u32).saturating_add(len);
        match packet.cut(format.at as u32, TAG as u32) && packet.trim(rest) {
            true => Ok(packet),
            false => Err(Cause::NoMemory),
        }
    }
}
