// SPDX-License-Identifier: GPL-2.0

//! The queue of the sending device, which is asked for frames.

use crate::{
    common::{TestFrame, TestMemory},
    of, queueing,
};
use vnet_model::{Discipline, Params};

#[test]
fn device_asks_for_frames() {
    let params = Params {
        rate: Some(1_000_000_000),
        overhead: 0,
        ..Params::default()
    };
    let mut direction = of(params, queueing(Discipline::Device), TestMemory::default());
    assert!(direction.wants_frames());
    // 100 us are 12.5 frames of 1000 bytes, beside the one on the wire.
    let mut taken = 0;
    while direction.wants_frames() {
        direction.enqueue(0, TestFrame::new(taken, 1000));
        taken += 1;
    }
    assert_eq!(taken, 14);
    // It says when to look again although nobody waits, and the wire never runs dry.
    let at = direction.next_event().expect("event");
    assert!((8_000..=28_000).contains(&at), "{at}");
    direction.advance(at);
    assert!(direction.wants_frames());
    // Slow: two frames.
    let slow = Params {
        rate: Some(1_000_000),
        ..params
    };
    let mut direction = of(slow, queueing(Discipline::Device), TestMemory::default());
    let mut taken = 0;
    while direction.wants_frames() {
        direction.enqueue(0, TestFrame::new(taken, 1000));
        taken += 1;
    }
    assert_eq!(taken, 3);
}
