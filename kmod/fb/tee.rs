// SPDX-License-Identifier: GPL-2.0

//! `tee`: hands everything on, and a copy of it aside.

use super::prelude::*;
use kernel::sync::atomic::{
    ordering::Relaxed,
    Atomic, //
};

const COPY: u32 = 2;

/// Places of the parameters.
const UPWARDS: usize = 0;
const DOWNWARDS: usize = 1;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"tee",
    doc: c"hands everything on, and a copy of it aside",
    passage: Passage::Through,
    ports: &[
        Port::lower(c"lower", Carries::Any, c"leads to upper"),
        Port::upper(c"upper", Carries::Any, c"leads to lower"),
        Port::upper(
            c"copy",
            Carries::Any,
            c"copies of what passes, each after its original; what enters leads to lower",
        ),
    ],
    params: &[
        Param::new(
            c"upwards",
            c"whether what leaves by upper is copied",
            Kind::Bool(true),
        ),
        Param::new(
            c"downwards",
            c"whether what comes from upper is copied",
            Kind::Bool(true),
        ),
    ],
    events: &[],
    state: false,
    make,
};

struct Tee {
    upwards: Atomic<bool>,
    downwards: Atomic<bool>,
}

fn make(_site: &Site<'_>, values: &Values, _old: Option<&dyn Block>) -> Made {
    let tee = Tee {
        upwards: Atomic::new(values.uint(UPWARDS) != 0),
        downwards: Atomic::new(values.uint(DOWNWARDS) != 0),
    };
    Ok(Arc::new(tee, GFP_KERNEL)?)
}

impl Block for Tee {
    fn receive(&self, packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        let (wanted, to) = match from {
            LOWER => (self.upwards.load(Relaxed), UPPER),
            UPPER => (self.downwards.load(Relaxed), LOWER),
            _ => (false, LOWER),
        };
        if wanted && run.is_bound(COPY) {
            match packet.duplicate() {
                Some(copy) => run.emit(copy, COPY),
                None => run.failed(Cause::NoMemory, packet.len()),
            }
        }
        Verdict::leave(packet, to)
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        self.upwards.store(values.uint(UPWARDS) != 0, Relaxed);
        self.downwards.store(values.uint(DOWNWARDS) != 0, Relaxed);
        Ok(())
    }
}
