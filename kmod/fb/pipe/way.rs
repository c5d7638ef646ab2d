// SPDX-License-Identifier: GPL-2.0

//! One way through a pipe: the model's direction, and the timer that looks at it.
//!
//! # Invariants
//!
//! - What the model holds is counted as queued by the block, but for copies that the model made.
//! - While the model holds something and the way is not closed, the timer is started or expiring, or the
//!   way is being released.
//! - One at a time emits what was held, since two would let packets overtake.

use super::super::{
    block::{
        Site,
        Verdict, //
    },
    counters::Cause,
    event::Conditions,
    held::Held,
    outlet::Outlet,
    program::Run, //
};
use crate::{
    model::{
        self,
        watermark,
        Counters,
        Direction,
        Frame as _,
        FrameQueue as _, //
    },
    net::{
        clock,
        skbuff::{
            SkBuff,
            WireSize, //
        },
        soft_timer::{
            Expire,
            SoftTimer, //
        },
    },
    pipe::{
        config::{
            LaneMemory,
            Parameters, //
        },
        frame::{
            Frame,
            FrameList, //
        },
    },
    sync::{
        percpu::{
            self,
            BottomHalf, //
        },
        spinlock_bh::{
            new_spinlock_bh,
            SpinLockBh, //
        },
    },
};
use kernel::{
    prelude::*,
    sync::{
        atomic::ordering::Relaxed,
        Arc, //
    }, //
};

/// Not armed.
const NEVER: u64 = u64::MAX;
/// Most packets that are let go at once.
const BURST: u32 = 64;
/// Most times that everything is let go when a successor comes.
const MAX_ROUNDS: u32 = 1 << 16;

/// One way.
#[pin_data]
pub(super) struct Way {
    outlet: Arc<Outlet>,
    /// By which packets leave.
    port: u32,
    /// Those of the block.
    conditions: Arc<Conditions>,
    /// Protects the model and its part of the conditions. The timer is started under it; no packet is emitted or freed.
    #[pin]
    line: SpinLockBh<Line>,
}

/// What a way's lock protects.
struct Line {
    model: Direction<FrameList, LaneMemory>,
    /// What the model holds is charged here.
    held: Held,
    /// What was not charged, and is to be dropped.
    refused: FrameList,
    /// When the timer will expire, ns.
    armed: u64,
    /// Somebody is emitting what was due; what comes now must come after that.
    draining: bool,
    congested: bool,
    /// Nothing happens to packets any more, as a successor will come.
    released: bool,
    closed: bool,
}

/// A way with such parameters, whose packets leave by `port`.
pub(super) fn new(
    site: &Site<'_>,
    port: u32,
    params: &Parameters,
    conditions: &Arc<Conditions>,
) -> Result<Arc<SoftTimer<Way>>> {
    let (outlet, conditions) = (site.outlet.clone(), conditions.clone());
    let memory = params.memory()?;
    let way = pin_init!(Way {
        outlet,
        port,
        conditions,
        line <- new_spinlock_bh!(Line {
            model: Direction::with_memory(**params, memory),
            held: Held::new(site.net),
            refused: FrameList::default(),
            armed: NEVER,
            draining: false,
            congested: false,
            released: false,
            closed: false,
        }, "vnet_fb_pipe"),
    });
    Arc::pin_init(SoftTimer::new(way), GFP_KERNEL)
}

/// Changes the parameters. No packet is lost or overtaken by that.
pub(super) fn change(way: &SoftTimer<Way>, params: &Parameters) {
    let mut line = way.line.lock();
    let now = clock::now();
    line.model.set_params(now, **params);
    let lost = line.take_lost();
    line.plan(way, now);
    let changed = line.weigh(way);
    drop(line);
    way.tell((lost, changed), &percpu::disable_bottom_half());
}

/// Lets everything go from here on, and what is held first; false if there is always more, and then
/// [`resume`] has to be called.
pub(super) fn release(way: &SoftTimer<Way>) -> bool {
    for _ in 0..MAX_ROUNDS {
        let bh = percpu::disable_bottom_half();
        let (mut held, lost) = {
            let mut line = way.line.lock();
            line.released = true;
            if line.draining {
                continue;
            }
            line.model.advance(clock::now());
            let lost = line.take_lost();
            let held = line.hand_over();
            line.draining = held.front().is_some();
            (held, lost)
        };
        way.lose(lost, &bh);
        if held.front().is_none() {
            // Nothing has come since that did not pass.
            return true;
        }
        while let Some(frame) = held.pop_front() {
            way.emit(frame, &bh);
        }
        way.line.lock().draining = false;
    }
    false
}

/// Goes on as before, if it was released for a successor that has not come.
pub(super) fn resume(way: &SoftTimer<Way>) {
    let mut line = way.line.lock();
    line.released = false;
    line.plan(way, clock::now());
}

/// Ends the way: what it holds is dropped as removed, and what comes passes.
pub(super) fn close(way: &SoftTimer<Way>) {
    let lost = {
        let mut line = way.line.lock();
        line.closed = true;
        line.model.advance(clock::now());
        line.model.purge(model::Cause::Removed);
        let lost = line.take_lost();
        line.held.settle();
        lost
    };
    way.cancel();
    way.lose(lost, &percpu::disable_bottom_half());
}

/// Takes a packet from a neighbour.
pub(super) fn receive(way: &SoftTimer<Way>, mut packet: SkBuff, run: &Run<'_>) -> Verdict {
    if way.line.lock().passes() {
        return Verdict::leave(packet, way.port);
    }
    if let Err(error) = packet.prepare() {
        let cause = if error == ENOMEM {
            Cause::NoMemory
        } else {
            Cause::Malformed
        };
        return Verdict::drop(packet, cause);
    }
    if !packet.is_gso() {
        let len = packet.len();
        if !put_tag(&mut packet) {
            return Verdict::drop(packet, Cause::NoMemory);
        }
        let longer = packet.len() != len;
        if longer {
            run.held(packet.len());
        }
        way.admit(way, run.bh(), |line, now, passing| {
            line.admit(now, packet, passing);
        });
        return match longer {
            true => Verdict::consumed(),
            false => Verdict::queued(),
        };
    }
    // What happens to frames happens to each of its segments.
    let mut segments = match packet.segment() {
        Ok(segments) => segments,
        Err(packet) => return Verdict::drop(packet, Cause::Malformed),
    };
    way.admit(way, run.bh(), |line, now, passing| {
        while let Some(mut segment) = segments.pop_front() {
            match put_tag(&mut segment) {
                true => {
                    run.held(segment.len());
                    line.admit(now, segment, passing);
                }
                false => run.failed(Cause::NoMemory, segment.len()),
            }
        }
    });
    Verdict::consumed()
}

/// Puts a VLAN tag that a device would put in where it belongs: on the wire it counts, and what is
/// held may not become longer, as it would when a bit of it is flipped. False if there is no memory.
fn put_tag(packet: &mut SkBuff) -> bool {
    let on_wire = packet.wire_size().map(|size| size.bytes);
    on_wire == Some(packet.len()) || packet.fill_in()
}

impl Way {
    /// A counter of the model.
    pub(super) fn read(&self, of: fn(&Counters) -> u64) -> u64 {
        of(self.line.lock().model.counters())
    }

    /// Has packets, which count as held, be handed to the line.
    fn admit(
        &self,
        timer: &SoftTimer<Self>,
        bh: &BottomHalf,
        hand: impl FnOnce(&mut Line, u64, &mut FrameList),
    ) {
        let mut passing = FrameList::default();
        let mut line = self.line.lock();
        let now = clock::now();
        hand(&mut line, now, &mut passing);
        line.plan(timer, now);
        let told = (line.take_lost(), line.weigh(self));
        drop(line);
        while let Some(frame) = passing.pop_front() {
            self.emit(frame, bh);
        }
        self.tell(told, bh);
    }

    /// Does what follows from what was done under the lock.
    fn tell(&self, (lost, changed): (FrameList, bool), bh: &BottomHalf) {
        self.lose(lost, bh);
        if changed {
            self.outlet.raise(bh);
        }
    }

    /// Sends a frame on its way out of the block.
    fn emit(&self, frame: Frame, bh: &BottomHalf) {
        match frame.stamp().is_copy() {
            true => self.outlet.emit(frame.into_skb(), self.port, bh),
            false => self.outlet.emit_queued(frame.into_skb(), self.port, bh),
        }
    }

    /// Drops what the model has lost.
    fn lose(&self, mut lost: FrameList, bh: &BottomHalf) {
        while let Some(frame) = lost.pop_front() {
            let (cause, copy) = (cause_of(frame.stamp()), frame.stamp().is_copy());
            match copy {
                true => self.outlet.drop_made(frame.into_skb(), cause, bh),
                false => self.outlet.drop_queued(frame.into_skb(), cause, bh),
            }
        }
    }
}

/// The cause of blocks that comes closest to the model's.
fn cause_of(stamp: &model::Stamp) -> Cause {
    use crate::model::Cause as Model;

    match stamp.lost_for() {
        Model::Ber
        | Model::LossRandom
        | Model::LossGilbertElliott
        | Model::LossFourState
        | Model::LossPattern => Cause::Lost,
        Model::NoMemory => Cause::NoMemory,
        Model::Segmentation | Model::Mtu => Cause::Malformed,
        Model::LinkDown | Model::ReceiverDown | Model::Removed => Cause::Removed,
        Model::QueuePackets
        | Model::QueueBytes
        | Model::QueueTime
        | Model::Red
        | Model::Codel
        | Model::Pie
        | Model::DelayLimit => Cause::QueueFull,
        Model::FrameCap | Model::ByteCap => Cause::Limit,
    }
}

impl Line {
    /// Looks whether the queue of the way is congested; whether that has changed.
    fn weigh(&mut self, way: &Way) -> bool {
        let (held, limit) = (self.model.queued(), self.model.params().params().queue);
        let before = self.congested;
        let over = |fill, limit| watermark::is_congested(before, fill, limit);
        self.congested = over(held.frames, limit.packets.map_or(0, u64::from))
            || over(held.bytes, limit.bytes.unwrap_or(0));
        let condition = way.conditions.congestion(way.port);
        condition.store(self.congested, Relaxed);
        self.congested != before
    }

    /// Whether a packet may go on at once, as nothing happens to it and none is before it.
    fn passes(&self) -> bool {
        let idle = || !self.draining && self.model.in_flight().frames == 0;
        let released = || self.released && self.model.queued().frames == 0;
        self.closed || ((self.model.is_instant() || released()) && idle())
    }

    /// Hands a packet to the model, or to `passing` if nothing is to happen to it any more: the way
    /// may have been released or closed since it was looked at.
    fn admit(&mut self, now: u64, packet: SkBuff, passing: &mut FrameList) {
        let size = WireSize {
            frames: 1,
            bytes: packet.len(),
        };
        let mut frame = Frame::new(packet, size);
        if self.passes() {
            return passing.push_back(frame);
        }
        if let Err(cause) = self.held.take(frame.load()) {
            frame.stamp_mut().set_lost(cause);
            return self.refused.push_back(frame);
        }
        self.model.enqueue(now, frame);
    }

    /// All that is held, in its order, which is not charged any more.
    fn hand_over(&mut self) -> FrameList {
        let mut all = FrameList::default();
        let mut held = self.model.hand_over();
        while let Some(frame) = held.pop_front() {
            self.held.give(frame.load());
            all.push_back(frame);
        }
        all
    }

    /// What is to be dropped, none of which is charged any more.
    fn take_lost(&mut self) -> FrameList {
        let mut lost = core::mem::take(&mut self.refused);
        let mut discarded = self.model.take_discarded();
        while let Some(frame) = discarded.pop_front() {
            self.held.give(frame.load());
            lost.push_back(frame);
        }
        lost
    }

    /// Sees to it that the timer expires when the model wants it.
    fn plan(&mut self, timer: &SoftTimer<Way>, now: u64) {
        let next = self.model.next_event();
        let Some(at) = next.filter(|_| !self.closed && !self.draining) else {
            return;
        };
        if at < self.armed || self.armed <= now {
            self.armed = at;
            timer.start(at);
        }
    }

    /// Packets that have reached the other end.
    fn due(&mut self, now: u64) -> FrameList {
        let mut due = FrameList::default();
        for _ in 0..BURST {
            match self.model.pop_due(now) {
                Some(frame) => {
                    self.held.give(frame.load());
                    due.push_back(frame);
                }
                None => break,
            }
        }
        due
    }
}

impl Expire for Way {
    fn expired(timer: &SoftTimer<Self>, bh: &BottomHalf) {
        let now = clock::now();
        let (mut due, told) = {
            let mut line = timer.line.lock();
            line.armed = NEVER;
            if line.draining {
                // What is due comes after what is let go for a successor, and whoever does that sees to it.
                return;
            }
            line.draining = true;
            line.model.advance(now);
            let due = line.due(now);
            (due, (line.take_lost(), line.weigh(timer)))
        };
        while let Some(frame) = due.pop_front() {
            timer.emit(frame, bh);
        }
        timer.tell(told, bh);
        let mut line = timer.line.lock();
        line.draining = false;
        line.plan(timer, now);
    }
}
