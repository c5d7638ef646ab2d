// SPDX-License-Identifier: GPL-2.0

//! Queue disciplines: shares, order, drops, and the controllers against references in floating point.

mod common;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use common::{
    compiled, drain, drain_frames, take_log, with_queueing, FullDirection, TestFrame, TestMemory,
};
use vnet_model::{
    Admission, Cause, Codel, Compiled, Direction, Discipline, DropFrom, Effect, Effects, Frame,
    Outcome, Params, Pie, Probability, QueueLimit, Queueing, QueueingField, Red, Source, Subject,
    Weight,
};

const MS: u64 = 1_000_000;

fn params(packets: u32) -> Params {
    Params {
        rate: Some(8_000_000),
        overhead: 0,
        queue: QueueLimit {
            packets: Some(packets),
            ..QueueLimit::default()
        },
        ..Params::default()
    }
}

fn queueing(discipline: Discipline) -> Queueing {
    Queueing {
        discipline,
        ..Queueing::default()
    }
}

fn of(params: Params, queueing: Queueing, memory: TestMemory) -> FullDirection {
    Direction::with_memory(with_queueing(params, queueing), memory)
}

fn all() -> Vec<Discipline> {
    let codel = Codel::default();
    vec![
        Discipline::Fifo,
        Discipline::Wfq,
        Discipline::Drr { quantum: 300 },
        Discipline::Red(red()),
        Discipline::Codel(codel),
        Discipline::Pie(Pie::default()),
        Discipline::FqCodel {
            quantum: 1538,
            codel,
        },
        Discipline::Device,
    ]
}

fn red() -> Red {
    Red {
        min: 20_000,
        max: 60_000,
        probability: Probability::new(Probability::PARTS / 10).expect("valid"),
        weight: 6,
        gentle: true,
    }
}

/// What was dropped since the last call, by the frames' numbers (ids count from 0 as they do).
fn dropped() -> Vec<(u64, Cause)> {
    take_log()
        .into_iter()
        .filter_map(|decision| match decision.outcome {
            Outcome::Dropped(cause) => Some((decision.number, cause)),
            Outcome::Due(_) => None,
        })
        .collect()
}

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

/// CoDel by RFC 8289 and Linux, in floating point, in front of the same wire: frames of 1000 bytes
/// that take 1 ms.
#[derive(Default)]
struct CodelReference {
    codel: Codel,
    limit: usize,
    /// Frames with the times of their arrival.
    queue: VecDeque<(u64, u64)>,
    first_above: Option<u64>,
    drop_next: u64,
    count: u32,
    last_count: u32,
    dropping: bool,
    lost: Vec<(u64, Cause)>,
    most_at_once: u32,
}

impl CodelReference {
    fn pop(&mut self, now: u64) -> (Option<u64>, bool) {
        let Some((id, came)) = self.queue.pop_front() else {
            self.first_above = None;
            return (None, false);
        };
        let mut ok = false;
        let bytes = self.queue.len() as u64 * 1000;
        if now - came < self.codel.target || bytes <= u64::from(self.codel.floor) {
            self.first_above = None;
        } else if let Some(at) = self.first_above {
            ok = now > at;
        } else {
            self.first_above = Some(now + self.codel.interval);
        }
        (Some(id), ok)
    }

    fn law(&self, t: u64) -> u64 {
        t + ((self.codel.interval as f64 / f64::from(self.count).sqrt()) as u64).max(1)
    }

    fn lose(&mut self, id: Option<u64>) {
        self.lost
            .push((id.expect("one that is late"), Cause::Codel));
    }

    /// The frame to send at `now`.
    fn dequeue(&mut self, now: u64) -> Option<u64> {
        let (mut frame, mut ok) = self.pop(now);
        if frame.is_none() {
            self.dropping = false;
        }
        if self.dropping {
            if !ok {
                self.dropping = false;
            }
            let mut drops = 0;
            while self.dropping && now >= self.drop_next {
                drops += 1;
                self.most_at_once = self.most_at_once.max(drops);
                if drops > 256 {
                    self.drop_next = self.law(now);
                    break;
                }
                self.lose(frame);
                self.count += 1;
                (frame, ok) = self.pop(now);
                if ok {
                    self.drop_next = self.law(self.drop_next);
                } else {
                    self.dropping = false;
                }
            }
        } else if ok {
            self.lose(frame);
            (frame, _) = self.pop(now);
            self.dropping = true;
            let delta = self.count.saturating_sub(self.last_count);
            let recent = now.saturating_sub(self.drop_next) < 16 * self.codel.interval;
            self.count = if delta > 1 && recent { delta } else { 1 };
            self.last_count = self.count;
            self.drop_next = self.law(now);
        }
        frame
    }

    /// Runs frames that arrive at these times through the queue.
    fn run(mut self, arrivals: &[u64]) -> Self {
        let (mut free, mut busy) = (0, false);
        for (id, now) in (0u64..).zip(arrivals.iter().copied()) {
            while busy && free <= now {
                busy = self.dequeue(free).is_some();
                free += if busy { MS } else { 0 };
            }
            if !busy {
                (busy, free) = (true, now + MS);
                continue;
            }
            if self.queue.len() == self.limit {
                // fq-codel drops the oldest, and lets CoDel know.
                let (oldest, _) = self.queue.pop_front().expect("full");
                self.lost.push((oldest, Cause::QueuePackets));
                self.count += 1;
            }
            self.queue.push_back((id, now));
        }
        while self.dequeue(free).is_some() {
            free += MS;
        }
        self
    }
}

/// The same traffic through the model.
fn lost_in(discipline: Discipline, limit: usize, arrivals: &[u64]) -> Vec<(u64, Cause)> {
    let params = params(limit as u32);
    let mut direction = of(params, queueing(discipline), TestMemory::with_flows(1));
    take_log();
    for (id, now) in (0u64..).zip(arrivals.iter().copied()) {
        direction.enqueue(now, TestFrame::new(id, 1000));
    }
    drain(&mut direction);
    assert!(direction.snapshot(u64::MAX).balanced());
    dropped()
}

fn times(gaps: impl Iterator<Item = u64>) -> Vec<u64> {
    gaps.scan(0, |now, gap| {
        *now += gap;
        Some(*now)
    })
    .collect()
}

#[test]
fn codel_drops_as_it_should() {
    // Phases of overload and of rest.
    let load = |over: u64| {
        times((0..20_000).map(move |id| if id / 1500 % 3 == 2 { 1_500_000 } else { over }))
    };
    for (codel, arrivals, least, at_once) in [
        (Codel::default(), load(920_000), 300, 1),
        (
            Codel {
                interval: 500_000,
                ..Codel::default()
            },
            load(100_000),
            8_000,
            9,
        ),
        (
            Codel {
                interval: 10,
                ..Codel::default()
            },
            load(100_000),
            8_000,
            26,
        ),
    ] {
        let limit = 100_000;
        let reference = CodelReference {
            codel,
            limit,
            ..Default::default()
        }
        .run(&arrivals);
        assert!(reference.lost.len() > least, "{}", reference.lost.len());
        assert!(
            reference.most_at_once >= at_once,
            "{}",
            reference.most_at_once
        );
        let lost = lost_in(Discipline::Codel(codel), limit, &arrivals);
        assert!(lost == reference.lost, "{codel:?}");
        // One flow of fq-codel is the same.
        let discipline = Discipline::FqCodel {
            quantum: 1000,
            codel,
        };
        assert!(
            lost_in(discipline, limit, &arrivals) == reference.lost,
            "{codel:?}"
        );
    }
}

#[test]
fn overflows_tell_codel() {
    let codel = Codel::default();
    let arrivals = times((0..20_000).map(|id| {
        if id / 300 % 3 == 2 {
            1_500_000
        } else {
            500_000
        }
    }));
    let limit = 60;
    let reference = CodelReference {
        codel,
        limit,
        ..Default::default()
    }
    .run(&arrivals);
    let by = |cause| {
        reference
            .lost
            .iter()
            .filter(|(_, because)| *because == cause)
            .count()
    };
    assert!(by(Cause::Codel) > 100 && by(Cause::QueuePackets) > 100);
    let discipline = Discipline::FqCodel {
        quantum: 1000,
        codel,
    };
    assert!(lost_in(discipline, limit, &arrivals) == reference.lost);
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

/// PIE of RFC 8033 in floating point, with the model's draws.
struct PieReference {
    p: f64,
    accumulated: f64,
    old_delay: f64,
    burst: f64,
    next: u64,
}

impl PieReference {
    fn update(&mut self, now: u64, ns: u64) {
        let delay = ns as f64 / 1e9;
        if self.next == 0 {
            self.next = now + 15 * MS;
            return;
        }
        while self.next <= now {
            let mut scale = 1.0;
            if self.p < 0.1 {
                scale /= 2.0;
                for bound in [1e-2, 1e-3, 1e-4, 1e-5, 1e-6] {
                    if self.p < bound {
                        scale /= 4.0;
                    }
                }
            }
            // The gains are whole parts of 2^56 per ns.
            let gain =
                |gain: f64| (gain * 72_057_594.0 / 16.0 * scale).floor() / 2f64.powi(56) * 1e9;
            let mut change = gain(2.0) * (delay - 0.015) + gain(20.0) * (delay - self.old_delay);
            if self.p >= 0.1 {
                change = change.min(0.02);
            }
            if delay > 0.25 {
                change += 0.02;
            }
            self.p = (self.p + change).clamp(0.0, 1.0);
            if delay == 0.0 && self.old_delay == 0.0 {
                self.p *= 1.0 - 1.0 / 64.0;
            }
            let rested = delay < 0.0075 && self.old_delay < 0.0075;
            self.burst = if rested && self.p == 0.0 {
                0.15
            } else {
                (self.burst - 0.015).max(0.0)
            };
            self.old_delay = delay;
            // After a rest the intervals begin anew.
            let resting =
                self.p == 0.0 && delay == 0.0 && self.old_delay == 0.0 && self.burst == 0.15;
            self.next = if resting { now } else { self.next } + 15 * MS;
        }
    }

    fn drops(&mut self, waiting: u64, draw: u64) -> bool {
        if self.burst > 1e-12 || (self.old_delay < 0.0075 && self.p < 0.2) || waiting < 3028 {
            return false;
        }
        self.accumulated = if self.p == 0.0 {
            0.0
        } else {
            self.accumulated + self.p
        };
        if self.accumulated < 0.85 {
            return false;
        }
        if self.accumulated < 8.5 && draw as f64 / 2f64.powi(64) >= self.p {
            return false;
        }
        self.accumulated = 0.0;
        true
    }
}

/// What happens to the queue of a simulation.
enum Event {
    /// The wire takes a frame that waits.
    Departure,
    /// The wire falls idle.
    Idle,
    /// A frame finds the wire idle.
    Pass,
    /// The frame with this number comes, and waits unless it is dropped.
    Arrival(u64),
}

/// Sends frames of 1000 bytes over 1 ms each at the given gaps through a queue, asks `control` which
/// to drop, telling it of every event with its time and the frames that wait before it, and returns
/// which were dropped and how many waited on average.
fn simulate(
    gaps: impl Iterator<Item = u64>,
    mut control: impl FnMut(u64, u64, Event) -> bool,
) -> (Vec<u64>, f64) {
    let (mut now, mut free, mut waiting, mut busy) = (0u64, 0u64, 0u64, false);
    let mut lost = Vec::new();
    let (mut sum, mut count) = (0.0, 0.0);
    for (id, gap) in (0u64..).zip(gaps) {
        now += gap;
        while waiting > 0 && free <= now {
            control(free, waiting, Event::Departure);
            waiting -= 1;
            free += MS;
        }
        if busy && free <= now {
            control(free, 0, Event::Idle);
            busy = false;
        }
        sum += waiting as f64;
        count += 1.0;
        if !busy {
            control(now, 0, Event::Pass);
            free = now + MS;
            busy = true;
        } else if control(now, waiting, Event::Arrival(id)) {
            lost.push(id);
        } else {
            waiting += 1;
        }
    }
    (lost, sum / count)
}

fn draw(effect: Effect, number: u64) -> u64 {
    let subject = Subject {
        number,
        copy: false,
    };
    Source {
        seed: 9,
        direction: 1,
    }
    .draw(effect, subject)[0]
}

/// The same traffic through the model.
fn through_model(discipline: Discipline, gaps: impl Iterator<Item = u64>) -> Vec<u64> {
    let effects = Effects {
        source: Source {
            seed: 9,
            direction: 1,
        },
        ..Effects::default()
    };
    let compiled = with_queueing(params(1_000_000), queueing(discipline))
        .with_effects(&effects)
        .expect("valid");
    let mut direction: FullDirection = Direction::with_memory(compiled, TestMemory::default());
    take_log();
    let mut now = 0;
    for (id, gap) in (0u64..).zip(gaps) {
        now += gap;
        direction.enqueue(now, TestFrame::new(id, 1000));
        while direction.pop_due(now).is_some() {}
        direction.take_discarded();
    }
    drain(&mut direction);
    assert!(direction.snapshot(u64::MAX).balanced());
    dropped().into_iter().map(|(id, _)| id).collect()
}

/// Gaps around `mean`, drawn; overload and rest in turn.
fn gaps(n: u64) -> impl Iterator<Item = u64> {
    (0..n).map(|id| {
        let mean = if id / 20_000 % 2 == 0 {
            900_000
        } else {
            1_200_000
        };
        // Uniform between nothing and twice the mean.
        ((u128::from(draw(Effect::Jitter, id)) * (2 * mean)) >> 64) as u64
    })
}

/// How much two lists of dropped frames differ, as a share.
fn difference(a: &[u64], b: &[u64]) -> f64 {
    let (a, b): (BTreeSet<_>, BTreeSet<_>) = (a.iter().collect(), b.iter().collect());
    a.symmetric_difference(&b).count() as f64 / a.len().max(b.len()).max(1) as f64
}

#[test]
fn pie_controls_as_it_should() {
    const N: u64 = 100_000;
    let mut pie = PieReference {
        p: 0.0,
        accumulated: 0.0,
        old_delay: 0.0,
        burst: 0.15,
        next: 0,
    };
    let (expected, mean) = simulate(gaps(N), |now, waiting, event| {
        pie.update(now, waiting * MS);
        match event {
            Event::Arrival(id) => pie.drops(waiting * 1000, draw(Effect::Pie, id)),
            _ => false,
        }
    });
    let lost = through_model(Discipline::Pie(Pie::default()), gaps(N));
    println!(
        "{} and {} dropped, {mean:.1} waiting",
        lost.len(),
        expected.len()
    );
    assert!(lost.len() > 2000);
    assert!(
        difference(&lost, &expected) < 1e-9,
        "{}",
        difference(&lost, &expected)
    );
}

#[test]
fn red_drops_as_it_should() {
    const N: u64 = 100_000;
    let red = red();
    let (mut average, mut since, mut idle_from) = (0f64, None, 0);
    let weight = 2f64.powi(-(red.weight as i32));
    let (expected, mean) = simulate(gaps(N), |now, waiting, event| {
        let id = match event {
            Event::Departure => return false,
            Event::Idle => {
                idle_from = now;
                return false;
            }
            Event::Pass => {
                average *= (1.0 - weight).powf((now - idle_from) as f64 / 1e6);
                since = None;
                return false;
            }
            Event::Arrival(id) => id,
        };
        average += (waiting as f64 * 1000.0 - average) * weight;
        let (min, max) = (red.min as f64, red.max as f64);
        if average < min {
            since = None;
            return false;
        }
        let p = if average < max {
            0.1 * (average - min) / (max - min)
        } else {
            0.1 + 0.9 * (average - max) / max
        };
        let frames = since.map_or(0.0, |frames| frames + 1.0);
        let hit = draw(Effect::Red, id) as f64 / 2f64.powi(64) * (1.0 - frames * p) < p;
        since = Some(if hit { 0.0 } else { frames });
        hit
    });
    let lost = through_model(Discipline::Red(red), gaps(N));
    println!(
        "{} and {} dropped, {mean:.1} waiting",
        lost.len(),
        expected.len()
    );
    assert!(lost.len() > 2000);
    assert!(
        difference(&lost, &expected) < 1e-9,
        "{}",
        difference(&lost, &expected)
    );
}

#[test]
fn red_without_gentleness_drops_all_above() {
    let red = Red {
        gentle: false,
        weight: 1,
        ..red()
    };
    let mut direction = of(
        params(100_000),
        queueing(Discipline::Red(red)),
        TestMemory::default(),
    );
    for id in 0..500 {
        direction.enqueue(0, TestFrame::new(id, 1000));
    }
    let queued = direction.snapshot(0).queued.frames;
    assert!((60..64).contains(&queued), "{queued}");
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
