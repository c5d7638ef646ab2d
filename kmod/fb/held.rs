// SPDX-License-Identifier: GPL-2.0

//! What blocks hold is charged to the instance of their namespace, as is what is on its links.

use crate::{
    account::{
        Charge,
        Load, //
    },
    instance::Instance,
    model::Cause,
    net::{
        netns::Net,
        skbuff::SkBuff, //
    }, //
};
use kernel::sync::Arc;

/// What is held in one place. The lock of that place protects it.
///
/// # Invariants
///
/// What the charge has been granted is granted by the account of `instance`.
pub(super) struct Held {
    charge: Charge,
    instance: Arc<Instance>,
}

impl Held {
    /// Nothing, in a namespace.
    pub(super) fn new(net: &Net) -> Self {
        Self {
            charge: Charge::default(),
            instance: Instance::of(net),
        }
    }

    /// Charges what is going to be held, if the limits of the instance and of the user namespaces
    /// above it allow it.
    #[inline]
    pub(super) fn take(&mut self, load: Load) -> Result<(), Cause> {
        self.charge.take(self.instance.account(), load)
    }

    /// Something is held no more.
    #[inline]
    pub(super) fn give(&mut self, load: Load) {
        self.charge.give(self.instance.account(), load);
    }

    /// Gives back what is kept in reserve.
    pub(super) fn settle(&mut self) {
        self.charge.settle(self.instance.account());
    }
}

/// A packet may be charged and given back after the last settlement, while its block goes.
impl Drop for Held {
    fn drop(&mut self) {
        self.settle();
    }
}

/// What a packet takes. It may not be changed while it is held.
#[inline]
pub(super) fn load_of(packet: &SkBuff) -> Load {
    Load {
        frames: 1,
        bytes: u64::from(packet.truesize()),
    }
}
