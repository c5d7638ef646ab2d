// SPDX-License-Identifier: GPL-2.0

//! What a lane's lock protects: the model, and what becomes of its frames around it.
//!
//! All that is here happens under the lock, so nothing is freed or handed to the stack: what is
//! lost is collected as waste, which the caller takes ([`State::clean_up`]) and frees when it has
//! released the lock.
//!
//! # Vocabulary
//!
//! - *Charge*: what the frames on the lane cost the sender's instance. A frame is charged when it
//!   enters, and discharged when it is lost or delivered.
//! - *Armed*: the timer will have the NAPI instance polled.
//! - *Report*: what instances are told of what has happened since the last one.
//!
//! # Invariants
//!
//! - While the receiving device is down (`open` is false), the model holds no frame, and nobody
//!   schedules the NAPI instance.
//! - What the model holds is in `charge`, which is charged to `sender`.

use super::{
    super::{
        config::{
            LaneMemory,
            Parameters, //
        },
        frame::{
            Flow,
            Frame,
            FrameList, //
        },
        stopwatch::Stopwatch, //
    },
    Lane, //
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
        Direction,
        FrameQueue,
        Tally, //
    },
    net::{
        clock,
        device::HeldDevice,
        napi::Napi, //
    }, //
};
use kernel::sync::Arc;

/// Bytes of an Ethernet header with two VLAN tags, which the MTU does not count.
const HEADER: u32 = 22;

/// Not armed.
pub(super) const NEVER: u64 = u64::MAX;

/// What decides about the frames.
type Model = Direction<FrameList, LaneMemory>;

/// What a lane's lock protects.
pub(super) struct State {
    pub(super) model: Model,
    pub(super) charge: Charge,
    /// The sender's instance, while the sending device is up.
    pub(super) sender: Option<Arc<Instance>>,
    /// The sending device, while it is up.
    pub(super) device: Option<HeldDevice>,
    /// Whether flows matter to the discipline in force.
    pub(super) keeps_flows: bool,
    /// Whether the sending device has to stop its queue while the wire is busy.
    pub(super) pushes_back: bool,
    /// Whether it has.
    stopped: bool,
    /// The receiver's instance, while the receiving device is up.
    pub(super) receiver: Option<Arc<Instance>>,
    /// Whether the receiving device is up.
    pub(super) open: bool,
    /// Whether the cable is plugged.
    pub(super) connected: bool,
    /// Longest frame that both ends take, without header.
    pub(super) mtu: u32,
    /// When the timer will fire, ns.
    pub(super) armed: u64,
    /// No poll before that, ns.
    pub(super) not_before: u64,
    /// How long after a poll, ns, see [`moderation`](crate::model::Compiled::moderation).
    pub(super) moderation: u64,
    /// How much later than the next poll the timer is set, ns: while packets come, they have polls run.
    pub(super) slack: u64,
    /// Whether packets have come since the last poll.
    pub(super) fed: bool,
    /// Times the polls.
    pub(super) stopwatch: Stopwatch,
    /// What has been reported to the instances.
    reported: Reported,
    /// Lost frames that are not charged any more, to be freed outside the lock.
    waste: FrameList,
}

/// Counters as of the last report.
#[derive(Default)]
struct Reported {
    sent: Tally,
    drops: Tally,
    delivered: Tally,
    softirq_time: u64,
}

impl State {
    /// The state of a lane with both devices down. Inlined, so that it is on the stack only once.
    #[inline(always)]
    pub(super) fn new(params: &Parameters, memory: LaneMemory, mtu: u32, connected: bool) -> Self {
        Self {
            model: Direction::with_memory(**params, memory),
            charge: Charge::default(),
            sender: None,
            device: None,
            keeps_flows: params.flow_key().is_some(),
            pushes_back: params.pushes_back(),
            stopped: false,
            receiver: None,
            open: false,
            connected,
            mtu,
            armed: NEVER,
            not_before: 0,
            moderation: params.moderation(),
            slack: 0,
            fed: false,
            stopwatch: Stopwatch::default(),
            reported: Reported::default(),
            waste: FrameList::default(),
        }
    }

    /// The time, as far as it matters, ns.
    #[inline]
    pub(super) fn now(&self) -> u64 {
        if self.model.is_instant() {
            self.model.now()
        } else {
            clock::now()
        }
    }

    /// Takes a frame from the sender that nothing makes wait; gives back one that has to go the long
    /// way.
    #[inline(always)]
    pub(super) fn cross(&mut self, frame: Frame) -> Result<(), Frame> {
        if self.model.is_instant() && self.check(&frame).is_ok() {
            self.model.cross(frame);
            return Ok(());
        }
        Err(frame)
    }

    /// Takes a frame from the sender.
    #[inline]
    pub(super) fn admit(&mut self, now: u64, mut frame: Frame, flow: Option<Flow>) {
        if let Some(flow) = flow {
            frame.set_flow(flow);
        }
        if let Err(cause) = self.check(&frame) {
            return self.refuse(frame, cause);
        }
        self.model.enqueue(now, frame);
        self.fed = true;
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
    pub(super) fn wake(&mut self) {
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
    pub(super) fn refuse(&mut self, frame: Frame, cause: Cause) {
        self.discharge();
        self.model.refuse(frame, cause);
        let mut refused = self.model.take_discarded();
        while let Some(frame) = refused.pop_front() {
            self.waste.push_back(frame);
        }
    }

    /// Takes what was lost, to be freed outside the lock.
    #[inline]
    pub(super) fn clean_up(&mut self) -> FrameList {
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

    /// Takes at most `budget` frames for the receiver, each by `pop`, and tells how many.
    #[inline(always)]
    pub(super) fn take(
        &mut self,
        budget: usize,
        mut pop: impl FnMut(&mut Model) -> Option<Frame>,
    ) -> (FrameList, usize) {
        let mut due = FrameList::default();
        let mut load = Load::default();
        let mut work = 0;
        while work < budget {
            let Some(frame) = pop(&mut self.model) else {
                break;
            };
            load = load.plus(frame.load());
            due.push_back(frame);
            work += 1;
        }
        if let Some(sender) = &self.sender {
            self.charge.give(sender.account(), load);
        }
        (due, work)
    }

    /// Sees to it that the poll runs when the model wants it, or so much earlier that it can wait for
    /// that ([`clock::spin_time`]).
    #[inline(always)]
    pub(super) fn plan(&mut self, napi: &Napi<Lane>, now: u64) {
        self.plan_for(self.model.next_event(), napi, now);
    }

    /// The same, for the model's next event.
    #[inline(always)]
    pub(super) fn plan_for(&mut self, next: Option<u64>, napi: &Napi<Lane>, now: u64) {
        let Some(at) = next.map(|at| at.max(self.not_before)) else {
            return;
        };
        if at <= now || at.saturating_add(self.slack) < self.armed || self.armed <= now {
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
            self.armed = at.saturating_add(self.slack);
            napi.schedule_at(wake.saturating_add(self.slack), now);
        }
    }

    /// When the poll has something to do, ns.
    #[inline(always)]
    pub(super) fn wanted(&self) -> Option<u64> {
        self.model.next_event().map(|at| at.max(self.not_before))
    }

    /// Loses everything for `cause`; gives what has to be freed outside the lock.
    pub(super) fn lose(&mut self, cause: Cause) -> FrameList {
        self.model.advance(clock::now());
        self.model.purge(cause);
        self.slack = 0;
        self.clean_up()
    }

    /// See [`Lane::settle`].
    pub(super) fn settle(&mut self, softirq_time: u64) {
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
