// SPDX-License-Identifier: GPL-2.0

//! Numbers of sealed packets: nonces that are never used twice, and packets that come twice.
//!
//! # Vocabulary
//!
//! - **nonce**: the 96 bits that, with the key, may seal one packet only.
//! - **epoch**: the life of a sender of a key, by the time at which it began, so that a later life
//!   has a greater one.
//! - **window**: how far behind the newest packet of an epoch one may come that has not been there
//!   yet.

use core::ops::RangeInclusive;

/// Bytes of a nonce.
pub const NONCE: usize = 12;
/// Bytes of a header.
pub const HEADER: usize = 26;
/// The first byte of a header. Other blocks' messages have others.
pub const KINDS: RangeInclusive<u8> = 7..=7;
/// How a header begins.
const KIND: [u8; 2] = [7, 0];

/// Words of 64 packets that a receiver remembers, a power of two.
const WORDS: usize = 128;
/// The widest window. One word is always being filled.
pub const MAX_WINDOW: u64 = (WORDS as u64 - 1) * 64;

/// A nonce as a number of 96 bits that wraps round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce(u128);

impl Nonce {
    const MASK: u128 = (1 << 96) - 1;

    /// From bytes.
    pub fn from_bytes(bytes: [u8; NONCE]) -> Self {
        let mut whole = [0; 16];
        for (to, from) in whole.iter_mut().skip(4).zip(bytes) {
            *to = from;
        }
        Self(u128::from_be_bytes(whole))
    }

    /// As bytes.
    pub fn to_bytes(self) -> [u8; NONCE] {
        let [_, _, _, _, bytes @ ..] = self.0.to_be_bytes();
        bytes
    }

    /// The nonce `count` further on.
    pub fn plus(self, count: u64) -> Self {
        Self(self.0.wrapping_add(u128::from(count)) & Self::MASK)
    }

    /// How many nonces further on than `start` this one is.
    fn since(self, start: Self) -> u128 {
        self.0.wrapping_sub(start.0) & Self::MASK
    }

    /// The number of its word among all.
    fn word(self) -> u128 {
        self.0 >> 6
    }

    /// Its place in its word.
    fn bit(self) -> u64 {
        1 << (self.0 as u32 % 64)
    }
}

/// What precedes a sealed packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Which key: the first bytes of its fingerprint.
    pub key: [u8; 2],
    /// Bytes of the packet that are sealed, without the seal itself.
    pub length: u16,
    /// Epoch of the sender.
    pub epoch: u64,
    /// Nonce.
    pub nonce: Nonce,
}

impl Header {
    /// As bytes: kind, zero, key, length, epoch, nonce.
    pub fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let (length, epoch) = (self.length.to_be_bytes(), self.epoch.to_be_bytes());
        let nonce = self.nonce.to_bytes();
        let parts: [&[u8]; 5] = [&KIND, &self.key, &length, &epoch, &nonce];
        for (to, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }

    /// From bytes; none if it is not one.
    pub fn decode(bytes: &[u8; HEADER]) -> Option<Self> {
        let (kind, rest) = bytes.split_first_chunk::<2>()?;
        let (key, rest) = rest.split_first_chunk::<2>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (epoch, nonce) = rest.split_first_chunk::<8>()?;
        let nonce = nonce.first_chunk::<NONCE>()?;
        (*kind == KIND).then_some(Self {
            key: *key,
            length: u16::from_be_bytes(*length),
            epoch: u64::from_be_bytes(*epoch),
            nonce: Nonce::from_bytes(*nonce),
        })
    }
}

/// The nonces of a sender.
///
/// They begin at a random place and count up: SP 800-38D, 8.2.2, second way to have a random field
/// (of 96 bits, so that the free field is empty). Two of `m` senders of a key that use `n` nonces
/// each meet with a probability of at most `m * m * n / 2^96`: with 2^12 senders and 2^40 packets it
/// is the 2^-32 that the standard allows.
#[derive(Debug)]
pub struct Numbers {
    epoch: u64,
    start: Nonce,
    used: u64,
}

impl Numbers {
    /// Those of a sender that begins in `epoch`, from a random nonce on.
    pub fn new(epoch: u64, start: Nonce) -> Self {
        Self {
            epoch,
            start,
            used: 0,
        }
    }

    /// The epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// A nonce that was not used before.
    pub fn draw(&mut self) -> Nonce {
        let nonce = self.start.plus(self.used);
        // To use all of them takes longer than machines last.
        self.used = self.used.wrapping_add(1);
        nonce
    }

    /// Whether it was used.
    pub fn has_drawn(&self, nonce: Nonce) -> bool {
        nonce.since(self.start) < u128::from(self.used)
    }
}

/// What a receiver remembers of the packets of the other end, as RFC 6479 does.
///
/// A packet of an earlier epoch than the one that was heard last is old.
#[derive(Debug)]
pub struct Window {
    /// Epoch and newest nonce, once there was one.
    newest: Option<(u64, Nonce)>,
    /// Which of the packets up to the newest have come. A packet's place is its nonce modulo all; the
    /// words beyond the newest are those of the oldest.
    seen: [u64; WORDS],
}

impl Default for Window {
    fn default() -> Self {
        Self {
            newest: None,
            seen: [0; WORDS],
        }
    }
}

impl Window {
    fn place(word: u128) -> usize {
        word as usize % WORDS
    }

    /// Whether a packet is new to a window of `width` packets, at most [`MAX_WINDOW`].
    pub fn is_new(&self, epoch: u64, nonce: Nonce, width: u64) -> bool {
        let Some((current, newest)) = self.newest else {
            return true;
        };
        if epoch != current {
            return epoch > current;
        }
        if is_ahead(nonce, newest) {
            return true;
        }
        let seen = self.seen.get(Self::place(nonce.word()));
        newest.since(nonce) < u128::from(width) && seen.is_some_and(|seen| seen & nonce.bit() == 0)
    }

    /// Notes a packet that is new, and whose seal has been found right.
    pub fn note(&mut self, epoch: u64, nonce: Nonce) {
        match self.newest {
            Some((current, newest)) if current == epoch => {
                if is_ahead(nonce, newest) {
                    self.move_on(newest, nonce);
                    self.newest = Some((epoch, nonce));
                }
            }
            _ => {
                self.seen = [0; WORDS];
                self.newest = Some((epoch, nonce));
            }
        }
        if let Some(seen) = self.seen.get_mut(Self::place(nonce.word())) {
            *seen |= nonce.bit();
        }
    }

    /// Forgets what the words between two nonces stood for before.
    fn move_on(&mut self, from: Nonce, to: Nonce) {
        let first = from.word();
        // Words, too, wrap round.
        let words = to.word().wrapping_sub(first) & (Nonce::MASK >> 6);
        for step in 1..=words.min(WORDS as u128) {
            let place = Self::place(first.wrapping_add(step));
            if let Some(seen) = self.seen.get_mut(place) {
                *seen = 0;
            }
        }
    }
}

/// Whether a nonce comes after another one.
fn is_ahead(nonce: Nonce, other: Nonce) -> bool {
    let distance = nonce.since(other);
    distance != 0 && distance < 1 << 95
}
