// SPDX-License-Identifier: GPL-2.0

//! Both ends of the model in one place, with the packets.
//!
//! # Invariants
//!
//! What is in the window, waits for it, or waits to be put in order is counted as queued by the block
//! and charged to the instance.

use super::{
    super::{
        held::{
            load_of,
            Held, //
        },
        param::Values, //
    },
    Format,
    ADDRESSES,
    QUEUE,
    SEND,
    TIMEOUT,
    TRIES, //
};
use crate::{
    model::{
        arq::{
            Due,
            Message,
            Receiver,
            Sender,
            Slot, //
        },
        watermark, //
    },
    net::{
        clock,
        netns::Net,
        skbuff::{
            SkBuff,
            SkBuffList, //
        }, //
    }, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        ordering::Relaxed,
        Atomic, //
    }, //
};

/// Not armed.
const NEVER: u64 = u64::MAX;
/// Most packets that are sent again at once.
const BURST: u32 = 64;
/// Most times that the wait is doubled.
const MAX_DOUBLED: u32 = 6;

/// What is to be done when the lock has been released.
pub(super) struct Out {
    format: Format,
    /// Made for the other end.
    pub(super) down: SkBuffList,
    /// Of the application, without a number, after these.
    pub(super) plain: SkBuffList,
    /// In order, for the application.
    pub(super) up: SkBuffList,
    /// Acknowledged.
    pub(super) freed: SkBuffList,
    /// Given up.
    pub(super) lost: SkBuffList,
    /// Beyond the queue.
    pub(super) refused: SkBuffList,
    /// Beyond the limits of the instance.
    pub(super) limited: SkBuffList,
    /// Of a line that is closed.
    pub(super) removed: SkBuffList,
}

impl Out {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            down: SkBuffList::default(),
            plain: SkBuffList::default(),
            up: SkBuffList::default(),
            freed: SkBuffList::default(),
            lost: SkBuffList::default(),
            refused: SkBuffList::default(),
            limited: SkBuffList::default(),
            removed: SkBuffList::default(),
        }
    }

    /// Sends a packet with a message. Without memory it is as if the wire had lost it.
    fn send(&mut self, packet: &SkBuff, message: &Message) {
        if let Some(copy) = self.format.wrap(packet, message) {
            self.down.push_back(copy);
        }
    }

    /// Sends a message alone; as [`Self::send`].
    fn tell(&mut self, message: &Message, addresses: &[u8; ADDRESSES]) {
        if let Some(packet) = self.format.alone(message, addresses) {
            self.down.push_back(packet);
        }
    }
}

/// What the block's lock protects.
pub(super) struct Line {
    sender: Sender<KVVec<Option<Slot<SkBuff>>>>,
    receiver: Receiver<KVVec<Option<SkBuff>>>,
    waiting: SkBuffList,
    /// How many these are.
    count: u64,
    /// The other end did not answer in time, so that what waits has not kept its socket, and that its
    /// namespace.
    silent: bool,
    held: Held,
    timeout: u64,
    tries: u32,
    max_waiting: u64,
    /// Whether packets get numbers.
    sends: bool,
    /// What waited for those with numbers is on its way out, on some CPU.
    draining: bool,
    /// When the timer will expire, ns.
    armed: u64,
    /// There is no carrier: nothing is sent, and nothing given up.
    paused: bool,
    congested: bool,
    closed: bool,
    pub(super) sent: u64,
    pub(super) again: u64,
    pub(super) given_up: u64,
    pub(super) useless: u64,
}

fn slots<T>(count: usize) -> Result<KVVec<Option<T>>> {
    let mut slots = KVVec::with_capacity(count, GFP_KERNEL)?;
    for _ in 0..count {
        slots.push(None, GFP_KERNEL)?;
    }
    Ok(slots)
}

impl Line {
    /// A line with a window of so many packets, a power of two.
    pub(super) fn new(net: &Net, window: usize) -> Result<Self> {
        // The time tells this sender from one that was here before.
        let epoch = (clock::now() >> 10) as u32;
        Ok(Self {
            sender: Sender::new(slots(window)?, epoch),
            receiver: Receiver::new(slots(window)?),
            waiting: SkBuffList::default(),
            count: 0,
            silent: false,
            held: Held::new(net),
            timeout: 0,
            tries: 1,
            max_waiting: 0,
            sends: true,
            draining: false,
            armed: NEVER,
            paused: false,
            congested: false,
            closed: false,
            sent: 0,
            again: 0,
            given_up: 0,
            useless: 0,
        })
    }

    /// Takes parameters over.
    pub(super) fn change(&mut self, values: &Values) {
        self.timeout = values.uint(TIMEOUT).saturating_mul(1_000_000);
        self.tries = values.uint(TRIES) as u32;
        self.max_waiting = values.uint(QUEUE);
        self.sends = values.uint(SEND) != 0;
    }

    /// Begins or ends a pause; whether the timer has to be started now.
    pub(super) fn pause(&mut self, paused: bool, now: u64) -> bool {
        let ended = core::mem::replace(&mut self.paused, paused) && self.may_send();
        if ended {
            self.armed = now;
        }
        if paused {
            self.orphan();
        }
        ended
    }

    /// Whether it waits for carrier.
    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }

    fn may_send(&self) -> bool {
        !self.closed && !self.paused
    }

    /// Looks whether it is congested; whether that has changed.
    pub(super) fn weigh(&mut self, condition: &Atomic<bool>) -> bool {
        let before = self.congested;
        self.congested = watermark::is_congested(before, self.count, self.max_waiting);
        condition.store(self.congested, Relaxed);
        self.congested != before
    }

    /// When the timer has to be started, if it has.
    pub(super) fn plan(&mut self, now: u64) -> Option<u64> {
        let at = if self.may_go_on() {
            now
        } else {
            self.sender.next_event().filter(|_| self.may_send())?
        };
        let earlier = at < self.armed || self.armed <= now;
        if earlier {
            self.armed = at;
        }
        earlier.then_some(at)
    }

    /// Whether packets of the application pass as they are: they would not overtake any.
    pub(super) fn passes(&self) -> bool {
        !self.sends && self.count == 0 && self.sender.is_idle() && !self.draining
    }

    /// Takes a packet of the application.
    pub(super) fn send(&mut self, mut packet: SkBuff, out: &mut Out, now: u64) {
        if self.closed {
            return out.removed.push_back(packet);
        }
        if self.passes() {
            return out.plain.push_back(packet);
        }
        let must_wait = self.paused
            || self.draining
            || !self.sends
            || self.count != 0
            || !self.sender.has_room();
        if must_wait && self.count >= self.max_waiting {
            return out.refused.push_back(packet);
        }
        if self.held.take(load_of(&packet)).is_err() {
            return out.limited.push_back(packet);
        }
        if must_wait {
            if self.silent || self.paused {
                packet.orphan();
            }
            self.count = self.count.saturating_add(1);
            return self.waiting.push_back(packet);
        }
        self.transmit(packet, out, now);
    }

    /// Sends a packet for the first time.
    fn transmit(&mut self, mut packet: SkBuff, out: &mut Out, now: u64) {
        // Its socket need not wait for the other end, as with a real device.
        packet.release();
        let number = self.sender.push(packet, now.saturating_add(self.timeout));
        self.sent = self.sent.wrapping_add(1);
        let message = self.sender.data(number);
        if let Some(packet) = self.sender.packet(number) {
            out.send(packet, &message);
        }
    }

    /// Whether something waits that need not.
    fn may_go_on(&self) -> bool {
        let free = match self.sends {
            true => self.sender.has_room(),
            false => self.sender.is_idle(),
        };
        free && self.count != 0 && self.may_send() && !self.draining
    }

    /// The next packet that waits and need not.
    fn next(&mut self) -> Option<SkBuff> {
        if !self.may_go_on() {
            return None;
        }
        self.count = self.count.saturating_sub(1);
        self.waiting.pop_front()
    }

    /// Sends what there is room for.
    fn go_on(&mut self, out: &mut Out, now: u64) {
        while self.sends {
            let Some(packet) = self.next() else {
                break;
            };
            self.transmit(packet, out, now);
        }
    }

    /// Lets what waits go without numbers. Until [`Self::drained`] others wait, so that they do not
    /// overtake these from another CPU.
    fn drain(&mut self, out: &mut Out) {
        if self.sends {
            return;
        }
        while let Some(packet) = self.next() {
            self.held.give(load_of(&packet));
            out.plain.push_back(packet);
        }
        self.draining |= !out.plain.is_empty();
    }

    /// What [`Self::expired`] gave out has left the block.
    pub(super) fn drained(&mut self) {
        self.draining = false;
    }

    /// The other end has told what has arrived.
    pub(super) fn acknowledge(&mut self, told: (u32, u32, u32), out: &mut Out, now: u64) {
        let held = &mut self.held;
        self.sender.acknowledge(told, now, |packet| {
            held.give(load_of(&packet));
            out.freed.push_back(packet);
        });
        self.silent = false;
        self.repeat(out, now);
        self.go_on(out, now);
    }

    /// The time has come for something. When all of it has left the block, [`Self::drained`] has to be
    /// called.
    pub(super) fn expired(&mut self, out: &mut Out, now: u64) {
        self.armed = NEVER;
        let before = (self.again, self.given_up);
        self.repeat(out, now);
        self.go_on(out, now);
        self.drain(out);
        if before != (self.again, self.given_up) && !self.silent {
            self.silent = true;
            self.orphan();
        }
    }

    /// Nobody knows how long what waits will, so that it must not keep its socket.
    fn orphan(&mut self) {
        let mut waiting = core::mem::take(&mut self.waiting);
        while let Some(mut packet) = waiting.pop_front() {
            packet.orphan();
            self.waiting.push_back(packet);
        }
    }

    /// Sends again, or gives up, what is due.
    fn repeat(&mut self, out: &mut Out, now: u64) {
        let timeout = self.timeout;
        let wait = |sent: u32| timeout.saturating_mul(1 << sent.min(MAX_DOUBLED));
        if self.paused {
            return;
        }
        for _ in 0..BURST {
            let number = match self.sender.due(now, self.tries, wait) {
                None => return,
                Some(Due::Again(number, _)) => number,
                Some(Due::GivenUp(mut packet)) => {
                    self.given_up = self.given_up.wrapping_add(1);
                    self.held.give(load_of(&packet));
                    let addresses = out.format.addresses(&mut packet, false);
                    out.tell(&self.sender.skip(), &addresses);
                    out.lost.push_back(packet);
                    continue;
                }
            };
            self.again = self.again.wrapping_add(1);
            let message = self.sender.data(number);
            if let Some(packet) = self.sender.packet(number) {
                out.send(packet, &message);
            }
        }
    }

    /// Takes what the other end sends, and tells it what has arrived.
    pub(super) fn receive(
        &mut self,
        message: Message,
        packet: Option<SkBuff>,
        addresses: &[u8; ADDRESSES],
        out: &mut Out,
    ) {
        let held = &mut self.held;
        let up = &mut out.up;
        let mut ready = |packet: SkBuff| {
            held.give(load_of(&packet));
            up.push_back(packet);
        };
        let (Message::Data { epoch, base, .. } | Message::Skip { epoch, base }) = message else {
            return;
        };
        self.receiver.skip(epoch, base, &mut ready);
        if let (Message::Data { sequence, .. }, Some(packet)) = (message, packet) {
            if self.closed {
                return out.removed.push_back(packet);
            }
            if self.held.take(load_of(&packet)).is_err() {
                return out.limited.push_back(packet);
            }
            let held = &mut self.held;
            let up = &mut out.up;
            let ready = |packet: SkBuff| {
                held.give(load_of(&packet));
                up.push_back(packet);
            };
            if let Some(packet) = self.receiver.arrive(sequence, packet, ready) {
                self.held.give(load_of(&packet));
                self.useless = self.useless.wrapping_add(1);
                out.freed.push_back(packet);
            }
        }
        if let Some(message) = self.receiver.acknowledgement() {
            out.tell(&message, addresses);
        }
    }

    /// Packets get no numbers from here on; false if something is held.
    pub(super) fn release(&mut self) -> bool {
        let idle =
            self.count == 0 && !self.draining && self.sender.is_idle() && self.receiver.is_empty();
        self.sends &= !idle;
        idle
    }

    /// Ends the line: what it holds goes.
    pub(super) fn close(&mut self, out: &mut Out) {
        self.closed = true;
        let (held, removed) = (&mut self.held, &mut out.removed);
        let mut remove = |packet: SkBuff| {
            held.give(load_of(&packet));
            removed.push_back(packet);
        };
        self.sender.clear(&mut remove);
        self.receiver.clear(&mut remove);
        while let Some(packet) = self.waiting.pop_front() {
            remove(packet);
        }
        self.count = 0;
        self.held.settle();
    }
}
