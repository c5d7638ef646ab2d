// SPDX-License-Identifier: GPL-2.0

//! FlowQueue-CoDel (RFC 8290): round robin by deficits, flows that have just become active first,
//! CoDel in each flow. Counted in bytes on the wire.

use super::{
    super::{
        counters::Tally,
        frame::{
            Frame,
            FrameQueue,
            Stamp, //
        }, //
    },
    codel::Codel,
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
        common.fresh.push(flows, index);
    }
}

/// Takes the next frame to send at `at` off the flows and off what is `held` in all; `cost` tells what
/// a frame takes of the deficit, `signal` marks a frame or, if it cannot, drops it and gives none.
pub(super) fn pop<Q: FrameQueue>(
    common: &mut Common,
    flows: &mut [Flow<Q>],
    (quantum, codel): (u32, Option<&Codel>),
    at: u64,
    cost: impl Fn(&Stamp) -> u64,
    held: &mut Tally,
    mut signal: impl FnMut(Q::Frame) -> Option<Q::Frame>,
) -> Option<Q::Frame> {
    loop {
        let (index, fresh) = match common.fresh.first() {
            Some(index) => (index, true),
            None => (common.turns.first()?, false),
        };
        let list = if fresh {
            &mut common.fresh
        } else {
            &mut common.turns
        };
        let flow = flows.get_mut(index as usize)?;
        if flow.deficit <= 0 {
            flow.deficit = flow.deficit.saturating_add(i64::from(quantum));
            list.pop(flows);
            common.turns.push(flows, index);
            continue;
        }
        let Flow {
            frames,
            bytes,
            codel: state,
            ..
        } = flow;
        let mut take = || {
            let frame = frames.pop_front()?;
            let stamp = *frame.stamp();
            *bytes = bytes.wrapping_sub(u64::from(stamp.bytes));
            held.sub(&stamp);
            Some((frame, stamp, held.bytes))
        };
        let frame = match codel {
            Some(codel) => state.dequeue(codel, at, take, &mut signal),
            None => take().map(|(frame, ..)| frame),
        };
        if let Some(frame) = frame {
            flow.deficit = flow.deficit.wrapping_sub(cost(frame.stamp()) as i64);
            return Some(frame);
        }
        list.pop(flows);
        // A fresh flow that empties takes one more turn, so that it does not come back as fresh at
        // once and starve the others.
        if fresh && common.turns.first().is_some() {
            common.turns.push(flows, index);
        } else if let Some(flow) = flows.get_mut(index as usize) {
            flow.active = false;
        }
    }
}
