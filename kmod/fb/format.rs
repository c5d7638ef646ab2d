// SPDX-License-Identifier: GPL-2.0

//! Where the blocks that talk to one at the other end put what they have to say.
//!
//! ```text
//!   frames:     | destination, source | protocol | message | Ethernet type and the rest
//!   datagrams:                        | protocol | message | datagram
//!                        12                 2
//! ```
//!
//! Protocol and message together are the *tag*. The first byte of a message tells those of one type
//! of blocks from those of others.

use super::prelude::*;
use core::ops::RangeInclusive;

/// Bytes of both addresses of a frame.
pub(super) const ADDRESSES: usize = 12;
/// Bytes of the protocol.
pub(super) const BEFORE: usize = 2;
/// Bytes of the shortest frame.
const SHORTEST: u32 = 60;

/// The parameter `frames`.
pub(super) const FRAMES: Param = Param::new(
    c"frames",
    c"whether packets are Ethernet frames, and not datagrams",
    Kind::Bool(true),
)
.access(Access::Initial);

/// The parameter `protocol`.
pub(super) const PROTOCOL: Param = Param::uint(
    c"protocol",
    c"Ethernet type, the same at both ends",
    0x600..=0xffff,
    0x88b5,
)
.access(Access::Initial);

/// What packets look like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Format {
    protocol: [u8; 2],
    /// Where the tag begins.
    pub(super) at: usize,
}

impl Format {
    /// As the values of the parameters [`FRAMES`] and [`PROTOCOL`] say.
    pub(super) fn new(frames: u64, protocol: u64) -> Self {
        Self {
            protocol: (protocol as u16).to_be_bytes(),
            at: match frames {
                0 => 0,
                _ => ADDRESSES,
            },
        }
    }

    /// The tag of a message; `N` is [`BEFORE`] more than the message has bytes.
    pub(super) fn tag<const N: usize>(self, message: &[u8]) -> [u8; N] {
        let mut tag = [0; N];
        let parts = [self.protocol.as_slice(), message];
        for (to, from) in tag.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        tag
    }

    /// The message of a packet, if it is one of these kinds.
    pub(super) fn message<const N: usize>(
        self,
        packet: &mut SkBuff,
        kinds: RangeInclusive<u8>,
    ) -> Option<[u8; N]> {
        let end = self.at.saturating_add(BEFORE).saturating_add(N);
        let bytes = packet.first(end as u32)?;
        let (protocol, message) = bytes.get(self.at..)?.split_first_chunk::<BEFORE>()?;
        let message = message.first_chunk::<N>()?;
        let ours = *protocol == self.protocol && kinds.contains(message.first()?);
        ours.then_some(*message)
    }

    /// How long a packet has to be at least.
    pub(super) fn shortest(self) -> u32 {
        match self.at {
            0 => 0,
            _ => SHORTEST,
        }
    }

    /// The addresses of a frame, or of an answer to it; zeros of a datagram.
    pub(super) fn addresses(self, packet: &mut SkBuff, answer: bool) -> [u8; ADDRESSES] {
        let mut addresses = [0; ADDRESSES];
        if self.at != 0 {
            if let Some(bytes) = packet.first(ADDRESSES as u32) {
                for (to, from) in addresses.iter_mut().zip(bytes) {
                    *to = *from;
                }
            }
            if answer {
                addresses.rotate_left(6);
            }
        }
        addresses
    }

    /// Whether a packet is for more than one, who cannot all acknowledge it.
    pub(super) fn is_for_many(self, packet: &mut SkBuff) -> bool {
        let first = packet.first(1).and_then(|bytes| bytes.first());
        self.at != 0 && first.is_some_and(|byte| byte & 1 != 0)
    }
}

/// Has a packet leave by `lower` when `work` has been done to it; of a segmentation offload packet
/// each segment.
pub(super) fn send(
    mut packet: SkBuff,
    run: &Run<'_>,
    mut work: impl FnMut(&mut SkBuff) -> Result<(), Cause>,
) -> Verdict {
    if !packet.is_gso() {
        return match work(&mut packet) {
            Ok(()) => Verdict::leave(packet, LOWER),
            Err(cause) => Verdict::drop(packet, cause),
        };
    }
    let mut segments = match packet.segment() {
        Ok(segments) => segments,
        Err(packet) => return Verdict::drop(packet, Cause::Malformed),
    };
    while let Some(mut segment) = segments.pop_front() {
        match work(&mut segment) {
            Ok(()) => run.emit(segment, LOWER),
            Err(cause) => run.failed(cause, segment.len()),
        }
    }
    Verdict::consumed()
}
