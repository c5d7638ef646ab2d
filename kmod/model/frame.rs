// SPDX-License-Identifier: GPL-2.0

//! What the model knows of a frame, and what it asks of the caller's frames and containers.
//!
//! The kernel's frame is a socket buffer with the [`Stamp`] in its control block and its queue an
//! intrusive list; the tests' are a struct and a `VecDeque`.

/// The model's note on a frame, 32 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// When the frame was handed to the direction, ns. Set by the model.
    pub enqueued: u64,
    /// When the frame reaches the receiver, ns; valid in the delay line and after. Set by the
    /// model; before, queue disciplines keep their own note here.
    pub due: u64,
    /// L2 bytes of all wire frames together, without `overhead`. Set by the caller.
    pub bytes: u32,
    /// Hash of the frame's flow, for disciplines that keep flows apart. Set by the caller.
    pub flow: u32,
    /// Low half of the frame's number in its direction. Set by the model.
    pub number: u32,
    /// Wire frames that this frame stands for, at least one. Set by the caller.
    pub frames: u16,
    /// Traffic class (the DS field or what a match list said), for weights. Set by the caller.
    pub class: u8,
    /// Model's own marks, see [`Stamp::SENDER`].
    flags: u8,
}

impl Stamp {
    /// The frame has a sender that waits for its release.
    const SENDER: u8 = 1;

    /// A stamp for a frame that stands for `frames` wire frames (zero is taken as one, and more
    /// than 65535 as 65535, which is the kernel's own bound) with `bytes` L2 bytes together.
    #[inline]
    pub const fn new(frames: u32, bytes: u32) -> Self {
        let frames = match frames {
            0 => 1,
            1..=0xffff => frames as u16,
            _ => 0xffff,
        };
        Self {
            enqueued: 0,
            due: 0,
            bytes,
            flow: 0,
            number: 0,
            frames,
            class: 0,
            flags: 0,
        }
    }

    /// Whether the frame had a sender when it was enqueued.
    #[inline]
    pub(super) const fn has_sender(&self) -> bool {
        self.flags & Self::SENDER != 0
    }

    /// Notes whether the frame has a sender.
    #[inline]
    pub(super) fn set_sender(&mut self, has: bool) {
        if has {
            self.flags |= Self::SENDER;
        } else {
            self.flags &= !Self::SENDER;
        }
    }
}

/// A frame as the model sees it: owned, moved from container to container, never copied.
pub trait Frame {
    /// The model's note on this frame.
    fn stamp(&self) -> &Stamp;

    /// The model's note on this frame, to be changed.
    fn stamp_mut(&mut self) -> &mut Stamp;

    /// Whether somebody waits for the frame to leave the sending device (in the kernel: a socket
    /// whose send buffer it is charged to).
    fn has_sender(&self) -> bool;

    /// Cuts the frame's ties to the sending side (in the kernel: orphans and scrubs it).
    ///
    /// Called exactly once, with or without a sender, when the frame's serialisation has ended and
    /// it enters the delay line; not for frames that are dropped.
    fn release_sender(&mut self);
}

/// A first-in first-out container of frames.
///
/// An empty one is made by `Default` and can be moved while it holds frames, which rules out lists
/// whose frames point back to the list's head. It never fails and never allocates.
pub trait FrameQueue: Default {
    /// What it holds.
    type Frame: Frame;

    /// Appends a frame.
    fn push_back(&mut self, frame: Self::Frame);

    /// Takes the oldest frame.
    fn pop_front(&mut self) -> Option<Self::Frame>;

    /// The oldest frame's stamp.
    fn front(&self) -> Option<&Stamp>;

    /// Whether there is no frame.
    #[inline]
    fn is_empty(&self) -> bool {
        self.front().is_none()
    }
}
