// SPDX-License-Identifier: GPL-2.0

//! Copies: they take the way of a frame of their own.

use std::collections::BTreeSet;

use crate::{
    common::{drain, drain_frames, stats, TestFrame},
    effects, full, p, params, run, MS,
};
use vnet_model::{Cause, Effects, Frame, Params, Probability};

#[test]
fn copies_take_their_own_time() {
    let mut direction = full(
        params(),
        Effects {
            duplicate: Probability::ONE,
            ..effects()
        },
    );
    for id in 0..3 {
        direction.enqueue(0, TestFrame::new(id, 1000).with_sender());
    }
    let snapshot = direction.snapshot(0);
    assert_eq!(snapshot.queued.frames, 4);
    let arrived = drain_frames(&mut direction);
    let order: Vec<_> = arrived
        .iter()
        .map(|(frame, at)| (frame.id, frame.stamp().is_copy(), at - 10 * MS))
        .collect();
    let expected = [
        (0, false, 8_000),
        (0, true, 16_000),
        (1, false, 24_000),
        (1, true, 32_000),
        (2, false, 40_000),
        (2, true, 48_000),
    ];
    assert_eq!(order, expected);
    let snapshot = direction.snapshot(u64::MAX);
    assert!(snapshot.balanced());
    assert_eq!(snapshot.counters.duplicated.frames, 3);
    assert_eq!(snapshot.counters.delivered.frames, 6);
}

#[test]
fn copies_without_a_rate() {
    let effects = Effects {
        duplicate: Probability::ONE,
        ..effects()
    };
    let mut direction = full(Params::default(), effects);
    direction.enqueue(5, TestFrame::new(0, 1000));
    direction.enqueue(5, TestFrame::new(1, 1000));
    assert_eq!(drain(&mut direction), [(0, 5), (0, 5), (1, 5), (1, 5)]);
    assert!(direction.snapshot(5).balanced());
}

#[test]
fn copies_are_drawn_and_share_nothing() {
    const N: u64 = 50_000;
    let effects = Effects {
        duplicate: p(0.2),
        loss: p(0.1),
        ..effects()
    };
    let mut direction = full(params(), effects);
    let (arrived, dropped) = run(&mut direction, N);
    let counters = direction.snapshot(u64::MAX).counters;
    stats::binomial(N, 0.2, counters.duplicated.frames);
    let total = N + counters.duplicated.frames;
    stats::binomial(total, 0.1, dropped.len() as u64);
    // A copy's fate is not its original's: both of a pair are lost in one of 100.
    let copies: Vec<u64> = arrived
        .iter()
        .filter(|(frame, _)| frame.stamp().is_copy())
        .map(|(frame, _)| frame.id)
        .collect();
    let originals: BTreeSet<u64> = arrived
        .iter()
        .filter(|(frame, _)| !frame.stamp().is_copy())
        .map(|(frame, _)| frame.id)
        .collect();
    let alone = copies.iter().filter(|id| !originals.contains(id)).count() as u64;
    stats::binomial(copies.len() as u64, 0.1, alone);
}

#[test]
fn copies_that_cannot_be_made_are_counted() {
    let mut direction = full(
        params(),
        Effects {
            duplicate: Probability::ONE,
            ..effects()
        },
    );
    let mut frame = TestFrame::new(0, 1000);
    frame.poor = true;
    direction.enqueue(0, frame);
    assert_eq!(drain(&mut direction).len(), 1);
    let snapshot = direction.snapshot(u64::MAX);
    assert!(snapshot.balanced());
    assert_eq!(snapshot.counters.copies_failed, 1);
    assert_eq!(snapshot.counters.duplicated.frames, 0);
}

#[test]
fn copies_are_purged_with_the_rest() {
    let mut direction = full(
        params(),
        Effects {
            duplicate: Probability::ONE,
            ..effects()
        },
    );
    for id in 0..5 {
        direction.enqueue(0, TestFrame::new(id, 1000).with_sender());
    }
    direction.advance(30_000);
    direction.purge(Cause::Removed);
    let snapshot = direction.snapshot(30_000);
    assert!(snapshot.balanced());
    assert_eq!(snapshot.on_link().frames, 0);
    assert_eq!(snapshot.counters.duplicated.frames, 2);
    assert_eq!(snapshot.counters.drops(Cause::Removed).frames, 7);
    assert_eq!(direction.next_event(), None);
}
