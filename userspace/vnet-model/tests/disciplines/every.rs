// SPDX-License-Identifier: GPL-2.0

//! What holds for all disciplines, and which settings none takes.

use std::collections::BTreeMap;

use crate::{
    all,
    common::{
        compiled, drain, drain_frames, take_log, with_queueing, FullDirection, TestFrame,
        TestMemory,
    },
    draw, of, params, queueing, red, MS,
};
use vnet_model::{
    Cause, Codel, Compiled, Direction, Discipline, DropFrom, Effect, Frame, Pie, Probability,
    Queueing, QueueingField, Red, Weight,
};

#[test]
fn all_send_all_and_idle_never() {
    for discipline in all() {
        println!("{discipline:?}");
        // Few frames, so that no controller drops; each takes 1 ms.
        let mut direction = of(
            params(1000),
            queueing(discipline),
            TestMemory::with_flows(16),
        );
        for id in 0..10 {
            direction.enqueue(0, TestFrame::new(id, 1000).of_flow((id % 3) as u8 * 16));
        }
        let mut arrived = drain(&mut direction);
        let times: Vec<u64> = arrived.iter().map(|(_, at)| *at).collect();
        assert_eq!(times, (1..=10).map(|i| i * MS).collect::<Vec<_>>());
        arrived.sort_unstable();
        assert_eq!(arrived.len(), 10);
        assert!(direction.snapshot(u64::MAX).balanced());
    }
}

#[test]
fn changes_of_discipline_lose_nothing() {
    let mut direction = of(
        params(1000),
        queueing(Discipline::Fifo),
        TestMemory::with_flows(64),
    );
    let mut id = 0;
    let mut now = 0;
    for from in all() {
        for to in all() {
            for discipline in [from, to] {
                for _ in 0..5 {
                    direction.enqueue(
                        now,
                        TestFrame::new(id, 1000).of_flow((id as u8).wrapping_mul(37)),
                    );
                    id += 1;
                }
                direction.set_params(now, with_queueing(params(1000), queueing(discipline)));
                now += 2 * MS;
                direction.advance(now);
            }
            let memory = TestMemory::with_flows(1 + id as usize % 50);
            let same = *direction.params();
            let mut old = direction.set_memory(now, same, memory);
            let tables = vnet_model::Memory::tables(&mut old);
            assert!(tables.flows.iter().all(|flow| flow.is_empty()));
        }
    }
    // Controllers may have dropped; whatever they did is counted.
    let arrived = drain(&mut direction).len() as u64;
    let snapshot = direction.snapshot(u64::MAX);
    assert!(snapshot.balanced());
    assert_eq!(snapshot.on_link().frames, 0);
    assert_eq!(arrived + snapshot.counters.all_drops().frames, id);
    let queue_drops = snapshot.counters.drops(Cause::QueuePackets).frames;
    assert_eq!(queue_drops, 0);
}

/// New tables of the same size change nothing of what the discipline does.
#[test]
fn new_tables_disturb_nothing() {
    for discipline in all() {
        let run = |every: u64| {
            let compiled = with_queueing(params(100), queueing(discipline));
            let memory = TestMemory::with_flows(16);
            let mut direction: FullDirection = Direction::with_memory(compiled, memory);
            take_log();
            for id in 0..4000u64 {
                let now = id * 700_000;
                let flow = (draw(Effect::Jitter, id) >> 62) as u8 * 64;
                direction.enqueue(now, TestFrame::new(id, 1000).of_flow(flow));
                if id % every == 0 {
                    direction.set_memory(now, compiled, TestMemory::with_flows(16));
                }
            }
            drain(&mut direction);
            take_log()
        };
        assert!(run(u64::MAX) == run(7), "{discipline:?}");
    }
}

#[test]
fn marks_instead_of_drops() {
    for (discipline, cause) in [
        (Discipline::Codel(Codel::default()), Cause::Codel),
        (Discipline::Red(red()), Cause::Red),
        (Discipline::Pie(Pie::default()), Cause::Pie),
        (
            Discipline::FqCodel {
                quantum: 1514,
                codel: Codel::default(),
            },
            Cause::Codel,
        ),
    ] {
        let queueing = Queueing {
            discipline,
            drop: None,
            ecn: true,
        };
        let mut direction = of(params(1000), queueing, TestMemory::with_flows(16));
        for id in 0..4000u64 {
            direction.enqueue(id * 950_000, TestFrame::new(id, 1000).with_ect());
            direction.advance(id * 950_000);
        }
        let marked = drain_frames(&mut direction)
            .iter()
            .filter(|(f, _)| f.marked)
            .count() as u64;
        let counters = direction.snapshot(u64::MAX).counters;
        assert_eq!(counters.marked.frames, marked);
        assert!(marked > 10, "{discipline:?}: {marked}");
        if cause == Cause::Codel {
            // The others drop when marks do not help.
            assert_eq!(counters.drops(cause).frames, 0, "{discipline:?}");
        }
    }
}

#[test]
fn flows_keep_their_order() {
    for discipline in all() {
        let mut direction = of(params(60), queueing(discipline), TestMemory::with_flows(7));
        for id in 0..3000u64 {
            let size = 64 + (draw(Effect::Corrupt, id) >> 54) as u32;
            let flow = (draw(Effect::Jitter, id) >> 60) as u8 * 16;
            direction.enqueue(id * 500_000, TestFrame::new(id, size).of_flow(flow));
        }
        let mut last: BTreeMap<u32, u64> = BTreeMap::new();
        for (frame, _) in drain_frames(&mut direction) {
            if let Some(last) = last.insert(frame.stamp().flow, frame.id) {
                assert!(last < frame.id, "{discipline:?}");
            }
        }
        let snapshot = direction.snapshot(u64::MAX);
        assert!(snapshot.balanced());
        assert_eq!(snapshot.on_link().frames, 0);
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refused = |queueing: Queueing| {
        compiled(params(10))
            .with_queueing(&queueing)
            .expect_err("refused")
            .field
    };
    let of = |discipline| refused(queueing(discipline));
    for quantum in [0, 63, (1 << 20) + 1] {
        assert_eq!(of(Discipline::Drr { quantum }), QueueingField::Quantum);
    }
    let codel = Codel {
        target: 0,
        ..Codel::default()
    };
    assert_eq!(of(Discipline::Codel(codel)), QueueingField::Target);
    let codel = Codel {
        interval: 100_000 * MS + 1,
        ..Codel::default()
    };
    assert_eq!(of(Discipline::Codel(codel)), QueueingField::Interval);
    let pie = Pie {
        update: 999_999,
        ..Pie::default()
    };
    assert_eq!(of(Discipline::Pie(pie)), QueueingField::Interval);
    let pie = Pie {
        beta: 33,
        ..Pie::default()
    };
    assert_eq!(of(Discipline::Pie(pie)), QueueingField::PieBeta);
    for wrong in [
        Red { min: 0, ..red() },
        Red {
            max: 20_000,
            ..red()
        },
        Red {
            max: 1 << 41,
            ..red()
        },
    ] {
        assert_eq!(of(Discipline::Red(wrong)), QueueingField::RedThreshold);
    }
    let wrong = Red {
        weight: 25,
        ..red()
    };
    assert_eq!(of(Discipline::Red(wrong)), QueueingField::RedWeight);
    let wrong = Red {
        probability: Probability::ZERO,
        ..red()
    };
    assert_eq!(of(Discipline::Red(wrong)), QueueingField::RedProbability);
    let ecn = Queueing {
        ecn: true,
        ..queueing(Discipline::Fifo)
    };
    assert_eq!(refused(ecn), QueueingField::Ecn);
    let drop = Queueing {
        drop: Some(DropFrom::Head),
        ..queueing(Discipline::Device)
    };
    assert_eq!(refused(drop), QueueingField::Drop);
    assert_eq!(Weight::new(0), None);
    assert_eq!(Weight::new(1025), None);
    let needs = |compiled: Compiled| compiled.needs_flows();
    assert!(needs(with_queueing(params(1), queueing(Discipline::Wfq))));
    assert!(!needs(with_queueing(params(1), queueing(Discipline::Fifo))));
}
