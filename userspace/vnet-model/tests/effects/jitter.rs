// SPDX-License-Identifier: GPL-2.0

//! Jitter: each frame's delay is the one that it draws, in any order or held back.

use crate::{
    common::{drain_frames, stats, TestFrame},
    deviation, effects, full, jitter, params, run, MS,
};
use vnet_model::{jitter::JitterState, Distribution, Effects, Frame, Order, Params};

#[test]
fn free_jitter_is_exact_and_reorders() {
    let set = jitter(2 * MS, Distribution::Normal, Order::Free);
    let mut direction = full(
        params(),
        Effects {
            jitter: set,
            ..effects()
        },
    );
    let (arrived, _) = run(&mut direction, 20_000);
    assert!(arrived.windows(2).all(|pair| pair[0].1 <= pair[1].1));
    let mut state = JitterState::default();
    let expected: Vec<u64> = (0..20_000)
        .map(|id| {
            let end = id * 20_000 + 8_000;
            let deviation = deviation(&set.expect("set"), &mut state, id);
            end + (10 * MS).saturating_add_signed(deviation)
        })
        .collect();
    let mut overtaken = 0;
    let mut latest = 0;
    for (frame, at) in &arrived {
        assert_eq!(*at, expected[frame.id as usize]);
        overtaken += u64::from(frame.id < latest);
        latest = latest.max(frame.id);
    }
    assert!(overtaken > 1000);
    // One that overtakes several counts once.
    let mut late_end = 0;
    let mut overtakes = 0;
    for due in &expected {
        overtakes += u64::from(*due < late_end);
        late_end = late_end.max(*due);
    }
    let counters = direction.snapshot(u64::MAX).counters;
    assert_eq!(counters.reordered.frames, overtakes);
}

/// Frames that are due at the same time leave in the order in which they left the wire.
#[test]
fn ties_keep_their_order() {
    let params = Params {
        rate: Some(400_000_000_000),
        overhead: 0,
        delay: 1000,
        ..Params::default()
    };
    let set = jitter(20, Distribution::Uniform, Order::Free);
    let mut direction = full(
        params,
        Effects {
            jitter: set,
            ..effects()
        },
    );
    for id in 0..20_000 {
        direction.enqueue(id * 3, TestFrame::new(id, 50));
    }
    let arrived: Vec<(u64, u64)> = drain_frames(&mut direction)
        .into_iter()
        .map(|(frame, _)| (frame.stamp().due, frame.id))
        .collect();
    assert_eq!(arrived.len(), 20_000);
    assert!(arrived.windows(2).all(|pair| pair[0] < pair[1]));
    let ties = arrived
        .windows(2)
        .filter(|pair| pair[0].0 == pair[1].0)
        .count();
    assert!(ties > 1000, "{ties}");
}

#[test]
fn ordered_jitter_holds_back() {
    let set = jitter(2 * MS, Distribution::Normal, Order::Keep);
    let mut direction = full(
        params(),
        Effects {
            jitter: set,
            ..effects()
        },
    );
    let (arrived, _) = run(&mut direction, 20_000);
    let mut state = JitterState::default();
    let mut last = 0;
    for (id, (frame, at)) in (0u64..).zip(&arrived) {
        assert_eq!(frame.id, id);
        let end = id * 20_000 + 8_000;
        let deviation = deviation(&set.expect("set"), &mut state, id);
        last = last.max(end + (10 * MS).saturating_add_signed(deviation));
        assert_eq!(*at, last);
    }
    assert_eq!(direction.snapshot(u64::MAX).counters.reordered.frames, 0);
}

#[test]
fn negative_delays_are_cut_and_counted() {
    let set = jitter(10 * MS, Distribution::Normal, Order::Free);
    let mut direction = full(
        params(),
        Effects {
            jitter: set,
            ..effects()
        },
    );
    let (arrived, _) = run(&mut direction, 20_000);
    assert_eq!(arrived.len(), 20_000);
    let cut = direction.snapshot(u64::MAX).counters.delays_cut;
    // Below one standard deviation.
    stats::binomial(20_000, 0.158_655, cut);
}
