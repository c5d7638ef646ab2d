// SPDX-License-Identifier: GPL-2.0

//! Socket buffers as the model's frames.

use crate::{
    account::Load,
    model,
    net::skbuff::{
        SkBuff,
        Tagged,
        TaggedList,
        WireSize, //
    }, //
};

/// A socket buffer on a link, with the model's stamp in its control block.
pub(crate) struct Frame(Tagged<model::Stamp>);

impl Frame {
    /// A frame that is about to enter a link.
    #[inline]
    pub(crate) fn new(skb: SkBuff, size: WireSize) -> Self {
        Self(Tagged::new(skb, model::Stamp::new(size.frames, size.bytes)))
    }

    /// What the frame takes from the sender's limits.
    #[inline]
    pub(crate) fn load(&self) -> Load {
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
}

/// A queue of frames.
#[derive(Default)]
pub(crate) struct FrameList(TaggedList<model::Stamp>);

impl model::FrameQueue for FrameList {
    type Frame = Frame;

    #[inline]
    fn push_back(&mut self, frame: Frame) {
        self.0.push_back(frame.0);
    }

    #[inline]
    fn pop_front(&mut self) -> Option<Frame> {
        self.0.pop_front().map(Frame)
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
