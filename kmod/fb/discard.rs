// SPDX-License-Identifier: GPL-2.0

//! `discard`: where packets end.

use super::prelude::*;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"discard",
    doc: c"where packets end, counted as consumed",
    passage: Passage::Nowhere,
    ports: &[
        Port::lower(c"lower", Carries::Any, c"the end of a way upwards"),
        Port::upper(c"upper", Carries::Any, c"the end of a way downwards"),
    ],
    params: &[],
    events: &[],
    state: false,
    make,
};

/// A block without state.
struct Discard;

fn make(_site: &Site<'_>, _values: &Values, _old: Option<&dyn Block>) -> Made {
    Ok(Arc::new(Discard, GFP_KERNEL)?)
}

impl Block for Discard {
    #[inline]
    fn receive(&self, packet: SkBuff, _from: u32, _run: &Run<'_>) -> Verdict {
        packet.consume();
        Verdict::consumed()
    }
}
