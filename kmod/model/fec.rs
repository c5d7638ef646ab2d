// SPDX-License-Identifier: GPL-2.0

//! Forward error correction by parity: of a group of packets with one more, their sum, any one may be
//! lost.
//!
//! The sum is the exclusive or of the packets, the shorter ones filled up with zeros, and of their
//! lengths.

use core::ops::{
    DerefMut,
    RangeInclusive, //
};

/// Most packets of a group.
pub const MAX_GROUP: u32 = 32;

/// Bytes of a message.
pub const HEADER: usize = 10;

/// The first byte of a message. Other blocks' messages have others.
pub const KINDS: RangeInclusive<u8> = 4..=5;

/// A group that comes so long after its successor is late, and not of a sender that began anew.
const LATE: u32 = 64;

/// What goes with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// It is one of a group.
    Data {
        /// Number of the group.
        group: u32,
        /// Its place in the group.
        index: u8,
    },
    /// It is the sum of a group.
    Parity {
        /// Number of the group.
        group: u32,
        /// How many packets there were.
        count: u8,
        /// The exclusive or of their lengths.
        lengths: u16,
    },
}

impl Message {
    /// As bytes: kind, check, place or count, zero, group, lengths.
    pub fn encode(&self) -> [u8; HEADER] {
        let (kind, small, group, lengths) = match *self {
            Self::Data { group, index } => (4, index, group, 0),
            Self::Parity {
                group,
                count,
                lengths,
            } => (5, count, group, lengths),
        };
        let ([a, b, c, d], [e, f]) = (group.to_be_bytes(), lengths.to_be_bytes());
        let check = check_of(&[kind, 0, small, 0, a, b, c, d, e, f]);
        [kind, check, small, 0, a, b, c, d, e, f]
    }

    /// From bytes; none if it is not one, or a bit of it is wrong.
    pub fn decode(bytes: &[u8; HEADER]) -> Option<Self> {
        let [kind, _, small, _, a, b, c, d, e, f] = *bytes;
        if check_of(bytes) != 0 {
            return None;
        }
        let (group, lengths) = (u32::from_be_bytes([a, b, c, d]), u16::from_be_bytes([e, f]));
        match kind {
            4 if u32::from(small) < MAX_GROUP => Some(Self::Data {
                group,
                index: small,
            }),
            5 if (1..=MAX_GROUP).contains(&u32::from(small)) => Some(Self::Parity {
                group,
                count: small,
                lengths,
            }),
            _ => None,
        }
    }
}

/// 0 if the bytes contain their check; finds any one wrong bit.
fn check_of(bytes: &[u8; HEADER]) -> u8 {
    bytes.iter().fold(0x5a, |sum, byte| sum ^ byte)
}

/// The sum of packets.
///
/// # Invariants
///
/// What is behind the longest packet is zero.
#[derive(Debug)]
pub struct Sum<B> {
    bytes: B,
    longest: usize,
    lengths: u16,
}

impl<B: DerefMut<Target = [u8]>> Sum<B> {
    /// That of no packets, of at most as many bytes as there are in `bytes`, which are zero.
    pub fn new(bytes: B) -> Self {
        Self {
            bytes,
            longest: 0,
            lengths: 0,
        }
    }

    /// Whether a packet of so many bytes can be added.
    pub fn fits(&self, len: usize) -> bool {
        len <= self.bytes.len() && len <= u16::MAX as usize
    }

    /// Adds a packet, which has to fit.
    pub fn add(&mut self, packet: &[u8]) {
        self.join(packet, packet.len() as u16);
    }

    /// Adds bytes, and the length for which they stand.
    fn join(&mut self, bytes: &[u8], length: u16) {
        for (sum, byte) in self.bytes.iter_mut().zip(bytes) {
            *sum ^= byte;
        }
        self.longest = self.longest.max(bytes.len().min(self.bytes.len()));
        self.lengths ^= length;
    }

    /// The sum of the bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.longest).unwrap_or_default()
    }

    /// The sum of the lengths.
    pub fn lengths(&self) -> u16 {
        self.lengths
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        if let Some(used) = self.bytes.get_mut(..self.longest) {
            used.fill(0);
        }
        self.longest = 0;
        self.lengths = 0;
    }
}

/// What has arrived of a group.
#[derive(Debug)]
pub struct Group<B> {
    number: Option<u32>,
    /// Bit n: whether the packet at place n is there.
    seen: u32,
    /// How many packets there are, if the sum has come.
    count: Option<u32>,
    sum: Sum<B>,
}

impl<B: DerefMut<Target = [u8]>> Group<B> {
    /// Nothing of no group, with room for packets of as many bytes as there are in `bytes`, which
    /// are zero.
    pub fn new(bytes: B) -> Self {
        Self {
            number: None,
            seen: 0,
            count: None,
            sum: Sum::new(bytes),
        }
    }

    /// The one packet that is missing, if that is all.
    fn recover(&mut self) -> Option<&[u8]> {
        let all = u32::MAX.checked_shr(MAX_GROUP.checked_sub(self.count?)?)?;
        let missing = all & !self.seen;
        if missing.count_ones() != 1 {
            return None;
        }
        self.seen = all;
        self.sum.bytes().get(..usize::from(self.sum.lengths()))
    }
}

/// What became of a packet of a group.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival<'a> {
    /// It is new; another one is known now, too, if there is one.
    New(Option<&'a [u8]>),
    /// It was there, or had been recovered already.
    Again,
}

/// The receiving end.
pub struct Decoder<G> {
    groups: G,
}

impl<B: DerefMut<Target = [u8]> + 'static, G: DerefMut<Target = [Group<B>]>> Decoder<G> {
    /// An end that knows as many groups at a time as there are in `groups`.
    pub fn new(groups: G) -> Self {
        Self { groups }
    }

    /// A packet of a group came.
    pub fn data(&mut self, number: u32, index: u8, packet: &[u8]) -> Arrival<'_> {
        let bit = 1u32.checked_shl(index.into()).unwrap_or(0);
        let Some(group) = self.group(number) else {
            // Too late to help, but not to be used.
            return Arrival::New(None);
        };
        if group.seen & bit != 0 {
            return Arrival::Again;
        }
        group.seen |= bit;
        if group.sum.fits(packet.len()) {
            group.sum.add(packet);
        }
        Arrival::New(group.recover())
    }

    /// The sum of a group came; the packet that is known by it, if there is one.
    pub fn parity(&mut self, number: u32, count: u8, lengths: u16, bytes: &[u8]) -> Option<&[u8]> {
        let group = self.group(number)?;
        if group.count.is_some() || !group.sum.fits(bytes.len()) {
            return None;
        }
        group.count = Some(count.into());
        group.sum.join(bytes, lengths);
        group.recover()
    }

    /// What is known of a group; none if a later one has taken its place.
    fn group(&mut self, number: u32) -> Option<&mut Group<B>> {
        let place = number as usize % self.groups.len().max(1);
        let group = self.groups.get_mut(place)?;
        if group.number == Some(number) {
            return Some(group);
        }
        let late = |other: u32| (1..=LATE).contains(&other.wrapping_sub(number));
        if group.number.is_some_and(late) {
            return None;
        }
        group.number = Some(number);
        group.seen = 0;
        group.count = None;
        group.sum.clear();
        Some(group)
    }
}
