// SPDX-License-Identifier: GPL-2.0

//! Events: what blocks tell those that are subscribed to them.
//!
//! # Vocabulary
//!
//! - *event*: a condition of a block begins or ends. There are few kinds, see [`Event`].
//! - *publisher*: a block whose type raises events; its *conditions* say what holds at present.
//! - *subscriber*: a block whose type takes events, and which is told when conditions change of those
//!   that it is subscribed to.
//!
//! # How it is told
//!
//! A publisher changes its conditions, under the lock of what they follow from, and then calls
//! [`Outlet::raise`] without it. The engine calls each subscriber, which looks at the conditions of all
//! its publishers under its own lock. So it does not matter in which order two of them call: whoever
//! comes last sees what both have changed. Nothing is raised from within such a call, so that there is
//! no recursion.
//!
//! Who is subscribed to whom is part of the compiled program. When that changes, all who are still in
//! the old one are waited for, and then everybody is told once more.
//!
//! [`Outlet::raise`]: super::outlet::Outlet::raise

use crate::bindings;
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc, //
    }, //
};

/// A kind of events.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Event {
    /// The device is up and has carrier, or not.
    Carrier = bindings::vnet_block_event_VNET_BLOCK_EVENT_CARRIER,
    /// What may wait is nearly used up, or not any more.
    Congestion = bindings::vnet_block_event_VNET_BLOCK_EVENT_CONGESTION,
}

/// What a type of blocks has to do with an event.
pub(crate) struct EventUse {
    /// Which one.
    pub(crate) event: Event,
    /// Whether it is raised, and not taken.
    pub(crate) raised: bool,
    /// When it is raised, or what is done about it, in one line.
    pub(crate) doc: &'static CStr,
}

impl EventUse {
    /// It is raised.
    pub(crate) const fn raises(event: Event, doc: &'static CStr) -> Self {
        Self {
            event,
            raised: true,
            doc,
        }
    }

    /// It is taken.
    pub(crate) const fn takes(event: Event, doc: &'static CStr) -> Self {
        Self {
            event,
            raised: false,
            doc,
        }
    }
}

/// What holds of a publisher at present.
pub(crate) struct Conditions {
    no_carrier: Atomic<bool>,
    /// For packets that leave upwards, and downwards.
    congested: [Atomic<bool>; 2],
}

impl Conditions {
    /// There is carrier, and no congestion.
    pub(super) fn new() -> Result<Arc<Self>> {
        let conditions = Self {
            no_carrier: Atomic::new(false),
            congested: [Atomic::new(false), Atomic::new(false)],
        };
        Ok(Arc::new(conditions, GFP_KERNEL)?)
    }

    /// Whether there is carrier; whether that is a change.
    pub(super) fn set_carrier(&self, carrier: bool) -> bool {
        self.no_carrier.xchg(!carrier, Relaxed) == carrier
    }

    /// The condition of one way, by the number of the port by which packets leave.
    pub(super) fn congestion(&self, port: u32) -> &Atomic<bool> {
        let [up, down] = &self.congested;
        if port == super::block::UPPER {
            up
        } else {
            down
        }
    }
}

/// What a subscriber is subscribed to.
pub(crate) struct Heard<'a>(pub(super) &'a [Arc<Conditions>]);

impl Heard<'_> {
    /// Whether all publishers have carrier that know what that is.
    pub(super) fn has_carrier(&self) -> bool {
        let mut all = self.0.iter();
        all.all(|one| !one.no_carrier.load(Relaxed))
    }

    /// Whether one of them is congested, in any way.
    pub(super) fn is_congested(&self) -> bool {
        let ways = |one: &Arc<Conditions>| one.congested.iter().any(|way| way.load(Relaxed));
        self.0.iter().any(ways)
    }

    /// Whether there is anything.
    pub(super) fn is_something(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether packets had better wait.
    pub(super) fn says_wait(&self) -> bool {
        !self.has_carrier() || self.is_congested()
    }
}
