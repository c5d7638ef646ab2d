// SPDX-License-Identifier: GPL-2.0

//! `paint` and `check-paint`: packets get a colour at one place, and part by it at another.
//!
//! The colour is the mark of the packet, which the kernel's own rules can set and match, too.

use super::prelude::*;
use kernel::sync::atomic::{
    ordering::Relaxed,
    Atomic, //
};

const OTHER: u32 = 2;

/// Place of the parameter of both types.
const COLOUR: usize = 0;

const PARAMS: &[Param] = &[Param::uint(
    c"colour",
    c"the mark of the packet",
    0..=u32::MAX as u64,
    1,
)];

/// The type that colours.
pub(super) static PAINT: Type = Type {
    name: c"paint",
    doc: c"hands everything on in one colour",
    passage: Passage::Through,
    ports: ANY_THROUGH,
    params: PARAMS,
    events: &[],
    state: false,
    make: make_paint,
};

/// The type that looks at colours.
pub(super) static CHECK_PAINT: Type = Type {
    name: c"check-paint",
    doc: c"what comes from lower in a colour leaves by upper, all else by other",
    passage: Passage::Through,
    ports: &[
        Port::lower(c"lower", Carries::Any, c"where the other ports lead"),
        Port::upper(
            c"upper",
            Carries::Any,
            c"packets of the colour; what enters leads to lower",
        ),
        Port::upper(
            c"other",
            Carries::Any,
            c"packets of other colours; what enters leads to lower",
        ),
    ],
    params: PARAMS,
    events: &[],
    state: false,
    make: make_check,
};

struct Paint(Atomic<u32>);

struct CheckPaint(Atomic<u32>);

fn colour_of(values: &Values) -> u32 {
    values.uint(COLOUR) as u32
}

fn make_paint(_site: &Site<'_>, values: &Values, _old: Option<&dyn Block>) -> Made {
    Ok(Arc::new(Paint(Atomic::new(colour_of(values))), GFP_KERNEL)?)
}

fn make_check(_site: &Site<'_>, values: &Values, _old: Option<&dyn Block>) -> Made {
    Ok(Arc::new(
        CheckPaint(Atomic::new(colour_of(values))),
        GFP_KERNEL,
    )?)
}

impl Block for Paint {
    fn receive(&self, mut packet: SkBuff, from: u32, _run: &Run<'_>) -> Verdict {
        packet.set_mark(self.0.load(Relaxed));
        Verdict::leave(packet, opposite(from))
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        self.0.store(colour_of(values), Relaxed);
        Ok(())
    }
}

impl Block for CheckPaint {
    fn receive(&self, packet: SkBuff, from: u32, _run: &Run<'_>) -> Verdict {
        let to = match from {
            LOWER if packet.mark() == self.0.load(Relaxed) => UPPER,
            LOWER => OTHER,
            _ => LOWER,
        };
        Verdict::leave(packet, to)
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        self.0.store(colour_of(values), Relaxed);
        Ok(())
    }
}
