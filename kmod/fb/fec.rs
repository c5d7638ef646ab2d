// SPDX-License-Identifier: GPL-2.0

//! `fec`: one packet more for each group, by which the other end recovers any one that is lost.
//!
//! ```text
//!   frames:     | destination, source | protocol | message | Ethernet type and the rest
//!   datagrams:                        | protocol | message | datagram
//!                                          2         10
//! ```
//!
//! The sum of a group has in the place of the rest the sum of the packets, addresses included.
//! Nothing waits: packets go on as they come, and what was recovered comes after them.

use super::{
    format::{
        self,
        Format,
        ADDRESSES,
        BEFORE, //
    },
    outlet::Outlet,
    prelude::*, //
};
use crate::{
    model::fec::{
        Arrival,
        Decoder,
        Group,
        Message,
        Sum,
        HEADER,
        KINDS,
        MAX_GROUP, //
    },
    net::{
        clock,
        skbuff::SkBuffList,
        soft_timer::{
            Expire,
            SoftTimer, //
        }, //
    },
    sync::{
        percpu::{
            self,
            BottomHalf, //
        },
        spinlock_bh::{
            new_spinlock_bh,
            SpinLockBh, //
        }, //
    }, //
};
use kernel::sync::atomic::{
    ordering::Relaxed,
    Atomic, //
};

/// Places of the parameters.
const GROUP: usize = 0;
const TIMEOUT: usize = 1;
const SEND: usize = 2;
const FRAMES: usize = 3;
const PROTOCOL: usize = 4;
const SUMS: usize = 5;
const RECOVERED: usize = 6;
const AGAIN: usize = 7;

/// Longest packet that is part of a group; longer ones pass as they are.
const LONGEST: usize = 2048;
/// Groups that a receiver knows at a time.
const GROUPS: usize = 16;
/// Bytes of a frame's header.
const ETHERNET: usize = 14;
/// Bytes of protocol and message.
const TAG: usize = BEFORE + HEADER;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"fec",
    doc: c"adds a packet to each group, by which the block at the other end recovers one that is lost",
    passage: Passage::Through,
    ports: ANY_THROUGH,
    params: &[
        Param::uint(
            c"group",
            c"packets of a group; 1 sends everything twice",
            1..=MAX_GROUP as u64,
            4,
        )
        .unit(c"packets"),
        Param::uint(
            c"timeout",
            c"a group is ended so long after its first packet",
            1..=10_000,
            10,
        )
        .unit(c"ms"),
        Param::new(
            c"send",
            c"whether what is sent is protected; else it passes as it is",
            Kind::Bool(true),
        ),
        format::FRAMES,
        format::PROTOCOL,
        Param::reading(c"sums", c"packets that were added").unit(c"packets"),
        Param::reading(c"recovered", c"packets that were lost on the way").unit(c"packets"),
        Param::reading(c"again", c"packets that came when they had been recovered already")
            .unit(c"packets"),
    ],
    events: &[],
    state: true,
    make,
};

/// What replacements share.
#[pin_data]
struct Ends {
    outlet: Arc<Outlet>,
    format: Format,
    /// Whether packets become part of groups.
    sends: Atomic<bool>,
    /// Protects both ends. The timer is started under it; no packet is emitted.
    #[pin]
    line: SpinLockBh<Line>,
}

struct Line {
    sum: Sum<KVVec<u8>>,
    /// The group that is being sent.
    group: u32,
    /// How many of its packets have been sent.
    count: u8,
    /// Addresses of the last one.
    addresses: [u8; ADDRESSES],
    /// When it is ended at the latest, ns.
    due: u64,
    decoder: Decoder<KVVec<Group<KVVec<u8>>>>,
    size: u8,
    timeout: u64,
    sums: u64,
    recovered: u64,
    again: u64,
}

struct Fec(Arc<SoftTimer<Ends>>);

fn make(site: &Site<'_>, values: &Values, old: Option<&dyn Block>) -> Made {
    let format = Format::new(values.uint(FRAMES), values.uint(PROTOCOL));
    let old = of_type::<Fec>(old).filter(|old| old.0.format == format);
    let ends = match old {
        Some(old) => old.0.clone(),
        None => {
            let line = Line::new()?;
            let outlet = site.outlet.clone();
            let ends = pin_init!(Ends {
                outlet,
                format,
                sends: Atomic::new(true),
                line <- new_spinlock_bh!(line, "vnet_fec"),
            });
            Arc::pin_init(SoftTimer::new(ends), GFP_KERNEL)?
        }
    };
    Ok(Arc::new(Fec(ends), GFP_KERNEL)?)
}

/// The tag of a message.
fn tag(format: Format, message: &Message) -> [u8; TAG] {
    format.tag(&message.encode())
}

/// Whether a packet carries a message, and which one. Those of other blocks are none.
fn read(format: Format, packet: &mut SkBuff) -> Option<Option<Message>> {
    format
        .message(packet, KINDS)
        .map(|message| Message::decode(&message))
}

fn zeros() -> Result<KVVec<u8>> {
    Ok(KVVec::from_elem(0, LONGEST, GFP_KERNEL)?)
}

impl Line {
    fn new() -> Result<Self> {
        let mut groups = KVVec::with_capacity(GROUPS, GFP_KERNEL)?;
        for _ in 0..GROUPS {
            groups.push(Group::new(zeros()?), GFP_KERNEL)?;
        }
        Ok(Self {
            sum: Sum::new(zeros()?),
            // The time tells the groups of this sender from those of one that was here before.
            group: (clock::now() >> 10) as u32,
            count: 0,
            addresses: [0; ADDRESSES],
            due: 0,
            decoder: Decoder::new(groups),
            size: 1,
            timeout: 0,
            sums: 0,
            recovered: 0,
            again: 0,
        })
    }

    fn change(&mut self, values: &Values) {
        self.size = values.uint(GROUP) as u8;
        self.timeout = values.uint(TIMEOUT).saturating_mul(1_000_000);
    }

    /// Makes a packet one of the group; the message that goes with it, if it fits.
    fn join(&mut self, bytes: &[u8], now: u64) -> Option<Message> {
        if !self.sum.fits(bytes.len()) {
            return None;
        }
        if self.count == 0 {
            self.due = now.saturating_add(self.timeout);
        }
        self.sum.add(bytes);
        for (to, from) in self.addresses.iter_mut().zip(bytes) {
            *to = *from;
        }
        let index = self.count;
        self.count = index.saturating_add(1);
        Some(Message::Data {
            group: self.group,
            index,
        })
    }

    /// Ends the group: its sum, unless there is no memory, which is as if it was lost.
    fn end(&mut self, format: Format) -> Option<SkBuff> {
        let message = Message::Parity {
            group: self.group,
            count: self.count,
            lengths: self.sum.lengths(),
        };
        let tag = tag(format, &message);
        let addresses = self.addresses.get(..format.at).unwrap_or_default();
        let packet = SkBuff::of_parts(&[addresses, &tag, self.sum.bytes()], format.shortest());
        self.sum.clear();
        self.count = 0;
        self.group = self.group.wrapping_add(1);
        self.sums = self.sums.wrapping_add(1);
        packet
    }
}

impl Ends {
    fn change(&self, values: &Values) {
        self.sends.store(values.uint(SEND) != 0, Relaxed);
        self.line.lock().change(values);
    }

    /// Makes a packet one of a group; false if there is no memory. What is to be sent after it is
    /// added to `sums`.
    fn protect(&self, timer: &SoftTimer<Self>, packet: &mut SkBuff, sums: &mut SkBuffList) -> bool {
        if !packet.fill_in() {
            return false;
        }
        if packet.len() as usize > LONGEST {
            return true;
        }
        let Some(bytes) = packet.first(packet.len()) else {
            return false;
        };
        let message = {
            let mut line = self.line.lock();
            let message = line.join(bytes, clock::now());
            if line.count >= line.size {
                line.end(self.format)
                    .into_iter()
                    .for_each(|sum| sums.push_back(sum));
            } else if line.count == 1 {
                timer.start(line.due);
            }
            message
        };
        message
            .is_none_or(|message| packet.insert(self.format.at as u32, &tag(self.format, &message)))
    }

    /// Sends a packet of the application.
    fn send(&self, timer: &SoftTimer<Self>, mut packet: SkBuff, run: &Run<'_>) -> Verdict {
        let mut sums = SkBuffList::default();
        if !packet.is_gso() {
            let protected = self.protect(timer, &mut packet, &mut sums);
            while let Some(sum) = sums.pop_front() {
                run.emit(sum, LOWER);
            }
            return match protected {
                true => Verdict::leave(packet, LOWER),
                false => Verdict::drop(packet, Cause::NoMemory),
            };
        }
        let mut segments = match packet.segment() {
            Ok(segments) => segments,
            Err(packet) => return Verdict::drop(packet, Cause::Malformed),
        };
        while let Some(mut segment) = segments.pop_front() {
            match self.protect(timer, &mut segment, &mut sums) {
                true => run.emit(segment, LOWER),
                false => run.failed(Cause::NoMemory, segment.len()),
            }
            while let Some(sum) = sums.pop_front() {
                run.emit(sum, LOWER);
            }
        }
        Verdict::consumed()
    }

    /// Takes a packet from the other end.
    fn receive(&self, mut packet: SkBuff, run: &Run<'_>) -> Verdict {
        let message = match read(self.format, &mut packet) {
            None => return Verdict::leave(packet, UPPER),
            Some(None) => return Verdict::drop(packet, Cause::Malformed),
            Some(Some(message)) => message,
        };
        let at = self.format.at;
        if !packet.cut(at as u32, TAG as u32) {
            return Verdict::drop(packet, Cause::NoMemory);
        }
        let Some(bytes) = packet.first(packet.len()) else {
            return Verdict::drop(packet, Cause::NoMemory);
        };
        let (is_new, recovered) = {
            let mut line = self.line.lock();
            let line = &mut *line;
            let (is_new, found) = match message {
                Message::Data { group, index } => match line.decoder.data(group, index, bytes) {
                    Arrival::New(found) => (true, found),
                    Arrival::Again => {
                        line.again = line.again.wrapping_add(1);
                        (false, None)
                    }
                },
                Message::Parity {
                    group,
                    count,
                    lengths,
                } => {
                    let sum = bytes.get(at..).unwrap_or_default();
                    (false, line.decoder.parity(group, count, lengths, sum))
                }
            };
            let least = if at == 0 { 0 } else { ETHERNET };
            let found = found.filter(|bytes| bytes.len() >= least);
            let recovered = found.and_then(|bytes| SkBuff::of_parts(&[bytes], 0));
            line.recovered = line.recovered.wrapping_add(recovered.is_some().into());
            (is_new, recovered)
        };
        if let Some(recovered) = recovered {
            run.emit(recovered, UPPER);
        }
        if is_new {
            return Verdict::leave(packet, UPPER);
        }
        packet.consume();
        Verdict::consumed()
    }
}

impl Expire for Ends {
    fn expired(timer: &SoftTimer<Self>, bh: &BottomHalf) {
        let sum = {
            let mut line = timer.line.lock();
            if line.count == 0 {
                return;
            }
            if clock::now() < line.due {
                // It is the next group's turn now.
                return timer.start(line.due);
            }
            line.end(timer.format)
        };
        if let Some(sum) = sum {
            timer.outlet.emit(sum, LOWER, bh);
        }
    }
}

impl Block for Fec {
    fn receive(&self, packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        match from {
            LOWER => self.0.receive(packet, run),
            _ if !self.0.sends.load(Relaxed) => Verdict::leave(packet, LOWER),
            _ => self.0.send(&self.0, packet, run),
        }
    }

    fn start(&self, values: &Values, _rtnl: &Rtnl) {
        self.0.change(values);
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        self.0.change(values);
        Ok(())
    }

    fn read(&self, place: usize) -> Result<Value> {
        let line = self.0.line.lock();
        Ok(match place {
            SUMS => Value::Uint(line.sums),
            RECOVERED => Value::Uint(line.recovered),
            AGAIN => Value::Uint(line.again),
            _ => Value::Absent,
        })
    }

    fn can_release(&self) -> bool {
        true
    }

    /// A group that has begun is ended; more is not held.
    fn release(&self, _rtnl: &Rtnl) -> bool {
        let sum = {
            let mut line = self.0.line.lock();
            let begun = line.count != 0;
            begun.then(|| line.end(self.0.format))
        };
        if let Some(sum) = sum.flatten() {
            let bh = percpu::disable_bottom_half();
            self.0.outlet.emit(sum, LOWER, &bh);
        }
        true
    }

    fn stop(&self, successor: Option<&dyn Block>, _rtnl: &Rtnl) {
        if !takes_over(successor, |other: &Fec| &other.0, &self.0) {
            self.0.line.lock().count = 0;
            self.0.cancel();
        }
    }
}
