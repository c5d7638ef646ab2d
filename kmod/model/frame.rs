// SPDX-License-Identifier: GPL-2.0

//! What the model knows of a frame, and what it asks of the caller's frames and containers.
//!
//! The kernel's frame is a socket buffer with the [`Stamp`] in its control block and its queue an
//! intrusive list; the tests' are a struct and a `VecDeque`.

use super::counters::Cause;

/// The model's note on a frame, 32 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// When the frame was handed to the direction, ns. Set by the model.
    pub enqueued: u64,
    /// When the frame reaches the receiver, ns; valid in the delay line and after. Set by the
    /// model; before, queue disciplines keep their own note here, and of a discarded frame it is the
    /// number of the cause.
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
    /// The model's own marks.
    flags: u8,
}

impl Stamp {
    /// The frame has a sender that waits for its release.
    const SENDER: u8 = 1;
    /// The model made the frame as a copy of another one.
    const COPY: u8 = 2;
    /// A queue discipline marked the frame.
    const MARKED: u8 = 4;

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

    /// Whether the model made the frame, as a copy of another one that is counted and charged.
    #[inline]
    pub const fn is_copy(&self) -> bool {
        self.flags & Self::COPY != 0
    }

    /// Why a discarded frame was dropped.
    pub fn lost_for(&self) -> Cause {
        let cause = Cause::ALL.get(self.due as usize).copied();
        cause.unwrap_or(Cause::Removed)
    }

    /// Notes why the frame was dropped.
    pub fn set_lost(&mut self, cause: Cause) {
        self.due = cause as u64;
    }

    /// Makes this the stamp of a copy.
    pub(super) fn set_copy(&mut self) {
        self.flags = Self::COPY | self.flags & Self::MARKED;
    }

    /// Whether a queue discipline marked the frame.
    #[inline]
    pub(super) const fn is_marked(&self) -> bool {
        self.flags & Self::MARKED != 0
    }

    /// Notes that a queue discipline marked the frame.
    pub(super) fn set_marked(&mut self) {
        self.flags |= Self::MARKED;
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
    /// Called exactly once, with or without a sender: when the frame's serialisation has ended and it
    /// enters the delay line, or when it begins if that takes no longer than
    /// [`Params::whole_time`](super::params::Params::whole_time). Not for frames that are dropped
    /// before.
    fn release_sender(&mut self);

    /// A copy of the frame without a sender, or none if there is no memory for it. The stamp is
    /// set by the model.
    fn duplicate(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// Flips the bit `bit`, counted from the most significant of the first byte, of a frame that
    /// others may share; false if there is no memory for a copy of its own. Called after
    /// [`Self::release_sender`] and for bits within the frame's length only.
    fn flip_bit(&mut self, _bit: u32) -> bool {
        false
    }

    /// Marks congestion experienced; false if the frame does not allow it.
    fn mark_ce(&mut self) -> bool {
        false
    }
}

/// What was decided about a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The frame's number in its direction: how many wire frames were handed in before it.
    pub number: u64,
    /// When it was handed in, ns; when it was refused, if it never entered.
    pub enqueued: u64,
    /// When this was decided, in modelled time, ns.
    pub at: u64,
    /// What.
    pub outcome: Outcome,
    /// L2 bytes.
    pub bytes: u32,
    /// Wire frames that it stands for.
    pub frames: u16,
    /// Whether it is a copy of the frame with this number.
    pub copy: bool,
    /// Whether the queue discipline marked it.
    pub marked: bool,
    /// Whether bits of it were flipped.
    pub corrupted: bool,
    /// Whether it overtook another frame.
    pub reordered: bool,
}

/// A log of decisions, in the order in which they are made: one for each frame when it is dropped or
/// enters the delay line, and another one if it is lost there.
pub trait Log: Default {
    /// Whether decisions are noted.
    fn is_kept(&self) -> bool;

    /// Notes a decision.
    fn record(&mut self, decision: Decision);
}

/// No log.
impl Log for () {
    #[inline]
    fn is_kept(&self) -> bool {
        false
    }

    #[inline]
    fn record(&mut self, _decision: Decision) {}
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was dropped.
    Dropped(Cause),
    /// Its last bit has left; it reaches the receiver at this time, ns.
    Due(u64),
}

/// A first-in first-out container of frames.
///
/// An empty one is made by `Default` and can be moved while it holds frames, which rules out lists
/// whose frames point back to the list's head. It never fails and never allocates.
pub trait FrameQueue: Default {
    /// What it holds.
    type Frame: Frame;

    /// The log of what is decided about the frames.
    type Log: Log;

    /// Appends a frame.
    fn push_back(&mut self, frame: Self::Frame);

    /// Takes the oldest frame.
    fn pop_front(&mut self) -> Option<Self::Frame>;

    /// Takes the youngest frame. Implement it where the container allows; this goes through it all.
    fn pop_back(&mut self) -> Option<Self::Frame> {
        let mut rest = Self::default();
        let mut last = self.pop_front()?;
        while let Some(next) = self.pop_front() {
            rest.push_back(core::mem::replace(&mut last, next));
        }
        *self = rest;
        Some(last)
    }

    /// The oldest frame's stamp.
    fn front(&self) -> Option<&Stamp>;

    /// Whether there is no frame.
    #[inline]
    fn is_empty(&self) -> bool {
        self.front().is_none()
    }
}
