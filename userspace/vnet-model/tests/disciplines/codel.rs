// SPDX-License-Identifier: GPL-2.0

//! CoDel, alone and in one flow of fq-codel, against a reference.

use std::collections::VecDeque;

use crate::{
    common::{drain, take_log, TestFrame, TestMemory},
    dropped, of, params, queueing, MS,
};
use vnet_model::{Cause, Codel, Discipline};

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
