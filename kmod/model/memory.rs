// SPDX-License-Identifier: GPL-2.0

//! Memory that a direction needs beyond itself, and containers that order frames.
//!
//! The model allocates nothing. What some parameters need in tables is made by the direction's
//! owner where it may sleep, and handed over with the parameters.

use super::{
    discipline::Flow,
    frame::{
        Frame,
        FrameQueue,
        Stamp, //
    },
    pattern::Rule, //
};
use core::marker::PhantomData;

/// A container of frames in the order of their due times.
///
/// Like a [`FrameQueue`], it is empty by `Default`, can be moved, never fails and never allocates;
/// in the kernel it is a red-black tree over the node in the socket buffer.
pub trait FrameTree: Default {
    /// What it holds.
    type Frame: Frame;

    /// Adds a frame, after those with the same due time.
    fn insert(&mut self, frame: Self::Frame);

    /// Takes the frame with the earliest due time.
    fn pop_first(&mut self) -> Option<Self::Frame>;

    /// The stamp of the frame with the earliest due time.
    fn first(&self) -> Option<&Stamp>;
}

/// Memory of a direction.
pub trait Memory {
    /// The direction's queues.
    type Queue: FrameQueue;

    /// Orders the frames that may overtake each other.
    type Tree: FrameTree<Frame = <Self::Queue as FrameQueue>::Frame>;

    /// The tables.
    fn tables(&mut self) -> Tables<'_, Self::Queue>;
}

/// A direction's tables. Those that no parameter needs are empty.
pub struct Tables<'a, Q: FrameQueue> {
    /// Flows, for the disciplines that keep them apart. They come empty, and are only the model's
    /// from then on. With none, these disciplines are one queue.
    pub flows: &'a mut [Flow<Q>],
    /// Weights of the traffic classes, by class; a class beyond the end has the weight 1.
    pub weights: &'a [Weight],
    /// Quantiles of the jitter.
    pub jitter: &'a [i16],
    /// Rules of the loss pattern, checked.
    pub rules: &'a [Rule],
}

/// Weight of a traffic class in a weighted fair queue, prepared for division.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// 2^24 / weight, rounded: exact to 3 in 10^5.
    inverse: u32,
}

impl Weight {
    /// Greatest weight.
    pub const MAX: u32 = 1 << 10;

    /// The weight that a class has unless it is given another one.
    pub const ONE: Self = Self { inverse: 1 << 24 };

    /// A weight of 1 to [`Self::MAX`], else none.
    pub const fn new(weight: u32) -> Option<Self> {
        if weight == 0 || weight > Self::MAX {
            return None;
        }
        Some(Self {
            inverse: ((1 << 24) + weight / 2) / weight,
        })
    }

    /// How far `bytes` bytes of the class advance its flow.
    #[inline]
    pub(super) const fn scale(&self, bytes: u64) -> u64 {
        bytes.wrapping_mul(self.inverse as u64)
    }
}

/// No tables: for directions without the parameters that need some.
#[derive(Debug)]
pub struct Bare<Q>(PhantomData<Q>);

impl<Q> Default for Bare<Q> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<Q: FrameQueue> Memory for Bare<Q> {
    type Queue = Q;
    type Tree = Sorted<Q>;

    #[inline]
    fn tables(&mut self) -> Tables<'_, Q> {
        Tables {
            flows: &mut [],
            weights: &[],
            jitter: &[],
            rules: &[],
        }
    }
}

/// A queue that is kept in order by going through it: right, and slow where frames overtake.
#[derive(Debug)]
pub struct Sorted<Q>(Q);

impl<Q: Default> Default for Sorted<Q> {
    fn default() -> Self {
        Self(Q::default())
    }
}

impl<Q: FrameQueue> FrameTree for Sorted<Q> {
    type Frame = Q::Frame;

    fn insert(&mut self, frame: Q::Frame) {
        let due = frame.stamp().due;
        let mut sorted = Q::default();
        while self.0.front().is_some_and(|stamp| stamp.due <= due) {
            if let Some(earlier) = self.0.pop_front() {
                sorted.push_back(earlier);
            }
        }
        sorted.push_back(frame);
        while let Some(later) = self.0.pop_front() {
            sorted.push_back(later);
        }
        self.0 = sorted;
    }

    fn pop_first(&mut self) -> Option<Q::Frame> {
        self.0.pop_front()
    }

    fn first(&self) -> Option<&Stamp> {
        self.0.front()
    }
}
