// SPDX-License-Identifier: GPL-2.0

//! The waiting room in front of the serialiser: what waits, by the discipline in force.

use super::{
    super::{
        counters::{
            Cause,
            Tally, //
        },
        frame::{
            Frame,
            FrameQueue,
            Stamp, //
        },
        ledger::Ledger,
        memory::{
            Tables,
            Weight, //
        },
        params::Compiled,
        random::{
            Effect,
            Subject, //
        }, //
    },
    codel::{
        Codel,
        CodelState, //
    },
    drr,
    flows::{
        select,
        Common,
        Flow, //
    },
    fq_codel,
    pie::PieState,
    red::{
        self,
        RedState, //
    },
    wfq,
    PreparedDiscipline, //
};

/// What waits for the wire.
pub(in super::super) struct Room<Q> {
    queue: Q,
    held: Tally,
    state: State,
}

/// State of the discipline. That of the flows themselves is in their table.
enum State {
    /// One queue without a will of its own.
    Plain,
    /// One queue that takes the frame that fills it.
    Device,
    Red(RedState),
    Codel(CodelState),
    Pie(PieState),
    Flows(Common),
}

/// What the room needs of the direction around it.
pub(in super::super) struct Desk<'a, Q: FrameQueue> {
    pub(in super::super) params: &'a Compiled,
    pub(in super::super) tables: Tables<'a, Q>,
    pub(in super::super) ledger: &'a mut Ledger<Q>,
}

/// Bytes on the wire over the weight of the frame's class.
#[inline]
fn weighted(params: &Compiled, weights: &[Weight], stamp: &Stamp) -> u64 {
    let weight = weights.get(usize::from(stamp.class)).copied();
    weight
        .unwrap_or(Weight::ONE)
        .scale(params.wire_bytes(stamp))
}

impl<Q: FrameQueue> Desk<'_, Q> {
    /// Random bits for a frame.
    #[inline]
    fn draw(&self, effect: Effect, stamp: &Stamp) -> u64 {
        let subject = Subject {
            number: self.ledger.number(stamp),
            copy: false,
        };
        self.params.source.draw(effect, subject)[0]
    }
}

/// Marks a frame, or drops it where that is not possible.
fn signal<Q: FrameQueue>(
    params: &Compiled,
    ledger: &mut Ledger<Q>,
    at: u64,
    mut frame: Q::Frame,
    cause: Cause,
) -> Option<Q::Frame> {
    if params.queueing.ecn && frame.mark_ce() {
        ledger.counters.marked.add(frame.stamp());
        frame.stamp_mut().set_marked();
        return Some(frame);
    }
    ledger.drop_sent(at, frame, cause);
    None
}

impl<Q: FrameQueue> Room<Q> {
    /// An empty room for the discipline in force.
    pub(in super::super) fn new(params: &Compiled, flows: &[Flow<Q>]) -> Self {
        Self {
            queue: Q::default(),
            held: Tally::default(),
            state: State::new(params, flows.is_empty()),
        }
    }

    /// What waits.
    #[inline]
    pub(in super::super) fn held(&self) -> Tally {
        self.held
    }

    /// Whether nothing waits.
    #[inline]
    pub(in super::super) fn is_empty(&self) -> bool {
        self.held.frames == 0
    }

    /// Whether one more frame would not be the one too many, for the `device` discipline.
    #[inline]
    pub(in super::super) fn has_room(&self, params: &Compiled) -> bool {
        let limit = &params.queue;
        let few = self.held.frames < limit.frames && self.held.bytes < limit.bytes;
        let short = params.wire_bits(self.held.bytes, self.held.frames) < limit.bits;
        if limit.any {
            few || short
        } else {
            few && short
        }
    }

    /// Whether a frame fits within the limits beside what waits.
    #[inline]
    fn fits(&self, params: &Compiled, stamp: &Stamp) -> Result<(), Cause> {
        if let State::Device = self.state {
            let full = !self.has_room(params);
            return if full {
                Err(Cause::QueuePackets)
            } else {
                Ok(())
            };
        }
        let mut after = self.held;
        after.add(stamp);
        params.queue_holds(self.held, after)
    }

    /// Takes a frame that arrives at `now` while the wire is busy; it is in the ledger already.
    #[inline]
    pub(in super::super) fn offer(
        &mut self,
        now: u64,
        frame: Q::Frame,
        desk: &mut Desk<'_, Q>,
    ) -> Result<(), Cause> {
        if let (State::Plain, false) = (&self.state, desk.params.queueing.head) {
            if let Err(cause) = self.fits(desk.params, frame.stamp()) {
                desk.ledger.drop_sent(now, frame, cause);
                return Err(cause);
            }
            self.held.add(frame.stamp());
            self.queue.push_back(frame);
            return Ok(());
        }
        self.offer_by_discipline(now, frame, desk)
    }

    /// The same for all but the plain case, kept apart so that this stays small.
    #[inline(never)]
    fn offer_by_discipline(
        &mut self,
        now: u64,
        frame: Q::Frame,
        desk: &mut Desk<'_, Q>,
    ) -> Result<(), Cause> {
        let frame = self.screen(now, frame, desk)?;
        if let State::Flows(_) = &self.state {
            return self.offer_to_flow(now, frame, desk);
        }
        if let Err(cause) = self.fits(desk.params, frame.stamp()) {
            if let State::Pie(pie) = &mut self.state {
                pie.overflowed();
            }
            if !desk.params.queueing.head {
                desk.ledger.drop_sent(now, frame, cause);
                return Err(cause);
            }
            // Without a limit in bytes it suffices to drop one frame; if it does not fit at all,
            // everything else goes first.
            while let Err(cause) = self.fits(desk.params, frame.stamp()) {
                let Some(oldest) = self.queue.pop_front() else {
                    desk.ledger.drop_sent(now, frame, cause);
                    return Err(cause);
                };
                self.held.sub(oldest.stamp());
                desk.ledger.drop_sent(now, oldest, cause);
            }
        }
        self.held.add(frame.stamp());
        self.queue.push_back(frame);
        Ok(())
    }

    /// Lets the disciplines that act on arrival have their say.
    fn screen(
        &mut self,
        now: u64,
        frame: Q::Frame,
        desk: &mut Desk<'_, Q>,
    ) -> Result<Q::Frame, Cause> {
        let stamp = frame.stamp();
        match (&mut self.state, &desk.params.queueing.discipline) {
            (State::Red(state), PreparedDiscipline::Red(red)) => {
                let draw = desk.draw(Effect::Red, stamp);
                match state.arrive(red, self.held.bytes, draw) {
                    red::Verdict::Admit => Ok(frame),
                    red::Verdict::Signal => {
                        signal(desk.params, desk.ledger, now, frame, Cause::Red).ok_or(Cause::Red)
                    }
                    red::Verdict::Drop => {
                        desk.ledger.drop_sent(now, frame, Cause::Red);
                        Err(Cause::Red)
                    }
                }
            }
            (State::Pie(state), PreparedDiscipline::Pie(pie)) => {
                let delay = desk.params.time_on_wire(self.held);
                state.advance(pie, now, delay, self.held.frames != 0);
                let draw = desk.draw(Effect::Pie, stamp);
                match state.arrive(pie, self.held.bytes, draw) {
                    None => Ok(frame),
                    Some(true) => {
                        signal(desk.params, desk.ledger, now, frame, Cause::Pie).ok_or(Cause::Pie)
                    }
                    Some(false) => {
                        desk.ledger.drop_sent(now, frame, Cause::Pie);
                        Err(Cause::Pie)
                    }
                }
            }
            _ => Ok(frame),
        }
    }

    /// Puts a frame to its flow, and drops from the longest flow while there are too many.
    fn offer_to_flow(
        &mut self,
        now: u64,
        frame: Q::Frame,
        desk: &mut Desk<'_, Q>,
    ) -> Result<(), Cause> {
        let own = select(desk.tables.flows, frame.stamp().flow);
        let number = frame.stamp().number;
        let mut before = self.held;
        let mut verdict = Ok(());
        self.store(frame, desk);
        while let Err(cause) = desk.params.queue_holds(before, self.held) {
            before = self.held;
            let Some(index) = self.longest(desk) else {
                break;
            };
            let Some(flow) = desk.tables.flows.get_mut(index as usize) else {
                break;
            };
            let dropped = if desk.params.queueing.head {
                flow.codel.overflowed();
                flow.pop()
            } else {
                flow.pop_youngest()
            };
            let Some(dropped) = dropped else {
                break;
            };
            if index == own && dropped.stamp().number == number {
                verdict = Err(cause);
            }
            self.held.sub(dropped.stamp());
            desk.ledger.drop_sent(now, dropped, cause);
        }
        verdict
    }

    /// The flow with most waiting bytes.
    fn longest(&self, desk: &Desk<'_, Q>) -> Option<u32> {
        let State::Flows(common) = &self.state else {
            return None;
        };
        let found = [
            common.turns.longest(desk.tables.flows),
            common.fresh.longest(desk.tables.flows),
            wfq::longest(common, desk.tables.flows),
        ];
        let mut longest = None;
        for (index, bytes) in found.into_iter().flatten() {
            if longest.is_none_or(|(_, most)| bytes > most) {
                longest = Some((index, bytes));
            }
        }
        longest.map(|(index, _)| index)
    }

    /// Lets a frame wait, whatever the limits.
    fn store(&mut self, frame: Q::Frame, desk: &mut Desk<'_, Q>) {
        self.held.add(frame.stamp());
        let State::Flows(common) = &mut self.state else {
            return self.queue.push_back(frame);
        };
        let index = select(desk.tables.flows, frame.stamp().flow);
        let Some(flow) = desk.tables.flows.get_mut(index as usize) else {
            return self.queue.push_back(frame);
        };
        flow.push(frame);
        match desk.params.queueing.discipline {
            PreparedDiscipline::Drr { quantum } => {
                drr::pushed(common, desk.tables.flows, index, quantum);
            }
            PreparedDiscipline::FqCodel { quantum, .. } => {
                fq_codel::pushed(common, desk.tables.flows, index, quantum);
            }
            _ => wfq::pushed(common, desk.tables.flows, index),
        }
    }

    /// A frame arrives at `now` and finds the wire free since `idle_since` and nothing waiting.
    #[inline]
    pub(in super::super) fn pass(
        &mut self,
        now: u64,
        idle_since: u64,
        stamp: &Stamp,
        desk: &mut Desk<'_, Q>,
    ) {
        if !matches!(self.state, State::Plain) {
            self.pass_by_discipline(now, idle_since, stamp, desk);
        }
    }

    #[inline(never)]
    fn pass_by_discipline(
        &mut self,
        now: u64,
        idle_since: u64,
        stamp: &Stamp,
        desk: &mut Desk<'_, Q>,
    ) {
        match (&mut self.state, &desk.params.queueing.discipline) {
            (State::Red(state), PreparedDiscipline::Red(red)) => {
                state.idle(red, now.saturating_sub(idle_since));
            }
            (State::Pie(state), PreparedDiscipline::Pie(pie)) => state.advance(pie, now, 0, false),
            (State::Flows(common), PreparedDiscipline::Wfq) => {
                let index = select(desk.tables.flows, stamp.flow);
                let length = weighted(desk.params, desk.tables.weights, stamp);
                wfq::pass(common, desk.tables.flows, index, length);
            }
            _ => {}
        }
    }

    /// Takes the frame to be sent at `at`.
    #[inline]
    pub(in super::super) fn pop(&mut self, at: u64, desk: &mut Desk<'_, Q>) -> Option<Q::Frame> {
        if let State::Plain = &self.state {
            let frame = self.queue.pop_front()?;
            self.held.sub(frame.stamp());
            return Some(frame);
        }
        self.pop_by_discipline(at, desk, true)
    }

    /// The same; without `control`, no discipline drops a frame.
    #[inline(never)]
    fn pop_by_discipline(
        &mut self,
        at: u64,
        desk: &mut Desk<'_, Q>,
        control: bool,
    ) -> Option<Q::Frame> {
        let params = desk.params;
        let frame = match (&mut self.state, &params.queueing.discipline) {
            (State::Codel(_), PreparedDiscipline::Codel(codel)) if control => {
                return self.pop_codel(at, codel, desk);
            }
            (State::Flows(_), PreparedDiscipline::FqCodel { quantum, codel }) => {
                return self.pop_fq_codel(at, *quantum, control.then_some(codel), desk);
            }
            (State::Flows(common), PreparedDiscipline::Drr { quantum }) => {
                drr::pop(common, desk.tables.flows, *quantum, |stamp| {
                    params.wire_bytes(stamp)
                })
            }
            (State::Flows(common), _) => {
                let weights = desk.tables.weights;
                wfq::pop(common, desk.tables.flows, |stamp| {
                    weighted(params, weights, stamp)
                })
            }
            (State::Pie(state), PreparedDiscipline::Pie(pie)) => {
                let delay = params.time_on_wire(self.held);
                state.advance(pie, at, delay, self.held.frames != 0);
                self.queue.pop_front()
            }
            _ => self.queue.pop_front(),
        }?;
        self.held.sub(frame.stamp());
        Some(frame)
    }

    fn pop_codel(&mut self, at: u64, codel: &Codel, desk: &mut Desk<'_, Q>) -> Option<Q::Frame> {
        let Self { queue, held, state } = self;
        let State::Codel(state) = state else {
            return None;
        };
        let take = || {
            let frame = queue.pop_front()?;
            let stamp = *frame.stamp();
            held.sub(&stamp);
            Some((frame, stamp, held.bytes))
        };
        state.dequeue(codel, at, take, |frame| {
            signal(desk.params, desk.ledger, at, frame, Cause::Codel)
        })
    }

    fn pop_fq_codel(
        &mut self,
        at: u64,
        quantum: u32,
        codel: Option<&Codel>,
        desk: &mut Desk<'_, Q>,
    ) -> Option<Q::Frame> {
        let State::Flows(common) = &mut self.state else {
            return None;
        };
        let params = desk.params;
        fq_codel::pop(
            common,
            desk.tables.flows,
            (quantum, codel),
            at,
            |stamp| params.wire_bytes(stamp),
            &mut self.held,
            |frame| signal(params, desk.ledger, at, frame, Cause::Codel),
        )
    }

    /// Takes everything out, in the order in which it would have been sent.
    pub(in super::super) fn take_all(&mut self, desk: &mut Desk<'_, Q>) -> Q {
        let mut all = Q::default();
        while let Some(frame) = self.pop_by_discipline(0, desk, false) {
            all.push_back(frame);
        }
        all
    }

    /// Starts the discipline in force afresh with the frames `waiting`.
    pub(in super::super) fn restart(&mut self, mut waiting: Q, desk: &mut Desk<'_, Q>) {
        for flow in desk.tables.flows.iter_mut() {
            *flow = Flow::default();
        }
        *self = Self::new(desk.params, desk.tables.flows);
        while let Some(frame) = waiting.pop_front() {
            self.store(frame, desk);
        }
    }
}

impl State {
    fn new(params: &Compiled, without_flows: bool) -> Self {
        match &params.queueing.discipline {
            PreparedDiscipline::Fifo => Self::Plain,
            PreparedDiscipline::Device => Self::Device,
            PreparedDiscipline::Red(_) => Self::Red(RedState::default()),
            PreparedDiscipline::Codel(_) => Self::Codel(CodelState::default()),
            PreparedDiscipline::Pie(_) => Self::Pie(PieState::default()),
            _ if without_flows => Self::Plain,
            _ => Self::Flows(Common::default()),
        }
    }
}
