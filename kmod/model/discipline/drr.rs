// SPDX-License-Identifier: GPL-2.0

//! Deficit round robin (Shreedhar and Varghese 1995): each flow in its turn sends what its quantum
//! and what it saved allow. Counted in bytes on the wire.

use super::{
    super::frame::{
        FrameQueue,
        Stamp, //
    },
    flows::{
        Common,
        Flow, //
    }, //
};

/// A frame has been added to the flow `index`.
#[inline]
pub(super) fn pushed<Q: FrameQueue>(
    common: &mut Common,
    flows: &mut [Flow<Q>],
    index: u32,
    quantum: u32,
) {
    let Some(flow) = flows.get_mut(index as usize) else {
        return;
    };
    if !flow.active {
        flow.active = true;
        flow.deficit = i64::from(quantum);
        common.turns.push(flows, index);
    }
}

/// Takes the next frame; `cost` tells what a frame takes of the deficit.
#[inline]
pub(super) fn pop<Q: FrameQueue>(
    common: &mut Common,
    flows: &mut [Flow<Q>],
    quantum: u32,
    cost: impl Fn(&Stamp) -> u64,
) -> Option<Q::Frame> {
    loop {
        let index = common.turns.first()?;
        let flow = flows.get_mut(index as usize)?;
        let Some(stamp) = flow.frames.front() else {
            flow.active = false;
            common.turns.pop(flows);
            continue;
        };
        let cost = cost(stamp) as i64;
        if cost > flow.deficit {
            flow.deficit = flow.deficit.saturating_add(i64::from(quantum));
            common.turns.pop(flows);
            common.turns.push(flows, index);
            continue;
        }
        flow.deficit = flow.deficit.wrapping_sub(cost);
        let frame = flow.pop();
        if flow.frames.is_empty() {
            flow.active = false;
            common.turns.pop(flows);
        }
        return frame;
    }
}
