// SPDX-License-Identifier: GPL-2.0

//! Selective repeat: packets are numbered, sent again until they are acknowledged, and put in order.
//!
//! # Vocabulary
//!
//! - **epoch**: the life of a sender, by a number of its own. Sequence numbers begin anew with it.
//! - **window**: the packets from the oldest that is not acknowledged (the *base*) to the last one
//!   that was sent, at most as many as there are slots.
//! - **given up**: sent as often as may be. The base moves on, and the receiver goes on without it.
//!
//! Numbers wrap round; two are compared by their distance.

use core::ops::{
    DerefMut,
    RangeInclusive, //
};

/// Bytes of a message.
pub const HEADER: usize = 14;

/// The first byte of a message. Other blocks' messages have others.
pub const KINDS: RangeInclusive<u8> = 1..=3;

/// What the ends tell each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// A packet follows.
    Data {
        /// The sender's epoch.
        epoch: u32,
        /// Oldest number that the receiver may still wait for.
        base: u32,
        /// Number of the packet.
        sequence: u32,
    },
    /// What has arrived.
    Ack {
        /// The sender's epoch.
        epoch: u32,
        /// All numbers before this one have arrived, or were given up.
        expected: u32,
        /// Bit n: whether `expected + 1 + n` has arrived.
        received: u32,
    },
    /// Packets were given up.
    Skip {
        /// The sender's epoch.
        epoch: u32,
        /// Oldest number that the receiver may still wait for.
        base: u32,
    },
}

impl Message {
    /// As bytes: kind, check, and three numbers.
    pub fn encode(&self) -> [u8; HEADER] {
        let (kind, numbers) = match *self {
            Self::Data {
                epoch,
                base,
                sequence,
            } => (1, [epoch, base, sequence]),
            Self::Ack {
                epoch,
                expected,
                received,
            } => (2, [epoch, expected, received]),
            Self::Skip { epoch, base } => (3, [epoch, base, 0]),
        };
        let mut bytes = [0; HEADER];
        let numbers = numbers.into_iter().flat_map(u32::to_be_bytes);
        for (to, from) in bytes.iter_mut().zip([kind, 0].into_iter().chain(numbers)) {
            *to = from;
        }
        let check = check_of(&bytes);
        if let Some(place) = bytes.get_mut(1) {
            *place = check;
        }
        bytes
    }

    /// From bytes; none if it is not one, or a bit of it is wrong.
    pub fn decode(bytes: &[u8; HEADER]) -> Option<Self> {
        let [kind, _, numbers @ ..] = bytes;
        if check_of(bytes) != 0 {
            return None;
        }
        let (epoch, rest) = numbers.split_first_chunk()?;
        let (first, rest) = rest.split_first_chunk()?;
        let epoch = u32::from_be_bytes(*epoch);
        let first = u32::from_be_bytes(*first);
        let second = u32::from_be_bytes(*rest.first_chunk()?);
        match kind {
            1 => Some(Self::Data {
                epoch,
                base: first,
                sequence: second,
            }),
            2 => Some(Self::Ack {
                epoch,
                expected: first,
                received: second,
            }),
            3 => Some(Self::Skip { epoch, base: first }),
            _ => None,
        }
    }
}

/// 0 if the bytes contain their check; finds any odd number of wrong bits in a column.
fn check_of(bytes: &[u8; HEADER]) -> u8 {
    bytes.iter().fold(0xa5, |sum, byte| sum ^ byte)
}

/// A packet that was sent and not acknowledged.
#[derive(Debug)]
pub struct Slot<P> {
    packet: P,
    /// When to send it again, ns.
    due: u64,
    /// How often it was sent.
    sent: u32,
}

/// The sending end.
///
/// # Invariants
///
/// The number of slots is a power of two; those from `base` to `next` may be filled, all others are
/// empty, and that of `base` is filled unless it is `next`.
pub struct Sender<S> {
    slots: S,
    epoch: u32,
    base: u32,
    next: u32,
}

/// What is to be done about a packet whose time has come.
pub enum Due<'a, P> {
    /// It is sent again.
    Again(u32, &'a P),
    /// It is given up.
    GivenUp(P),
}

/// The place of a number in so many slots.
fn place_of(number: u32, slots: usize) -> usize {
    number as usize & slots.wrapping_sub(1)
}

/// Whether a number lies before another one.
fn is_before(number: u32, other: u32) -> bool {
    (number.wrapping_sub(other) as i32) < 0
}

impl<P, S: DerefMut<Target = [Option<Slot<P>>]>> Sender<S> {
    /// A sender with as many slots as there are in `slots`, which are empty.
    pub fn new(slots: S, epoch: u32) -> Self {
        Self {
            slots,
            epoch,
            base: 0,
            next: 0,
        }
    }

    /// Whether another packet may be sent.
    pub fn has_room(&self) -> bool {
        (self.next.wrapping_sub(self.base) as usize) < self.slots.len()
    }

    /// Whether all that was sent has arrived, or was given up.
    pub fn is_idle(&self) -> bool {
        self.next == self.base
    }

    /// Takes a packet that is sent now, and again at `due`; its number. There has to be room.
    pub fn push(&mut self, packet: P, due: u64) -> u32 {
        let number = self.next;
        self.next = number.wrapping_add(1);
        if let Some(slot) = self.slot(number) {
            *slot = Some(Slot {
                packet,
                due,
                sent: 1,
            });
        }
        number
    }

    /// A packet of the window.
    pub fn packet(&self, number: u32) -> Option<&P> {
        let slot = self.slots.get(place_of(number, self.slots.len()))?;
        slot.as_ref().map(|slot| &slot.packet)
    }

    /// What goes with the packet of a number.
    pub fn data(&self, sequence: u32) -> Message {
        Message::Data {
            epoch: self.epoch,
            base: self.base,
            sequence,
        }
    }

    /// What tells the receiver that packets were given up.
    pub fn skip(&self) -> Message {
        Message::Skip {
            epoch: self.epoch,
            base: self.base,
        }
    }

    /// An acknowledgement came: `freed` gets the packets that have arrived. One that was sent only
    /// once and lies before one that has arrived is due at once.
    pub fn acknowledge(
        &mut self,
        (epoch, expected, received): (u32, u32, u32),
        now: u64,
        mut freed: impl FnMut(P),
    ) {
        let sent = self.next.wrapping_sub(self.base);
        if epoch != self.epoch || expected.wrapping_sub(self.base) > sent {
            return;
        }
        let mut number = self.base;
        while number != expected {
            self.take(number).into_iter().for_each(&mut freed);
            number = number.wrapping_add(1);
        }
        let mut last = None;
        for bit in (0..u32::BITS).filter(|bit| received >> bit & 1 != 0) {
            let number = expected.wrapping_add(1).wrapping_add(bit);
            if is_before(number, self.next) {
                self.take(number).into_iter().for_each(&mut freed);
                last = Some(number);
            }
        }
        if let Some(last) = last {
            let mut number = expected;
            while number != last {
                let slot = self.slot(number).and_then(Option::as_mut);
                if let Some(slot) = slot.filter(|slot| slot.sent == 1) {
                    slot.due = now;
                }
                number = number.wrapping_add(1);
            }
        }
        self.advance();
    }

    /// The next packet whose time has come. If it is sent again, that is `wait` of how often it has
    /// been sent later due once more; it is given up after `tries`.
    pub fn due(&mut self, now: u64, tries: u32, wait: impl Fn(u32) -> u64) -> Option<Due<'_, P>> {
        let mut number = self.base;
        while number != self.next {
            let slot = self.slot(number).and_then(Option::as_mut);
            match slot.filter(|slot| slot.due <= now) {
                Some(slot) if slot.sent >= tries => {
                    let packet = self.take(number)?;
                    self.advance();
                    return Some(Due::GivenUp(packet));
                }
                Some(slot) => {
                    slot.due = now.saturating_add(wait(slot.sent));
                    slot.sent = slot.sent.saturating_add(1);
                    return Some(Due::Again(number, self.packet(number)?));
                }
                None => number = number.wrapping_add(1),
            }
        }
        None
    }

    /// When the next packet is due.
    pub fn next_event(&self) -> Option<u64> {
        self.slots.iter().flatten().map(|slot| slot.due).min()
    }

    /// Takes all packets of the window, the oldest first.
    pub fn clear(&mut self, mut freed: impl FnMut(P)) {
        while self.base != self.next {
            self.take(self.base).into_iter().for_each(&mut freed);
            self.base = self.base.wrapping_add(1);
        }
    }

    fn slot(&mut self, number: u32) -> Option<&mut Option<Slot<P>>> {
        let place = place_of(number, self.slots.len());
        self.slots.get_mut(place)
    }

    fn take(&mut self, number: u32) -> Option<P> {
        Some(self.slot(number)?.take()?.packet)
    }

    /// Moves the base to the oldest packet that is still there.
    fn advance(&mut self) {
        while self.base != self.next && self.packet(self.base).is_none() {
            self.base = self.base.wrapping_add(1);
        }
    }
}

/// The receiving end.
///
/// # Invariants
///
/// The number of slots is a power of two; that of `expected` is empty.
pub struct Receiver<S> {
    slots: S,
    /// The sender's epoch, if there has been one.
    epoch: Option<u32>,
    expected: u32,
}

impl<P, S: DerefMut<Target = [Option<P>]>> Receiver<S> {
    /// A receiver that can put as many packets in order as there are slots, which are empty.
    pub fn new(slots: S) -> Self {
        Self {
            slots,
            epoch: None,
            expected: 0,
        }
    }

    /// The sender says that it is in this epoch, and that what is before `base` does not come any
    /// more: `ready` gets what had to wait for that.
    pub fn skip(&mut self, epoch: u32, base: u32, mut ready: impl FnMut(P)) {
        if self.epoch != Some(epoch) {
            self.clear(&mut ready);
            self.epoch = Some(epoch);
            self.expected = base;
        }
        // Not further than there can be anything.
        let ahead = base.wrapping_sub(self.expected);
        if is_before(self.expected, base) {
            for _ in 0..(ahead as usize).min(self.slots.len()) {
                self.take().into_iter().for_each(&mut ready);
            }
            self.expected = base;
            self.release(ready);
        }
    }

    /// A packet of the present epoch came: `ready` gets what is in order now. Gives the packet back
    /// if it came before, or too early.
    pub fn arrive(&mut self, sequence: u32, packet: P, ready: impl FnMut(P)) -> Option<P> {
        let slots = self.slots.len();
        if (sequence.wrapping_sub(self.expected) as usize) >= slots {
            return Some(packet);
        }
        match self.slots.get_mut(place_of(sequence, slots)) {
            Some(slot) if slot.is_none() => *slot = Some(packet),
            _ => return Some(packet),
        }
        self.release(ready);
        None
    }

    /// What to tell the sender.
    pub fn acknowledgement(&self) -> Option<Message> {
        let mut received = 0;
        for bit in 0..u32::BITS.min(self.slots.len().saturating_sub(1) as u32) {
            let number = self.expected.wrapping_add(1).wrapping_add(bit);
            let slot = self.slots.get(place_of(number, self.slots.len()));
            if slot.is_some_and(Option::is_some) {
                received |= 1 << bit;
            }
        }
        Some(Message::Ack {
            epoch: self.epoch?,
            expected: self.expected,
            received,
        })
    }

    /// Whether no packet waits.
    pub fn is_empty(&self) -> bool {
        self.slots.iter().all(Option::is_none)
    }

    /// Takes all packets that wait, in their order.
    pub fn clear(&mut self, mut ready: impl FnMut(P)) {
        for _ in 0..self.slots.len() {
            self.take().into_iter().for_each(&mut ready);
        }
    }

    /// Takes the packet that is expected, if it is there, and goes on.
    fn take(&mut self) -> Option<P> {
        let place = place_of(self.expected, self.slots.len());
        self.expected = self.expected.wrapping_add(1);
        self.slots.get_mut(place)?.take()
    }

    /// Whether the packet that is expected is there.
    fn is_there(&self) -> bool {
        let place = place_of(self.expected, self.slots.len());
        self.slots.get(place).is_some_and(Option::is_some)
    }

    fn release(&mut self, mut ready: impl FnMut(P)) {
        while self.is_there() {
            self.take().into_iter().for_each(&mut ready);
        }
    }
}
