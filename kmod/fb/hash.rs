// SPDX-License-Identifier: GPL-2.0

//! `hash`: spreads flows over ports.

use super::prelude::*;
use crate::model::headers::{
    Headers,
    LOOKED_AT, //
};
use kernel::sync::atomic::{
    ordering::Relaxed,
    Atomic, //
};

/// Places of the parameters.
const PORTS: usize = 0;
const SEED: usize = 1;

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"hash",
    doc: c"spreads flows over ports; both directions of a flow take the same one",
    passage: Passage::Through,
    ports: &[
        Port::lower(c"lower", Carries::Frame, c"where the upper ports lead"),
        Port::upper(
            c"upper",
            Carries::Frame,
            c"one of the flows' ways; what enters leads to lower",
        )
        .numbered(PORTS),
    ],
    params: &[
        Param::uint(c"ports", c"number of upper ports", 1..=64, 2).access(Access::Initial),
        Param::uint(
            c"seed",
            c"another one spreads the flows differently",
            0..=u64::MAX,
            0,
        ),
    ],
    events: &[],
    state: false,
    make,
};

struct Hash {
    ports: u32,
    seed: Atomic<u64>,
}

fn make(_site: &Site<'_>, values: &Values, _old: Option<&dyn Block>) -> Made {
    let hash = Hash {
        ports: values.uint(PORTS) as u32,
        seed: Atomic::new(values.uint(SEED)),
    };
    Ok(Arc::new(hash, GFP_KERNEL)?)
}

impl Block for Hash {
    fn receive(&self, mut packet: SkBuff, from: u32, _run: &Run<'_>) -> Verdict {
        if from != LOWER {
            return Verdict::leave(packet, LOWER);
        }
        let len = packet.len().min(LOOKED_AT);
        let headers = packet.first(len).and_then(Headers::of);
        let Some(headers) = headers else {
            return Verdict::drop(packet, Cause::Malformed);
        };
        let hash = headers.symmetric_hash(self.seed.load(Relaxed));
        // The upper half of the product is below the number of ports.
        let port = (u64::from(hash).wrapping_mul(u64::from(self.ports)) >> 32) as u32;
        Verdict::leave(packet, UPPER.wrapping_add(port))
    }

    fn set(&self, values: &Values, _rtnl: &Rtnl) -> Result<(), Refused> {
        self.seed.store(values.uint(SEED), Relaxed);
        Ok(())
    }
}
