// SPDX-License-Identifier: GPL-2.0

//! Frames and queues for the tests, and a naive simulator to compare the model with.

#![allow(dead_code)] // Each test binary uses a part.

pub mod reference;

use std::collections::VecDeque;

use vnet_model::{Compiled, Direction, Frame, FrameQueue, Params, Stamp};

/// A frame that knows who it is.
#[derive(Debug)]
pub struct TestFrame {
    pub id: u64,
    pub sender: bool,
    pub released: u32,
    stamp: Stamp,
}

impl TestFrame {
    pub fn new(id: u64, bytes: u32) -> Self {
        Self::whole(id, 1, bytes)
    }

    pub fn whole(id: u64, frames: u32, bytes: u32) -> Self {
        Self {
            id,
            sender: false,
            released: 0,
            stamp: Stamp::new(frames, bytes),
        }
    }

    pub fn with_sender(mut self) -> Self {
        self.sender = true;
        self
    }
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
}

#[derive(Debug, Default)]
pub struct Fifo(pub VecDeque<TestFrame>);

impl FrameQueue for Fifo {
    type Frame = TestFrame;

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

pub type TestDirection = Direction<Fifo>;

/// Compiles parameters that are known to be right.
pub fn compiled(params: Params) -> Compiled {
    params.compile().expect("valid parameters")
}

/// A direction with the given parameters.
pub fn direction(params: Params) -> TestDirection {
    Direction::new(compiled(params))
}

/// Calls the direction only when it asks for it, until it has nothing more to do, and returns each
/// frame's number with the time at which it was taken.
pub fn drain(direction: &mut TestDirection) -> Vec<(u64, u64)> {
    let mut out = Vec::new();
    while let Some(at) = direction.next_event() {
        direction.advance(at);
        while let Some(frame) = direction.pop_due(at) {
            assert_eq!(frame.released, 1, "frame {} is released once", frame.id);
            out.push((frame.id, at));
        }
    }
    out
}
