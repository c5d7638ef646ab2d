// SPDX-License-Identifier: GPL-2.0

//! Effects on a direction: that each does what it says, on its own and beside the others.

#[path = "../common/mod.rs"]
mod common;

mod corrupt;
mod duplicate;
mod every;
mod jitter;
mod loss;
mod pattern;
mod reorder;

use std::collections::BTreeSet;

use common::{drain_frames, take_log, with_effects, FullDirection, TestFrame, TestMemory};
use vnet_model::{
    jitter::JitterState, Cause, Direction, Distribution, Effect, Effects, Frame, Jitter, Order,
    Outcome, Params, Probability, Source, Subject,
};

const MS: u64 = 1_000_000;

fn p(value: f64) -> Probability {
    Probability::new((value * 1e19) as u64).expect("a probability")
}

fn source() -> Source {
    Source {
        seed: 0x1234_5678_9abc_def0,
        direction: 1,
    }
}

/// 1000 bytes on the wire take 8 us at 1 Gbit/s; 10 ms delay.
fn params() -> Params {
    Params {
        rate: Some(1_000_000_000),
        overhead: 0,
        delay: 10 * MS,
        ..Params::default()
    }
}

fn effects() -> Effects {
    Effects {
        source: source(),
        ..Effects::default()
    }
}

fn full(params: Params, effects: Effects) -> FullDirection {
    Direction::with_memory(with_effects(params, effects), TestMemory::default())
}

fn jitter(amount: u64, distribution: Distribution, order: Order) -> Option<Jitter> {
    Some(Jitter {
        amount,
        distribution,
        correlation: Probability::ZERO,
        order,
    })
}

/// Dropped frames.
type Lost = Vec<(u64, Cause)>;

/// Sends `n` frames of 1000 bytes, one every 20 us, and returns what arrived and what was dropped.
fn run(direction: &mut FullDirection, n: u64) -> (Vec<(TestFrame, u64)>, Lost) {
    take_log();
    let mut arrived = Vec::new();
    for id in 0..n {
        let now = id * 20_000;
        direction.enqueue(now, TestFrame::new(id, 1000));
        while let Some(frame) = direction.pop_due(now) {
            let due = frame.stamp().due;
            arrived.push((frame, due));
        }
    }
    arrived.extend(drain_frames(direction));
    let dropped = take_log()
        .into_iter()
        .filter_map(|decision| match decision.outcome {
            Outcome::Dropped(cause) => Some((decision.number, cause)),
            Outcome::Due(_) => None,
        })
        .collect();
    assert!(direction.snapshot(u64::MAX).balanced());
    direction.take_discarded();
    (arrived, dropped)
}

fn of(dropped: &[(u64, Cause)], cause: Cause) -> BTreeSet<u64> {
    dropped
        .iter()
        .filter(|(_, because)| *because == cause)
        .map(|(number, _)| *number)
        .collect()
}

/// The deviation that a frame draws.
fn deviation(jitter: &Jitter, state: &mut JitterState, number: u64) -> i64 {
    let subject = Subject {
        number,
        copy: false,
    };
    let draw = source().draw(Effect::Jitter, subject)[0];
    state.deviation(&jitter.prepare(), draw, &[])
}
