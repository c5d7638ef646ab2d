// SPDX-License-Identifier: GPL-2.0

//! `counter`: counts what passes, each way by itself.
//!
//! All blocks count packets; this one also tells the ways apart.

use super::prelude::*;
use crate::sync::{
    counter::Counter,
    percpu::PerCpu, //
};

/// The type.
pub(super) static TYPE: Type = Type {
    name: c"counter",
    doc: c"counts what passes, each way by itself",
    passage: Passage::Through,
    ports: ANY_THROUGH,
    params: &[
        Param::reading(c"up-packets", c"packets that left by upper").unit(c"packets"),
        Param::reading(c"up-bytes", c"bytes of these").unit(c"bytes"),
        Param::reading(c"down-packets", c"packets that left by lower").unit(c"packets"),
        Param::reading(c"down-bytes", c"bytes of these").unit(c"bytes"),
    ],
    events: &[],
    state: true,
    make,
};

/// Number of readings.
const COUNTERS: usize = 4;

/// Counters of one CPU, in the order of the parameters.
#[derive(Default)]
struct Local([Counter; COUNTERS]);

struct Count(Arc<PerCpu<Local>>);

fn make(_site: &Site<'_>, _values: &Values, old: Option<&dyn Block>) -> Made {
    let old = of_type::<Count>(old);
    let state = match old {
        Some(old) => old.0.clone(),
        None => Arc::new(PerCpu::new()?, GFP_KERNEL)?,
    };
    Ok(Arc::new(Count(state), GFP_KERNEL)?)
}

impl Block for Count {
    #[inline]
    fn receive(&self, packet: SkBuff, from: u32, run: &Run<'_>) -> Verdict {
        let [up_packets, up_bytes, down_packets, down_bytes] = &self.0.here(run.bh()).0;
        let (packets, bytes, to) = match from {
            LOWER => (up_packets, up_bytes, UPPER),
            _ => (down_packets, down_bytes, LOWER),
        };
        packets.add(1);
        bytes.add(u64::from(packet.len()));
        Verdict::leave(packet, to)
    }

    fn read(&self, place: usize) -> Result<Value> {
        let local = self.0.all().filter_map(|local| local.0.get(place));
        let sum = local.fold(0u64, |sum, counter| sum.wrapping_add(counter.get()));
        Ok(Value::Uint(sum))
    }
}
