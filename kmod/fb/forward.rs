// SPDX-License-Identifier: GPL-2.0

//! `forward`: hands everything on.

use super::prelude::*;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"forward",
    doc: c"hands everything on",
    passage: Passage::Through,
    ports: ANY_THROUGH,
    params: &[],
    events: &[],
    state: false,
    make,
};

/// A block without state.
struct Forward;

fn make(_site: &Site<'_>, _values: &Values, _old: Option<&dyn Block>) -> Made {
    Ok(Arc::new(Forward, GFP_KERNEL)?)
}

impl Block for Forward {
    #[inline]
    fn receive(&self, packet: SkBuff, from: u32, _run: &Run<'_>) -> Verdict {
        Verdict::leave(packet, opposite(from))
    }

    fn is_straight(&self) -> bool {
        true
    }
}
