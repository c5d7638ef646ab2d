// SPDX-License-Identifier: GPL-2.0

//! Flipped bits.

use crate::{
    common::{drain, stats, TestFrame},
    effects, full, p, params, run,
};
use vnet_model::{Cause, Effects, Probability};

#[test]
fn corruption_flips_one_bit_anywhere() {
    const N: u64 = 100_000;
    let effects = Effects {
        corrupt: p(0.3),
        ..effects()
    };
    let mut direction = full(params(), effects);
    let (arrived, dropped) = run(&mut direction, N);
    assert!(dropped.is_empty());
    let mut places = vec![0u64; 80];
    let mut hits = 0;
    for (frame, _) in &arrived {
        assert!(frame.flips.len() <= 1);
        for bit in &frame.flips {
            places[*bit as usize / 100] += 1;
            hits += 1;
        }
    }
    stats::binomial(N, 0.3, hits);
    stats::chi_square(&places, &[hits as f64 / 80.0; 80]);
    assert_eq!(direction.snapshot(u64::MAX).counters.corrupted.frames, hits);
}

#[test]
fn corruption_without_memory_drops() {
    let mut direction = full(
        params(),
        Effects {
            corrupt: Probability::ONE,
            ..effects()
        },
    );
    let mut frame = TestFrame::new(0, 1000).with_sender();
    frame.poor = true;
    direction.enqueue(0, frame);
    assert_eq!(drain(&mut direction), []);
    let snapshot = direction.snapshot(u64::MAX);
    assert!(snapshot.balanced());
    assert_eq!(snapshot.counters.drops(Cause::NoMemory).frames, 1);
    assert_eq!(direction.next_event(), None);
}
