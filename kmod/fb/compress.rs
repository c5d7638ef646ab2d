// SPDX-License-Identifier: GPL-2.0

//! `compress`: makes packets shorter on the way between two ends, each of which has such a block.
//!
//! ```text
//!   frames:     | destination, source | protocol | 6 | 0 | length | bytes | compressed | (padding)
//!   datagrams:                        | protocol | 6 | 0 | length | bytes | compressed |
//!                                          2       1   1     2        2
//! ```
//!
//! *Length* is that of what was compressed (of a frame all behind the addresses), *bytes* how many it
//! became. What does not become shorter passes as it is.

use super::{
    format::{
        self,
        Format,
        BEFORE, //
    },
    prelude::*, //
};
use crate::{
    net::lz4::{
        self,
        Compressor, //
    },
    sync::spinlock_bh::{
        new_spinlock_bh,
        SpinLockBh, //
    }, //
};
use core::ops::RangeInclusive;
use kernel::sync::atomic::{
    ordering::Relaxed,
    Atomic, //
};

/// Places of the parameters.
const SEND: usize = 0;
const FRAMES: usize = 1;
const PROTOCOL: usize = 2;
const COMPRESSED: usize = 3;
const SAVED: usize = 4;

/// Longest packet that is compressed.
const LONGEST: usize = 9216;
/// Bytes of the message, and of the tag.
const MESSAGE: usize = 6;
const TAG: usize = BEFORE + MESSAGE;
/// What tells the message from those of other types.
const KIND: [u8; 2] = [6, 0];
const KINDS: RangeInclusive<u8> = 6..=6;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"compress",
    doc: c"makes packets shorter on the way to the block at the other end, which expands them",
    passage: Passage::Through,
    ports: ANY_THROUGH,
    params: &[
        Param::new(
            c"send",
            c"whether what is sent is compressed; else it passes as it is",
            Kind::Bool(true),
        ),
        format::FRAMES,
        format::PROTOCOL,
        Param::reading(c"compressed", c"packets that became shorter").unit(c"packets"),
        Param::reading(c"saved", c"bytes by which they did").unit(c"bytes"),
    ],
    events: &[],
    state: false,
    make,
};

/// What the work needs.
struct Desk {
    compressor: Compressor,
    /// Room for what comes out.
    room: KVVec<u8>,
    compressed: u64,
    saved: u64,
}

/// What replacements share.
#[pin_data]
struct Shared {
    /// Protects the desk; nothing is locked under it, and no packet leaves.
    #[pin]
    desk: SpinLockBh<Desk>,
}

struct Compress {
    shared: Arc<Shared>,
    /// Whether what is sent is compressed.
    sends: Atomic<bool>,
    format: Format,
}

fn make(_site: &Site<'_>, values: &Values, old: Option<&dyn Block>) -> Made {
    let shared = match of_type::<Compress>(old) {
        Some(old) => old.shared.clone(),
        None => {
            let desk = Desk {
                compressor: Compressor::new()?,
                room: KVVec::from_elem(0, LONGEST, GFP_KERNEL)?,
                compressed: 0,
                saved: 0,
            };
            let shared = pin_init!(Shared {
                desk <- new_spinlock_bh!(desk, "vnet_compress"),
            });
            Arc::pin_init(shared, GFP_KERNEL)?
        }
    };
    let block = Compress {
        shared,
        sends: Atomic::new(values.uint(SEND) != 0),
        format: Format::new(values.uint(FRAMES), values.uint(PROTOCOL)),
    };
    Ok(Arc::new(block, GFP_KERNEL)?)
}

/// What a tag says.
struct Tag {
    /// Bytes before compression.
    length: u16,
    /// Bytes that follow.
    bytes: u16,
}

impl Compress {
    fn tag(&self, tag: &Tag) -> [u8; TAG] {
        let [kind, zero] = KIND;
        let ([a, b], [c, d]) = (tag.length.to_be_bytes(), tag.bytes.to_be_bytes());
        self.format.tag(&[kind, zero, a, b, c, d])
    }

    /// The tag of a packet, if it has one.
    fn tag_of(&self, packet: &mut SkBuff) -> Option<Tag> {
        let [kind, zero, a, b, c, d] = self.format.message::<MESSAGE>(packet, KINDS)?;
        ([kind, zero] == KIND).then(|| Tag {
            length: u16::from_be_bytes([a, b]),
            bytes: u16::from_be_bytes([c, d]),
        })
    }

    /// The packet in fewer bytes, if that is possible.
    fn shrink(&self, packet: &mut SkBuff) -> Result<(), Cause> {
        if !packet.fill_in() {
            return Err(Cause::NoMemory);
        }
        let mark = packet.mark();
        let len = packet.len();
        if len as usize > LONGEST {
            return Ok(());
        }
        let Some((head, rest)) = packet
            .first(len)
            .and_then(|bytes| bytes.split_at_checked(self.format.at))
        else {
            // Too short for its addresses, or not in one piece: it passes as it is.
            return Ok(());
        };
        let mut desk = self.shared.desk.lock();
        let desk = &mut *desk;
        let most = rest.len().saturating_sub(TAG + 1);
        let Some(room) = desk.room.get_mut(..most) else {
            return Ok(());
        };
        let Some(done) = desk.compressor.compress(rest, room) else {
            return Ok(());
        };
        let tag = self.tag(&Tag {
            length: rest.len() as u16,
            bytes: done as u16,
        });
        let parts = [head, &tag, room.get(..done).unwrap_or_default()];
        let made = SkBuff::of_parts(&parts, self.format.shortest());
        let Some(mut made) = made.filter(|made| made.len() < len) else {
            return Ok(());
        };
        made.set_mark(mark);
        desk.compressed = desk.compressed.wrapping_add(1);
        let saved = len.saturating_sub(made.len());
        desk.saved = desk.saved.wrapping_add(saved.into());
        core::mem::replace(packet, made).consume();
        Ok(())
    }

    /// The packet as it was.
    fn expand(&self, packet: &mut SkBuff, tag: &Tag) -> Result<(), Cause> {
        let mark = packet.mark();
        let len = packet.len();
        let bytes = packet.first(len).ok_or(Cause::NoMemory)?;
        let (head, rest) = bytes
            .split_at_checked(self.format.at)
            .ok_or(Cause::Malformed)?;
        let compressed = rest
            .get(TAG..TAG.saturating_add(tag.bytes.into()))
            .ok_or(Cause::Malformed)?;
        let mut desk = self.shared.desk.lock();
        let room = desk
            .room
            .get_mut(..usize::from(tag.length))
            .ok_or(Cause::Malformed)?;
        if lz4::expand(compressed, room) != Some(room.len()) {
            return Err(Cause::Malformed);
        }
        let mut made = SkBuff::of_parts(&[head, room], 0).ok_or(Cause::NoMemory)?;
        made.set_mark(mark);
        core::mem::replace(packet, made).consume();
        Ok(())
    }
}

impl Block for Compress {
    fn receive(&self, mut packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        if from == LOWER {
            let Some(tag) = self.tag_of(&mut packet) else {
                return Verdict::leave(packet, UPPER);
            };
            return match self.expand(&mut packet, &tag) {
                Ok(()) => Verdict::leave(packet, UPPER),
                Err(cause) => Verdict::drop(packet, cause),
            };
        }
        if !self.sends.load(Relaxed) {
            return Verdict::leave(packet, LOWER);
        }
        format::send(packet, run, |packet| self.shrink(packet))
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        self.sends.store(values.uint(SEND) != 0, Relaxed);
        Ok(())
    }

    fn read(&self, place: usize) -> Result<Value> {
        let desk = self.shared.desk.lock();
        Ok(match place {
            COMPRESSED => Value::Uint(desk.compressed),
            SAVED => Value::Uint(desk.saved),
            _ => Value::Absent,
        })
    }
}
