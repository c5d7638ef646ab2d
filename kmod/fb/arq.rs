// SPDX-License-Identifier: GPL-2.0

//! `arq`: a reliable way between two ends, each of which has such a block.
//!
//! ```text
//!   frames:     | destination, source | protocol | message | Ethernet type and the rest
//!   datagrams:                        | protocol | message | datagram
//!                                          2         14
//! ```
//!
//! The model has the rules (`model::arq`). What is sent is held, as it came, until it is
//! acknowledged, and each time it is sent that is a packet that the block makes; what is received
//! is made of the frame that carried it.

mod line;

use self::line::{
    Line,
    Out, //
};
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
    model::arq::{
        Message,
        HEADER,
        KINDS, //
    },
    net::{
        clock,
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

/// Places of the parameters.
const TIMEOUT: usize = 0;
const TRIES: usize = 1;
const QUEUE: usize = 2;
const SEND: usize = 3;
const WINDOW: usize = 4;
const FRAMES: usize = 5;
const PROTOCOL: usize = 6;
const SENT: usize = 7;
const AGAIN: usize = 8;
const GIVEN_UP: usize = 9;
const USELESS: usize = 10;
const PAUSED: usize = 11;

/// Bytes of protocol and message.
const TAG: usize = BEFORE + HEADER;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"arq",
    doc: c"sends again what the block at the other end does not acknowledge, and puts it in order there",
    passage: Passage::Through,
    ports: ANY_THROUGH,
    params: &[
        Param::uint(
            c"timeout",
            c"until a packet is sent again for the first time; twice as long each further time",
            1..=60_000,
            100,
        )
        .unit(c"ms"),
        Param::uint(
            c"tries",
            c"how often a packet is sent before it is dropped as lost",
            1..=100,
            10,
        ),
        Param::uint(
            c"queue",
            c"most packets that wait for room in the window; others are dropped",
            0..=65536,
            1000,
        )
        .unit(c"packets"),
        Param::new(
            c"send",
            c"whether what is sent is numbered; else it passes when all before it has arrived",
            Kind::Bool(true),
        ),
        Param::uint(
            c"window",
            c"most packets that are not acknowledged, rounded up to a power of two",
            1..=256,
            64,
        )
        .access(Access::Initial)
        .unit(c"packets"),
        format::FRAMES,
        format::PROTOCOL,
        Param::reading(c"sent", c"packets that were sent, each once").unit(c"packets"),
        Param::reading(c"again", c"times that one was sent again"),
        Param::reading(c"given-up", c"packets that were sent as often as may be").unit(c"packets"),
        Param::reading(
            c"useless",
            c"packets that came a second time, or too early",
        )
        .unit(c"packets"),
        Param::reading(c"paused", c"1 while events have it wait"),
    ],
    events: &[
        EventUse::takes(
            Event::Carrier,
            c"sends nothing while there is none, and tries are not used up",
        ),
        EventUse::raises(
            Event::Congestion,
            c"from three quarters of `queue` on, until a quarter waits",
        ),
    ],
    state: true,
    make,
};

/// What replacements share.
#[pin_data]
struct End {
    outlet: Arc<Outlet>,
    format: Format,
    window: usize,
    conditions: Arc<Conditions>,
    /// Protects the line and the conditions. The timer is started under it; no packet is emitted.
    #[pin]
    line: SpinLockBh<Line>,
}

struct Arq(Arc<SoftTimer<End>>);

fn make(site: &Site<'_>, values: &Values, old: Option<&dyn Block>) -> Made {
    let format = Format::new(values.uint(FRAMES), values.uint(PROTOCOL));
    let window = (values.uint(WINDOW) as usize).next_power_of_two();
    let old = of_type::<Arq>(old);
    let kept = old.filter(|old| old.0.format == format && old.0.window == window);
    let end = match kept {
        Some(old) => old.0.clone(),
        None => {
            let line = Line::new(site.net, window)?;
            let (outlet, conditions) = (site.outlet.clone(), Conditions::new()?);
            let end = pin_init!(End {
                outlet,
                format,
                window,
                conditions,
                line <- new_spinlock_bh!(line, "vnet_arq"),
            });
            Arc::pin_init(SoftTimer::new(end), GFP_KERNEL)?
        }
    };
    Ok(Arc::new(Arq(end), GFP_KERNEL)?)
}

impl Format {
    /// A copy of a packet with a message; none if there is no memory.
    fn wrap(self, packet: &SkBuff, message: &Message) -> Option<SkBuff> {
        let mut copy = packet.duplicate()?;
        copy.insert(self.at as u32, &self.tag::<TAG>(&message.encode()))
            .then_some(copy)
    }

    /// A packet that is nothing but a message, to where `addresses` says; none if there is no memory.
    fn alone(self, message: &Message, addresses: &[u8; ADDRESSES]) -> Option<SkBuff> {
        let tag = self.tag::<TAG>(&message.encode());
        SkBuff::of_parts(&[addresses.get(..self.at)?, &tag], self.shortest())
    }

    /// Whether a packet carries a message, and which one. Those of other blocks are none.
    fn read(self, packet: &mut SkBuff) -> Option<Option<Message>> {
        self.message(packet, KINDS)
            .map(|message| Message::decode(&message))
    }
}

impl End {
    /// Has a line work, and does what follows from it.
    fn work(
        &self,
        timer: &SoftTimer<Self>,
        bh: &BottomHalf,
        then: impl FnOnce(&mut Line, &mut Out, u64),
    ) {
        let mut out = Out::new(self.format);
        let changed = {
            let mut line = self.line.lock();
            let now = clock::now();
            then(&mut line, &mut out, now);
            if let Some(at) = line.plan(now) {
                timer.start(at);
            }
            line.weigh(self.conditions.congestion(LOWER))
        };
        if changed {
            self.outlet.raise(bh);
        }
        self.settle(out, bh);
    }

    fn settle(&self, mut out: Out, bh: &BottomHalf) {
        while let Some(packet) = out.freed.pop_front() {
            self.outlet.consume_queued(packet, bh);
        }
        for (packets, cause) in [
            (&mut out.lost, Cause::Lost),
            (&mut out.refused, Cause::QueueFull),
            (&mut out.limited, Cause::Limit),
            (&mut out.removed, Cause::Removed),
        ] {
            while let Some(packet) = packets.pop_front() {
                self.outlet.drop_queued(packet, cause, bh);
            }
        }
        while let Some(packet) = out.up.pop_front() {
            self.outlet.emit_queued(packet, UPPER, bh);
        }
        while let Some(packet) = out.down.pop_front() {
            self.outlet.emit(packet, LOWER, bh);
        }
        while let Some(packet) = out.plain.pop_front() {
            self.outlet.emit_queued(packet, LOWER, bh);
        }
    }

    /// Sends a packet of the application.
    fn send(&self, timer: &SoftTimer<Self>, packet: SkBuff, run: &Run<'_>) -> Verdict {
        if !packet.is_gso() {
            self.work(timer, run.bh(), |line, out, now| {
                line.send(packet, out, now)
            });
            return Verdict::queued();
        }
        let mut segments = match packet.segment() {
            Ok(segments) => segments,
            Err(packet) => return Verdict::drop(packet, Cause::Malformed),
        };
        self.work(timer, run.bh(), |line, out, now| {
            while let Some(segment) = segments.pop_front() {
                run.held(segment.len());
                line.send(segment, out, now);
            }
        });
        Verdict::consumed()
    }

    /// Takes a packet from the other end.
    fn receive(&self, timer: &SoftTimer<Self>, mut packet: SkBuff, run: &Run<'_>) -> Verdict {
        let message = match self.format.read(&mut packet) {
            None => return Verdict::leave(packet, UPPER),
            Some(None) => return Verdict::drop(packet, Cause::Malformed),
            Some(Some(message)) => message,
        };
        let addresses = self.format.addresses(&mut packet, true);
        if let Message::Data { .. } = message {
            if !packet.cut(self.format.at as u32, TAG as u32) {
                return Verdict::drop(packet, Cause::NoMemory);
            }
            run.held(packet.len());
            self.work(timer, run.bh(), |line, out, _| {
                line.receive(message, Some(packet), &addresses, out);
            });
            return Verdict::consumed();
        }
        packet.consume();
        self.work(timer, run.bh(), |line, out, now| match message {
            Message::Ack {
                epoch,
                expected,
                received,
            } => line.acknowledge((epoch, expected, received), out, now),
            _ => line.receive(message, None, &addresses, out),
        });
        Verdict::consumed()
    }
}

impl Expire for End {
    fn expired(timer: &SoftTimer<Self>, bh: &BottomHalf) {
        timer.work(timer, bh, |line, out, now| line.expired(out, now));
        // Only here: what is emitted while a packet is received leaves after this CPU's turn.
        timer.work(timer, bh, |line, _, _| line.drained());
    }
}

impl Block for Arq {
    fn receive(&self, mut packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        if from == LOWER {
            return self.0.receive(&self.0, packet, run);
        }
        if self.0.format.is_for_many(&mut packet) || self.0.line.lock().passes() {
            return Verdict::leave(packet, LOWER);
        }
        self.0.send(&self.0, packet, run)
    }

    fn start(&self, values: &Values, _rtnl: &Rtnl) {
        self.0.line.lock().change(values);
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        self.0.line.lock().change(values);
        // What may wait may be something else.
        self.0
            .work(&self.0, &percpu::disable_bottom_half(), |_, _, _| {});
        Ok(())
    }

    fn conditions(&self) -> Option<&Arc<Conditions>> {
        Some(&self.0.conditions)
    }

    fn notice(&self, heard: &Heard<'_>) {
        let mut line = self.0.line.lock();
        let now = clock::now();
        if line.pause(!heard.has_carrier(), now) {
            self.0.start(now);
        }
    }

    fn read(&self, place: usize) -> Result<Value> {
        let line = self.0.line.lock();
        Ok(match place {
            SENT => Value::Uint(line.sent),
            AGAIN => Value::Uint(line.again),
            GIVEN_UP => Value::Uint(line.given_up),
            USELESS => Value::Uint(line.useless),
            PAUSED => Value::Uint(u64::from(line.is_paused())),
            _ => Value::Absent,
        })
    }

    fn can_release(&self) -> bool {
        true
    }

    /// When all is acknowledged and handed on. What comes then is sent as it is.
    fn release(&self, _rtnl: &Rtnl) -> bool {
        self.0.line.lock().release()
    }

    fn stop(&self, successor: Option<&dyn Block>, _rtnl: &Rtnl) {
        if takes_over(successor, |other: &Arq| &other.0, &self.0) {
            return;
        }
        let mut out = Out::new(self.0.format);
        self.0.line.lock().close(&mut out);
        self.0.cancel();
        self.0.settle(out, &percpu::disable_bottom_half());
    }
}
