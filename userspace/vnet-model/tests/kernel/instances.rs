// SPDX-License-Identifier: GPL-2.0

//! Compiled on its own by `tests/kernel.rs`: the model with containers of the simplest kind, every
//! entry point instantiated, as the module does it.

#![no_std]

#[path = "../../../../kmod/model/mod.rs"]
mod model;

use model::*;

pub struct OneFrame(Stamp);

impl Frame for OneFrame {
    fn stamp(&self) -> &Stamp {
        &self.0
    }

    fn stamp_mut(&mut self) -> &mut Stamp {
        &mut self.0
    }

    fn has_sender(&self) -> bool {
        self.0.class == 0
    }

    fn release_sender(&mut self) {}

    fn duplicate(&self) -> Option<Self> {
        Some(Self(self.0))
    }
}

/// Holds one frame, and loses the rest.
#[derive(Default)]
pub struct OneQueue(Option<OneFrame>);

impl FrameQueue for OneQueue {
    type Frame = OneFrame;
    type Log = ();

    fn push_back(&mut self, frame: OneFrame) {
        self.0 = Some(frame);
    }

    fn pop_front(&mut self) -> Option<OneFrame> {
        self.0.take()
    }

    fn front(&self) -> Option<&Stamp> {
        self.0.as_ref().map(Frame::stamp)
    }
}

impl FrameTree for OneQueue {
    type Frame = OneFrame;

    fn insert(&mut self, frame: OneFrame) {
        self.0 = Some(frame);
    }

    fn pop_first(&mut self) -> Option<OneFrame> {
        self.0.take()
    }

    fn first(&self) -> Option<&Stamp> {
        self.0.as_ref().map(Frame::stamp)
    }
}

pub struct Lent {
    flows: &'static mut [Flow<OneQueue>],
    weights: &'static [Weight],
    jitter: &'static [i16],
    rules: &'static [Rule],
}

impl Memory for Lent {
    type Queue = OneQueue;
    type Tree = OneQueue;

    fn tables(&mut self) -> Tables<'_, OneQueue> {
        Tables {
            flows: self.flows,
            weights: self.weights,
            jitter: self.jitter,
            rules: self.rules,
        }
    }
}

macro_rules! instances {
    ($name:ident, $direction:ty) => {
        pub mod $name {
            use super::*;

            type D = $direction;

            pub fn enqueue(d: &mut D, now: u64, stamp: Stamp) -> Admission {
                d.enqueue(now, OneFrame(stamp))
            }

            pub fn refuse(d: &mut D, stamp: Stamp, cause: Cause) {
                d.refuse(OneFrame(stamp), cause)
            }

            pub fn miss(d: &mut D, stamp: Stamp, cause: Cause) {
                d.miss(stamp, cause)
            }

            pub fn advance(d: &mut D, now: u64) {
                d.advance(now)
            }

            pub fn pop_due(d: &mut D, now: u64) -> Option<OneFrame> {
                d.pop_due(now)
            }

            pub fn undelivered(d: &mut D, stamp: &Stamp, cause: Cause) {
                d.undelivered(stamp, cause)
            }

            pub fn next_event(d: &D) -> (Option<u64>, bool) {
                (d.next_event(), d.wants_frames())
            }

            pub fn set_params(d: &mut D, now: u64, params: &Compiled) {
                d.set_params(now, *params)
            }

            pub fn cut(d: &mut D, now: u64) {
                d.cut(now, Cause::LinkDown)
            }

            pub fn purge(d: &mut D) -> OneQueue {
                d.purge(Cause::Removed);
                d.take_discarded()
            }

            pub fn snapshot(d: &mut D, now: u64) -> Snapshot {
                d.snapshot(now)
            }
        }
    };
}

instances!(bare, Direction<OneQueue>);
instances!(full, Direction<OneQueue, Lent>);

pub fn set_memory(
    d: &mut Direction<OneQueue, Lent>,
    now: u64,
    params: &Compiled,
    memory: Lent,
) -> Lent {
    d.set_memory(now, *params, memory)
}

pub fn compile(params: &Params) -> Result<Compiled, ParamError> {
    params.compile()
}

pub fn with_effects(compiled: Compiled, effects: &Effects) -> Result<Compiled, EffectError> {
    compiled.with_effects(effects)
}

pub fn with_queueing(compiled: Compiled, queueing: &Queueing) -> Result<Compiled, QueueingError> {
    compiled.with_queueing(queueing)
}

pub fn check(pattern: &Pattern, rules: &[Rule]) -> Result<(), RuleError> {
    pattern.check(rules)
}

pub fn weight(weight: u32) -> Option<Weight> {
    Weight::new(weight)
}

pub fn balanced(snapshot: &Snapshot, earlier: &Snapshot) -> bool {
    snapshot.balanced_since(earlier)
}

pub fn arithmetic(a: u64, b: u64, c: u64) -> [u64; 2] {
    [units::mul_div(a, b, c), units::bits_in(a, b)]
}
