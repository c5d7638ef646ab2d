// SPDX-License-Identifier: GPL-2.0

//! Disciplines that keep flows apart: wfq, drr and fq-codel.

use std::collections::BTreeSet;

use crate::{
    common::{drain, drain_frames, take_log, FullDirection, TestFrame, TestMemory},
    dropped, of, params, queueing, MS,
};
use vnet_model::{Admission, Codel, Discipline, DropFrom, Frame, Params, Queueing, Weight};

#[test]
fn the_longest_flow_is_dropped_from() {
    for discipline in [Discipline::Wfq, Discipline::Drr { quantum: 1000 }] {
        for (drop, lost_of_long) in [(DropFrom::Tail, [8, 7, 6]), (DropFrom::Head, [1, 2, 3])] {
            println!("{discipline:?} {drop:?}");
            let drop = Some(drop);
            let queueing = Queueing {
                discipline,
                drop,
                ecn: false,
            };
            let mut direction = of(params(9), queueing, TestMemory::with_flows(256));
            take_log();
            // One on the wire, eight of the long flow wait, then four others come.
            for id in 0..9 {
                direction.enqueue(0, TestFrame::new(id, 1000).of_flow(1));
            }
            for id in 9..13 {
                let verdict = direction.enqueue(0, TestFrame::new(id, 1000).of_flow(id as u8));
                assert_eq!(verdict, Admission::Accepted);
            }
            let lost: Vec<u64> = dropped().into_iter().map(|(id, _)| id).collect();
            assert_eq!(lost, lost_of_long);
            // A frame of the longest flow itself is the one, or makes the oldest so.
            let verdict = direction.enqueue(0, TestFrame::new(13, 1000).of_flow(1));
            assert_eq!(verdict == Admission::Accepted, drop == Some(DropFrom::Head));
            assert_eq!(drain(&mut direction).len(), 10);
            assert!(direction.snapshot(u64::MAX).balanced());
        }
    }
}

/// Frames sent by each flow, of three that always have some waiting.
fn shares(direction: &mut FullDirection, sizes: [u32; 3], check: impl Fn([u64; 3])) -> [u64; 3] {
    let mut sent = [0u64; 3];
    let mut id = 0;
    let mut next = |direction: &mut FullDirection, now, flow: usize| {
        id += 1;
        let frame = TestFrame::new(id, sizes[flow])
            .of_flow(flow as u8 * 64)
            .of_class(flow as u8);
        assert_eq!(direction.enqueue(now, frame), Admission::Accepted);
    };
    // The first on the wire is none of theirs.
    direction.enqueue(0, TestFrame::new(0, 1000).of_flow(255));
    for flow in 0..3 {
        for _ in 0..50 {
            next(direction, 0, flow);
        }
    }
    let mut first = true;
    for _ in 0..20_000 {
        let at = direction.next_event().expect("busy");
        direction.advance(at);
        while let Some(frame) = direction.pop_due(at) {
            if std::mem::take(&mut first) {
                continue;
            }
            let flow = (frame.stamp().flow >> 30) as usize;
            sent[flow] += u64::from(frame.stamp().bytes);
            check(sent);
            next(direction, at, flow);
        }
    }
    sent
}

/// Start-time fair queueing's theorem: between flows that are backlogged, the difference of service
/// over weight is at most one frame of each over its weight.
#[test]
fn wfq_shares_by_weight() {
    let sizes = [1514u32, 300, 64];
    let weights = [1u32, 2, 8];
    let mut memory = TestMemory::with_flows(256);
    memory.weights = weights
        .iter()
        .map(|w| Weight::new(*w).expect("valid"))
        .collect();
    let mut direction = of(params(1000), queueing(Discipline::Wfq), memory);
    let sent = shares(&mut direction, sizes, |sent| {
        for i in 0..3 {
            for j in 0..3 {
                let service = |k: usize| sent[k] as f64 / f64::from(weights[k]);
                let frame = |k: usize| f64::from(sizes[k]) / f64::from(weights[k]);
                let bound = frame(i) + frame(j) + 1e-6;
                assert!((service(i) - service(j)).abs() <= bound, "{sent:?}");
            }
        }
    });
    let total: u64 = sent.iter().sum();
    for (sent, weight) in sent.iter().zip(weights) {
        let share = *sent as f64 / total as f64;
        assert!((share - f64::from(weight) / 11.0).abs() < 1e-3, "{share}");
    }
}

/// Frames sent by each flow, of three that send too much, so that frames are dropped.
fn shares_of_overload(direction: &mut FullDirection, sizes: [u32; 3]) -> [u64; 3] {
    // Frames a millisecond, in which the wire sends 1000 bytes.
    let offered = [2, 4, 16];
    let mut sent = [0u64; 3];
    for step in 0..20_000u64 {
        let now = step * MS;
        direction.advance(now);
        while let Some(frame) = direction.pop_due(now) {
            let flow = (frame.stamp().flow >> 30) as usize;
            // The first fill the queue.
            if step > 200 {
                sent[flow] += u64::from(frame.stamp().bytes);
            }
        }
        for (flow, count) in offered.iter().enumerate() {
            for part in 0..*count {
                let frame = TestFrame::new(step, sizes[flow])
                    .of_flow(flow as u8 * 64)
                    .of_class(flow as u8);
                direction.enqueue(now + part * MS / 16, frame);
            }
        }
        drop(direction.take_discarded());
    }
    sent
}

/// What was dropped had no service: it counts neither for nor against its flow.
#[test]
fn wfq_shares_by_weight_whatever_is_dropped() {
    for (weights, sizes) in [
        ([1u32, 1, 1], [1000u32, 1000, 1000]),
        ([10, 5, 1], [1000, 1000, 1000]),
        ([1, 2, 8], [1514, 700, 200]),
    ] {
        for drop in [DropFrom::Tail, DropFrom::Head] {
            let mut memory = TestMemory::with_flows(256);
            memory.weights = weights
                .iter()
                .map(|w| Weight::new(*w).expect("valid"))
                .collect();
            let queueing = Queueing {
                drop: Some(drop),
                ..queueing(Discipline::Wfq)
            };
            let mut direction = of(params(60), queueing, memory);
            let sent = shares_of_overload(&mut direction, sizes);
            let total: u64 = sent.iter().sum();
            let sum: u32 = weights.iter().sum();
            for (sent, weight) in sent.iter().zip(weights) {
                let (share, due) = (
                    *sent as f64 / total as f64,
                    f64::from(weight) / f64::from(sum),
                );
                assert!(
                    (share - due).abs() < 2e-3,
                    "{weights:?} {drop:?}: {share} of {due}"
                );
            }
        }
    }
}

#[test]
fn drr_shares_evenly() {
    let sizes = [1514u32, 300, 64];
    for quantum in [64u32, 1500, 9000] {
        let mut direction = of(
            params(1000),
            queueing(Discipline::Drr { quantum }),
            TestMemory::with_flows(256),
        );
        // Shreedhar and Varghese's bound.
        let bound = u64::from(2 * quantum + 3 * 1514);
        shares(&mut direction, sizes, |sent| {
            let most = sent.iter().max().expect("three");
            let least = sent.iter().min().expect("three");
            assert!(most - least <= bound, "quantum {quantum}: {sent:?}");
        });
    }
}

#[test]
fn fq_codel_shares_evenly() {
    let codel = Codel {
        target: 100_000 * MS,
        interval: 100_000 * MS,
        ..Codel::default()
    };
    let discipline = Discipline::FqCodel {
        quantum: 1514,
        codel,
    };
    let mut direction = of(
        params(1000),
        queueing(discipline),
        TestMemory::with_flows(256),
    );
    shares(&mut direction, [1514, 300, 64], |sent| {
        let most = sent.iter().max().expect("three");
        let least = sent.iter().min().expect("three");
        assert!(most - least <= 3 * 1514 * 2, "{sent:?}");
    });
}

/// A flow that sends now and then does not wait behind one that fills the queue.
#[test]
fn sparse_flows_pass() {
    let codel = Codel::default();
    for discipline in [
        Discipline::Wfq,
        Discipline::Drr { quantum: 1514 },
        Discipline::FqCodel {
            quantum: 1514,
            codel,
        },
    ] {
        let mut direction = of(
            params(100),
            queueing(discipline),
            TestMemory::with_flows(256),
        );
        let mut sparse = BTreeSet::new();
        for step in 0..2000u64 {
            let now = step * MS / 2;
            direction.enqueue(now, TestFrame::new(step, 1000).of_flow(1));
            if step % 20 == 0 {
                sparse.insert(step + 100_000);
                direction.enqueue(now, TestFrame::new(step + 100_000, 100).of_flow(2));
            }
        }
        for (frame, at) in drain_frames(&mut direction) {
            if sparse.contains(&frame.id) {
                let waited = at - frame.stamp().enqueued;
                // One frame on the wire, and one that a round robin owes the other.
                assert!(waited <= 3 * MS, "{discipline:?}: {waited} ns");
            }
        }
    }
}

/// Tags wrap; a flow that comes back after any time is neither ahead nor behind.
#[test]
fn old_flows_come_back_in_time() {
    let fast = Params {
        rate: Some(400_000_000_000),
        ..params(100)
    };
    let big = 1 << 31;
    for pause in [1u64, 100, 200, 300, 400, 500, 600, 1000] {
        let mut direction = of(fast, queueing(Discipline::Wfq), TestMemory::with_flows(256));
        let mut id = 0;
        let mut send = |direction: &mut FullDirection, flow, bytes| {
            id += 1;
            let now = direction.now();
            direction.enqueue(now, TestFrame::new(id, bytes).of_flow(flow));
            id
        };
        for flow in [1, 1, 2, 1] {
            send(&mut direction, flow, big);
        }
        // The second flow's frame leaves, then only the first one sends.
        let mut left = pause + 3;
        while left > 0 {
            let at = direction.next_event().expect("busy");
            direction.advance(at);
            while direction.pop_due(at).is_some() {
                left = left.saturating_sub(1);
                send(&mut direction, 1, big);
            }
        }
        let back = send(&mut direction, 2, 1000);
        let order: Vec<u64> = drain(&mut direction)
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        let place = order.iter().position(|id| *id == back).expect("delivered");
        assert!(place <= 2, "after {pause} frames: {place}");
    }
}

/// A flow that always comes back with one frame is no new flow each time, and starves nobody.
#[test]
fn returning_flows_do_not_starve_others() {
    let codel = Codel {
        target: 100_000 * MS,
        interval: 100_000 * MS,
        ..Codel::default()
    };
    let discipline = Discipline::FqCodel {
        quantum: 1000,
        codel,
    };
    let mut direction = of(
        params(1000),
        queueing(discipline),
        TestMemory::with_flows(256),
    );
    for id in 0..500 {
        direction.enqueue(0, TestFrame::new(id, 1000).of_flow(1));
    }
    direction.enqueue(0, TestFrame::new(500, 1000).of_flow(2));
    let mut others = 0;
    for _ in 0..400 {
        let at = direction.next_event().expect("busy");
        direction.advance(at);
        while let Some(frame) = direction.pop_due(at) {
            if frame.id < 500 {
                others += 1;
            }
        }
        // Whenever its frame has left the queue, the flow has the next one.
        let waiting = direction.queued().frames;
        if waiting + others <= 500 {
            direction.enqueue(at, TestFrame::new(1000, 1000).of_flow(2));
        }
    }
    assert!(others >= 190, "{others} of 400");
}

#[test]
fn without_a_table_flows_are_one_queue() {
    for discipline in [Discipline::Wfq, Discipline::Drr { quantum: 1514 }] {
        let mut direction = of(params(10), queueing(discipline), TestMemory::default());
        for id in 0..20 {
            direction.enqueue(
                0,
                TestFrame::new(id, 1000).of_flow((id as u8).wrapping_mul(11)),
            );
        }
        let ids: Vec<u64> = drain(&mut direction).iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, (0..11).collect::<Vec<_>>());
    }
}
