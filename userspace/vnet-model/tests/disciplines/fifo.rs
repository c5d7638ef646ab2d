// SPDX-License-Identifier: GPL-2.0

//! One queue, dropped from at its head.

use crate::{
    common::{drain, take_log, TestFrame, TestMemory},
    dropped, of, params,
};
use vnet_model::{Admission, Cause, Discipline, DropFrom, Queueing};

#[test]
fn head_drop_keeps_the_young() {
    let drop = Some(DropFrom::Head);
    let discipline = Discipline::Fifo;
    let queueing = Queueing {
        discipline,
        drop,
        ecn: false,
    };
    let mut direction = of(params(3), queueing, TestMemory::default());
    take_log();
    for id in 0..10 {
        let verdict = direction.enqueue(0, TestFrame::new(id, 1000).with_sender());
        assert_eq!(verdict, Admission::Accepted);
    }
    let lost: Vec<u64> = dropped().into_iter().map(|(id, _)| id).collect();
    assert_eq!(lost, [1, 2, 3, 4, 5, 6]);
    let ids: Vec<u64> = drain(&mut direction).iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [0, 7, 8, 9]);
    let snapshot = direction.snapshot(u64::MAX);
    assert!(snapshot.balanced());
    assert_eq!(snapshot.counters.drops(Cause::QueuePackets).frames, 6);
}

#[test]
fn head_drop_makes_room_for_long_frames() {
    let mut params = params(100);
    params.queue.bytes = Some(1000);
    let drop = Some(DropFrom::Head);
    let queueing = Queueing {
        drop,
        ..Queueing::default()
    };
    let mut direction = of(params, queueing, TestMemory::default());
    for id in 0..11 {
        direction.enqueue(0, TestFrame::new(id, 100));
    }
    assert_eq!(
        direction.enqueue(0, TestFrame::new(11, 950)),
        Admission::Accepted
    );
    assert_eq!(
        direction.enqueue(0, TestFrame::new(12, 1001)),
        Admission::Dropped(Cause::QueueBytes)
    );
    // Nothing would have made room for that one, but it comes last.
    assert_eq!(drain(&mut direction).len(), 1);
    assert!(direction.snapshot(u64::MAX).balanced());
}
