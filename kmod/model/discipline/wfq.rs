// SPDX-License-Identifier: GPL-2.0

//! Weighted fair queueing by start tags (start-time fair queueing, Goyal, Vin and Cheng 1997).
//!
//! A flow's start tag is that of its first frame: the virtual time when the flow became backlogged, or
//! the finish tag of the frame that it sent last if that is later. A frame's finish tag is its start
//! tag plus its bytes on the wire over its class's weight. The flow with the least start tag sends,
//! and the virtual time is that tag. While flows are backlogged, each gets a share of the wire in
//! proportion to its weight, whatever its frames' sizes.
//!
//! The paper tags frames when they arrive, which comes to the same as long as none is dropped. Here
//! only the frame that is sent has a finish tag, so one that is dropped counts neither for nor against
//! its flow: the next has its place.
//!
//! Tags wrap, and are compared by their difference. So that the difference says the truth, flows
//! without frames are brought up to date each time when the virtual time has gone a part of the way
//! around. Active flows are in a heap by their tags; one whose frames were all dropped stays there
//! until it comes to the top.

use super::{
    super::frame::{
        Frame,
        FrameQueue,
        Stamp, //
    },
    flows::{
        Common,
        Flow, //
    }, //
};

/// Bits of a tag within one part of the way around.
const PART: u32 = 60;

/// Whether tag `a` comes before tag `b`.
#[inline]
fn before(a: u64, b: u64) -> bool {
    (a.wrapping_sub(b) as i64) < 0
}

/// The later of two tags.
#[inline]
fn later(a: u64, b: u64) -> u64 {
    if before(a, b) {
        b
    } else {
        a
    }
}

/// Lets the virtual time be `to`.
#[inline]
fn advance<Q>(common: &mut Common, flows: &mut [Flow<Q>], to: u64) {
    if (common.virtual_time ^ to) >> PART != 0 {
        for flow in flows.iter_mut().filter(|flow| !flow.active) {
            flow.tag = to;
        }
        common.latest = later(common.latest, to);
    }
    common.virtual_time = to;
}

/// The flow sends a frame of `length`, its bytes over its weight.
#[inline]
fn send<Q>(common: &mut Common, flow: &mut Flow<Q>, length: u64) {
    flow.tag = flow.tag.wrapping_add(length);
    common.latest = later(common.latest, flow.tag);
}

/// A frame of the flow `index`, with `length` bytes over its weight, passes while nothing waits.
///
/// What was sent before is forgotten: the virtual time catches up with the last finish tag.
pub(super) fn pass<Q: FrameQueue>(
    common: &mut Common,
    flows: &mut [Flow<Q>],
    index: u32,
    length: u64,
) {
    // There may be flows whose frames were all dropped.
    while settle(common, flows) {}
    advance(common, flows, later(common.virtual_time, common.latest));
    if let Some(flow) = flows.get_mut(index as usize) {
        flow.tag = later(common.virtual_time, flow.tag);
        send(common, flow, length);
    }
}

/// A frame has been added to the flow `index`.
#[inline]
pub(super) fn pushed<Q: FrameQueue>(common: &mut Common, flows: &mut [Flow<Q>], index: u32) {
    let Some(flow) = flows.get_mut(index as usize) else {
        return;
    };
    if flow.active {
        return;
    }
    flow.active = true;
    flow.tag = later(common.virtual_time, flow.tag);
    let place = common.heaped;
    common.heaped = place.saturating_add(1);
    set(flows, place, index);
    rise(flows, place);
}

/// Takes the next frame; `length` tells the bytes of a frame over its weight.
#[inline]
pub(super) fn pop<Q: FrameQueue>(
    common: &mut Common,
    flows: &mut [Flow<Q>],
    length: impl Fn(&Stamp) -> u64,
) -> Option<Q::Frame> {
    while common.heaped > 0 {
        let index = get(flows, 0)?;
        let flow = flows.get_mut(index as usize)?;
        let tag = flow.tag;
        let frame = flow.pop();
        if let Some(frame) = &frame {
            advance(common, flows, tag);
            send(
                common,
                flows.get_mut(index as usize)?,
                length(frame.stamp()),
            );
        }
        settle(common, flows);
        if frame.is_some() {
            return frame;
        }
    }
    None
}

/// Puts the flow at the top of the heap to its place, or takes it off if it is empty; tells whether it
/// was.
fn settle<Q: FrameQueue>(common: &mut Common, flows: &mut [Flow<Q>]) -> bool {
    if common.heaped == 0 {
        return false;
    }
    let top = get(flows, 0).and_then(|index| flows.get_mut(index as usize));
    let empty = top.filter(|flow| flow.is_empty());
    let goes = empty.is_some();
    if let Some(flow) = empty {
        flow.active = false;
        common.heaped = common.heaped.saturating_sub(1);
        if let Some(last) = get(flows, common.heaped) {
            set(flows, 0, last);
        }
    }
    sink(flows, common.heaped);
    goes
}

/// The longest flow by waiting bytes, and its bytes.
pub(super) fn longest<Q: FrameQueue>(common: &Common, flows: &[Flow<Q>]) -> Option<(u32, u64)> {
    let mut longest = None;
    for place in 0..common.heaped {
        let index = get(flows, place)?;
        let bytes = flows.get(index as usize)?.bytes;
        if longest.is_none_or(|(_, most)| bytes > most) {
            longest = Some((index, bytes));
        }
    }
    longest
}

#[inline]
fn get<Q>(flows: &[Flow<Q>], place: u32) -> Option<u32> {
    flows.get(place as usize).map(|flow| flow.heap)
}

#[inline]
fn set<Q>(flows: &mut [Flow<Q>], place: u32, index: u32) {
    if let Some(flow) = flows.get_mut(place as usize) {
        flow.heap = index;
    }
}

/// The tag of the flow at `place`.
#[inline]
fn tag_at<Q>(flows: &[Flow<Q>], place: u32) -> Option<u64> {
    let index = get(flows, place)?;
    flows.get(index as usize).map(|flow| flow.tag)
}

/// Whether the flow at `a` comes before that at `b`; no, if one of them does not exist.
#[inline]
fn is_before<Q>(flows: &[Flow<Q>], a: u32, b: u32) -> bool {
    match (tag_at(flows, a), tag_at(flows, b)) {
        (Some(a), Some(b)) => before(a, b),
        _ => false,
    }
}

fn swap<Q>(flows: &mut [Flow<Q>], a: u32, b: u32) {
    if let (Some(at_a), Some(at_b)) = (get(flows, a), get(flows, b)) {
        set(flows, a, at_b);
        set(flows, b, at_a);
    }
}

/// Moves the flow at `place` up to where it belongs.
fn rise<Q>(flows: &mut [Flow<Q>], mut place: u32) {
    while place > 0 {
        let parent = (place - 1) / 2;
        if !is_before(flows, place, parent) {
            return;
        }
        swap(flows, place, parent);
        place = parent;
    }
}

/// Moves the flow at the top of a heap of `length` down to where it belongs.
fn sink<Q>(flows: &mut [Flow<Q>], length: u32) {
    let mut place: u32 = 0;
    loop {
        let left = place.saturating_mul(2).saturating_add(1);
        let right = left.saturating_add(1);
        let mut least = place;
        if left < length && is_before(flows, left, least) {
            least = left;
        }
        if right < length && is_before(flows, right, least) {
            least = right;
        }
        if least == place {
            return;
        }
        swap(flows, place, least);
        place = least;
    }
}
