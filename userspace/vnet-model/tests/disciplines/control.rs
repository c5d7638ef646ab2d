// SPDX-License-Identifier: GPL-2.0

//! The same traffic through the model and through a queue that asks a reference, for controllers
//! that decide on arrival.

use std::collections::BTreeSet;

use crate::{
    common::{drain, take_log, with_queueing, FullDirection, TestFrame, TestMemory},
    draw, dropped, params, queueing, MS,
};
use vnet_model::{Direction, Discipline, Effect, Effects, Source};

/// What happens to the queue of a simulation.
pub enum Event {
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
pub fn simulate(
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

/// The same traffic through the model.
pub fn through_model(discipline: Discipline, gaps: impl Iterator<Item = u64>) -> Vec<u64> {
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
pub fn gaps(n: u64) -> impl Iterator<Item = u64> {
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
pub fn difference(a: &[u64], b: &[u64]) -> f64 {
    let (a, b): (BTreeSet<_>, BTreeSet<_>) = (a.iter().collect(), b.iter().collect());
    a.symmetric_difference(&b).count() as f64 / a.len().max(b.len()).max(1) as f64
}
