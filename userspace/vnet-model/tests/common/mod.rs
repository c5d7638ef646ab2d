// SPDX-License-Identifier: GPL-2.0

//! Frames and queues for the tests, and a naive simulator to compare the model with.

#![allow(dead_code)] // Each test binary uses a part.

pub mod reference;
pub mod stats;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
};

use vnet_model::{
    Compiled, Decision, Direction, Effects, Flow, Frame, FrameQueue, FrameTree, Log, Memory,
    Params, Queueing, Rule, Stamp, Tables, Weight,
};

/// A frame that knows who it is.
#[derive(Clone, Debug, Default)]
pub struct TestFrame {
    pub id: u64,
    pub sender: bool,
    pub released: u32,
    /// Bits that were flipped.
    pub flips: Vec<u32>,
    /// May be marked.
    pub ect: bool,
    pub marked: bool,
    /// Copies and flips fail.
    pub poor: bool,
    stamp: Stamp,
}

impl TestFrame {
    pub fn new(id: u64, bytes: u32) -> Self {
        Self::whole(id, 1, bytes)
    }

    pub fn whole(id: u64, frames: u32, bytes: u32) -> Self {
        Self {
            id,
            stamp: Stamp::new(frames, bytes),
            ..Self::default()
        }
    }

    pub fn with_sender(mut self) -> Self {
        self.sender = true;
        self
    }

    pub fn with_ect(mut self) -> Self {
        self.ect = true;
        self
    }

    /// Of the `flow`-th of many flows, whose hash makes it one of its own in a table of up to 256.
    pub fn of_flow(mut self, flow: u8) -> Self {
        self.stamp.flow = u32::from(flow) << 24;
        self
    }

    pub fn of_class(mut self, class: u8) -> Self {
        self.stamp.class = class;
        self
    }
}

thread_local! {
    /// What the model decided, in the order in which it did.
    pub static LOG: RefCell<Vec<Decision>> = const { RefCell::new(Vec::new()) };
}

thread_local! {
    /// Whether there is a log.
    static KEPT: Cell<bool> = const { Cell::new(true) };
}

/// Has the model work without a log, as it mostly does, from here on, or with one again.
pub fn keep_log(kept: bool) {
    KEPT.set(kept);
}

/// Takes what was logged since the last time.
pub fn take_log() -> Vec<Decision> {
    LOG.take()
}

impl Frame for TestFrame {
    fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    fn stamp_mut(&mut self) -> &mut Stamp {
        &mut self.stamp
    }

    fn has_sender(&self) -> bool {
        self.sender
    }

    fn release_sender(&mut self) {
        self.released += 1;
        self.sender = false;
    }

    fn duplicate(&self) -> Option<Self> {
        (!self.poor).then(|| Self {
            sender: false,
            ..self.clone()
        })
    }

    fn flip_bit(&mut self, bit: u32) -> bool {
        assert!(bit < self.stamp.bytes * 8);
        assert_eq!(self.released, 1);
        self.flips.push(bit);
        !self.poor
    }

    fn mark_ce(&mut self) -> bool {
        self.marked |= self.ect;
        self.ect
    }
}

/// Writes to [`LOG`] unless [`keep_log`] says otherwise.
#[derive(Debug, Default)]
pub struct Recorder;

impl Log for Recorder {
    fn is_kept(&self) -> bool {
        KEPT.get()
    }

    fn record(&mut self, decision: Decision) {
        if self.is_kept() {
            LOG.with_borrow_mut(|log| log.push(decision));
        }
    }
}

#[derive(Debug, Default)]
pub struct Fifo(pub VecDeque<TestFrame>);

impl FrameQueue for Fifo {
    type Frame = TestFrame;
    type Log = Recorder;

    fn push_back(&mut self, frame: TestFrame) {
        self.0.push_back(frame);
    }

    fn pop_front(&mut self) -> Option<TestFrame> {
        self.0.pop_front()
    }

    fn front(&self) -> Option<&Stamp> {
        self.0.front().map(Frame::stamp)
    }
}

#[derive(Debug, Default)]
pub struct Tree {
    frames: BTreeMap<(u64, u64), TestFrame>,
    inserted: u64,
}

impl FrameTree for Tree {
    type Frame = TestFrame;

    fn insert(&mut self, frame: TestFrame) {
        self.inserted += 1;
        self.frames.insert((frame.stamp.due, self.inserted), frame);
    }

    fn pop_first(&mut self) -> Option<TestFrame> {
        self.frames.pop_first().map(|(_, frame)| frame)
    }

    fn first(&self) -> Option<&Stamp> {
        self.frames
            .first_key_value()
            .map(|(_, frame)| frame.stamp())
    }
}

#[derive(Default)]
pub struct TestMemory {
    pub flows: Vec<Flow<Fifo>>,
    pub weights: Vec<Weight>,
    pub jitter: Vec<i16>,
    pub rules: Vec<Rule>,
}

impl TestMemory {
    pub fn with_flows(count: usize) -> Self {
        Self {
            flows: (0..count).map(|_| Flow::default()).collect(),
            ..Self::default()
        }
    }
}

impl Memory for TestMemory {
    type Queue = Fifo;
    type Tree = Tree;

    fn tables(&mut self) -> Tables<'_, Fifo> {
        Tables {
            flows: &mut self.flows,
            weights: &self.weights,
            jitter: &self.jitter,
            rules: &self.rules,
        }
    }
}

/// A direction without tables.
pub type TestDirection = Direction<Fifo>;

/// A direction with all that a direction can have.
pub type FullDirection = Direction<Fifo, TestMemory>;

/// Compiles parameters that are known to be right.
#[track_caller]
pub fn compiled(params: Params) -> Compiled {
    params.compile().expect("valid parameters")
}

/// A direction with the given parameters.
pub fn direction(params: Params) -> TestDirection {
    Direction::new(compiled(params))
}

/// The same with effects.
#[track_caller]
pub fn with_effects(params: Params, effects: Effects) -> Compiled {
    compiled(params)
        .with_effects(&effects)
        .expect("valid effects")
}

/// The same with a discipline.
#[track_caller]
pub fn with_queueing(params: Params, queueing: Queueing) -> Compiled {
    compiled(params)
        .with_queueing(&queueing)
        .expect("valid queueing")
}

/// Calls the direction only when it asks for it, until it has nothing more to do, and returns each
/// frame with the time at which it was taken.
pub fn drain_frames<M: Memory<Queue = Fifo>>(
    direction: &mut Direction<Fifo, M>,
) -> Vec<(TestFrame, u64)> {
    let mut out = Vec::new();
    while let Some(at) = direction.next_event() {
        direction.advance(at);
        while let Some(frame) = direction.pop_due(at) {
            assert_eq!(frame.released, 1, "frame {} is released once", frame.id);
            out.push((frame, at));
        }
    }
    out
}

/// The same with the frames' numbers.
pub fn drain<M: Memory<Queue = Fifo>>(direction: &mut Direction<Fifo, M>) -> Vec<(u64, u64)> {
    drain_frames(direction)
        .into_iter()
        .map(|(frame, at)| (frame.id, at))
        .collect()
}
