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
//! What the lock protects, with its invariants, is the lane's [`state`].

mod state;

use self::state::{
    State,
    NEVER, //
};
use super::{
    config::{
        LaneMemory,
        Parameters, //
    },
    frame::{
        unfit,
        Flow,
        Frame, //
    },
    trace::{
        Extract,
        Trace, //
    }, //
};
use crate::{
    instance::Instance,
    model::{
        Cause,
        Counters,
        Decision,
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
            SpinLockBh,
            SpinLockBhGuard, //
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

/// How many times longer than the moderation, and than its interrupts are late, the timer may be set ahead.
const MOST_MODERATED: u64 = 4;

/// One direction of a link.
#[pin_data]
pub(crate) struct Lane {
    /// The parameters, for what has to be known before the lock is taken: whether a super-packet
    /// crosses the link as a whole, and whether its flow matters. Replaced under RTNL; readers hold
    /// RCU.
    params: RcuPtr<Parameters>,
    /// Softirq time spent on delivery, ns.
    softirq_time: Atomic<u64>,
    /// Everything else, shared by the sender's CPUs and the poll.
    #[pin]
    state: SpinLockBh<State>,
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

impl Lane {
    /// A lane with both devices down.
    pub(crate) fn new(
        params: RcuBox<Parameters>,
        memory: LaneMemory,
        mtu: u32,
        connected: bool,
    ) -> impl PinInit<Self> {
        pin_init!(Self {
            softirq_time: Atomic::new(0),
            state <- new_spinlock_bh!(
                State::new(&params, memory, mtu, connected),
                "vnet_lane"
            ),
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
        if size.frames > 1 {
            return self.transmit_examined(skb, size);
        }
        let state = self.state.lock();
        if state.keeps_flows {
            drop(state);
            return self.transmit_examined(skb, size);
        }
        self.transmit_frame(state, Frame::new(skb, size), None);
    }

    /// Sends a packet that has to be looked at first: a super-packet, or one whose flow matters.
    fn transmit_examined(&self, mut skb: SkBuff, size: WireSize) {
        let (whole, flow) = self.with_params(|params| {
            let whole = params.keeps_whole(size.bytes, size.frames);
            (whole, Flow::of(&mut skb, params))
        });
        if !whole {
            return self.transmit_segments(skb, size, flow);
        }
        self.transmit_frame(self.state.lock(), Frame::new(skb, size), flow);
    }

    /// Sends a packet as one frame.
    #[inline(always)]
    fn transmit_frame(
        &self,
        mut state: SpinLockBhGuard<'_, State>,
        frame: Frame,
        flow: Option<Flow>,
    ) {
        let frame = match state.cross(frame) {
            // Under the lock: a receiver that goes down has waited for it when it is down.
            Ok(()) => return self.schedule(),
            Err(frame) => frame,
        };
        let now = state.now();
        state.admit(now, frame, flow);
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
        state.keeps_flows = params.flow_key().is_some();
        state.moderation = params.moderation();
        state.wake();
        let waste = state.clean_up();
        state.plan(self, now);
        drop(state);
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
        // The NAPI instance is taken off the agenda when it is disabled.
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

/// How much later the timer is set than a poll is wanted, ns, while packets come, which have polls run
/// in time. It is then needed only for when no more come. Where its interrupts are late on the average,
/// by `lateness`, nothing is won by having them earlier; in virtual machines they are, and each is an
/// exit of the machine.
fn slack(moderation: u64, lateness: u64) -> u64 {
    let most = moderation.saturating_mul(MOST_MODERATED);
    let wanted = lateness.saturating_mul(MOST_MODERATED);
    wanted.min(most).saturating_sub(moderation)
}

impl Poll for Lane {
    fn poll(napi: &Napi<Self>, polling: Polling<'_>, budget: usize) -> usize {
        let mut state = napi.state.lock();
        if state.model.is_instant() {
            return napi.deliver(state, polling, budget);
        }
        let limit = clock::spin_time();
        if limit > 0 {
            drop(state);
            napi.spin(limit);
            state = napi.state.lock();
        }
        let lap = state.stopwatch.begin();
        let now = match &lap {
            Some(lap) => lap.begun(),
            None => clock::now(),
        };
        state.model.advance(now);
        let (due, work) = state.take(budget, |model| model.pop_due(now));
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
            let next = state.model.next_event();
            // Frames that follow each other closely are waited for.
            let dense = next.is_some_and(|at| at <= soon);
            let fed = core::mem::take(&mut state.fed);
            state.slack = match dense && fed && limit == 0 {
                true => slack(state.moderation, napi.lateness()),
                false => 0,
            };
            napi.repeat(if dense {
                state.moderation.saturating_add(state.slack)
            } else {
                0
            });
            state.plan_for(next, napi, now);
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

impl Napi<Lane> {
    /// The poll of a lane that is instant: what has been sent has arrived.
    #[inline]
    fn deliver(
        &self,
        mut state: SpinLockBhGuard<'_, State>,
        polling: Polling<'_>,
        budget: usize,
    ) -> usize {
        let lap = state.stopwatch.begin();
        let (sent, work) = state.take(budget, |model| model.pop_crossed());
        drop(state);

        polling.receive(sent.into_skbs());
        if let Some(lap) = lap {
            self.softirq_time.add(lap.end(), Relaxed);
        }
        work
    }
}
