// SPDX-License-Identifier: GPL-2.0

//! Flows: a queue each, in a table of fixed size, which a hash selects.
//!
//! Flows with frames are *active*: a link of a list or an entry of a heap, both of which live in the
//! table, as numbers of flows. A flow that became empty elsewhere (its frames were dropped) stays
//! active until its turn comes.

use super::{
    super::frame::{
        Frame,
        FrameQueue, //
    },
    codel::CodelState, //
};

/// No flow.
pub(super) const NONE: u32 = u32::MAX;

/// One flow's queue and what disciplines note about it.
pub struct Flow<Q> {
    pub(super) frames: Q,
    /// Waiting L2 bytes.
    pub(super) bytes: u64,
    /// Next flow in the list this one is in.
    pub(super) next: u32,
    /// Place of the heap; has nothing to do with this flow.
    pub(super) heap: u32,
    pub(super) active: bool,
    /// What the flow may still send in this round, bytes on the wire.
    pub(super) deficit: i64,
    /// Start tag of the flow's first frame; while there is none, finish tag of the one that it sent
    /// last.
    pub(super) tag: u64,
    pub(super) codel: CodelState,
}

impl<Q: Default> Default for Flow<Q> {
    fn default() -> Self {
        Self {
            frames: Q::default(),
            bytes: 0,
            next: NONE,
            heap: NONE,
            active: false,
            deficit: 0,
            tag: 0,
            codel: CodelState::default(),
        }
    }
}

impl<Q: FrameQueue> Flow<Q> {
    /// Whether no frame waits.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    #[inline]
    pub(super) fn push(&mut self, frame: Q::Frame) {
        self.bytes = self.bytes.wrapping_add(u64::from(frame.stamp().bytes));
        self.frames.push_back(frame);
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Q::Frame> {
        let frame = self.frames.pop_front()?;
        self.bytes = self.bytes.wrapping_sub(u64::from(frame.stamp().bytes));
        Some(frame)
    }

    /// Takes the youngest frame.
    pub(super) fn pop_youngest(&mut self) -> Option<Q::Frame> {
        let youngest = self.frames.pop_back()?;
        self.bytes = self.bytes.wrapping_sub(u64::from(youngest.stamp().bytes));
        Some(youngest)
    }
}

/// What the flows of one direction have in common.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Common {
    /// Flows whose turn comes, in their order; with fq-codel, those that have had one.
    pub(super) turns: List,
    /// Flows that have just become active; only fq-codel keeps them apart.
    pub(super) fresh: List,
    /// How many flows are in the heap.
    pub(super) heaped: u32,
    /// Start tag of the frame that is on the wire.
    pub(super) virtual_time: u64,
    /// Greatest finish tag.
    pub(super) latest: u64,
}

/// A list of flows.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    first: u32,
    last: u32,
}

impl Default for List {
    fn default() -> Self {
        Self {
            first: NONE,
            last: NONE,
        }
    }
}

impl List {
    /// The first flow's number.
    #[inline]
    pub(super) fn first(&self) -> Option<u32> {
        (self.first != NONE).then_some(self.first)
    }

    /// Appends a flow that is in no list.
    #[inline]
    pub(super) fn push<Q>(&mut self, flows: &mut [Flow<Q>], index: u32) {
        if let Some(flow) = flows.get_mut(index as usize) {
            flow.next = NONE;
        }
        match flows.get_mut(self.last as usize) {
            Some(last) => last.next = index,
            None => self.first = index,
        }
        self.last = index;
    }

    /// Takes the first flow off.
    #[inline]
    pub(super) fn pop<Q>(&mut self, flows: &mut [Flow<Q>]) {
        if let Some(first) = flows.get_mut(self.first as usize) {
            self.first = first.next;
            first.next = NONE;
        }
        if self.first == NONE {
            self.last = NONE;
        }
    }

    /// The longest flow of the list by waiting bytes, and its bytes.
    pub(super) fn longest<Q>(&self, flows: &[Flow<Q>]) -> Option<(u32, u64)> {
        let mut longest = None;
        let mut index = self.first;
        while let Some(flow) = flows.get(index as usize) {
            if longest.is_none_or(|(_, bytes)| flow.bytes > bytes) {
                longest = Some((index, flow.bytes));
            }
            index = flow.next;
        }
        longest
    }
}

/// The number of the flow with this hash.
#[inline]
pub(super) fn select<Q>(flows: &[Flow<Q>], hash: u32) -> u32 {
    ((flows.len() as u64).wrapping_mul(u64::from(hash)) >> 32) as u32
}
