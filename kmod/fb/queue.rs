// SPDX-License-Identifier: GPL-2.0

//! `queue`: holds packets back, so that they leave at a rate, or when it is opened.
//!
//! Each way has a queue of its own.

use super::{
    held::{
        load_of,
        Held, //
    },
    outlet::Outlet,
    prelude::*, //
};
use crate::{
    model::{
        serialiser::{
            LineRate,
            Serialiser, //
        },
        watermark, //
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
const OPEN: usize = 0;
const RATE: usize = 1;
const PACKETS: usize = 2;
const BYTES: usize = 3;
const PAUSED: usize = 4;

/// How long a packet may keep its socket while it waits, ns: as in a device's queue, so that a sender
/// sees how much of its own waits, but not so long that a namespace could not end.
const PATIENCE: u64 = 1_000_000_000;
/// Most packets that are let go at once.
const BURST: u32 = 64;
/// Most times that this is done when all are let go; more than enough for a full queue.
const MAX_ROUNDS: u32 = 1 << 16;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"queue",
    doc: c"holds packets back, so that they leave at a rate, or when it is opened",
    passage: Passage::Through,
    ports: ANY_THROUGH,
    params: &[
        Param::new(
            c"open",
            c"0 holds all packets until it is 1 again",
            Kind::Bool(true),
        ),
        Param::uint(
            c"rate",
            c"of each way, in bits of the packets; 0 is without a limit",
            0..=400_000_000_000,
            0,
        )
        .unit(c"bit/s"),
        Param::uint(
            c"packets",
            c"most packets that wait in each way; others are dropped",
            1..=65536,
            1000,
        )
        .unit(c"packets"),
        Param::uint(
            c"bytes",
            c"most bytes that wait in each way; others are dropped",
            1..=1 << 28,
            1 << 24,
        )
        .unit(c"bytes"),
        Param::reading(c"paused", c"1 while events have it wait"),
    ],
    events: &[
        EventUse::takes(Event::Carrier, c"is closed while there is none"),
        EventUse::takes(Event::Congestion, c"is closed meanwhile"),
        EventUse::raises(
            Event::Congestion,
            c"from three quarters of a limit on, until both ways hold at most a quarter",
        ),
    ],
    state: true,
    make,
};

/// One way through the block.
#[pin_data]
struct Lane {
    outlet: Arc<Outlet>,
    /// By which packets leave.
    port: u32,
    /// Those of the block.
    conditions: Arc<Conditions>,
    /// Protects the queue and its part of the conditions; nothing is locked under it, and no packet
    /// emitted.
    #[pin]
    line: SpinLockBh<Line>,
}

/// The packets of a way.
struct Line {
    waiting: SkBuffList,
    held: Held,
    packets: u64,
    bytes: u64,
    open: bool,
    /// What it is subscribed to has it wait.
    paused: bool,
    /// It is subscribed to something, which may change with each packet that goes.
    heeds: bool,
    /// Everything goes, as a successor will come.
    released: bool,
    congested: bool,
    rate: Option<LineRate>,
    wire: Serialiser,
    max_packets: u64,
    max_bytes: u64,
    /// Somebody is emitting what was waiting; what comes now must come after that.
    draining: bool,
    closed: bool,
}

/// What is done with a packet that arrives.
enum Arrival {
    Passes(SkBuff),
    Waits {
        /// When to look at the queue.
        at: Option<u64>,
    },
    Lost(SkBuff, Cause),
}

impl Line {
    fn new(site: &Site<'_>) -> Self {
        Self {
            waiting: SkBuffList::default(),
            held: Held::new(site.net),
            packets: 0,
            bytes: 0,
            open: true,
            paused: false,
            heeds: false,
            released: false,
            congested: false,
            rate: None,
            wire: Serialiser::default(),
            max_packets: 0,
            max_bytes: 0,
            draining: false,
            closed: false,
        }
    }

    fn change(&mut self, values: &Values, now: u64) {
        let rate = match values.uint(RATE) {
            0 => None,
            rate => Some(LineRate::new(rate)),
        };
        self.wire.change_rate(self.rate.as_ref(), rate.as_ref());
        self.rate = rate;
        self.open = values.uint(OPEN) != 0;
        self.released = false;
        self.max_packets = values.uint(PACKETS);
        self.max_bytes = values.uint(BYTES);
        self.gate(now);
    }

    /// Whether nothing stands against packets but the rate.
    fn is_open(&self) -> bool {
        self.released || (self.open && !self.paused)
    }

    /// It may have been opened or closed.
    fn gate(&mut self, now: u64) {
        let mut waiting = core::mem::take(&mut self.waiting);
        let mut bytes = 0u64;
        while let Some(packet) = waiting.pop_front() {
            bytes = bytes.saturating_add(u64::from(packet.len()));
            self.keep(packet, bytes, now);
        }
        // The time in which nothing could go is not made up for.
        if self.wire.free_at() < now {
            self.wire.reset(now);
        }
    }

    /// Looks whether it is congested; whether that has changed.
    fn weigh(&mut self, condition: &Atomic<bool>) -> bool {
        let before = self.congested;
        let over = |fill, limit| watermark::is_congested(before, fill, limit);
        self.congested = over(self.packets, self.max_packets) || over(self.bytes, self.max_bytes);
        condition.store(self.congested, Relaxed);
        self.congested != before
    }

    /// A packet arrives.
    fn arrive(&mut self, packet: SkBuff, now: u64) -> Arrival {
        if self.closed {
            return Arrival::Passes(packet);
        }
        let len = u64::from(packet.len());
        if self.may_go(now) && self.packets == 0 && !self.draining {
            self.send(len, now);
            return Arrival::Passes(packet);
        }
        if self.packets >= self.max_packets || self.bytes.saturating_add(len) > self.max_bytes {
            return Arrival::Lost(packet, Cause::QueueFull);
        }
        if self.held.take(load_of(&packet)).is_err() {
            return Arrival::Lost(packet, Cause::Limit);
        }
        let first = self.packets == 0;
        self.packets = self.packets.saturating_add(1);
        self.bytes = self.bytes.saturating_add(len);
        self.keep(packet, self.bytes, now);
        let at = Some(self.wire.free_at()).filter(|_| first && self.is_open() && !self.draining);
        Arrival::Waits { at }
    }

    /// Adds a packet, by which so many bytes wait. What waits for long, or may wait for ever, must not
    /// keep its socket, and that its namespace.
    fn keep(&mut self, mut packet: SkBuff, bytes: u64, now: u64) {
        let busy = self.wire.free_at().saturating_sub(now);
        let before = |rate: &LineRate| rate.time_of(bytes.saturating_mul(8));
        let wait = self.rate.as_ref().map_or(0, before).saturating_add(busy);
        if !self.is_open() || wait > PATIENCE {
            packet.orphan();
        }
        self.waiting.push_back(packet);
    }

    fn may_go(&self, now: u64) -> bool {
        self.is_open() && (self.rate.is_none() || self.wire.free_at() <= now)
    }

    /// A packet goes.
    fn send(&mut self, len: u64, now: u64) {
        let start = self.wire.free_at().max(now);
        let bits = len.saturating_mul(8);
        self.wire.send(start, bits, self.rate.as_ref());
    }

    fn pop(&mut self) -> Option<SkBuff> {
        let packet = self.waiting.pop_front()?;
        self.held.give(load_of(&packet));
        self.packets = self.packets.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(u64::from(packet.len()));
        Some(packet)
    }

    /// Packets that may go now.
    fn due(&mut self, now: u64) -> SkBuffList {
        let mut due = SkBuffList::default();
        let most = if self.heeds { 1 } else { BURST };
        for _ in 0..most {
            if !self.may_go(now) {
                break;
            }
            let Some(packet) = self.pop() else {
                break;
            };
            // What waited goes when the wire was free, however late we look.
            let bits = u64::from(packet.len()).saturating_mul(8);
            let start = self.wire.free_at();
            self.wire.send(start, bits, self.rate.as_ref());
            due.push_back(packet);
        }
        due
    }
}

impl Expire for Lane {
    fn expired(timer: &SoftTimer<Self>, bh: &BottomHalf) {
        if let Some(at) = timer.drain(bh) {
            timer.start(at);
        }
    }
}

impl Lane {
    /// Emits what may go; when to look again, if anything is left for somebody.
    fn drain(&self, bh: &BottomHalf) -> Option<u64> {
        let now = clock::now();
        {
            let mut line = self.line.lock();
            if line.draining {
                return None;
            }
            line.draining = true;
        }
        for _ in 0..BURST {
            let (mut due, one) = {
                let mut line = self.line.lock();
                (line.due(now), line.heeds)
            };
            let more = one && !due.is_empty();
            while let Some(packet) = due.pop_front() {
                self.outlet.emit_queued(packet, self.port, bh);
            }
            if !more {
                break;
            }
        }
        let (more, changed) = {
            let mut line = self.line.lock();
            line.draining = false;
            let more = line.packets != 0 && line.is_open() && !line.closed;
            let changed = line.weigh(self.conditions.congestion(self.port));
            (more.then_some(line.wire.free_at()), changed)
        };
        if changed {
            self.outlet.raise(bh);
        }
        more
    }

    /// Lets everything go from here on, and what waits first; false if there is always more.
    fn release(&self) -> bool {
        {
            let mut line = self.line.lock();
            line.released = true;
            line.rate = None;
        }
        for _ in 0..MAX_ROUNDS {
            self.drain(&percpu::disable_bottom_half());
            let line = self.line.lock();
            if line.packets == 0 && !line.draining {
                return true;
            }
        }
        false
    }
}

/// Both ways; replacements share them.
struct Lanes {
    up: Arc<SoftTimer<Lane>>,
    down: Arc<SoftTimer<Lane>>,
    conditions: Arc<Conditions>,
}

struct Queue(Arc<Lanes>);

fn make(site: &Site<'_>, _values: &Values, old: Option<&dyn Block>) -> Made {
    let old = of_type::<Queue>(old);
    let lanes = match old {
        Some(old) => old.0.clone(),
        None => {
            let conditions = Conditions::new()?;
            let lanes = Lanes {
                up: lane(site, UPPER, &conditions)?,
                down: lane(site, LOWER, &conditions)?,
                conditions,
            };
            Arc::new(lanes, GFP_KERNEL)?
        }
    };
    Ok(Arc::new(Queue(lanes), GFP_KERNEL)?)
}

fn lane(site: &Site<'_>, port: u32, conditions: &Arc<Conditions>) -> Result<Arc<SoftTimer<Lane>>> {
    let (outlet, conditions) = (site.outlet.clone(), conditions.clone());
    let lane = pin_init!(Lane {
        outlet,
        port,
        conditions,
        line <- new_spinlock_bh!(Line::new(site), "vnet_queue"),
    });
    Arc::pin_init(SoftTimer::new(lane), GFP_KERNEL)
}

impl Queue {
    fn lanes(&self) -> [&Arc<SoftTimer<Lane>>; 2] {
        [&self.0.up, &self.0.down]
    }

    fn change(&self, values: &Values) {
        for lane in self.lanes() {
            lane.line.lock().change(values, clock::now());
            // Whatever may go now goes now; and limits may be others.
            let _bh = percpu::disable_bottom_half();
            lane.start(0);
        }
    }
}

impl Block for Queue {
    fn receive(&self, packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        let (lane, to) = match from {
            LOWER => (&self.0.up, UPPER),
            _ => (&self.0.down, LOWER),
        };
        let (arrival, changed) = {
            let mut line = lane.line.lock();
            let arrival = line.arrive(packet, clock::now());
            let changed = match arrival {
                Arrival::Passes(_) => false,
                _ => line.weigh(lane.conditions.congestion(lane.port)),
            };
            (arrival, changed)
        };
        if changed {
            lane.outlet.raise(run.bh());
        }
        match arrival {
            Arrival::Passes(packet) => Verdict::leave(packet, to),
            Arrival::Lost(packet, cause) => Verdict::drop(packet, cause),
            Arrival::Waits { at } => {
                if let Some(at) = at {
                    lane.start(at);
                }
                Verdict::queued()
            }
        }
    }

    fn start(&self, values: &Values, _rtnl: &Rtnl) {
        self.change(values);
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        self.change(values);
        Ok(())
    }

    fn conditions(&self) -> Option<&Arc<Conditions>> {
        Some(&self.0.conditions)
    }

    fn notice(&self, heard: &Heard<'_>) {
        for lane in self.lanes() {
            let opened = {
                let mut line = lane.line.lock();
                line.heeds = heard.is_something();
                let before = core::mem::replace(&mut line.paused, heard.says_wait());
                if before != line.paused {
                    line.gate(clock::now());
                }
                before && !line.paused && !line.closed
            };
            if opened {
                lane.start(0);
            }
        }
    }

    fn read(&self, place: usize) -> Result<Value> {
        Ok(match place {
            PAUSED => Value::Uint(u64::from(self.0.up.line.lock().paused)),
            _ => Value::Absent,
        })
    }

    fn can_release(&self) -> bool {
        true
    }

    fn release(&self, _rtnl: &Rtnl) -> bool {
        self.lanes().into_iter().all(|lane| lane.release())
    }

    fn stop(&self, successor: Option<&dyn Block>, _rtnl: &Rtnl) {
        if takes_over(successor, |other: &Queue| &other.0, &self.0) {
            return;
        }
        for lane in self.lanes() {
            let mut waiting = SkBuffList::default();
            {
                let mut line = lane.line.lock();
                line.closed = true;
                line.open = false;
                while let Some(packet) = line.pop() {
                    waiting.push_back(packet);
                }
                line.held.settle();
            }
            lane.cancel();
            let bh = percpu::disable_bottom_half();
            while let Some(packet) = waiting.pop_front() {
                lane.outlet.drop_queued(packet, Cause::Removed, &bh);
            }
        }
    }
}
