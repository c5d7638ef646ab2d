// SPDX-License-Identifier: GPL-2.0

//! A lane: one direction of a link, from the transmit function of one device to the NAPI poll of
//! the other.
//!
//! What happens to a frame is the model's business ([`model::Direction`]); the lane brings frames,
//! time and events. Both ends enter it under one lock. Frames are freed and handed to the stack
//! outside of it, because both may lead back into another lane.
//!
//! ```text
//!  start_xmit --> [lock: enqueue] --> timer or NAPI --> poll --> [lock: pop_due] --> stack
//! ```
//!
//! # Invariants
//!
//! - While the receiving device is down (`open` is false), the model holds no frame, and nobody
//!   schedules the NAPI instance.
//! - What the model holds is in `charge`, which is charged to `sender`.

use super::{
    config::{
        LaneMemory,
        Parameters, //
    },
    frame::{
        unfit,
        Flow,
        Frame,
        FrameList, //
    },
    stopwatch::Stopwatch,
    trace::{
        Extract,
        Trace, //
    }, //
};
use crate::{
    account::{
        Charge,
        Load, //
    },
    instance::{
        Instance,
        Traffic, //
    },
    model::{
        Cause,
        Counters,
        Decision,
        Direction,
        FrameQueue,
        Tally, //
    },
    net::{
        clock,
        device::HeldDevice,
        napi::{
            Napi,
            Poll,
            Polling, //
        },
        skbuff::{
            SkBuff,
            WireSize, //
        }, //
    },
    sync::{
        rcu::{
            RcuBox,
            RcuPtr, //
        },
        spinlock_bh::{
            new_spinlock_bh,
            SpinLockBh, //
        }, //
    }, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        rcu,
        Arc, //
    }, //
};

/// Bytes of an Ethernet header with two VLAN tags, which the MTU does not count.
const HEADER: u32 = 22;

/// Not armed.
const NEVER: u64 = u64::MAX;

/// One direction of a link.
#[pin_data]
pub(crate) struct Lane {
    /// The parameters, for what has to be known before the lock is taken: whether a super-packet
    /// crosses the link as a whole, and whether its flow matters. Replaced under RTNL; readers hold
    /// RCU.
    params: RcuPtr<Parameters>,
    /// Whether flows matter to the discipline in force, so that one need not look for it.
    keeps_flows: Atomic<u32>,
    /// Softirq time spent on delivery, ns.
    softirq_time: Atomic<u64>,
    /// Everything else, shared by the sender's CPUs and the poll.
    #[pin]
    state: SpinLockBh<State>,
}

/// What a lane's lock protects.
struct State {
    model: Direction<FrameList, LaneMemory>,
    charge: Charge,
    /// The sender's instance, while the sending device is up.
    sender: Option<Arc<Instance>>,
    /// The sending device, while it is up.
    device: Option<HeldDevice>,
    /// Whether the sending device has to stop its queue while the wire is busy.
    pushes_back: bool,
    /// Whether it has.
    stopped: bool,
    /// The receiver's instance, while the receiving device is up.
    receiver: Option<Arc<Instance>>,
    /// Whether the receiving device is up.
    open: bool,
    /// Whether the cable is plugged.
    connected: bool,
    /// Longest frame that both ends take, without header.
    mtu: u32,
    /// When the timer will fire, ns.
    armed: u64,
    /// No poll before that, ns.
    not_before: u64,
    /// How long after a poll, ns, see [`moderation`](crate::model::Compiled::moderation).
    moderation: u64,
    /// Times the polls.
    stopwatch: Stopwatch,
    /// What has been reported to the instances.
    reported: Reported,
    /// Lost frames that are not charged any more, to be freed outside the lock.
    waste: FrameList,
}

/// Counters and contents of a lane.
pub(crate) struct Reading<'a> {
    /// What happened since the link was made.
    pub(crate) counters: &'a Counters,
    /// In front of the wire: the queue and the frame that is being serialised.
    pub(crate) queued: Tally,
    /// In the delay line, or due and not yet handed over.
    pub(crate) in_flight: Tally,
}

/// Counters as of the last report.
#[derive(Default)]
struct Reported {
    sent: Tally,
    drops: Tally,
    delivered: Tally,
    softirq_time: u64,
}

impl Lane {
    /// A lane with both devices down.
    pub(crate) fn new(
        params: RcuBox<Parameters>,
        memory: LaneMemory,
        mtu: u32,
        connected: bool,
    ) -> impl PinInit<Self> {
        pin_init!(Self {
            keeps_flows: Atomic::new(u32::from(params.flow_key().is_some())),
            softirq_time: Atomic::new(0),
            state <- new_spinlock_bh!(State {
                model: Direction::with_memory(**params, memory),
                charge: Charge::default(),
                sender: None,
                device: None,
                pushes_back: params.pushes_back(),
                stopped: false,
                receiver: None,
                open: false,
                connected,
                mtu,
                armed: NEVER,
                not_before: 0,
                moderation: params.moderation(),
                stopwatch: Stopwatch::default(),
                reported: Reported::default(),
                waste: FrameList::default(),
            }, "vnet_lane"),
            params: RcuPtr::new(params),
        })
    }

    /// Calls `then` with the parameters in force.
    pub(crate) fn with_params<R>(&self, then: impl FnOnce(&Parameters) -> R) -> R {
        then(self.params.read(&rcu::read_lock()))
    }

    /// Calls `then` with counters and contents of one moment. The lock is held meanwhile.
    pub(crate) fn read<R>(&self, then: impl FnOnce(Reading<'_>) -> R) -> R {
        let mut state = self.state.lock();
        state.model.advance(clock::now());
        let waste = state.clean_up();
        let result = then(Reading {
            counters: state.model.counters(),
            queued: state.model.queued(),
            in_flight: state.model.in_flight(),
        });
        drop(state);
        drop(waste);
        result
    }

    /// Begins another log of decisions, or ends it, see [`TraceSlot::put`](super::trace::TraceSlot).
    pub(crate) fn set_trace(&self, trace: Option<KBox<Trace>>) {
        let mut state = self.state.lock();
        // What was decided before does not belong into it.
        state.model.advance(clock::now());
        let unused = state.model.log().put(trace);
        let waste = state.clean_up();
        drop(state);
        drop((unused, waste));
    }

    /// Reads from the log of decisions, if there is one, what fits into `records`, see
    /// [`Trace::read`].
    pub(crate) fn read_trace(
        &self,
        since: Option<u64>,
        records: KVVec<Decision>,
    ) -> Option<Extract> {
        let mut state = self.state.lock();
        state.model.advance(clock::now());
        let waste = state.clean_up();
        let extract = state.model.log().get().map(|log| log.read(since, records));
        drop(state);
        drop(waste);
        extract
    }

    /// Waits for what the timer was early for, which is due within `limit`, ns.
    #[cold]
    fn spin(&self, limit: u64) {
        let wanted = self.state.lock().wanted();
        if let Some(at) = wanted {
            clock::spin_until(at, limit);
        }
    }

    /// Reports what happened since the last time to the instances, and gives back what has been
    /// granted in excess.
    pub(crate) fn settle(&self) {
        let mut state = self.state.lock();
        state.settle(self.softirq_time.load(Relaxed));
    }
}

/// What devices and the control interface do to a lane.
impl Napi<Lane> {
    /// Sends a packet.
    pub(crate) fn transmit(&self, mut skb: SkBuff) {
        let size = match skb.prepare() {
            Ok(size) => size,
            Err(error) => {
                let size = WireSize::of_unknown(&skb);
                return self.refuse(Frame::new(skb, size), unfit(error));
            }
        };
        let mut flow = None;
        if size.frames > 1 || self.keeps_flows.load(Relaxed) != 0 {
            let whole;
            (whole, flow) = self.with_params(|params| {
                let whole = params.keeps_whole(size.bytes, size.frames);
                (whole, Flow::of(&mut skb, params))
            });
            if !whole {
                return self.transmit_segments(skb, size, flow);
            }
        }
        let mut state = self.state.lock();
        let now = state.now();
        state.admit(now, Frame::new(skb, size), flow);
        let waste = state.clean_up();
        state.plan(self, now);
        drop(state);
        drop(waste);
    }

    /// Sends the segments of a super-packet.
    fn transmit_segments(&self, skb: SkBuff, size: WireSize, flow: Option<Flow>) {
        let mut segments = match skb.segment() {
            Ok(segments) => segments,
            Err(skb) => return self.refuse(Frame::new(skb, size), Cause::Segmentation),
        };
        let mut state = self.state.lock();
        let now = state.now();
        while let Some(mut skb) = segments.pop_front() {
            let size = skb
                .wire_size()
                .unwrap_or_else(|| WireSize::of_unknown(&skb));
            state.admit(now, Frame::new(skb, size), flow);
        }
        let waste = state.clean_up();
        state.plan(self, now);
        drop(state);
        drop(waste);
    }

    /// Counts a packet that cannot be sent, and drops it.
    #[cold]
    fn refuse(&self, frame: Frame, cause: Cause) {
        let mut state = self.state.lock();
        state.refuse(frame, cause);
        let waste = state.clean_up();
        drop(state);
        drop(waste);
    }

    /// Changes the parameters, and the memory if they need another one. No frame is lost or
    /// overtaken.
    pub(crate) fn set_params(&self, params: RcuBox<Parameters>, memory: Option<LaneMemory>) {
        let mut state = self.state.lock();
        let now = clock::now();
        let old = match memory {
            Some(memory) => Some(state.model.set_memory(now, **params, memory)),
            None => {
                state.model.set_params(now, **params);
                None
            }
        };
        state.pushes_back = params.pushes_back();
        state.moderation = params.moderation();
        state.wake();
        let waste = state.clean_up();
        state.plan(self, now);
        drop(state);
        self.keeps_flows
            .store(u32::from(params.flow_key().is_some()), Relaxed);
        self.params.replace(params);
        drop((old, waste));
    }

    /// Changes the longest frame.
    pub(crate) fn set_mtu(&self, mtu: u32) {
        self.state.lock().mtu = mtu;
    }

    /// The cable is plugged or pulled; what is on it when it is pulled is lost.
    pub(crate) fn set_connected(&self, connected: bool) {
        self.state.lock().connected = connected;
        if !connected {
            self.lose(Cause::LinkDown);
        }
    }

    /// The sending device goes up.
    pub(crate) fn sender_up(&self, instance: Arc<Instance>, device: HeldDevice) {
        let mut state = self.state.lock();
        state.sender = Some(instance);
        state.device = Some(device);
    }

    /// The sending device goes down; what it sent is lost.
    pub(crate) fn sender_down(&self) {
        let mut state = self.state.lock();
        let waste = state.lose(Cause::LinkDown);
        state.settle(self.softirq_time.load(Relaxed));
        let instance = state.sender.take();
        // What is stopped would stay so when the device goes up again.
        state.wake();
        let device = state.device.take();
        drop(state);
        drop((waste, instance, device));
    }

    /// The receiving device goes up.
    pub(crate) fn receiver_up(&self, instance: Arc<Instance>) {
        let mut state = self.state.lock();
        state.receiver = Some(instance);
        state.open = true;
    }

    /// The receiving device goes down; what is under way to it is lost. On return nobody schedules
    /// the NAPI instance any more.
    pub(crate) fn receiver_down(&self) {
        let mut state = self.state.lock();
        let waste = state.lose(Cause::ReceiverDown);
        state.settle(self.softirq_time.load(Relaxed));
        let instance = state.receiver.take();
        state.open = false;
        // The timer is disarmed with the NAPI instance.
        state.armed = NEVER;
        drop(state);
        drop((waste, instance));
    }

    /// The link goes.
    pub(crate) fn remove(&self) {
        self.lose(Cause::Removed);
    }

    /// Loses everything for `cause`.
    fn lose(&self, cause: Cause) {
        let waste = self.state.lock().lose(cause);
        drop(waste);
    }
}

impl State {
    /// The time, as far as it matters, ns.
    #[inline]
    fn now(&self) -> u64 {
        if self.model.is_instant() {
            self.model.now()
        } else {
            clock::now()
        }
    }

    /// Takes a frame from the sender.
    #[inline]
    fn admit(&mut self, now: u64, mut frame: Frame, flow: Option<Flow>) {
        if let Some(flow) = flow {
            frame.set_flow(flow);
        }
        if let Err(cause) = self.check(&frame) {
            return self.refuse(frame, cause);
        }
        self.model.enqueue(now, frame);
        if self.pushes_back {
            self.push_back();
        }
    }

    /// Stops the sending device's queue if the wire has enough to do.
    #[cold]
    fn push_back(&mut self) {
        if !self.stopped && !self.model.wants_frames() {
            let device = self.device.as_ref();
            self.stopped = device.is_some_and(HeldDevice::stop_queue);
        }
    }

    /// Lets the sending device's queue go on if the wire wants frames, or nobody stops it any more.
    #[inline]
    fn wake(&mut self) {
        let over = !self.pushes_back || self.sender.is_none() || self.model.wants_frames();
        if self.stopped && over {
            self.stopped = false;
            if let Some(device) = &self.device {
                device.wake_queue();
            }
        }
    }

    /// Whether the frame may enter; if so, it is charged.
    #[inline]
    fn check(&mut self, frame: &Frame) -> Result<(), Cause> {
        use crate::model::Frame as _;

        if !self.connected {
            return Err(Cause::LinkDown);
        }
        if !self.open {
            return Err(Cause::ReceiverDown);
        }
        let stamp = frame.stamp();
        if stamp.frames == 1 && stamp.bytes > self.mtu.saturating_add(HEADER) {
            return Err(Cause::Mtu);
        }
        let Some(sender) = &self.sender else {
            return Err(Cause::LinkDown);
        };
        self.charge.take(sender.account(), frame.load())
    }

    /// Counts a frame that was not charged as sent and lost.
    #[cold]
    fn refuse(&mut self, frame: Frame, cause: Cause) {
        self.discharge();
        self.model.refuse(frame, cause);
        let mut refused = self.model.take_discarded();
        while let Some(frame) = refused.pop_front() {
            self.waste.push_back(frame);
        }
    }

    /// Takes what was lost, to be freed outside the lock.
    #[inline]
    fn clean_up(&mut self) -> FrameList {
        if self.model.has_discarded() {
            self.discharge();
        }
        core::mem::take(&mut self.waste)
    }

    /// Takes what the model discarded off the charge.
    #[cold]
    fn discharge(&mut self) {
        let mut discarded = self.model.take_discarded();
        while let Some(frame) = discarded.pop_front() {
            if let Some(sender) = &self.sender {
                self.charge.give(sender.account(), frame.load());
            }
            self.waste.push_back(frame);
        }
    }

    /// Sees to it that the poll runs when the model wants it, or so much earlier that it can wait for
    /// that ([`clock::spin_time`]).
    #[inline(always)]
    fn plan(&mut self, napi: &Napi<Lane>, now: u64) {
        let Some(at) = self.wanted() else {
            return;
        };
        if at < self.armed || self.armed <= now {
            self.arm(napi, at, now);
        }
    }

    /// Has the poll run at `at`.
    #[inline(never)]
    fn arm(&mut self, napi: &Napi<Lane>, at: u64, now: u64) {
        if !self.open {
            return;
        }
        let wake = at.saturating_sub(clock::spin_time());
        if wake <= now {
            napi.schedule();
        } else {
            self.armed = at;
            napi.schedule_at(wake, now);
        }
    }

    /// When the poll has something to do, ns.
    #[inline(always)]
    fn wanted(&self) -> Option<u64> {
        self.model.next_event().map(|at| at.max(self.not_before))
    }

    /// Loses everything for `cause`; gives what has to be freed outside the lock.
    fn lose(&mut self, cause: Cause) -> FrameList {
        self.model.advance(clock::now());
        self.model.purge(cause);
        self.clean_up()
    }

    /// See [`Lane::settle`].
    fn settle(&mut self, softirq_time: u64) {
        self.report(softirq_time);
        if let Some(sender) = &self.sender {
            self.charge.settle(sender.account());
        }
    }

    /// Reports to the instances.
    fn report(&mut self, softirq_time: u64) {
        let counters = self.model.counters();
        let (sent, drops) = (counters.sent, counters.all_drops());
        let delivered = counters.delivered;
        if let Some(sender) = &self.sender {
            let (new, lost) = (
                sent.minus(self.reported.sent),
                drops.minus(self.reported.drops),
            );
            sender.totals().add_sent(Traffic {
                packets: new.frames,
                bytes: new.bytes,
                drops: lost.frames,
            });
            self.reported.sent = sent;
            self.reported.drops = drops;
        }
        if let Some(receiver) = &self.receiver {
            let new = delivered.minus(self.reported.delivered);
            receiver.totals().add_received(
                Traffic {
                    packets: new.frames,
                    bytes: new.bytes,
                    drops: 0,
                },
                softirq_time.wrapping_sub(self.reported.softirq_time),
            );
            self.reported.delivered = delivered;
            self.reported.softirq_time = softirq_time;
        }
    }
}

impl Poll for Lane {
    fn poll(napi: &Napi<Self>, polling: Polling<'_>, budget: usize) -> usize {
        let mut due = FrameList::default();
        let mut load = Load::default();
        let mut work = 0;

        let limit = clock::spin_time();
        if limit > 0 {
            napi.spin(limit);
        }
        let mut state = napi.state.lock();
        let lap = state.stopwatch.begin();
        let now = match &lap {
            Some(lap) if !state.model.is_instant() => lap.begun(),
            _ => state.now(),
        };
        state.model.advance(now);
        while work < budget {
            let Some(frame) = state.model.pop_due(now) else {
                break;
            };
            load = load.plus(frame.load());
            due.push_back(frame);
            work += 1;
        }
        let State { charge, sender, .. } = &mut *state;
        if let Some(sender) = sender {
            charge.give(sender.account(), load);
        }
        let waste = state.clean_up();
        state.wake();
        if work < budget {
            // Nothing is due, so this arms the timer if anything. Should it fire before the poll is
            // completed, the poll is repeated.
            state.armed = NEVER;
            let soon = now.saturating_add(state.moderation);
            if work > 0 {
                state.not_before = soon;
            }
            // Frames that follow each other closely are waited for.
            let dense = state.model.next_event().is_some_and(|at| at <= soon);
            napi.repeat(if dense { state.moderation } else { 0 });
            state.plan(napi, now);
        }
        drop(state);
        drop(waste);

        polling.receive(due.into_skbs());
        if let Some(lap) = lap {
            napi.softirq_time.add(lap.end(), Relaxed);
        }
        work
    }
}
