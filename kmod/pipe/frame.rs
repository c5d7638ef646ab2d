// SPDX-License-Identifier: GPL-2.0

//! Socket buffers as the model's frames.

use super::{
    config::Parameters,
    trace::TraceSlot, //
};
use crate::{
    account::Load,
    model,
    net::{
        skbuff::{
            SkBuff,
            SkBuffList,
            Tagged,
            TaggedList,
            WireSize, //
        },
        skbuff_tree::{
            Ordered,
            TaggedTree, //
        }, //
    }, //
};
use kernel::prelude::*;

/// What disciplines that keep flows apart know of a packet.
#[derive(Clone, Copy, Default)]
pub(crate) struct Flow {
    hash: u32,
    class: u8,
}

impl Flow {
    /// That of a packet, if flows are kept apart.
    #[inline]
    pub(crate) fn of(skb: &mut SkBuff, params: &Parameters) -> Option<Self> {
        let key = params.flow_key()?;
        let classes = params.tables().classes.as_ref();
        let matched = classes.and_then(|classes| classes.matched(skb));
        Some(Self {
            hash: skb.flow_hash(key),
            class: matched.unwrap_or_else(|| skb.dscp()),
        })
    }
}

/// Why a packet is dropped that [`SkBuff::prepare`] failed for.
pub(crate) fn unfit(error: Error) -> model::Cause {
    if error == ENOMEM {
        model::Cause::NoMemory
    } else {
        model::Cause::Segmentation
    }
}

/// A socket buffer on a link, with the model's stamp in its control block.
pub(crate) struct Frame(Tagged<model::Stamp>);

impl Frame {
    /// A frame that is about to enter a link.
    #[inline]
    pub(crate) fn new(skb: SkBuff, size: WireSize) -> Self {
        Self(Tagged::new(skb, model::Stamp::new(size.frames, size.bytes)))
    }

    /// Notes to which flow the frame belongs.
    #[inline]
    pub(crate) fn set_flow(&mut self, flow: Flow) {
        let stamp = self.0.tag_mut();
        stamp.flow = flow.hash;
        stamp.class = flow.class;
    }

    /// What the frame takes from the sender's limits; a copy takes nothing, as the frame that it is
    /// a copy of has been charged.
    #[inline]
    pub(crate) fn load(&self) -> Load {
        if self.0.tag().is_copy() {
            return Load::default();
        }
        Load {
            frames: u64::from(self.0.tag().frames),
            bytes: u64::from(self.0.skb().truesize()),
        }
    }

    /// The socket buffer.
    #[inline]
    pub(crate) fn into_skb(self) -> SkBuff {
        self.0.into_skb()
    }
}

impl model::Frame for Frame {
    #[inline]
    fn stamp(&self) -> &model::Stamp {
        self.0.tag()
    }

    #[inline]
    fn stamp_mut(&mut self) -> &mut model::Stamp {
        self.0.tag_mut()
    }

    #[inline]
    fn has_sender(&self) -> bool {
        self.0.skb().has_socket()
    }

    #[inline]
    fn release_sender(&mut self) {
        self.0.skb_mut().release();
    }

    fn duplicate(&self) -> Option<Self> {
        self.0.duplicate().map(Self)
    }

    fn flip_bit(&mut self, bit: u32) -> bool {
        self.0.skb_mut().flip_bit(bit)
    }

    fn mark_ce(&mut self) -> bool {
        self.0.skb_mut().mark_ce()
    }
}

/// A queue of frames.
#[derive(Default)]
pub(crate) struct FrameList(TaggedList<model::Stamp>);

impl model::FrameQueue for FrameList {
    type Frame = Frame;
    type Log = TraceSlot;

    #[inline]
    fn push_back(&mut self, frame: Frame) {
        self.0.push_back(frame.0);
    }

    #[inline]
    fn pop_front(&mut self) -> Option<Frame> {
        self.0.pop_front().map(Frame)
    }

    fn pop_back(&mut self) -> Option<Frame> {
        self.0.pop_back().map(Frame)
    }

    #[inline]
    fn front(&self) -> Option<&model::Stamp> {
        self.0.front()
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FrameList {
    /// The socket buffers.
    #[inline]
    pub(crate) fn into_skbs(self) -> SkBuffList {
        self.0.into_skbs()
    }
}

impl Ordered for model::Stamp {
    #[inline]
    fn key(&self) -> u64 {
        self.due
    }
}

/// Frames in the order of their due times.
#[derive(Default)]
pub(crate) struct FrameTree(TaggedTree<model::Stamp>);

impl model::FrameTree for FrameTree {
    type Frame = Frame;

    fn insert(&mut self, frame: Frame) {
        self.0.insert(frame.0);
    }

    fn pop_first(&mut self) -> Option<Frame> {
        self.0.pop_first().map(Frame)
    }

    fn first(&self) -> Option<&model::Stamp> {
        self.0.first()
    }
}
